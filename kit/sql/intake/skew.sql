-- how the clocks of two exports differ, where both hold the same event: seconds that the second is behind the first
WITH pairs AS (
  SELECT a.source_id AS first_source, b.source_id AS second_source,
         epoch(b.occurred_at) - epoch(a.occurred_at) AS behind_s
  FROM requests a JOIN requests b ON b.dup_group = a.dup_group AND a.is_primary AND NOT b.is_primary
  WHERE a.source_id <> b.source_id AND a.occurred_at IS NOT NULL AND b.occurred_at IS NOT NULL
)
SELECT f.path AS first_export, s.path AS second_export, count(*) AS shared_events,
       round(median(p.behind_s), 3) AS median_behind_s, round(quantile_cont(p.behind_s, 0.05), 3) AS low_s,
       round(quantile_cont(p.behind_s, 0.95), 3) AS high_s
FROM pairs p JOIN sources f ON f.source_id = p.first_source JOIN sources s ON s.source_id = p.second_source
GROUP BY f.path, s.path, p.first_source, p.second_source
ORDER BY f.path, s.path, p.first_source, p.second_source;
