-- Which accounts use templates of a verdict outside coding harnesses, and how much of their traffic is it?
-- $verdict VARCHAR: harvest, harmless or unclear
-- $least UINTEGER: requests below which an account is left out
-- $top UBIGINT: how many accounts
SELECT r.account_id, count(DISTINCT (r.source_id, r.line)) AS with_template, any_value(a.requests) AS requests,
  round(count(DISTINCT (r.source_id, r.line)) / any_value(a.requests), 6) AS share, count(DISTINCT r.template_id) AS templates
FROM request_templates r
SEMI JOIN (SELECT template_id FROM templates WHERE verdict = $verdict) t ON t.template_id = r.template_id
JOIN (SELECT account_id, count(*) AS requests FROM requests WHERE is_primary GROUP BY account_id) a ON a.account_id = r.account_id
WHERE NOT r.in_harness
GROUP BY r.account_id
HAVING with_template >= $least::UINTEGER
ORDER BY with_template DESC, r.account_id
LIMIT $top::UBIGINT
