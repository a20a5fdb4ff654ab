-- Sum of the hashes of all rows of each table received: equal rows give an equal sum, whatever file they came in.
WITH told AS (
  SELECT 'requests' AS received, concat_ws(chr(31), *COLUMNS(*)) AS told FROM (
    SELECT coalesce(COLUMNS(* EXCLUDE (source_id, line, dup_group, is_primary))::VARCHAR, chr(30)) FROM requests
  )
  UNION ALL
  SELECT 'accounts', concat_ws(chr(31), *COLUMNS(*)) FROM (SELECT coalesce(COLUMNS(*)::VARCHAR, chr(30)) FROM accounts)
  UNION ALL
  SELECT 'identifiers', concat_ws(chr(31), *COLUMNS(*)) FROM (
    SELECT coalesce(COLUMNS(*)::VARCHAR, chr(30)) FROM identifiers
  )
  UNION ALL
  SELECT 'model_releases', concat_ws(chr(31), *COLUMNS(*)) FROM (
    SELECT coalesce(COLUMNS(*)::VARCHAR, chr(30)) FROM model_releases
  )
)
SELECT received, count(*) AS rows, sum(md5_number_lower(told)::HUGEINT)::VARCHAR AS sum_of_hashes
FROM told
GROUP BY received
ORDER BY received
