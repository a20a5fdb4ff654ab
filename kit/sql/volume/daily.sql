-- How many requests did a set of accounts send each day around a moment, days counted from it?
-- $accounts VARCHAR[]: the set
-- $at TIMESTAMPTZ: the moment
-- $days UINTEGER: days on either side
SELECT floor((epoch(hour_at) - epoch($at::TIMESTAMPTZ)) / 86400)::INTEGER AS day, sum(requests)::BIGINT AS requests
FROM account_hours
WHERE account_id IN (SELECT unnest($accounts::VARCHAR[]))
  AND hour_at >= $at::TIMESTAMPTZ - to_days($days::INTEGER) AND hour_at < $at::TIMESTAMPTZ + to_days($days::INTEGER)
GROUP BY day ORDER BY day
