-- stretches with no request at all: in the whole case, longer than both the given hours and ten times the usual pause
-- $hours DOUBLE: the shortest stretch to list, in hours
WITH ordered AS (
  SELECT occurred_at, lag(occurred_at) OVER (ORDER BY occurred_at) AS before
  FROM requests WHERE is_primary AND occurred_at IS NOT NULL
), pauses AS (
  SELECT before AS from_at, occurred_at AS until_at, epoch(occurred_at - before) / 3600 AS hours FROM ordered WHERE before IS NOT NULL
)
SELECT from_at, until_at, round(hours, 3) AS hours
FROM pauses
WHERE hours >= $hours AND hours >= 10 * (SELECT quantile_cont(hours, 0.99) FROM pauses)
ORDER BY from_at, until_at;
