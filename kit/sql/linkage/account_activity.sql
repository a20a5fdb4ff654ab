-- When each account was active: requests per account, UTC day and hour of the day.
SELECT account_id, epoch(date_trunc('day', occurred_at))::BIGINT AS day_s, hour(occurred_at)::INTEGER AS hour,
    count(*) AS requests, sum(output_tokens)::BIGINT AS output_tokens
FROM requests WHERE is_primary AND account_id IS NOT NULL AND occurred_at IS NOT NULL
GROUP BY account_id, day_s, hour
ORDER BY account_id, day_s, hour
