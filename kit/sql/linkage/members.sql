-- The members of one cluster with what is known of each: exchanges, strength in bits, sign-up, first and last use, closure.
-- $cluster_id VARCHAR: the cluster
SELECT m.account_id, m.exchanges, m.requests_total, m.strength_bits, a.plan, a.verification, a.created_at,
    p.first_at, p.last_at, a.closed_at, a.status
FROM cluster_accounts m LEFT JOIN accounts a USING (account_id) LEFT JOIN account_profiles p USING (account_id)
WHERE m.cluster_id = $cluster_id
ORDER BY m.strength_bits DESC, m.account_id
