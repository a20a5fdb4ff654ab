-- Derived by kit/linkage.py from per-account tables only: which accounts act as one.

CREATE TABLE links (                   -- one row per pair of accounts and piece of evidence
  account_a VARCHAR,                   -- account_a < account_b
  account_b VARCHAR,
  family VARCHAR,                      -- identity | infrastructure | timing | content | reaction
  kind VARCHAR,                        -- what is shared: payment_fingerprint, client_ip, template, ...
  detail VARCHAR,                      -- in words, for the "why linked" card
  bits DOUBLE                          -- weight of the evidence, -log2 of its chance under the null
);

CREATE TABLE clusters (                -- one row per group examined, proposed or dismissed
  cluster_id VARCHAR,                  -- from its members, so the same whatever the order of loading
  proposed BOOLEAN,
  reason VARCHAR,                      -- why proposed or why dismissed, one sentence
  accounts BIGINT,
  exchanges BIGINT,                    -- requests attributed to the harvest
  requests_total BIGINT,               -- all primary requests of the members
  input_tokens BIGINT,                 -- of the exchanges
  output_tokens BIGINT,                -- of the exchanges
  first_at TIMESTAMPTZ,                -- of the exchanges
  last_at TIMESTAMPTZ,
  -- Stability: ten times every request and identifier event is left out with a chance of one in five and the group
  -- is settled anew from its members; mean of |both| / |either|, 0 when three families no longer hold (seeds
  -- are fixed). NULL for a dismissed group: nobody is named by it, so there is nothing that would have to hold.
  stability DOUBLE                     -- mean Jaccard overlap under resampling, 0 to 1
);

CREATE TABLE cluster_accounts (
  cluster_id VARCHAR,
  account_id VARCHAR,
  exchanges BIGINT,
  requests_total BIGINT,
  strength_bits DOUBLE,                -- sum of the bits of its links into the cluster
  -- Where succession after closures holds: pool 1 was closed in a wave (three closures or more, less than a day from
  -- one to the next), pool 2 made its first request within three days after it, and so on. Else NULL.
  pool VARCHAR                         -- pool within the cluster (before or after a ban), if any
);

CREATE TABLE cluster_requests (        -- the exchanges themselves
  cluster_id VARCHAR,
  source_id VARCHAR,
  line BIGINT
);

CREATE TABLE cluster_evidence (        -- one row per cluster and family: five rows per cluster
  cluster_id VARCHAR,
  family VARCHAR,
  holds BOOLEAN,                       -- NULL: the export holds nothing to measure it by
  statistic VARCHAR,                   -- what was measured, in words
  value DOUBLE,
  null_value DOUBLE,                   -- what chance alone would give
  p_value DOUBLE,
  n BIGINT,                            -- sample size behind the statistic
  summary VARCHAR                      -- one sentence for the summary page
);

CREATE TABLE cluster_alternatives (    -- harmless explanations tested
  cluster_id VARCHAR,
  explanation VARCHAR,
  test VARCHAR,
  outcome VARCHAR,                     -- ruled out | possible | holds | could not test
  detail VARCHAR
);

CREATE TABLE cluster_claims (          -- the five claims A to E, graded
  cluster_id VARCHAR,
  claim VARCHAR,                       -- A | B | C | D | E
  statement VARCHAR,
  grade VARCHAR,                       -- established | supported | partly supported | not assessed | cannot be shown
  confidence VARCHAR,                  -- high | moderate | low | none
  basis VARCHAR
);

CREATE TABLE account_values (          -- what each account was seen with; one row per account, kind and value
  account_id VARCHAR,
  kind VARCHAR,                        -- ip | client | build | parameters | system | template
  value VARCHAR,
  requests BIGINT,
  first_at TIMESTAMPTZ,
  last_at TIMESTAMPTZ
);

CREATE TABLE account_windows (         -- when each account was active, finely: who acts together is told from this
  account_id VARCHAR,
  windows INTEGER[]                    -- the two-minute windows with a request of its own, counted from 1970, ascending
);

CREATE TABLE rare_values (             -- who holds what 2 to 200 accounts of several organisations share
  value_id BIGINT,                     -- an address, card, device, prompt, ... of this case
  family VARCHAR,                      -- identity | infrastructure | content
  account_id VARCHAR,
  account BIGINT                       -- its place in the order of account_id, from 0
);

CREATE TABLE cluster_marks (           -- what a cluster's harvest is known by: a request with one of these is an exchange
  cluster_id VARCHAR,
  kind VARCHAR,                        -- parameters | system | template
  value VARCHAR,
  share_inside DOUBLE,                 -- share of members that carry it
  share_outside DOUBLE                 -- share of other active accounts that do
);
