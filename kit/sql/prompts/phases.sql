-- Does one form take over after a time of trying: use, refusals and new templates per day?
-- $accounts VARCHAR[]: account ids; NULL for all
-- $since TIMESTAMPTZ: first moment; NULL for the start
-- $until TIMESTAMPTZ: end, not included; NULL for the end
WITH mine AS (
  SELECT date_trunc('day', r.occurred_at) AS day_at, t.template_id, r.outcome = 'blocked' OR r.http_status = 403 AS refused
  FROM requests r JOIN request_templates t ON t.source_id = r.source_id AND t.line = r.line AND t.part = 'prompt'
  WHERE r.is_primary AND r.occurred_at IS NOT NULL AND ($accounts::VARCHAR[] IS NULL OR r.account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($since::TIMESTAMPTZ IS NULL OR r.occurred_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR r.occurred_at < $until::TIMESTAMPTZ)),
per AS (SELECT day_at, template_id, count(*) AS n, count(*) FILTER (refused) AS refused FROM mine GROUP BY day_at, template_id),
born AS (SELECT template_id, min(day_at) AS day_at FROM mine GROUP BY template_id)
SELECT per.day_at, sum(n)::BIGINT AS requests, count(*) AS templates, sum(per.refused)::BIGINT AS refused,
  count(*) FILTER (born.day_at = per.day_at) AS new_templates, max(n) AS of_top_template,
  arg_min(template_id, struct_pack(a := -n, b := template_id)) AS top_template
FROM per JOIN born USING (template_id)
GROUP BY per.day_at
ORDER BY per.day_at
