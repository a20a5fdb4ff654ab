-- Lines that were rejected, by export and reason.
SELECT source_id, reason, count(*) AS lines, min(line) AS first_line
FROM rejects
GROUP BY source_id, reason
ORDER BY source_id, lines DESC, reason
