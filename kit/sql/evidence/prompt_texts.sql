-- The distinct prompts, system texts and answers of one share of the requests, with white space made even.
-- $share INTEGER: which share, from 0
-- $shares INTEGER: into how many shares the texts are dealt
WITH texts AS (
  SELECT unnest([prompt_text, system_text, response_text, reasoning_text]) AS text FROM requests
)
SELECT DISTINCT regexp_replace(text, '\s+', ' ', 'g') AS text
FROM texts
WHERE length(text) >= 40 AND hash(text) % $shares = $share
ORDER BY text
