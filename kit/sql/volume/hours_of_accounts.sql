-- How much came in each UTC hour from how many accounts?
SELECT hour_at, sum(requests)::BIGINT AS requests, sum(blocked)::BIGINT AS blocked,
  count(DISTINCT account_id) AS accounts
FROM account_hours GROUP BY hour_at ORDER BY hour_at
