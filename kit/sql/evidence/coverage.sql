-- What the received requests hold: counts, span, and how many rows carry each kind of field.
SELECT
  count(*) AS attempts,
  count(*) FILTER (WHERE is_primary) AS requests,
  count(*) FILTER (WHERE NOT is_primary) AS duplicates,
  count(DISTINCT account_id) AS accounts,
  min(occurred_at) AS first_at,
  max(occurred_at) AS last_at,
  count(occurred_at) AS with_time,
  count(account_id) AS with_account,
  count(client_ip) AS with_address,
  count(coalesce(ja4, user_agent)) AS with_client,
  count(prompt_text) AS with_prompt,
  count(response_text) AS with_response,
  count(output_tokens) AS with_tokens,
  count(cost_usd) AS with_cost,
  count(*) FILTER (WHERE time_quality IN ('naive_assumed', 'log_arrival', 'none')) AS with_uncertain_time,
  count(*) FILTER (WHERE sampling_rate < 1) AS from_sampled_logs
FROM requests
ORDER BY requests
