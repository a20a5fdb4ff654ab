-- Families of evidence for every group examined: what was measured, and what chance alone would give.
SELECT cluster_id, family, holds, statistic, value, null_value, p_value, n, summary
FROM cluster_evidence
ORDER BY cluster_id, family
