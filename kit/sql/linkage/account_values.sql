-- What values each account was seen with: addresses, client builds, parameters, system prompts, replayed blocks and templates; one row per account, kind and value.
WITH plain AS (
    SELECT account_id, occurred_at, client_ip, user_agent, ja4, signature_hash,
        regexp_replace(user_agent, '[0-9]+([.][0-9]+)+', '#', 'g') AS client,
        CASE WHEN coalesce(temperature::VARCHAR, top_p::VARCHAR, max_tokens::VARCHAR) IS NOT NULL THEN
            concat_ws(' ', 'temperature=' || temperature, 'top_p=' || top_p, 'max_tokens=' || max_tokens) END AS parameters,
        CASE WHEN system_text <> '' THEN left(sha256(left(system_text, 200)), 16) END AS system_head
    FROM requests WHERE is_primary AND account_id IS NOT NULL
), seen AS (
    -- of a masked address (203.0.113.***) nobody knows whose it was
    SELECT account_id, 'ip' AS kind, client_ip AS value, occurred_at FROM plain WHERE client_ip NOT LIKE '%*%'
    UNION ALL SELECT account_id, 'client', client, occurred_at FROM plain
    UNION ALL SELECT account_id, 'build', client || ' ja4 ' || ja4, occurred_at FROM plain
    UNION ALL SELECT account_id, 'exact build', user_agent || ' ja4 ' || ja4, occurred_at FROM plain
    UNION ALL SELECT account_id, 'parameters', parameters, occurred_at FROM plain
    UNION ALL SELECT account_id, 'habit', concat_ws(' | ', coalesce(parameters, 'defaults'), client, ja4), occurred_at FROM plain
    UNION ALL SELECT account_id, 'system', system_head, occurred_at FROM plain
    UNION ALL SELECT account_id, 'replay', signature_hash, occurred_at FROM plain
)
SELECT account_id, kind, value, count(*) AS requests, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM seen WHERE value IS NOT NULL
GROUP BY account_id, kind, value
UNION ALL
SELECT account_id, 'template', template_id, requests, first_at, last_at FROM account_templates
ORDER BY account_id, kind, value
