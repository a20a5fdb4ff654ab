-- What are the prompts of each account about, as a vector, and is the account an ordinary one: mostly free text, in no proposed cluster?
-- $least UINTEGER: distinct prompts below which an account is left out
WITH formed AS (
  SELECT account_id, count(DISTINCT (source_id, line)) AS n FROM request_templates GROUP BY account_id),
linked AS (SELECT DISTINCT account_id FROM cluster_accounts SEMI JOIN clusters ON clusters.cluster_id = cluster_accounts.cluster_id AND proposed)
SELECT h.account_id, coalesce(o.org_id, h.account_id) AS unit, h.sampled, [x / 1000 for x in h.content] AS content,
  2 * coalesce(f.n, 0) < h.requests AND l.account_id IS NULL AS ordinary
FROM account_habits h LEFT JOIN formed f USING (account_id) LEFT JOIN linked l USING (account_id)
LEFT JOIN (SELECT account_id, min(org_id) AS org_id FROM accounts GROUP BY account_id) o USING (account_id)
WHERE h.sampled >= $least::UINTEGER
ORDER BY h.account_id
