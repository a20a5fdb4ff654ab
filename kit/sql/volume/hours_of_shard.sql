-- How many requests did each account of one shard send in each UTC hour, by model?
-- $shards UINTEGER: number of shards the accounts are dealt into
-- $shard UINTEGER: the shard to answer for, from 0
SELECT account_id, date_trunc('hour', occurred_at) AS hour_at, request_model,
  count(*) AS requests,
  count(*) FILTER (outcome = 'ok' OR (outcome IS NULL AND coalesce(http_status, 200) < 400)) AS ok,
  count(*) FILTER (outcome = 'blocked' OR http_status = 403) AS blocked,
  count(*) FILTER (outcome = 'rate_limited' OR http_status = 429) AS rate_limited,
  sum(input_tokens)::BIGINT AS input_tokens,
  sum(output_tokens)::BIGINT AS output_tokens
FROM requests
WHERE is_primary AND account_id IS NOT NULL AND occurred_at IS NOT NULL AND hash(account_id) % $shards = $shard
GROUP BY ALL
ORDER BY account_id, hour_at, request_model NULLS FIRST
