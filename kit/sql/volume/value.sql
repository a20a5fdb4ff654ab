-- What would each account's use cost in 30 days at list price, or as logged?
-- $accounts VARCHAR[]: only these accounts; NULL for all
-- $models VARCHAR[]: models with a list price
-- $input_usd DOUBLE[]: their US dollars per million input tokens
-- $output_usd DOUBLE[]: their US dollars per million output tokens
WITH list_price AS (
  SELECT unnest($models::VARCHAR[]) AS request_model, unnest($input_usd::DOUBLE[])::DECIMAL(18, 6) AS per_in,
    unnest($output_usd::DOUBLE[])::DECIMAL(18, 6) AS per_out
), priced AS (
  SELECT account_id, bool_and(l.per_in IS NOT NULL) AS known,
    sum(h.input_tokens * l.per_in + h.output_tokens * l.per_out) / 1000000 AS list_usd
  FROM account_hours h LEFT JOIN list_price l USING (request_model) GROUP BY account_id
), valued AS (
  SELECT p.account_id, p.plan, p.requests, p.active_days,
    CASE WHEN p.value_usd IS NOT NULL THEN 'logged' WHEN v.known THEN 'list price' ELSE 'no price' END AS source,
    round(coalesce(p.value_usd::DOUBLE, CASE WHEN v.known THEN v.list_usd::DOUBLE END)
      * 30 / greatest(epoch(p.last_at - p.first_at) / 86400, 1), 2) AS value_usd_30d
  FROM account_profiles p JOIN priced v USING (account_id)
)
SELECT *, CASE WHEN value_usd_30d IS NOT NULL THEN round(percent_rank() OVER (
    PARTITION BY plan ORDER BY value_usd_30d NULLS FIRST), 4) END AS plan_rank, count(*) OVER (PARTITION BY plan) AS plan_n
FROM valued
QUALIFY $accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[]))
ORDER BY value_usd_30d DESC NULLS LAST, account_id
