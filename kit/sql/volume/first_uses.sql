-- When did each account first ask anything, how much around a moment, and does it use a closed account's rare templates?
-- $at TIMESTAMPTZ: the moment the others were closed
-- $closed VARCHAR[]: the accounts closed then
-- $days UINTEGER: days counted on either side
WITH town AS (SELECT count(*) AS n FROM account_profiles), rare AS (
  SELECT template_id FROM account_templates GROUP BY template_id
  HAVING count(DISTINCT account_id) <= 0.1 * (SELECT n FROM town)
), theirs AS (
  SELECT DISTINCT template_id FROM account_templates SEMI JOIN rare USING (template_id)
  WHERE requests >= 3 AND account_id IN (SELECT unnest($closed::VARCHAR[]))
), same AS (
  SELECT DISTINCT account_id FROM account_templates SEMI JOIN theirs USING (template_id) WHERE requests >= 3
), around AS (
  SELECT account_id,
    sum(requests) FILTER (hour_at < $at::TIMESTAMPTZ)::BIGINT AS before,
    sum(requests) FILTER (hour_at >= $at::TIMESTAMPTZ)::BIGINT AS after
  FROM account_hours WHERE hour_at >= $at::TIMESTAMPTZ - to_days($days::INTEGER)
    AND hour_at < $at::TIMESTAMPTZ + to_days($days::INTEGER)
  GROUP BY account_id
), young AS (
  SELECT account_id, sum(h.requests)::BIGINT AS first_week FROM account_hours h JOIN account_profiles p USING (account_id)
  WHERE h.hour_at < p.first_at + INTERVAL 7 DAY GROUP BY account_id
)
SELECT p.account_id, p.first_at, y.first_week, p.account_id IN (SELECT unnest($closed::VARCHAR[])) AS closed,
  (p.org_id IN (SELECT org_id FROM account_profiles WHERE account_id IN (SELECT unnest($closed::VARCHAR[])))) IS TRUE
    AS same_org,
  s.account_id IS NOT NULL AS same_template, (SELECT count(*) FROM theirs) AS templates,
  coalesce(a.before, 0) AS before, coalesce(a.after, 0) AS after
FROM account_profiles p LEFT JOIN same s USING (account_id) LEFT JOIN around a USING (account_id)
LEFT JOIN young y USING (account_id)
ORDER BY p.first_at, p.account_id
