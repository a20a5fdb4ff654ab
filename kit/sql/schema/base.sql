-- The canonical tables every export is mapped to. Names follow OpenTelemetry GenAI and OCSF where they have one.

CREATE TABLE requests (                -- one row per attempt at a model call
  request_id VARCHAR,                  -- the provider's id of the request
  response_id VARCHAR,                 -- the id of the model's answer
  occurred_at TIMESTAMPTZ,             -- when the request arrived, UTC
  occurred_at_raw VARCHAR,             -- the time as the export wrote it
  time_quality VARCHAR,                -- utc | offset | naive_assumed | log_arrival | none
  duration_ms DOUBLE,                  -- from request to end of answer, milliseconds
  org_id VARCHAR,                      -- the customer organisation
  project_id VARCHAR,                  -- project, workspace or team within the organisation
  account_id VARCHAR,                  -- the account that is billed or can be closed
  api_key_id VARCHAR,                  -- id of the key (never the key itself)
  user_id VARCHAR,                     -- the user within the account
  end_user_id VARCHAR,                 -- the customer's own user, as the customer says
  conversation_id VARCHAR,             -- session or conversation
  client_ip VARCHAR,                   -- the address the request came from
  client_asn VARCHAR,                  -- number of the network of that address
  client_country VARCHAR,              -- country of that address, as the export says; never a signal
  user_agent VARCHAR,                  -- the client's own description
  ja3 VARCHAR,                         -- TLS fingerprint, JA3
  ja4 VARCHAR,                         -- TLS fingerprint, JA4
  provider VARCHAR,                    -- who served the model
  operation VARCHAR,                   -- chat, text_completion, embeddings, ...
  endpoint VARCHAR,                    -- path or route called
  region VARCHAR,                      -- region that served
  request_model VARCHAR,               -- the model asked for
  response_model VARCHAR,              -- the model that answered
  stream BOOLEAN,                      -- whether the answer was streamed
  temperature DOUBLE,                  -- sampling temperature asked for
  top_p DOUBLE,                        -- nucleus sampling asked for
  max_tokens BIGINT,                   -- output limit asked for, tokens
  seed VARCHAR,                        -- sampling seed asked for, as text (some exceed 2^53)
  n_tools INTEGER,                     -- number of tools offered
  system_text VARCHAR,                 -- system prompt
  prompt_text VARCHAR,                 -- the last user turn
  response_text VARCHAR,               -- the answer
  reasoning_text VARCHAR,              -- the reasoning shown or logged
  n_input_messages INTEGER,            -- messages in the request
  content_state VARCHAR,               -- full | truncated | external_ref | redacted | encrypted | not_logged
  input_tokens BIGINT,                 -- tokens read, cached ones included
  cache_read_tokens BIGINT,            -- of them read from a cache
  cache_write_tokens BIGINT,           -- of them written to a cache
  output_tokens BIGINT,                -- tokens written, reasoning included
  reasoning_tokens BIGINT,             -- of them reasoning
  cost_usd DECIMAL(18, 6),             -- price of the request, US dollars
  http_status INTEGER,                 -- HTTP status answered
  outcome VARCHAR,                     -- ok | error | rate_limited | blocked | cancelled | unknown
  error_type VARCHAR,                  -- the provider's name of the error
  finish_reason VARCHAR,               -- why the answer ended
  cache_hit BOOLEAN,                   -- answered from a gateway's cache
  sampling_rate DOUBLE,                -- share of requests the log kept, 0 to 1
  signature_hash VARCHAR,              -- hash of an encrypted reasoning block sent back
  prefix_hash VARCHAR,                 -- hash of the messages before that block
  source_id VARCHAR,                   -- the export the row came from (sources.source_id)
  line BIGINT                          -- 1-based line or row in that export
);

CREATE TABLE duplicates (              -- rows that repeat another row; a row not listed here is its own primary
  source_id VARCHAR,
  line BIGINT,
  dup_group VARCHAR,                   -- same for all rows that are one event
  is_primary BOOLEAN                   -- exactly one row of a group
);

CREATE TABLE ties (                    -- further ids by which rows of one event know each other: "custom:...", "span:..."
  source_id VARCHAR,
  line BIGINT,
  tie VARCHAR
);

CREATE TABLE completions AS FROM requests;  -- values that another export has for a row of requests (same source_id, line)

CREATE TABLE accounts (                -- one row per account, from accounts.* or seen in the requests
  account_id VARCHAR,
  org_id VARCHAR,
  created_at TIMESTAMPTZ,
  closed_at TIMESTAMPTZ,
  status VARCHAR,                      -- active, suspended, closed, ...
  email_domain VARCHAR,
  declared_country VARCHAR,            -- as declared; never a signal
  billing_country VARCHAR,             -- as billed; never a signal
  plan VARCHAR,
  verification VARCHAR,                -- how the holder was verified: none, card, business, education, ...
  signup_ip VARCHAR,
  signup_channel VARCHAR
);

CREATE TABLE identifiers (             -- long: one row per account and value seen with it
  account_id VARCHAR,
  id_type VARCHAR,                     -- ip | asn | ja4 | user_agent | device_id | email_domain | phone | payment_fingerprint | api_key | ...
  id_value VARCHAR,
  first_seen TIMESTAMPTZ,
  last_seen TIMESTAMPTZ,
  n_events BIGINT,
  shared_hint VARCHAR                  -- why many may share it: carrier_nat, sdk_default, coupon, ...
);

CREATE TABLE model_releases (
  request_model VARCHAR,
  released_at TIMESTAMPTZ
);

CREATE TABLE usage_buckets (           -- usage reports: sums per time bucket, never rows of requests
  bucket_start TIMESTAMPTZ,
  bucket_end TIMESTAMPTZ,
  org_id VARCHAR,
  project_id VARCHAR,
  account_id VARCHAR,
  api_key_id VARCHAR,
  user_id VARCHAR,
  request_model VARCHAR,
  requests BIGINT,
  input_tokens BIGINT,                 -- cached ones included
  cache_read_tokens BIGINT,
  cache_write_tokens BIGINT,
  output_tokens BIGINT,                -- reasoning included
  cost_usd DECIMAL(18, 6),
  source_id VARCHAR,
  line BIGINT
);

CREATE TABLE sources (                 -- every export seen; lines = loaded + rejected + blank
  source_id VARCHAR,                   -- first 16 hex digits of the export's SHA-256
  path VARCHAR,                        -- as given when it was loaded
  sha256 VARCHAR,
  bytes BIGINT,
  format VARCHAR,
  rank INTEGER,                        -- who speaks first for one event: 10 provider, 20 gateway, 30 observability, 40 network
  kind VARCHAR,                        -- the table it feeds: requests, accounts, identifiers, model_releases, usage_buckets
  lines BIGINT,
  loaded BIGINT,
  rejected BIGINT,
  blank BIGINT
);

CREATE TABLE rejects (                 -- lines that could not be read
  source_id VARCHAR,
  line BIGINT,
  reason VARCHAR,
  excerpt VARCHAR                      -- the first characters of the line, escaped
);
