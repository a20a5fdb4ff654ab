-- What do requests of one template say, word for word?
-- $template_id VARCHAR: the template
-- $n UBIGINT: how many different texts
-- $chars UINTEGER: characters shown of each text
WITH mine AS (
  SELECT CASE t.part WHEN 'system' THEN r.system_text ELSE r.prompt_text END AS text, r.account_id, r.occurred_at, r.prompt_text,
    r.response_text, r.output_tokens, r.source_id, r.line
  FROM request_templates t JOIN requests r ON r.source_id = t.source_id AND r.line = t.line
  WHERE t.template_id = $template_id),
one AS (FROM mine QUALIFY row_number() OVER (PARTITION BY text ORDER BY occurred_at, account_id, source_id, line) = 1)
SELECT account_id, occurred_at, left(text, $chars::BIGINT) AS text, left(prompt_text, $chars::BIGINT) AS prompt,
  left(response_text, $chars::BIGINT) AS response, length(text) AS characters, output_tokens
FROM one
ORDER BY md5(text), text
LIMIT $n::UBIGINT
