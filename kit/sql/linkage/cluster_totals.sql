-- The size of each cluster: its exchanges, their tokens and times, and all primary requests of its members.
WITH exchanged AS (
    SELECT c.cluster_id, count(*) AS exchanges, sum(r.input_tokens)::BIGINT AS input_tokens,
        sum(r.output_tokens)::BIGINT AS output_tokens, min(r.occurred_at) AS first_at, max(r.occurred_at) AS last_at
    FROM cluster_requests c JOIN requests r USING (source_id, line)
    GROUP BY c.cluster_id
), everything AS (
    SELECT cluster_id, sum(requests_total)::BIGINT AS requests_total, count(*) AS accounts
    FROM cluster_accounts GROUP BY cluster_id
)
SELECT e.cluster_id, accounts, coalesce(exchanges, 0) AS exchanges, requests_total, coalesce(input_tokens, 0) AS input_tokens,
    coalesce(output_tokens, 0) AS output_tokens, first_at, last_at
FROM everything e LEFT JOIN exchanged USING (cluster_id)
ORDER BY e.cluster_id
