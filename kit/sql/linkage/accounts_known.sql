-- What is known of each account beside its requests; times in epoch seconds.
SELECT account_id, org_id, plan, verification, lower(email_domain) AS email_domain, signup_channel, status,
    epoch(created_at) AS created_s, epoch(closed_at) AS closed_s
FROM accounts WHERE account_id IS NOT NULL
ORDER BY account_id
