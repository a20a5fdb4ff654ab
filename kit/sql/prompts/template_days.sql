-- How much was each of the widest templates used, day by day?
-- $verdict VARCHAR: harvest, harmless or unclear; NULL for all
-- $accounts VARCHAR[]: account ids; NULL for all
-- $since TIMESTAMPTZ: first moment; NULL for the start
-- $until TIMESTAMPTZ: end, not included; NULL for the end
-- $top UINTEGER: how many templates
WITH widest AS (
  SELECT template_id FROM templates WHERE $verdict::VARCHAR IS NULL OR verdict = $verdict
  ORDER BY reach_bits DESC, template_id LIMIT $top::UINTEGER)
SELECT t.template_id, date_trunc('day', r.occurred_at) AS day_at, count(*) AS requests, count(DISTINCT r.account_id) AS accounts
FROM request_templates t SEMI JOIN widest USING (template_id)
JOIN requests r ON r.source_id = t.source_id AND r.line = t.line
WHERE ($accounts::VARCHAR[] IS NULL OR r.account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($since::TIMESTAMPTZ IS NULL OR r.occurred_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR r.occurred_at < $until::TIMESTAMPTZ)
GROUP BY t.template_id, day_at
ORDER BY day_at, t.template_id
