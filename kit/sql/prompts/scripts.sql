-- In which scripts are the prompts written? A description of the material, never a signal.
-- $accounts VARCHAR[]: account ids; NULL for all
-- $since TIMESTAMPTZ: first moment; NULL for the start
-- $until TIMESTAMPTZ: end, not included; NULL for the end
WITH mine AS (
  SELECT r.account_id, r.prompt_text AS t FROM requests r WHERE r.is_primary AND r.prompt_text IS NOT NULL AND ($accounts::VARCHAR[] IS NULL OR r.account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($since::TIMESTAMPTZ IS NULL OR r.occurred_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR r.occurred_at < $until::TIMESTAMPTZ)),
named AS (
  SELECT account_id, CASE
    WHEN regexp_matches(t, '[ぁ-ヿ]') THEN 'kana'
    WHEN regexp_matches(t, '[ᄀ-ᇿ가-힣]') THEN 'hangul'
    WHEN regexp_matches(t, '[㐀-䶿一-鿿]') THEN 'han'
    WHEN regexp_matches(t, '[Ѐ-ӿ]') THEN 'cyrillic'
    WHEN regexp_matches(t, '[؀-ۿ]') THEN 'arabic'
    WHEN regexp_matches(t, '[ऀ-ॿ]') THEN 'devanagari'
    WHEN regexp_matches(t, '[ก-๛]') THEN 'thai'
    WHEN regexp_matches(t, '[Ͱ-Ͽא-ת]') THEN 'hebrew or greek'
    WHEN regexp_matches(t, '[A-Za-zÀ-ɏ]') THEN 'latin'
    ELSE 'none' END AS script
  FROM mine)
SELECT script, count(*) AS requests, count(DISTINCT account_id) AS accounts,
  round(count(*) / (SELECT count(*) FROM named), 6) AS share
FROM named
GROUP BY script
ORDER BY requests DESC, script
