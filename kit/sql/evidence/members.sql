-- Accounts of every group examined, with the exchanges attributed to each.
SELECT m.cluster_id, c.proposed, m.account_id, m.pool, m.exchanges, m.requests_total, m.strength_bits
FROM cluster_accounts m JOIN clusters c USING (cluster_id)
ORDER BY c.proposed DESC, m.cluster_id, m.account_id
