-- When each account was active: requests per account, UTC day and hour of the day.
SELECT account_id, epoch(date_trunc('day', hour_at))::BIGINT AS day_s, hour(hour_at)::INTEGER AS hour,
    sum(requests)::BIGINT AS requests
FROM account_hours
GROUP BY account_id, day_s, hour
ORDER BY account_id, day_s, hour
