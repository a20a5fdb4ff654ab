-- Which models were released within the time the export covers, with a day before and after?
SELECT r.request_model, min(r.released_at) AS released_at
FROM model_releases r, (SELECT min(hour_at) AS first_at, max(hour_at) AS last_at FROM account_hours) s
WHERE r.released_at >= s.first_at + INTERVAL 1 DAY AND r.released_at < s.last_at
GROUP BY r.request_model ORDER BY released_at, r.request_model
