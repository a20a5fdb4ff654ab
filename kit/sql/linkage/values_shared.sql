-- Every value an account was seen with that another account has too, plus its number of own addresses; long.
WITH everything AS (
    SELECT account_id, kind, value, requests, first_at, last_at FROM account_values
    UNION ALL
    SELECT account_id, 'id:' || id_type, id_value, max(coalesce(n_events, 1)), min(first_seen), max(last_seen)
    FROM identifiers
    WHERE id_value <> '' AND shared_hint IS NULL AND id_type NOT IN ('ip', 'asn', 'ja3', 'ja4', 'user_agent', 'email_domain')
    GROUP BY account_id, id_type, id_value
    UNION ALL
    -- text answered to the one and sent back by the other, time and again
    SELECT unnest([from_account_id, to_account_id]), 'flow', from_account_id || ' > ' || to_account_id, requests, NULL, NULL
    FROM response_flows WHERE requests >= 3
), reach AS (
    SELECT kind, value, count(*) AS accounts FROM everything GROUP BY kind, value
)
SELECT account_id, kind, CASE WHEN accounts = 1 AND kind = 'ip' THEN '(own)' ELSE value END AS value,
    CASE WHEN accounts = 1 AND kind = 'ip' THEN count(*) ELSE sum(requests)::BIGINT END AS requests, epoch(min(first_at)) AS first_s, epoch(max(last_at)) AS last_s
FROM everything JOIN reach USING (kind, value)
WHERE accounts > 1 OR kind = 'ip'
GROUP BY account_id, kind, accounts, everything.value
ORDER BY account_id, kind, value
