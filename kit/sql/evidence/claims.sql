-- Claims A to E for every group examined, graded one by one.
SELECT cluster_id, claim, statement, grade, confidence, basis
FROM cluster_claims
ORDER BY cluster_id, claim
