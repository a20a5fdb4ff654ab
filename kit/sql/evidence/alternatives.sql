-- Harmless explanations that were tested for every group examined, and what came out.
SELECT cluster_id, explanation, test, outcome, detail
FROM cluster_alternatives
ORDER BY cluster_id, explanation, test
