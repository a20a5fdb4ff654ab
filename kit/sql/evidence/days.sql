-- Attributed exchanges of each proposed group per UTC day, and the accounts behind them.
SELECT e.cluster_id, date_trunc('day', r.occurred_at)::DATE AS day, count(*) AS exchanges,
  count(DISTINCT r.account_id) AS accounts, sum(r.output_tokens)::BIGINT AS output_tokens
FROM cluster_requests e
JOIN clusters c USING (cluster_id)
JOIN requests r USING (source_id, line)
WHERE c.proposed AND r.occurred_at IS NOT NULL
GROUP BY ALL
ORDER BY e.cluster_id, day
