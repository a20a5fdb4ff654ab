-- When each account was active; one row per account, whether it was or not.
-- There is no ORDER BY here: the rows lie in the order of account_id, and whoever reads them sorts them if they do not.
SELECT account_id, windows FROM account_windows
