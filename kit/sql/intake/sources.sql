-- what was received: every export, its hash, how its lines were accounted for, and the time its requests span
-- spans are of the rows of that export; failed counts values that were there but could not be read as their type
SELECT s.path, s.format, s.kind, s.bytes, s.lines, s.loaded, s.rejected, s.blank,
       min(r.occurred_at) AS first_at, max(r.occurred_at) AS last_at,
       count(*) FILTER (r.time_quality = 'naive_assumed') AS times_without_zone,
       count(*) FILTER (r.source_id IS NOT NULL AND r.occurred_at IS NULL) AS without_time,
       s.source_id, s.sha256
FROM sources s LEFT JOIN requests r USING (source_id)
GROUP BY ALL
ORDER BY s.kind, s.path, s.sha256;
