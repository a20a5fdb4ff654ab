-- What can be claimed about a cluster, and on what basis
-- $id VARCHAR: cluster_id
SELECT claim, statement, grade, confidence, basis
FROM cluster_claims
WHERE cluster_id = $id
ORDER BY claim
