-- which input file belongs to which output file of a batch: a custom_id means something only within one batch
-- An output goes with the input whose custom_ids overlap most; where two inputs fit equally well, with none.
CREATE OR REPLACE TEMP TABLE batch_of AS
WITH custom AS (
  SELECT t.source_id, t.line, t.tie, s.rank FROM ties t JOIN sources s USING (source_id) WHERE t.tie LIKE 'custom:%'
), sizes AS (
  SELECT source_id, count(*) AS n FROM custom GROUP BY source_id
), shared AS (
  SELECT o.source_id AS output, i.source_id AS input, count(*) AS n
  FROM custom o JOIN custom i ON i.tie = o.tie AND o.rank < i.rank GROUP BY ALL
), scored AS (
  SELECT p.output, p.input, p.n, p.n / (a.n + b.n - p.n) AS share
  FROM shared p JOIN sizes a ON a.source_id = p.output JOIN sizes b ON b.source_id = p.input
)
SELECT output, min(input) AS input FROM (
  SELECT *, rank() OVER (PARTITION BY output ORDER BY n DESC, share DESC) AS place FROM scored
) WHERE place = 1 GROUP BY output HAVING count(*) = 1 ORDER BY output;

CREATE OR REPLACE TEMP TABLE scoped AS
SELECT t.source_id, t.line, 'batch:' || coalesce(b.input, t.source_id) || ':' || t.tie AS tie
FROM ties t LEFT JOIN batch_of b ON b.output = t.source_id WHERE t.tie LIKE 'custom:%';

DELETE FROM ties WHERE tie LIKE 'custom:%';

INSERT INTO ties SELECT * FROM scoped ORDER BY ALL;
