-- The links between the members of one cluster, strongest first.
-- $cluster_id VARCHAR: the cluster
SELECT l.* FROM links l
JOIN cluster_accounts a ON a.account_id = l.account_a AND a.cluster_id = $cluster_id
JOIN cluster_accounts b ON b.account_id = l.account_b AND b.cluster_id = $cluster_id
ORDER BY l.bits DESC, l.account_a, l.account_b, l.family, l.kind
