-- What was written with a template, from different accounts first
-- $id VARCHAR: template_id
-- $top BIGINT: how many texts
WITH picked AS (
  SELECT source_id, line, part, row_number() OVER (PARTITION BY account_id ORDER BY source_id, line) AS nth
  FROM request_templates
  WHERE template_id = $id
  ORDER BY nth, source_id, line
  LIMIT $top
)
SELECT CASE WHEN part = 'system' THEN system_text ELSE prompt_text END AS text
FROM requests JOIN picked USING (source_id, line)
ORDER BY nth, source_id, line
