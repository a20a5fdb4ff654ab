-- What each account's prompts are about, coarsely: requests per account and hashed opening words.
SELECT account_id, (md5_number_lower(lower(regexp_extract(trim(prompt_text), '^\S+\s+\S+'))) % 128)::INTEGER AS topic,
    count(*) AS requests
FROM requests WHERE is_primary AND account_id IS NOT NULL AND prompt_text IS NOT NULL AND content_state IS DISTINCT FROM 'redacted'
GROUP BY account_id, topic
ORDER BY account_id, topic
