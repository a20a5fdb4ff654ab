-- Who holds which rare value, by number; one row per value and account.
SELECT value_id AS value, family, account FROM rare_values ORDER BY value_id, account
