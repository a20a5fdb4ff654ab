-- The number of each account's organisation; an account without one stands for itself.
SELECT (dense_rank() OVER (ORDER BY coalesce('org ' || org_id, 'account ' || account_id)) - 1)::BIGINT AS org
FROM accounts WHERE account_id IS NOT NULL
ORDER BY account_id
