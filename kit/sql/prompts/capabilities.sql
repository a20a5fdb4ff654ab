-- What would the answers teach: requests, accounts and tokens by capability, as far as rules say?
-- $accounts VARCHAR[]: account ids; NULL for all
-- $since TIMESTAMPTZ: first moment; NULL for the start
-- $until TIMESTAMPTZ: end, not included; NULL for the end
WITH mine AS (
  SELECT DISTINCT r.source_id, r.line, r.account_id, coalesce(r.output_tokens, 0) AS output_tokens,
    coalesce(e.capability, 'not said by any rule') AS capability, coalesce(e.kind, '') AS kind
  FROM requests r
  LEFT JOIN request_templates t ON t.source_id = r.source_id AND t.line = r.line AND NOT t.in_harness
  LEFT JOIN (SELECT template_id, unnest(rules) AS rule_id FROM templates) m ON m.template_id = t.template_id
  LEFT JOIN elicitation_rules e ON e.rule_id = m.rule_id
  WHERE r.is_primary AND ($accounts::VARCHAR[] IS NULL OR r.account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($since::TIMESTAMPTZ IS NULL OR r.occurred_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR r.occurred_at < $until::TIMESTAMPTZ)),
kept AS (
  SELECT * FROM mine m WHERE capability <> 'not said by any rule' OR NOT EXISTS (
    SELECT 1 FROM mine o WHERE o.source_id = m.source_id AND o.line = m.line AND o.capability <> m.capability))
SELECT capability, kind, count(*) AS requests, count(DISTINCT account_id) AS accounts, sum(output_tokens)::BIGINT AS output_tokens,
  round(count(*) / (SELECT count(*) FROM (SELECT DISTINCT source_id, line FROM mine)), 6) AS share
FROM kept
GROUP BY capability, kind
ORDER BY requests DESC, capability, kind
