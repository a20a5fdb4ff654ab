-- What a cluster's accounts did each day: sign-ups, first uses, closures, active accounts and requests.
-- $cluster_id VARCHAR: the cluster
WITH m AS (SELECT account_id FROM cluster_accounts WHERE cluster_id = $cluster_id), happened AS (
    SELECT date_trunc('day', a.created_at) AS day_at, 'sign-ups' AS event, 1 AS n FROM accounts a JOIN m USING (account_id)
    UNION ALL SELECT date_trunc('day', a.closed_at), 'closures', 1 FROM accounts a JOIN m USING (account_id)
    UNION ALL SELECT date_trunc('day', p.first_at), 'first uses', 1 FROM account_profiles p JOIN m USING (account_id)
    UNION ALL SELECT date_trunc('day', hour_at), 'active accounts', 1 FROM account_hours JOIN m USING (account_id)
        GROUP BY account_id, date_trunc('day', hour_at)
)
SELECT day_at, event, sum(n)::BIGINT AS accounts FROM happened WHERE day_at IS NOT NULL
GROUP BY day_at, event
ORDER BY day_at, event
