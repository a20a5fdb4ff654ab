-- rows that repeat an event another row tells: by the pair of exports, marked and not deleted
SELECT f.path AS primary_in, s.path AS repeated_in, count(*) AS rows, count(DISTINCT b.dup_group) AS events
FROM requests b JOIN requests a ON a.dup_group = b.dup_group AND a.is_primary
JOIN sources f ON f.source_id = a.source_id JOIN sources s ON s.source_id = b.source_id
WHERE NOT b.is_primary
GROUP BY f.path, s.path, a.source_id, b.source_id
ORDER BY rows DESC, f.path, s.path, a.source_id, b.source_id;
