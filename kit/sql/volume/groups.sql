-- Which sets of accounts could be acting as one: clusters, users of a rare template, members of an organisation?
-- The same accounts found twice are listed once.
-- $least UINTEGER: smallest number of accounts
-- $share DOUBLE: a template that more than this share of all accounts uses says nothing about a set
-- $top UINTEGER: how many sets at most: clusters first, then those with most requests
WITH town AS (SELECT count(*) AS n FROM account_profiles), sets AS (
  SELECT 1 AS turn, 'cluster' AS kind, cluster_id AS group_id, account_id FROM cluster_accounts
  UNION ALL SELECT 2, 'organisation', org_id, account_id FROM account_profiles WHERE org_id IS NOT NULL
  UNION ALL SELECT 2, 'template', template_id, account_id FROM account_templates
    SEMI JOIN (SELECT template_id FROM templates WHERE known_as IS NULL AND verdict IS DISTINCT FROM 'harmless')
      USING (template_id) WHERE requests >= 3
), listed AS (
  SELECT turn, kind, group_id, list(DISTINCT account_id ORDER BY account_id) AS accounts,
    sum(p.requests)::BIGINT AS requests
  FROM sets JOIN account_profiles p USING (account_id), town
  GROUP BY turn, kind, group_id, town.n
  HAVING count(DISTINCT account_id) >= $least
    AND (kind <> 'template' OR count(DISTINCT account_id) <= greatest($share * town.n, 3 * $least))
)
SELECT kind, group_id, accounts, requests FROM listed
QUALIFY row_number() OVER (PARTITION BY accounts ORDER BY turn, kind, group_id) = 1
ORDER BY turn, requests DESC, kind, group_id LIMIT $top
