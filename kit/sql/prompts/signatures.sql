-- With which parameters and clients does each account ask, how much, and how many accounts share that?
-- $account_id VARCHAR: accounts that share one of this account's signatures
WITH mine AS (
  SELECT account_id, kind, signature, requests / sum(requests) OVER (PARTITION BY account_id, kind) AS share
  FROM account_signatures WHERE kind IN ('parameters', 'client', 'prompt_length', 'output_tokens', 'hour')),
reach AS (SELECT kind, signature, count(*) AS accounts FROM mine GROUP BY kind, signature)
SELECT o.account_id, o.kind, o.signature, round(least(o.share, m.share), 6) AS shared, r.accounts
FROM mine m JOIN mine o USING (kind, signature) JOIN reach r USING (kind, signature)
WHERE m.account_id = $account_id AND o.account_id <> m.account_id
ORDER BY o.account_id, o.kind, o.signature
