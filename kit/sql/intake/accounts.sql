-- how many accounts appear in the requests, in the accounts table, and with each kind of identifier
SELECT 'accounts with requests' AS what, count(DISTINCT account_id) AS accounts FROM requests WHERE is_primary
UNION ALL SELECT 'accounts in all, named in a file or by a request', count(*) FROM accounts
UNION ALL SELECT 'accounts with a creation time', count(*) FROM accounts WHERE created_at IS NOT NULL
UNION ALL SELECT 'accounts with a plan', count(*) FROM accounts WHERE plan IS NOT NULL
UNION ALL SELECT 'accounts closed', count(*) FROM accounts WHERE closed_at IS NOT NULL OR status IN ('closed', 'banned', 'suspended')
UNION ALL SELECT 'accounts with identifier ' || id_type, count(DISTINCT account_id) FROM identifiers GROUP BY id_type
ORDER BY what;
