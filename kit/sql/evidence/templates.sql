-- Prompt templates behind the attributed exchanges of each proposed group, by hash of the skeleton.
SELECT e.cluster_id, t.template_id, sha256(t.skeleton) AS skeleton_sha256, t.part, t.verdict, t.rules, t.known_as,
  count(*) AS exchanges, count(DISTINCT rt.account_id) AS accounts, t.skeleton
FROM cluster_requests e
JOIN clusters c USING (cluster_id)
JOIN request_templates rt USING (source_id, line)
JOIN templates t ON t.template_id = rt.template_id
WHERE c.proposed
GROUP BY ALL
ORDER BY e.cluster_id, exchanges DESC, t.template_id
