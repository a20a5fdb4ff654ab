-- Which signatures of reasoning blocks were presented by more than one account, or after different earlier messages?
-- $top UBIGINT: how many signatures
SELECT signature_hash, count(*) AS requests, count(DISTINCT account_id) AS accounts, count(DISTINCT conversation_id) AS conversations,
  count(DISTINCT prefix_hash) AS prefixes, count(DISTINCT request_model) AS models, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM requests
WHERE is_primary AND signature_hash <> ''
GROUP BY signature_hash
HAVING count(DISTINCT account_id) > 1 OR count(DISTINCT prefix_hash) > 1
ORDER BY accounts DESC, requests DESC, signature_hash
LIMIT $top::UBIGINT
