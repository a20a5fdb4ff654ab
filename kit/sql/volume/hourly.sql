-- How many requests came in each UTC hour, from how many accounts?
-- $accounts VARCHAR[]: only these accounts; NULL for all
SELECT hour_at, sum(requests)::BIGINT AS requests, count(DISTINCT account_id) AS accounts
FROM account_hours
WHERE $accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[]))
GROUP BY hour_at ORDER BY hour_at
