-- Model names that tell nothing of one customer: released ones, and those that $least accounts or more asked for.
-- $least BIGINT: how few accounts a name would point at
SELECT request_model FROM model_releases
UNION
SELECT request_model FROM requests WHERE is_primary GROUP BY request_model HAVING count(DISTINCT account_id) >= $least
ORDER BY request_model
