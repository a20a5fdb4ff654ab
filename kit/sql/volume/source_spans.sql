-- From when to when does each export reach?
SELECT source_id, min(occurred_at) AS first_at, max(occurred_at) AS last_at, count(*) AS requests
FROM requests WHERE occurred_at IS NOT NULL GROUP BY source_id ORDER BY first_at, last_at, source_id
