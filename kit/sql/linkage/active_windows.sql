-- When each account was active, in windows of so many seconds: account and window as one number.
-- $seconds BIGINT: the length of a window
-- $first BIGINT: the number of the first window
-- $width BIGINT: the account counts as often as this, a window once
-- $begin BIGINT: the first account, by its place in the order of account_id
-- $upto BIGINT: the account after the last
WITH numbered AS (
    SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS account
    FROM accounts WHERE account_id IS NOT NULL
    QUALIFY account BETWEEN $begin AND $upto - 1
)
SELECT (account * $width + epoch_us(occurred_at) // ($seconds * 1000000) - $first)::BIGINT AS key
FROM requests JOIN numbered USING (account_id)
WHERE is_primary AND occurred_at IS NOT NULL
