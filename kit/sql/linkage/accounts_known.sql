-- What is known of each account beside its values; times in epoch seconds, requests counted as primary rows.
SELECT a.account_id, a.org_id, a.plan, a.verification, lower(a.email_domain) AS email_domain,
    epoch(a.created_at) AS created_s, epoch(a.closed_at) AS closed_s, epoch(p.first_at) AS first_s, epoch(p.last_at) AS last_s,
    coalesce(p.requests, 0) AS requests, coalesce(p.output_tokens, 0) AS output_tokens, p.distinct_prompts
FROM accounts a LEFT JOIN account_profiles p USING (account_id)
WHERE a.account_id IS NOT NULL
ORDER BY a.account_id
