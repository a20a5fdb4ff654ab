-- Which clusters are to be decided on: proposed ones first, then by their exchanges
-- $proposed_only BOOLEAN: leave out what was examined and dismissed
SELECT cluster_id AS id, proposed, reason, accounts, exchanges, requests_total
FROM clusters
WHERE proposed OR NOT $proposed_only
ORDER BY proposed DESC, exchanges DESC, id
