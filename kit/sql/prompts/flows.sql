-- Between which accounts do answers come back as prompts?
-- $accounts VARCHAR[]: account ids on either side; NULL for all
-- $least UINTEGER: smallest number of returned prompts
-- $top UBIGINT: how many pairs
SELECT from_account_id, to_account_id, requests, round(median_lag_s)::BIGINT AS median_lag_s, mean_containment
FROM response_flows
WHERE requests >= $least::UINTEGER AND ($accounts::VARCHAR[] IS NULL
  OR from_account_id IN (SELECT unnest($accounts::VARCHAR[])) OR to_account_id IN (SELECT unnest($accounts::VARCHAR[])))
ORDER BY requests DESC, mean_containment DESC, from_account_id, to_account_id
LIMIT $top::UBIGINT
