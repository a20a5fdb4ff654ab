-- Models that the attributed exchanges of each proposed group went to.
SELECT e.cluster_id, coalesce(r.request_model, 'not recorded') AS request_model, count(*) AS exchanges,
  count(DISTINCT r.account_id) AS accounts, sum(r.input_tokens)::BIGINT AS input_tokens,
  sum(r.output_tokens)::BIGINT AS output_tokens
FROM cluster_requests e
JOIN clusters c USING (cluster_id)
JOIN requests r USING (source_id, line)
WHERE c.proposed
GROUP BY ALL
ORDER BY e.cluster_id, exchanges DESC, request_model
