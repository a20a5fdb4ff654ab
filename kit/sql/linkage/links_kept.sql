-- The links worth keeping: pairs of the same cluster that share rare values of two families or more.
-- Of a cluster beyond 300 accounts: neighbours in the order of the holders of a value, of each kind the five rarest of an account.
WITH small AS (SELECT cluster_id FROM cluster_accounts GROUP BY cluster_id HAVING count(*) <= 300
), everything AS (
    SELECT account_id, 'identity' AS family, id_type AS kind, id_value AS value FROM identifiers WHERE shared_hint IS NULL
    UNION
    SELECT account_id, 'infrastructure', 'address', value FROM account_values WHERE kind = 'ip'
    UNION
    SELECT account_id, 'content', kind, value FROM account_values WHERE kind IN ('template', 'system', 'parameters', 'replay')
), rare AS (
    SELECT *, log2((SELECT count(*) FROM accounts) / count(*) OVER (PARTITION BY family, kind, value)) AS bits
    FROM everything WHERE account_id IN (SELECT account_id FROM cluster_accounts)
), held AS (
    SELECT cluster_id, account_id, kind, value
    FROM rare JOIN cluster_accounts USING (account_id) WHERE cluster_id NOT IN (FROM small)
    QUALIFY row_number() OVER (PARTITION BY cluster_id, account_id, kind ORDER BY bits DESC, value) <= 5
), neighbours AS (
    SELECT account_id, lead(account_id) OVER (PARTITION BY cluster_id, kind, value ORDER BY account_id) AS next_id
    FROM held
), mates AS (
    SELECT x.account_id AS account_a, y.account_id AS account_b
    FROM cluster_accounts x JOIN cluster_accounts y USING (cluster_id) JOIN small USING (cluster_id)
    WHERE x.account_id < y.account_id
    UNION
    SELECT account_id, next_id FROM neighbours WHERE next_id IS NOT NULL
), pairs AS (
    SELECT account_a, account_b, x.family, x.kind, count(*) AS n, min(x.value) AS example, sum(x.bits) AS bits, max(x.bits) AS best
    FROM mates m JOIN rare x ON x.account_id = m.account_a
    JOIN rare y ON y.account_id = m.account_b AND y.kind = x.kind AND y.value = x.value
    GROUP BY account_a, account_b, x.family, x.kind
), weighed AS (
    SELECT *, count(DISTINCT family) OVER (PARTITION BY account_a, account_b) AS families FROM pairs
)
SELECT account_a, account_b, family, kind,
    n || ' ' || kind || CASE WHEN n > 1 THEN ' values' ELSE ' value' END || ' in common, such as ' || example AS detail,
    -- the addresses of a pool come together: no kind of evidence on a pair weighs more than one account in the town
    round(least(log2((SELECT count(*) FROM accounts)), CASE WHEN family = 'content' THEN best WHEN kind = 'address' THEN
        least(3 * n, 6) + bits * greatest(n - 2, 0) / n ELSE bits END), 2) AS bits
FROM weighed WHERE families >= 2 OR account_a NOT IN (SELECT account_id FROM cluster_accounts JOIN small USING (cluster_id))
ORDER BY account_a, account_b, family, kind
