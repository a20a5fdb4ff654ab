-- How much was asked in each window of whole hours?
-- $per VARCHAR: width of a window, as an interval of whole hours such as '1 hour'
-- $accounts VARCHAR[]: only these accounts; NULL for all, and for requests without an account
-- $since TIMESTAMPTZ: only requests from that whole hour on; NULL for no bound
-- $until TIMESTAMPTZ: only requests before that whole hour; NULL for no bound
WITH hours AS (
  SELECT hour_at, requests, blocked, rate_limited, input_tokens, output_tokens FROM source_hours
  WHERE requests > 0 AND $accounts::VARCHAR[] IS NULL
  UNION ALL SELECT hour_at, requests, blocked, rate_limited, input_tokens, output_tokens FROM account_hours
  WHERE account_id IN (SELECT unnest($accounts::VARCHAR[]))
)
SELECT time_bucket($per::INTERVAL, hour_at) AS bucket_at, 'all' AS series,
  sum(requests)::BIGINT AS requests, sum(blocked)::BIGINT AS blocked, sum(rate_limited)::BIGINT AS rate_limited,
  coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens, coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens
FROM hours
WHERE ($since::TIMESTAMPTZ IS NULL OR hour_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR hour_at < $until::TIMESTAMPTZ)
GROUP BY bucket_at ORDER BY bucket_at
