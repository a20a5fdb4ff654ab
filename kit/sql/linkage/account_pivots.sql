-- How far each account that was busy before a release moved to the new model: share of its requests in the two days after it.
WITH releases AS (
    SELECT m.request_model, m.released_at FROM model_releases m
    WHERE m.released_at > (SELECT min(hour_at) + INTERVAL 1 DAY FROM account_hours)
), after AS (
    SELECT h.account_id, r.request_model, sum(h.requests) AS requests,
        coalesce(sum(h.requests) FILTER (h.request_model = r.request_model), 0) AS moved
    FROM account_hours h JOIN releases r ON h.hour_at >= r.released_at AND h.hour_at < r.released_at + INTERVAL 2 DAY
    GROUP BY h.account_id, r.request_model
), before AS (
    SELECT h.account_id, r.request_model, sum(h.requests) AS requests_before
    FROM account_hours h JOIN releases r ON h.hour_at >= r.released_at - INTERVAL 7 DAY AND h.hour_at < r.released_at
    GROUP BY h.account_id, r.request_model
)
-- a stranger who comes to try the model moves nothing: at least as much in the week before as in the two days after
SELECT a.account_id, max(moved / requests) AS share, sum(requests)::BIGINT AS requests
FROM after a JOIN before b USING (account_id, request_model)
WHERE b.requests_before >= a.requests
GROUP BY a.account_id
ORDER BY a.account_id
