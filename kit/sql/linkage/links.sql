-- Pairs of accounts of different organisations that share rare values: one row per pair, family and kind, with its weight in bits.
-- $cap BIGINT: a value held by more accounts than this is a gateway, a coupon or a default and links nobody
-- $least DOUBLE: a row below so many bits is left out
WITH numbered AS (
    SELECT account_id, row_number() OVER (ORDER BY account_id)::INTEGER AS n,
        hash(coalesce('org ' || org_id, 'account ' || account_id)) AS org
    FROM accounts WHERE account_id IS NOT NULL
), shared AS (
    SELECT account_id, 'identity' AS family, id_type AS kind, id_value AS value FROM identifiers
    WHERE id_value <> '' AND shared_hint IS NULL
      AND id_type NOT IN ('ip', 'asn', 'ja3', 'ja4', 'user_agent', 'email_domain')
    UNION ALL
    SELECT account_id, 'infrastructure', 'address', value FROM account_values WHERE kind = 'ip'
    UNION ALL
    SELECT account_id, 'content', kind, value FROM account_values
    WHERE kind IN ('template', 'system', 'parameters', 'replay')
), reach AS (
    SELECT family, kind, value, row_number() OVER () AS v, count(DISTINCT account_id) AS holders
    FROM shared GROUP BY family, kind, value HAVING holders BETWEEN 2 AND $cap
), rare AS (
    SELECT DISTINCT s.family, s.kind, r.v, n.n, n.org, log2((SELECT count(*) FROM numbered) / r.holders) AS bits
    FROM shared s JOIN reach r USING (family, kind, value) JOIN numbered n USING (account_id)
), pairs AS (
    SELECT a.n AS a, b.n AS b, a.family, a.kind, count(*) AS shared_values, sum(a.bits) AS all_bits, max(a.bits) AS best_bits
    FROM rare a JOIN rare b ON a.v = b.v AND a.n < b.n AND a.org <> b.org
    GROUP BY a.n, b.n, a.family, a.kind
), weighed AS (
    SELECT *, round(CASE
        -- one or two addresses in common may be a home whose line is rented out to a proxy
        WHEN kind = 'address' THEN least(3 * shared_values, 6) + all_bits * greatest(shared_values - 2, 0) / shared_values
        -- template, system prompt and parameters come with the same software: one piece of evidence
        WHEN family = 'content' THEN best_bits
        ELSE all_bits END, 3) AS bits
    FROM pairs
)
SELECT a.account_id AS account_a, b.account_id AS account_b, w.family, w.kind, w.shared_values, w.bits,
    w.a - 1 AS a, w.b - 1 AS b  -- their places in the order of account_id, from 0
FROM weighed w JOIN numbered a ON a.n = w.a JOIN numbered b ON b.n = w.b
WHERE bits >= $least
ORDER BY w.a, w.b, w.family, w.kind
