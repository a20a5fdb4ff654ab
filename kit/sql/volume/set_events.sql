-- When did each of these accounts ask, to the millisecond?
-- $accounts VARCHAR[]: the accounts
SELECT account_id, epoch_ms(occurred_at) AS at_ms FROM requests
WHERE is_primary AND occurred_at IS NOT NULL AND account_id IN (SELECT unnest($accounts::VARCHAR[]))
ORDER BY account_id, at_ms
