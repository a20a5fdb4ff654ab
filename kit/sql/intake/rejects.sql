-- lines that could not be read, by export and reason, with the first of them
SELECT s.path, regexp_replace(r.reason, '([ (])[0-9]+', '\1#', 'g') AS reason, count(*) AS lines,
       min(r.line) AS first_line, arg_min(r.excerpt, r.line) AS first_excerpt
FROM rejects r JOIN sources s USING (source_id)
GROUP BY ALL
ORDER BY lines DESC, s.path, reason;
