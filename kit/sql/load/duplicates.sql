-- which rows repeat another row: the same request id and the same content, in whatever export and order they came
INSERT INTO duplicates
WITH repeated AS (
  SELECT request_id FROM requests WHERE request_id IS NOT NULL GROUP BY request_id HAVING count(*) > 1
), compared AS (
  SELECT source_id, line, md5(CAST(row(*COLUMNS(* EXCLUDE (
      source_id, line, occurred_at_raw, time_quality, dup_group, is_primary))) AS VARCHAR)) AS dup_group
  FROM requests SEMI JOIN repeated USING (request_id)
)
SELECT source_id, line, dup_group, row_number() OVER (PARTITION BY dup_group ORDER BY source_id, line) = 1
FROM compared
QUALIFY count(*) OVER (PARTITION BY dup_group) > 1
ORDER BY source_id, line;
