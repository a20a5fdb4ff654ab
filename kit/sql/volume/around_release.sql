-- How much of the traffic of each candidate set went to a new model, by account and hour around its release?
-- $model VARCHAR: the model released
-- $at TIMESTAMPTZ: when, whole hour
-- $days UINTEGER: days looked at on either side
-- $accounts VARCHAR[]: one set of accounts; NULL for every candidate: clusters, users of a rare template, organisations
-- $cluster VARCHAR: one cluster; NULL for none
-- $least UINTEGER: smallest number of accounts in a candidate
-- $share DOUBLE: a template that more than this share of all accounts uses says nothing about a set
WITH span AS (SELECT $at::TIMESTAMPTZ - to_days($days::INTEGER) AS b, $at::TIMESTAMPTZ + to_days($days::INTEGER) AS e),
rare AS (
  SELECT template_id FROM account_templates SEMI JOIN (
    SELECT template_id FROM templates WHERE known_as IS NULL AND verdict IS DISTINCT FROM 'harmless') USING (template_id)
  WHERE requests >= 3 GROUP BY template_id
  HAVING count(DISTINCT account_id) BETWEEN $least
    AND greatest($share * (SELECT count(*) FROM account_profiles), 3 * $least)
), firms AS (
  SELECT org_id FROM account_profiles WHERE org_id IS NOT NULL GROUP BY org_id HAVING count(*) >= $least
), marked AS (
  SELECT 'template' AS kind, template_id AS group_id, source_id, line FROM request_templates SEMI JOIN rare
    USING (template_id) WHERE $accounts::VARCHAR[] IS NULL AND $cluster::VARCHAR IS NULL
  UNION ALL SELECT 'cluster', cluster_id, source_id, line FROM cluster_requests
    WHERE $accounts::VARCHAR[] IS NULL AND ($cluster::VARCHAR IS NULL OR cluster_id = $cluster::VARCHAR)
), whole AS (
  SELECT 'accounts' AS kind, '' AS group_id, account_id FROM account_profiles
    WHERE account_id IN (SELECT unnest($accounts::VARCHAR[]))
  UNION ALL SELECT 'organisation', org_id, account_id FROM account_profiles SEMI JOIN firms USING (org_id)
    WHERE $accounts::VARCHAR[] IS NULL AND $cluster::VARCHAR IS NULL
  UNION ALL SELECT 'cluster', cluster_id, account_id FROM cluster_accounts
    WHERE $accounts::VARCHAR[] IS NULL AND ($cluster::VARCHAR IS NULL OR cluster_id = $cluster::VARCHAR)
      AND cluster_id NOT IN (SELECT cluster_id FROM cluster_requests)
)
SELECT kind, group_id, account_id, date_trunc('hour', occurred_at) AS hour_at, count(*) AS requests,
  count(*) FILTER (request_model = $model) AS on_model
FROM requests JOIN marked USING (source_id, line), span
WHERE is_primary AND account_id IS NOT NULL AND occurred_at >= b AND occurred_at < e GROUP BY ALL
UNION ALL
SELECT kind, group_id, account_id, hour_at, sum(requests)::BIGINT,
  coalesce(sum(requests) FILTER (request_model = $model), 0)::BIGINT
FROM account_hours JOIN whole USING (account_id), span WHERE hour_at >= b AND hour_at < e GROUP BY ALL
ORDER BY kind, group_id, account_id, hour_at
