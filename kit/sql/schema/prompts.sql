-- Derived by kit/prompts.py: what was asked.

CREATE TABLE templates (               -- one row per family of prompts (or system prompts) that share a skeleton
  template_id VARCHAR,                 -- from the skeleton's content, so the same whatever the order of loading
  part VARCHAR,                        -- prompt | system
  anchor VARCHAR,                      -- what is constant: head | tail | wrap | whole | near (edited or reordered)
  skeleton VARCHAR,                    -- constant text with slots shown as {...}
  requests BIGINT,
  distinct_prompts BIGINT,
  accounts BIGINT,
  orgs BIGINT,
  output_tokens BIGINT,
  rarity_bits DOUBLE,                  -- -log2 of the share of all accounts that use it
  slot_entropy_bits DOUBLE,            -- entropy of the fillers; 0 for a prompt repeated word for word
  reach_bits DOUBLE,                   -- rarity-weighted reach outside harnesses: organisations * rarity_bits * log2(1 + fillings per account)
  fillings BIGINT,                     -- different prompts asked with it, outside coding harnesses
  first_at TIMESTAMPTZ,
  last_at TIMESTAMPTZ,
  rules VARCHAR[],                     -- ids of the elicitation rules that match (kit/rules/*.yaml)
  known_as VARCHAR,                    -- name of the known harness, evaluation tool or public benchmark, if it is one
  verdict VARCHAR,                     -- harvest | harmless | unclear
  verdict_reason VARCHAR               -- one sentence
);

CREATE TABLE request_templates (       -- which request belongs to which template; at most one row per request and part
  source_id VARCHAR,
  line BIGINT,
  account_id VARCHAR,
  part VARCHAR,
  template_id VARCHAR,
  in_harness BOOLEAN                   -- asked inside a coding harness: the request's system prompt is one
);

CREATE TABLE account_templates (       -- one row per account and template
  account_id VARCHAR,
  template_id VARCHAR,
  requests BIGINT,
  distinct_prompts BIGINT,
  first_at TIMESTAMPTZ,
  last_at TIMESTAMPTZ,
  in_harness BIGINT                    -- of the requests, those asked inside a coding harness
);

CREATE TABLE response_flows (          -- text answered to one account that comes back as another's prompt
  from_account_id VARCHAR,
  to_account_id VARCHAR,
  requests BIGINT,                     -- prompts of to_account that contain an earlier answer to from_account
  median_lag_s DOUBLE,
  mean_containment DOUBLE              -- share of the answer's shingles found in the prompt, 0 to 1
);

CREATE TABLE returned_requests (       -- requests whose prompt holds an answer given earlier to another account
  source_id VARCHAR,
  line BIGINT,
  account_id VARCHAR,                  -- who sent it back
  from_accounts BIGINT,                -- accounts that had been given the answer
  containment DOUBLE                   -- greatest share of one answer's shingles found in the prompt, 0 to 1
);

CREATE TABLE account_habits (          -- one row per account with prompts: what its prompts are about, as a vector
  account_id VARCHAR,
  requests BIGINT,                     -- with a prompt
  distinct_prompts BIGINT,
  sampled BIGINT,                      -- distinct prompts looked at (at most 100, the same ones in every build)
  content INTEGER[]                    -- sum of their 64-number vectors, each of length 1000; divide by 1000 * sampled for the mean
);

CREATE TABLE account_signatures (      -- how an account asks: one row per account, kind and value
  account_id VARCHAR,
  kind VARCHAR,                        -- parameters | client | model | hour (UTC) | prompt_length | output_tokens (powers of two)
  signature VARCHAR,
  requests BIGINT
);

CREATE TABLE elicitation_rules (       -- the rules templates were matched with: the kit's and the case's own
  rule_id VARCHAR,
  title VARCHAR,
  meaning VARCHAR,
  capability VARCHAR,                  -- what the answers would teach
  kind VARCHAR,                        -- elicitation | relay | probing | look_alike
  weight VARCHAR,                      -- strong | weak
  look_alikes VARCHAR[],
  "references" VARCHAR[]
);
