-- How many requests came in each UTC hour, from how many accounts?
-- $accounts VARCHAR[]: only these accounts; NULL for all
SELECT hour_at, requests, accounts FROM active_hours WHERE $accounts::VARCHAR[] IS NULL
UNION ALL
SELECT hour_at, sum(requests)::BIGINT, count(DISTINCT account_id) FROM account_hours
WHERE account_id IN (SELECT unnest($accounts::VARCHAR[])) GROUP BY hour_at
ORDER BY hour_at
