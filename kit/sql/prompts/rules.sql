-- Which rules say what a prompt elicits, and how many templates and requests does each match?
SELECT e.rule_id, e.title, count(DISTINCT m.template_id) AS templates, coalesce(sum(m.requests), 0)::BIGINT AS requests,
  e.kind, e.weight, e.capability, e.meaning, array_to_string(e.look_alikes, ' ') AS look_alikes,
  array_to_string(e."references", '; ') AS "references"
FROM elicitation_rules e LEFT JOIN (SELECT template_id, requests, unnest(rules) AS rule_id FROM templates) m USING (rule_id)
GROUP BY ALL
ORDER BY requests DESC, e.kind, e.rule_id
