-- Which of the given words are ids, addresses or contact values of this case, and of what kind.
-- $words VARCHAR[]: the words to look up
WITH words AS (SELECT DISTINCT unnest($words::VARCHAR[]) AS value),
held AS (
  SELECT account_id AS value, 'account' AS kind FROM accounts
  UNION ALL SELECT org_id, 'org' FROM accounts
  UNION ALL SELECT signup_ip, 'address' FROM accounts
  UNION ALL SELECT email_domain, 'domain' FROM accounts
  UNION ALL SELECT id_value, 'value' FROM identifiers WHERE id_type NOT IN ('user_agent', 'asn')
  UNION ALL SELECT account_id, 'account' FROM requests
  UNION ALL SELECT org_id, 'org' FROM requests
  UNION ALL SELECT project_id, 'project' FROM requests
  UNION ALL SELECT api_key_id, 'key' FROM requests
  UNION ALL SELECT user_id, 'user' FROM requests
  UNION ALL SELECT end_user_id, 'user' FROM requests
  UNION ALL SELECT conversation_id, 'conversation' FROM requests
  UNION ALL SELECT client_ip, 'address' FROM requests
  UNION ALL SELECT request_id, 'request' FROM requests
  UNION ALL SELECT response_id, 'request' FROM requests
)
SELECT value, min(kind) AS kind
FROM words JOIN held USING (value)
GROUP BY value
ORDER BY value
