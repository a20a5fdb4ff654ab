-- How many accounts and distinct prompts does a set have over all models, and from when to when?
-- $accounts VARCHAR[]: the accounts; NULL for all
-- $cluster VARCHAR: count only the exchanges attributed to this cluster; NULL for all requests of the accounts
SELECT count(DISTINCT account_id) AS accounts, count(DISTINCT hash(prompt_text)) AS distinct_prompts,
  min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM requests
WHERE is_primary AND ($accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($cluster::VARCHAR IS NULL OR (source_id, line) IN (
    SELECT (source_id, line) FROM cluster_requests WHERE cluster_id = $cluster::VARCHAR))
ORDER BY 1
