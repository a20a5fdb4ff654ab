-- which rows of different exports are one event: ids in common (or a tie), the provider's record first; the others complete it
-- A row ties to the first record that has one of its ids: provider before gateway before observability before network.
-- Rows of one rank that share only a request id stay apart (a retry is an event of its own), unless a tie says otherwise.
CREATE OR REPLACE TEMP TABLE event_keys AS
WITH ids AS (
  SELECT source_id, line, 'id:' || request_id AS key, false AS tied FROM requests WHERE request_id IS NOT NULL
  UNION
  SELECT source_id, line, 'id:' || response_id, false FROM requests WHERE response_id IS NOT NULL
  UNION
  SELECT source_id, line, tie, true FROM ties SEMI JOIN requests USING (source_id, line)
)
SELECT i.source_id, i.line, i.key, i.tied, s.rank, s.format
FROM ids i JOIN sources s USING (source_id)
QUALIFY min(s.rank) OVER (PARTITION BY i.key) < max(s.rank) OVER (PARTITION BY i.key)
     OR (i.tied AND count(*) OVER (PARTITION BY i.key) > 1);

-- every row beside the rows it completes: those of the lowest rank for its key; for a tie within one rank, the first of them
CREATE OR REPLACE TEMP TABLE event_pairs AS
WITH placed AS (
  SELECT k.*, min(k.rank) OVER (PARTITION BY k.key) AS lowest,
         row_number() OVER (PARTITION BY k.key ORDER BY k.rank, r.occurred_at NULLS LAST,
           md5(CAST(row(r.request_id, r.response_id, r.prompt_text, r.response_text) AS VARCHAR)), k.source_id, k.line)
           AS place
  FROM event_keys k JOIN requests r USING (source_id, line)
)
SELECT DISTINCT child.source_id, child.line, child.rank, target.source_id AS to_source, target.line AS to_line,
       target.place = 1 AS first
FROM placed child JOIN placed target ON target.key = child.key AND (target.source_id, target.line) <> (child.source_id, child.line)
WHERE target.rank = target.lowest
  AND (child.rank > target.rank OR (child.tied AND target.tied AND target.place = 1 AND child.rank = target.rank));

CREATE OR REPLACE TEMP TABLE event_parents AS
SELECT source_id, line, to_source, to_line FROM event_pairs WHERE first
QUALIFY row_number() OVER (PARTITION BY source_id, line ORDER BY to_source, to_line) = 1;

CREATE OR REPLACE TEMP TABLE event_roots AS
SELECT p.source_id, p.line, coalesce(c.to_source, b.to_source, p.to_source) AS root_source,
       coalesce(c.to_line, b.to_line, p.to_line) AS root_line
FROM event_parents p
LEFT JOIN event_parents b ON b.source_id = p.to_source AND b.line = p.to_line
LEFT JOIN event_parents c ON c.source_id = b.to_source AND c.line = b.to_line;

CREATE OR REPLACE TEMP TABLE event_groups AS
SELECT e.source_id, e.line, e.root_source, e.root_line,
       coalesce(d.dup_group, md5(e.root_source || ':' || e.root_line)) AS dup_group
FROM event_roots e LEFT JOIN duplicates d ON d.source_id = e.root_source AND d.line = e.root_line
WHERE (e.source_id, e.line) <> (e.root_source, e.root_line);

DELETE FROM duplicates USING event_groups g
WHERE duplicates.source_id = g.source_id AND duplicates.line = g.line;

INSERT INTO duplicates
SELECT source_id, line, dup_group, false FROM event_groups
UNION
SELECT g.root_source, g.root_line, g.dup_group, true FROM event_groups g
WHERE NOT EXISTS (SELECT 1 FROM duplicates d WHERE d.source_id = g.root_source AND d.line = g.root_line)
ORDER BY ALL;
