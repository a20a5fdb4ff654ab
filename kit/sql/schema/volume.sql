-- Derived per account by kit/volume.py; every statement works on any shard of accounts alone.

CREATE TABLE account_hours (           -- one row per account, UTC hour and model that has requests
  account_id VARCHAR,
  hour_at TIMESTAMPTZ,
  request_model VARCHAR,
  requests BIGINT,                     -- primary rows
  ok BIGINT,                           -- of them answered
  blocked BIGINT,                      -- of them outcome blocked or HTTP 403
  rate_limited BIGINT,                 -- of them HTTP 429
  input_tokens BIGINT,
  output_tokens BIGINT
);

CREATE TABLE account_profiles (        -- one row per account
  account_id VARCHAR,
  org_id VARCHAR,
  plan VARCHAR,
  requests BIGINT,
  ok BIGINT,
  first_at TIMESTAMPTZ,
  last_at TIMESTAMPTZ,
  active_days BIGINT,
  active_hours BIGINT,
  input_tokens BIGINT,
  output_tokens BIGINT,
  distinct_prompts BIGINT,
  distinct_ips BIGINT,
  distinct_clients BIGINT              -- user agent and JA4 together
);
