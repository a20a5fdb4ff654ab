-- Which templates were used, by whom, how widely, and what are they good for?
-- $part VARCHAR: prompt or system; NULL for both
-- $verdict VARCHAR: harvest, harmless or unclear; NULL for all
-- $accounts VARCHAR[]: only templates these accounts use; NULL for all
-- $top UBIGINT: how many, widest rarity-weighted reach first
SELECT template_id, part, verdict, verdict_reason, requests, distinct_prompts, fillings, accounts, orgs, rarity_bits,
  slot_entropy_bits, reach_bits, output_tokens, first_at, last_at,
  (SELECT count(DISTINCT date_trunc('day', u.occurred_at)) FROM request_templates q JOIN requests u
    ON u.source_id = q.source_id AND u.line = q.line WHERE q.template_id = t.template_id) AS active_days,
  anchor, known_as, rules, skeleton
FROM templates t
WHERE ($part::VARCHAR IS NULL OR part = $part) AND ($verdict::VARCHAR IS NULL OR verdict = $verdict)
  AND ($accounts::VARCHAR[] IS NULL OR template_id IN (
    SELECT template_id FROM account_templates WHERE account_id IN (SELECT unnest($accounts::VARCHAR[]))))
ORDER BY reach_bits DESC, requests DESC, template_id
LIMIT $top::UBIGINT
