-- The exchanges: requests of a cluster's members that carry one of its marks (parameters, system prompt or template).
WITH marked AS (
    SELECT r.source_id, r.line, r.account_id, 'parameters' AS kind,
        concat_ws(' ', 'temperature=' || temperature, 'top_p=' || top_p, 'max_tokens=' || max_tokens) AS value
    FROM requests r WHERE r.is_primary AND account_id IN (SELECT account_id FROM cluster_accounts)
    UNION ALL
    SELECT r.source_id, r.line, r.account_id, 'system', left(sha256(left(system_text, 200)), 16)
    FROM requests r WHERE r.is_primary AND system_text <> '' AND account_id IN (SELECT account_id FROM cluster_accounts)
    UNION ALL
    SELECT r.source_id, r.line, r.account_id, 'habit', concat_ws(' | ',
        CASE WHEN coalesce(temperature::VARCHAR, top_p::VARCHAR, max_tokens::VARCHAR) IS NULL THEN 'defaults' ELSE
            concat_ws(' ', 'temperature=' || temperature, 'top_p=' || top_p, 'max_tokens=' || max_tokens) END,
        regexp_replace(user_agent, '[0-9]+([.][0-9]+)+', '#', 'g'), ja4)
    FROM requests r WHERE r.is_primary AND account_id IN (SELECT account_id FROM cluster_accounts)
    UNION ALL
    SELECT source_id, line, account_id, 'template', template_id FROM request_templates
)
SELECT DISTINCT a.cluster_id, m.source_id, m.line
FROM marked m JOIN cluster_accounts a USING (account_id)
JOIN cluster_marks k ON k.cluster_id = a.cluster_id AND k.kind = m.kind AND k.value = m.value
ORDER BY a.cluster_id, m.source_id, m.line
