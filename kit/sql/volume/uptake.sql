-- What share of the requests of a set, and of all other accounts, went to a new model, around its release?
-- $accounts VARCHAR[]: the set
-- $model VARCHAR: the model released
-- $at TIMESTAMPTZ: when
-- $days UINTEGER: days looked at on either side
-- $hours UINTEGER: width of a window, hours
WITH r AS (
  SELECT CASE WHEN account_id IN (SELECT unnest($accounts::VARCHAR[])) THEN 'the set' ELSE 'all other accounts' END AS who,
    floor((epoch(hour_at) - epoch($at::TIMESTAMPTZ)) / (3600 * $hours::INTEGER))::INTEGER * $hours::INTEGER AS hours_after,
    account_id, requests, CASE WHEN request_model = $model THEN requests ELSE 0 END AS on_it
  FROM account_hours WHERE hour_at >= $at::TIMESTAMPTZ - to_days($days::INTEGER)
    AND hour_at < $at::TIMESTAMPTZ + to_days($days::INTEGER)
)
SELECT who, hours_after, sum(requests)::BIGINT AS requests, sum(on_it)::BIGINT AS on_model,
  count(DISTINCT account_id) AS accounts, round(sum(on_it) / sum(requests), 4) AS share
FROM r GROUP BY who, hours_after ORDER BY who, hours_after
