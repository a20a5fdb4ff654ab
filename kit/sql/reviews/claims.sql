-- What can be claimed about a cluster
-- $id VARCHAR: cluster_id
SELECT claim, statement, grade, confidence
FROM cluster_claims
WHERE cluster_id = $id
ORDER BY claim
