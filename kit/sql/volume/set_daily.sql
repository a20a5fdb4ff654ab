-- How many requests did each of these accounts send on the days on which most of them were active?
-- $accounts VARCHAR[]: the accounts
WITH d AS (
  SELECT account_id, date_trunc('day', hour_at) AS day_at, sum(requests) AS requests FROM account_hours
  WHERE account_id IN (SELECT unnest($accounts::VARCHAR[])) GROUP BY ALL
), shared AS (SELECT day_at FROM d GROUP BY day_at HAVING count(*) >= 0.8 * len($accounts::VARCHAR[]))
SELECT account_id, sum(requests)::BIGINT AS requests FROM d SEMI JOIN shared USING (day_at)
GROUP BY account_id ORDER BY account_id
