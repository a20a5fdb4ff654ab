-- When the accounts of one shard were active, by window since 1970; one row per account of the case.
-- $seconds BIGINT: the length of a window
-- $shards BIGINT: the accounts are parted in so many shards, in the order of account_id
-- $shard BIGINT: the one that is asked for
WITH asked AS (
    SELECT account_id FROM (
        SELECT account_id, ntile($shards) OVER (ORDER BY account_id) - 1 AS shard
        FROM accounts WHERE account_id IS NOT NULL
    ) WHERE shard = $shard
), active AS (
    SELECT account_id,
        list_sort(list_distinct(list((epoch_us(occurred_at) // ($seconds * 1000000))::INTEGER))) AS windows
    FROM requests SEMI JOIN asked USING (account_id)
    WHERE is_primary AND occurred_at IS NOT NULL
    GROUP BY account_id
)
SELECT account_id, coalesce(windows, []) AS windows FROM asked LEFT JOIN active USING (account_id)
ORDER BY account_id
