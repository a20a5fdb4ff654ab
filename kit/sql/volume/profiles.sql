-- How does each account use the service, and how does that compare with its cohort (same plan, same age)?
-- $accounts VARCHAR[]: only these accounts; NULL for all
-- $least UINTEGER: requests under which an account is not compared
WITH placed AS (
  SELECT *, requests / greatest(active_days, 1) AS requests_per_day,
    coalesce(refused, 0) / requests AS refused_share, rate_limited / requests AS rate_limited_share,
    coalesce(plan, 'unknown plan') || ', ' || CASE WHEN age_days IS NULL THEN 'age unknown' WHEN age_days < 7 THEN 'new'
      WHEN age_days < 90 THEN 'under 90 days' ELSE 'older' END AS cohort
  FROM account_profiles
), ranked AS (
  SELECT *, count(*) OVER c AS cohort_n, quantile_cont(requests_per_day, [0.05, 0.5, 0.95]) OVER c AS band,
    percent_rank() OVER (PARTITION BY cohort ORDER BY requests_per_day) AS volume_rank,
    percent_rank() OVER (PARTITION BY cohort ORDER BY rhythm_strength DESC NULLS FIRST) AS flatness_rank,
    percent_rank() OVER (PARTITION BY cohort ORDER BY longest_idle_s DESC NULLS FIRST) AS restless_rank,
    percent_rank() OVER (PARTITION BY cohort ORDER BY day_one_share NULLS FIRST) AS day_one_rank,
    percent_rank() OVER (PARTITION BY cohort ORDER BY max_ips_per_day NULLS FIRST) AS addresses_rank,
    percent_rank() OVER (PARTITION BY cohort ORDER BY refused_share) AS refused_rank,
    percent_rank() OVER (PARTITION BY cohort ORDER BY rate_limited_share) AS rate_limited_rank,
    (count(*) OVER (PARTITION BY cohort ORDER BY rhythm_strength RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
      / (count(*) OVER c + 1) AS flat_p
  FROM placed WHERE requests >= $least
  WINDOW c AS (PARTITION BY cohort)
)
SELECT p.* EXCLUDE (cohort), p.cohort, r.cohort_n, round(r.band[1], 3) AS cohort_low,
  round(r.band[2], 3) AS cohort_median, round(r.band[3], 3) AS cohort_high,
  CASE WHEN r.cohort_n >= 20 THEN round(r.volume_rank, 4) END AS volume_rank,
  CASE WHEN r.cohort_n >= 20 THEN round(r.flatness_rank, 4) END AS flatness_rank,
  CASE WHEN r.cohort_n >= 20 AND p.rhythm_strength IS NOT NULL THEN round(r.flat_p, 6) END AS flat_p,
  CASE WHEN r.cohort_n >= 20 THEN round(r.restless_rank, 4) END AS restless_rank,
  CASE WHEN r.cohort_n >= 20 THEN round(r.day_one_rank, 4) END AS day_one_rank,
  CASE WHEN r.cohort_n >= 20 THEN round(r.addresses_rank, 4) END AS addresses_rank,
  CASE WHEN r.cohort_n >= 20 THEN round(r.refused_rank, 4) END AS refused_rank,
  CASE WHEN r.cohort_n >= 20 THEN round(r.rate_limited_rank, 4) END AS rate_limited_rank,
  CASE WHEN p.requests < $least OR coalesce(r.cohort_n, 0) < 20 THEN 'too little data' ELSE 'compared' END AS comparison
FROM placed p LEFT JOIN ranked r USING (account_id)
WHERE $accounts::VARCHAR[] IS NULL OR p.account_id IN (SELECT unnest($accounts::VARCHAR[]))
ORDER BY p.requests DESC, p.account_id
