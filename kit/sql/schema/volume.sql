-- Derived by kit/volume; the statements per account work on any shard of accounts alone.

CREATE TABLE source_hours (            -- one row per export and UTC hour in which it reaches
  source_id VARCHAR,
  hour_at TIMESTAMPTZ,
  first_at TIMESTAMPTZ,                -- first request of the export in the hour, duplicates included
  last_at TIMESTAMPTZ,
  requests BIGINT,                     -- primary rows, with an account or without
  blocked BIGINT,                      -- of them outcome blocked or HTTP 403
  rate_limited BIGINT,                 -- of them HTTP 429
  input_tokens BIGINT,                 -- of primary rows
  output_tokens BIGINT
);

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

CREATE TABLE active_hours (            -- one row per UTC hour in which any account has requests
  hour_at TIMESTAMPTZ,
  requests BIGINT,                     -- primary rows with an account
  blocked BIGINT,                      -- of them outcome blocked or HTTP 403
  accounts BIGINT                      -- accounts with a request in the hour
);

CREATE TABLE account_profiles (        -- one row per account with requests; days and hours are UTC
  account_id VARCHAR,
  org_id VARCHAR,
  plan VARCHAR,
  requests BIGINT,                     -- primary rows
  ok BIGINT,                           -- of them answered
  refused BIGINT,                      -- of them outcome blocked, HTTP 403, or ended by a content filter or a refusal
  rate_limited BIGINT,                 -- of them HTTP 429
  first_at TIMESTAMPTZ,
  last_at TIMESTAMPTZ,
  active_days BIGINT,
  active_hours BIGINT,
  input_tokens BIGINT,
  output_tokens BIGINT,
  value_usd DECIMAL(18, 6),            -- sum of cost_usd where the export gives it, else NULL
  distinct_prompts BIGINT,             -- NULL where no prompt is logged
  distinct_ips BIGINT,
  distinct_networks BIGINT,            -- client_asn
  distinct_clients BIGINT,             -- user agent and JA4 together
  ips_per_day DOUBLE,                  -- mean distinct addresses per active day
  max_ips_per_day BIGINT,
  max_networks_per_day BIGINT,
  max_clients_per_day BIGINT,
  shared_minutes BIGINT,               -- minutes in which two or more addresses sent requests
  peak_in_flight BIGINT,               -- most requests unanswered at once; NULL where no durations are logged
  gap_p10_s DOUBLE,                    -- seconds between requests: 10 % quantile
  gap_median_s DOUBLE,
  gap_p90_s DOUBLE,
  longest_idle_s DOUBLE,               -- longest time between two requests
  idle_hours_of_day BIGINT,            -- longest run of hours of the day in which it never sent anything, 0 to 24
  hour_entropy_bits DOUBLE,            -- of requests over the 24 hours of the day; log2(24) = 4.585 is flat
  rhythm_strength DOUBLE,              -- of active hours over the day: 0 round the clock, 1 always the same hour
  rhythm_p DOUBLE,                     -- Rayleigh test of a flat day, on the active hours
  weekend_share DOUBLE,                -- of requests on Saturday and Sunday
  hour_dispersion DOUBLE,              -- variance over mean of requests per hour in its span: 1 as by lot, below 1 metered
  equal_spread_p DOUBLE,               -- P(as even or more) for requests falling by lot over the hours of its span
  peak_day_requests BIGINT,
  days_to_peak DOUBLE,                 -- from first request to the end of the first day with >= 95 % of the peak day
  day_one_share DOUBLE,                -- of the requests in its first 30 days, those in the first 24 hours
  first_use_lag_s DOUBLE,              -- from creation of the account to its first request; NULL where unknown
  age_days DOUBLE                      -- age of the account at its first request
);
