-- What was taken by a set of accounts, by what the prompts elicit?
-- $accounts VARCHAR[]: the accounts; NULL for all
-- $cluster VARCHAR: count only the exchanges attributed to this cluster; NULL for all requests of the accounts
WITH r AS (
  SELECT source_id, line, prompt_text, input_tokens, output_tokens FROM requests
  WHERE is_primary AND (outcome = 'ok' OR (outcome IS NULL AND coalesce(http_status, 200) < 400))
    AND ($accounts::VARCHAR[] IS NULL OR account_id IN (SELECT unnest($accounts::VARCHAR[])))
    AND ($cluster::VARCHAR IS NULL OR (source_id, line) IN (
      SELECT (source_id, line) FROM cluster_requests WHERE cluster_id = $cluster::VARCHAR))
), ruled AS (
  SELECT source_id, line, list_sort(list_distinct(flatten(list(rules)))) AS rules
  FROM request_templates JOIN templates USING (template_id) WHERE rules IS NOT NULL GROUP BY source_id, line
)
SELECT CASE WHEN len(coalesce(rules, [])) = 0 THEN '(no rule matches)' ELSE array_to_string(rules, ' + ') END AS capability,
  count(*) AS exchanges, count(DISTINCT hash(prompt_text)) AS distinct_prompts,
  coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens, coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens
FROM r LEFT JOIN ruled USING (source_id, line) GROUP BY ALL ORDER BY exchanges DESC, capability
