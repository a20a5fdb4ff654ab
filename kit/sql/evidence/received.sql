-- What was received: one row per export, with the lines read, rejected and blank.
SELECT source_id, path, sha256, bytes, format, kind, lines, loaded, rejected, blank
FROM sources
ORDER BY kind, path, source_id
