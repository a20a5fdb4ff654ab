-- Which rules say what a prompt elicits, and how many templates and requests does each match?
SELECT e.*, count(DISTINCT m.template_id) AS templates, coalesce(sum(m.requests), 0)::BIGINT AS requests
FROM elicitation_rules e LEFT JOIN (SELECT template_id, requests, unnest(rules) AS rule_id FROM templates) m USING (rule_id)
GROUP BY ALL
ORDER BY e.kind, e.rule_id
