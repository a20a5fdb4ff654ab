-- Which templates are to be read: called harvest first, then those of most accounts and rarest text
-- $verdicts VARCHAR[]: verdicts of the kit to list (harvest, unclear, harmless)
-- $top BIGINT: how many at most
SELECT template_id AS id, verdict, skeleton, requests, accounts, orgs
FROM templates
WHERE list_contains($verdicts::VARCHAR[], verdict)
ORDER BY verdict <> 'harvest', rarity_bits * accounts DESC, id
LIMIT $top
