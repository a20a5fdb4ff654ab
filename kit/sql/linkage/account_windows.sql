-- When each account was active; one row per account, in the order of account_id.
SELECT windows FROM accounts LEFT JOIN account_windows USING (account_id)
WHERE account_id IS NOT NULL
ORDER BY account_id
