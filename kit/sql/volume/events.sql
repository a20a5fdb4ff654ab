-- What happened when: releases, accounts closed together, days with unusually many blocked requests?
WITH span AS (SELECT min(hour_at) AS b, max(hour_at) + INTERVAL 1 HOUR AS e FROM active_hours),
closed AS (
  SELECT date_trunc('hour', closed_at) AS moment, count(DISTINCT account_id) AS n FROM accounts
  WHERE closed_at IS NOT NULL GROUP BY 1
), blocks AS (
  SELECT date_trunc('day', hour_at) AS moment, sum(blocked)::BIGINT AS n FROM active_hours GROUP BY 1
), usual AS (SELECT median(n) AS n FROM blocks), marks AS (
  SELECT min(released_at) AS moment, 'release' AS kind, 'release ' || request_model AS label FROM model_releases
  GROUP BY request_model
  UNION ALL SELECT moment, 'ban', n || CASE WHEN n = 1 THEN ' account closed' ELSE ' accounts closed' END FROM closed
  UNION ALL SELECT b.moment, 'block', b.n || ' requests blocked' FROM blocks b, usual u
    WHERE b.n >= 20 AND b.n >= 5 * u.n
)
SELECT moment AS "at", kind, label FROM marks, span WHERE moment >= b AND moment < e ORDER BY moment, kind, label
