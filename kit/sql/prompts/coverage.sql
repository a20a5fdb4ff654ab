-- How fast do these accounts reach new ground: new prompts and new templates per day, and all of them so far?
-- $accounts VARCHAR[]: account ids; NULL for all
-- $since TIMESTAMPTZ: first moment; NULL for the start
-- $until TIMESTAMPTZ: end, not included; NULL for the end
WITH mine AS (
  SELECT date_trunc('day', r.occurred_at) AS day_at, md5_number_lower(r.prompt_text) AS text_id, t.template_id
  FROM requests r LEFT JOIN request_templates t ON t.source_id = r.source_id AND t.line = r.line AND t.part = 'prompt'
  WHERE r.is_primary AND r.prompt_text IS NOT NULL AND r.occurred_at IS NOT NULL AND ($accounts::VARCHAR[] IS NULL OR r.account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($since::TIMESTAMPTZ IS NULL OR r.occurred_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR r.occurred_at < $until::TIMESTAMPTZ)),
per_day AS (SELECT day_at, count(*) AS requests, count(DISTINCT text_id) AS distinct_prompts FROM mine GROUP BY day_at),
new_text AS (SELECT day_at, count(*) AS n FROM (SELECT text_id, min(day_at) AS day_at FROM mine GROUP BY text_id) GROUP BY day_at),
new_template AS (
  SELECT day_at, count(*) AS n FROM (SELECT template_id, min(day_at) AS day_at FROM mine WHERE template_id IS NOT NULL GROUP BY template_id)
  GROUP BY day_at)
SELECT day_at, requests, distinct_prompts, coalesce(new_text.n, 0) AS new_prompts, coalesce(new_template.n, 0) AS new_templates,
  sum(coalesce(new_text.n, 0)) OVER (ORDER BY day_at)::BIGINT AS prompts_so_far,
  sum(coalesce(new_template.n, 0)) OVER (ORDER BY day_at)::BIGINT AS templates_so_far,
  round(coalesce(new_text.n, 0) / requests, 6) AS new_share
FROM per_day LEFT JOIN new_text USING (day_at) LEFT JOIN new_template USING (day_at)
ORDER BY day_at
