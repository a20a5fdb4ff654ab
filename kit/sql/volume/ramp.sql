-- How fast do these accounts get going after the first request, beside all others seen from their start?
-- $accounts VARCHAR[]: the accounts; NULL for all
-- $days UINTEGER: days after the first request
WITH span AS (SELECT min(hour_at) AS b, max(hour_at) AS e FROM account_hours), young AS (
  SELECT p.account_id, date_trunc('hour', p.first_at) AS first_at,
    CASE WHEN $accounts::VARCHAR[] IS NULL OR p.account_id IN (SELECT unnest($accounts::VARCHAR[]))
      THEN 'these accounts' ELSE 'all others' END AS who
  FROM account_profiles p, span
  WHERE (p.first_use_lag_s <= 7 * 86400 OR p.first_at >= span.b + INTERVAL 7 DAY)
    AND p.first_at + to_days($days::INTEGER) <= span.e
), daily AS (
  SELECT y.account_id, y.who, d.day, coalesce(sum(h.requests), 0) AS requests
  FROM young y CROSS JOIN (SELECT unnest(range($days::INTEGER)) AS day) d
  LEFT JOIN account_hours h ON h.account_id = y.account_id
    AND h.hour_at >= y.first_at + to_days(d.day::INTEGER) AND h.hour_at < y.first_at + to_days(d.day::INTEGER + 1)
  GROUP BY y.account_id, y.who, d.day
), grown AS (
  SELECT account_id, who, day, sum(requests) OVER (PARTITION BY account_id ORDER BY day)
    / sum(requests) OVER (PARTITION BY account_id) AS share, sum(requests) OVER (PARTITION BY account_id) AS total
  FROM daily
)
SELECT who, day + 1 AS days, count(*) AS accounts, round(quantile_cont(share, 0.25), 4) AS low,
  round(quantile_cont(share, 0.5), 4) AS median, round(quantile_cont(share, 0.75), 4) AS high
FROM grown WHERE total >= 20 GROUP BY who, day HAVING count(*) >= 5 ORDER BY who, day
