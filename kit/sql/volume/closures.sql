-- Which accounts were closed together, and how much did they ask in the week before?
-- $accounts VARCHAR[]: only these accounts; NULL for all
WITH closed AS (
  SELECT account_id, min(closed_at) AS closed_at FROM accounts
  WHERE closed_at IS NOT NULL AND ($accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[])))
  GROUP BY account_id
), batches AS (
  SELECT *, sum(new) OVER (ORDER BY closed_at, account_id ROWS UNBOUNDED PRECEDING) AS batch FROM (
    SELECT *, (closed_at - lag(closed_at) OVER (ORDER BY closed_at, account_id) <= INTERVAL 6 HOUR) IS NOT TRUE AS new
    FROM closed)
)
SELECT min(closed_at) AS closed_at, list(account_id ORDER BY account_id) AS accounts
FROM batches GROUP BY batch ORDER BY closed_at
