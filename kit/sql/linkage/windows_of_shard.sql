-- When the accounts of one shard were active, by window since 1970; one row per account.
-- $seconds BIGINT: the length of a window
-- $shards BIGINT: the accounts are parted in so many shards
-- $shard BIGINT: the one that is asked for
SELECT account_id,
    list_sort(list_distinct(list((epoch_us(occurred_at) // ($seconds * 1000000))::INTEGER))) AS windows
FROM requests
WHERE is_primary AND account_id IS NOT NULL AND occurred_at IS NOT NULL AND hash(account_id) % $shards = $shard
GROUP BY account_id
ORDER BY account_id
