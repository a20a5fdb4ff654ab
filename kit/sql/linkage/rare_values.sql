-- Who holds which rare value: one row per value and account, for values that two organisations or more share and few accounts hold.
-- $cap BIGINT: a value held by more accounts than this is a gateway, a coupon or a default and links nobody
WITH shared AS (
    SELECT account_id, 'identity' AS family, hash(id_type, id_value) AS value FROM identifiers
    WHERE id_value <> '' AND shared_hint IS NULL
      AND id_type NOT IN ('ip', 'asn', 'ja3', 'ja4', 'user_agent', 'email_domain')
    UNION ALL
    SELECT account_id, if(kind = 'ip', 'infrastructure', 'content'), hash('seen with', kind, value) FROM account_values
    WHERE kind IN ('ip', 'template', 'system', 'parameters', 'replay')
), several AS (
    -- an account has a row for each event of an identifier, and one only for each value it was seen with
    SELECT value FROM shared GROUP BY value
    HAVING count(*) >= 2 AND (count(*) <= $cap OR min(family) = 'identity')
), numbered AS (
    SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS account,
        hash(coalesce('org ' || org_id, 'account ' || account_id)) AS org
    FROM accounts WHERE account_id IS NOT NULL
), held AS (
    SELECT DISTINCT family, value, account, account_id, org
    FROM shared JOIN several USING (value) JOIN numbered USING (account_id)
), reach AS (
    SELECT value, row_number() OVER (ORDER BY value) - 1 AS value_id FROM held
    GROUP BY value HAVING count(*) BETWEEN 2 AND $cap AND min(org) <> max(org)
)
SELECT value_id, family, account_id, account FROM held JOIN reach USING (value)
ORDER BY value_id, account
