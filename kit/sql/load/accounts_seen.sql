-- accounts that no accounts file names but requests do, one row each
INSERT INTO accounts BY NAME
SELECT account_id, min(org_id) AS org_id
FROM requests
WHERE account_id IS NOT NULL AND account_id NOT IN (SELECT account_id FROM accounts WHERE account_id IS NOT NULL)
GROUP BY account_id
ORDER BY account_id;
