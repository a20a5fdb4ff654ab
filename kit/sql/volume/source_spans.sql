-- From when to when does each export reach?
SELECT source_id, min(first_at) AS first_at, max(last_at) AS last_at
FROM source_hours GROUP BY source_id ORDER BY first_at, last_at, source_id
