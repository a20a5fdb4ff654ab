-- How far each account moved to a newly released model: share of its requests in the two days after the release that went to it.
WITH releases AS (
    SELECT m.request_model, m.released_at FROM model_releases m
    WHERE m.released_at > (SELECT min(hour_at) + INTERVAL 1 DAY FROM account_hours)
), after AS (
    SELECT h.account_id, r.request_model, sum(h.requests) AS requests,
        coalesce(sum(h.requests) FILTER (h.request_model = r.request_model), 0) AS moved
    FROM account_hours h JOIN releases r ON h.hour_at >= r.released_at AND h.hour_at < r.released_at + INTERVAL 2 DAY
    GROUP BY h.account_id, r.request_model
)
SELECT account_id, max(moved / requests) AS share, sum(requests)::BIGINT AS requests
FROM after GROUP BY account_id
ORDER BY account_id
