-- What is needed of every request of one shard of accounts to profile them, in a few bytes each?
-- $shards UINTEGER: number of shards the accounts are dealt into
-- $shard UINTEGER: the shard to answer for, from 0
CREATE TEMP TABLE IF NOT EXISTS account_codes AS
SELECT account_id, (row_number() OVER (ORDER BY account_id) - 1)::UINTEGER AS code
FROM (SELECT DISTINCT account_id FROM requests WHERE is_primary AND account_id IS NOT NULL AND occurred_at IS NOT NULL)
ORDER BY account_id;

SELECT n.code // $shards AS code, epoch_ms(occurred_at) AS at_ms,
  CASE WHEN prompt_text IS NULL THEN 0 ELSE hash(prompt_text) END AS prompt,
  CASE WHEN client_ip IS NULL THEN 0 ELSE hash(client_ip) END AS ip,
  CASE WHEN client_asn IS NULL THEN 0 ELSE hash(client_asn) END AS network,
  CASE WHEN user_agent IS NULL AND ja4 IS NULL THEN 0
    ELSE hash(coalesce(user_agent, '') || ' ' || coalesce(ja4, '')) END AS client,
  coalesce(input_tokens, 0) AS input_tokens, coalesce(output_tokens, 0) AS output_tokens,
  coalesce((cost_usd * 1000000)::BIGINT, -1) AS cost_micro,
  CASE WHEN duration_ms >= 0 THEN least(duration_ms, 86400000)::INTEGER ELSE -1 END AS duration_ms,
  ((outcome = 'ok' OR (outcome IS NULL AND coalesce(http_status, 200) < 400)) IS TRUE)::UTINYINT
  + 2 * ((outcome = 'blocked' OR http_status = 403
    OR finish_reason IN ('content_filter', 'refusal', 'guardrail_intervened', 'SAFETY')) IS TRUE)::UTINYINT
  + 4 * ((outcome = 'rate_limited' OR http_status = 429) IS TRUE)::UTINYINT AS fate
FROM requests JOIN account_codes n USING (account_id)
WHERE is_primary AND occurred_at IS NOT NULL AND n.code % $shards = $shard
