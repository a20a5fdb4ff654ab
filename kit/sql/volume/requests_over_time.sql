-- How much was asked in each window of time, by one column of requests?
-- $per VARCHAR: width of a window, as an interval such as '1 hour'
-- $accounts VARCHAR[]: only these accounts; NULL for all
-- $since TIMESTAMPTZ: only requests from then on; NULL for no bound
-- $until TIMESTAMPTZ: only requests before then; NULL for no bound
-- $top UINTEGER: how many values of the column get a series of their own; the rest together are '(other)'
WITH chosen AS (
  SELECT occurred_at, {by} AS grouped, outcome, http_status, input_tokens, output_tokens
  FROM requests
  WHERE is_primary AND occurred_at IS NOT NULL
    AND ($accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[])))
    AND ($since::TIMESTAMPTZ IS NULL OR occurred_at >= $since::TIMESTAMPTZ)
    AND ($until::TIMESTAMPTZ IS NULL OR occurred_at < $until::TIMESTAMPTZ)
), largest AS (
  SELECT grouped FROM chosen WHERE grouped IS NOT NULL
  GROUP BY grouped ORDER BY count(*) DESC, grouped LIMIT $top
)
SELECT time_bucket($per::INTERVAL, occurred_at) AS bucket_at,
  CASE WHEN grouped IS NULL THEN '(none)' WHEN l.grouped IS NULL THEN '(other)' ELSE c.grouped::VARCHAR END AS series,
  count(*) AS requests,
  count(*) FILTER (outcome = 'blocked' OR http_status = 403) AS blocked,
  count(*) FILTER (outcome = 'rate_limited' OR http_status = 429) AS rate_limited,
  coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
  coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens
FROM chosen c LEFT JOIN largest l USING (grouped)
GROUP BY ALL ORDER BY series, bucket_at
