-- How much was taken by a set of accounts, by model?
-- $accounts VARCHAR[]: the accounts; NULL for all
-- $cluster VARCHAR: count only the exchanges attributed to this cluster; NULL for all requests of the accounts
WITH r AS (
  SELECT request_model, account_id, prompt_text, input_tokens, output_tokens, reasoning_tokens, cost_usd, occurred_at,
    (outcome = 'ok' OR (outcome IS NULL AND coalesce(http_status, 200) < 400)) IS TRUE AS answered
  FROM requests
  WHERE is_primary AND ($accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[])))
    AND ($cluster::VARCHAR IS NULL OR (source_id, line) IN (
      SELECT (source_id, line) FROM cluster_requests WHERE cluster_id = $cluster::VARCHAR))
)
SELECT coalesce(request_model, '(none)') AS request_model, count(*) AS requests,
  count(*) FILTER (answered) AS exchanges, count(DISTINCT account_id) AS accounts,
  count(DISTINCT hash(prompt_text)) AS distinct_prompts, count(*) FILTER (answered AND output_tokens IS NULL) AS without_tokens,
  coalesce(sum(input_tokens) FILTER (answered), 0)::BIGINT AS input_tokens,
  coalesce(sum(output_tokens) FILTER (answered), 0)::BIGINT AS output_tokens,
  sum(reasoning_tokens) FILTER (answered)::BIGINT AS reasoning_tokens,
  sum(cost_usd) FILTER (answered) AS logged_usd, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM r GROUP BY ALL ORDER BY exchanges DESC, request_model
