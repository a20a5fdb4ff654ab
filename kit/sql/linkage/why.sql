-- What two accounts have in common, the five rarest of each kind and how many more; with how many accounts share it.
-- $a VARCHAR: one account
-- $b VARCHAR: the other
WITH everything AS (
    SELECT account_id, id_type AS kind, id_value AS value FROM identifiers
    UNION
    SELECT account_id, kind, value FROM account_values
    UNION
    SELECT account_id, 'mail domain', lower(email_domain) FROM accounts WHERE email_domain <> ''
    UNION
    SELECT account_id, 'organisation', org_id FROM accounts WHERE org_id <> ''
), n AS (SELECT count(*) AS accounts FROM accounts), reach AS (
    SELECT kind, value, count(DISTINCT account_id) AS holders FROM everything GROUP BY kind, value
), shared AS (
    SELECT CASE WHEN kind IN ('ip', 'client', 'build', 'exact build', 'ja4', 'user_agent') THEN 'infrastructure'
            WHEN kind IN ('parameters', 'habit', 'system', 'template', 'replay') THEN 'content' ELSE 'identity' END AS family,
        kind, value, holders, round(log2(n.accounts / holders), 1) AS bits,
        row_number() OVER (PARTITION BY kind ORDER BY holders, value) AS place
    FROM everything x JOIN everything y USING (kind, value) JOIN reach USING (kind, value), n
    WHERE x.account_id = $a AND y.account_id = $b
)
SELECT family, kind, value, holders, bits FROM shared WHERE place <= 5
UNION ALL
SELECT family, kind, 'and ' || count(*) || ' more, the most common held by ' || max(holders) || ' accounts', NULL, NULL
FROM shared WHERE place > 5 GROUP BY family, kind
UNION ALL
SELECT 'content', 'text passed on', from_account_id || ' to ' || to_account_id, requests, NULL
FROM response_flows WHERE (from_account_id, to_account_id) IN (($a, $b), ($b, $a))
ORDER BY family, kind, bits DESC NULLS LAST, value
