-- Which accounts send back text that was answered to others, and how much of their traffic is it?
-- $top UBIGINT: how many accounts
SELECT b.account_id, count(*) AS returned, any_value(h.requests) AS requests, round(count(*) / any_value(h.requests), 6) AS share,
  max(b.from_accounts) AS from_accounts_at_most, round(median(b.containment), 4) AS median_containment
FROM returned_requests b JOIN account_habits h USING (account_id)
GROUP BY b.account_id
ORDER BY share DESC, returned DESC, account_id
LIMIT $top::UBIGINT
