-- Groups of accounts that were examined, proposed or dismissed, with their scale.
SELECT cluster_id, proposed, reason, accounts, exchanges, requests_total, input_tokens, output_tokens,
  first_at, last_at, stability
FROM clusters
ORDER BY proposed DESC, exchanges DESC, cluster_id
