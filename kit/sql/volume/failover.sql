-- After a block or a rate limit, how often does the same prompt come back within seconds by another way?
-- $accounts VARCHAR[]: only these accounts; NULL for all
-- $within_s DOUBLE: how many seconds later at most
-- $usual UINTEGER: a prompt sent more often than that is a monitor's or everybody's, and says nothing
WITH r AS (
  SELECT account_id, occurred_at, hash(prompt_text) AS prompt,
    hash(coalesce(account_id, ''), coalesce(api_key_id, ''), coalesce(endpoint, ''), coalesce(region, ''),
      coalesce(provider, '')) AS way,
    CASE WHEN http_status IN (403, 429) OR outcome IN ('blocked', 'rate_limited') THEN 'refused'
      WHEN http_status >= 500 OR outcome = 'error' THEN 'failed' ELSE 'answered' END AS fate,
    source_id, line
  FROM requests WHERE is_primary AND prompt_text IS NOT NULL AND occurred_at IS NOT NULL
    AND ($accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[])))
), n AS (
  SELECT fate, account_id, way, occurred_at, count(*) OVER (PARTITION BY prompt) > $usual AS usual,
    lead(occurred_at) OVER w AS next_at, lead(way) OVER w AS next_way, lead(account_id) OVER w AS next_account
  FROM r WINDOW w AS (PARTITION BY prompt ORDER BY occurred_at, source_id, line)
)
SELECT fate, count(*) FILTER (NOT usual) AS requests,
  count(*) FILTER (NOT usual AND next_way <> way AND epoch(next_at - occurred_at) <= $within_s) AS switched,
  count(*) FILTER (NOT usual AND next_account <> account_id AND epoch(next_at - occurred_at) <= $within_s)
    AS switched_account,
  count(*) FILTER (usual) AS left_out
FROM n GROUP BY fate ORDER BY fate
