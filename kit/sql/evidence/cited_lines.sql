-- Where each attributed exchange stands in the exports: file by hash, and line.
SELECT e.cluster_id, s.sha256 AS export_sha256, e.line, r.request_id, r.account_id, r.occurred_at
FROM cluster_requests e
JOIN clusters c USING (cluster_id)
JOIN requests r USING (source_id, line)
LEFT JOIN sources s USING (source_id)
WHERE c.proposed
ORDER BY e.cluster_id, r.occurred_at, s.sha256, e.line
