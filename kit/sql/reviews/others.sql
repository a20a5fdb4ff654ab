-- Which harmless explanations were tested for a cluster, and how they came out
-- $id VARCHAR: cluster_id
SELECT explanation, outcome, test, detail
FROM cluster_alternatives
WHERE cluster_id = $id
ORDER BY explanation, test
