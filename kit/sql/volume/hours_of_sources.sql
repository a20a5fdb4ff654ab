-- From when to when does each export reach in each UTC hour, and how many requests does it add?
SELECT source_id, date_trunc('hour', occurred_at) AS hour_at,
  min(occurred_at) AS first_at, max(occurred_at) AS last_at,
  count(*) FILTER (is_primary) AS requests,
  count(*) FILTER (is_primary AND (outcome = 'blocked' OR http_status = 403)) AS blocked,
  count(*) FILTER (is_primary AND (outcome = 'rate_limited' OR http_status = 429)) AS rate_limited,
  coalesce(sum(input_tokens) FILTER (is_primary), 0)::BIGINT AS input_tokens,
  coalesce(sum(output_tokens) FILTER (is_primary), 0)::BIGINT AS output_tokens
FROM requests WHERE occurred_at IS NOT NULL
GROUP BY ALL ORDER BY source_id, hour_at
