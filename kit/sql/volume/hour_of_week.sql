-- On which weekday and at which hour (UTC) do these accounts ask?
-- $accounts VARCHAR[]: only these accounts; NULL for all
SELECT g.weekday, g.hour, coalesce(sum(h.requests), 0)::BIGINT AS requests,
  count(DISTINCT date_trunc('day', h.hour_at)) AS days
FROM (SELECT d AS weekday, t AS hour FROM range(7) x(d), range(24) y(t)) g
LEFT JOIN (SELECT * FROM account_hours
  WHERE $accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[]))) h
  ON isodow(h.hour_at) - 1 = g.weekday AND hour(h.hour_at) = g.hour
GROUP BY g.weekday, g.hour ORDER BY g.weekday, g.hour
