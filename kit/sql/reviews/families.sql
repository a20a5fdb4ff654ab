-- Which families of evidence hold for a cluster
-- $id VARCHAR: cluster_id
SELECT family, holds, summary, n, p_value
FROM cluster_evidence
WHERE cluster_id = $id
ORDER BY family
