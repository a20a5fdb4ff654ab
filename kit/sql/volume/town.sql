-- Who can be compared with whom: plan, main client, and requests before and after a moment, whole and on a new model?
-- $model VARCHAR: the model released
-- $at TIMESTAMPTZ: the moment
-- $days UINTEGER: days looked at on either side
WITH r AS (
  SELECT account_id, split_part(user_agent, '/', 1) AS client, occurred_at >= $at::TIMESTAMPTZ AS later,
    request_model IS NOT DISTINCT FROM $model AS on_it
  FROM requests WHERE is_primary AND account_id IS NOT NULL
    AND occurred_at >= $at::TIMESTAMPTZ - to_days($days::INTEGER)
    AND occurred_at < $at::TIMESTAMPTZ + to_days($days::INTEGER)
), main AS (
  SELECT account_id, client FROM r WHERE client IS NOT NULL GROUP BY account_id, client
  QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY count(*) DESC, client) = 1
)
SELECT p.account_id, p.plan, m.client, count(*) FILTER (NOT later) AS before,
  count(*) FILTER (NOT later AND on_it) AS before_on, count(*) FILTER (later) AS after,
  count(*) FILTER (later AND on_it) AS after_on
FROM account_profiles p JOIN r USING (account_id) LEFT JOIN main m USING (account_id)
GROUP BY p.account_id, p.plan, m.client ORDER BY p.account_id
