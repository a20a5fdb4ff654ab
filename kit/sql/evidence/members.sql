-- Accounts of every group examined, with the exchanges attributed to each and their tokens.
WITH spent AS (
  SELECT e.cluster_id, r.account_id, sum(r.input_tokens)::BIGINT AS input_tokens, sum(r.output_tokens)::BIGINT AS output_tokens
  FROM cluster_requests e JOIN requests r USING (source_id, line)
  GROUP BY e.cluster_id, r.account_id
)
SELECT m.cluster_id, c.proposed, m.account_id, m.pool, m.exchanges, m.requests_total, m.strength_bits,
  coalesce(s.input_tokens, 0) AS input_tokens, coalesce(s.output_tokens, 0) AS output_tokens
FROM cluster_accounts m JOIN clusters c USING (cluster_id) LEFT JOIN spent s USING (cluster_id, account_id)
ORDER BY c.proposed DESC, m.cluster_id, m.account_id
