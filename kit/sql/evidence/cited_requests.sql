-- Examples: the first two attributed exchanges of each account of each proposed group, whole.
SELECT e.cluster_id, r.*
FROM cluster_requests e
JOIN clusters c USING (cluster_id)
JOIN requests r USING (source_id, line)
WHERE c.proposed
QUALIFY row_number() OVER (
  PARTITION BY e.cluster_id, r.account_id ORDER BY r.occurred_at, r.request_id, r.source_id, r.line
) <= 2
ORDER BY e.cluster_id, r.account_id, r.occurred_at, r.request_id, r.source_id, r.line
