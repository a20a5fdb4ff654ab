-- In which languages are the prompts written? Told by script and, where many languages share one, by their commonest words. A description of the material, never a signal.
-- $accounts VARCHAR[]: account ids; NULL for all
-- $since TIMESTAMPTZ: first moment; NULL for the start
-- $until TIMESTAMPTZ: end, not included; NULL for the end
WITH words AS (
  SELECT language, unnest(string_split(list, ' ')) AS word FROM (VALUES
    ('English', 'the of and to is that for with you this are what it'), ('German', 'der die und das ist nicht mit ein eine für auf den'),
    ('French', 'le la les et des est une dans pour que vous avec'), ('Spanish', 'el la los que y del en es una para con por'),
    ('Portuguese', 'os que do da em um para com uma não você por'), ('Italian', 'il di che la per una con non del sono gli della'),
    ('Dutch', 'de het een en van is dat niet op voor met zijn'), ('Polish', 'na że się nie jest to dla jak oraz czy są przez'),
    ('Turkish', 've bir bu için ile ne gibi olan çok var olarak daha'), ('Vietnamese', 'và của là có cho không một được các trong với'),
    ('Indonesian', 'dan yang di untuk dengan ini dari adalah tidak pada'), ('Swedish', 'och att det som en är för på inte med av till'),
    ('Russian', 'и в не на что с как это по для из но'), ('Ukrainian', 'і в не на що з як це для та від але'),
    ('Arabic', 'في من على إلى أن هذا ما التي عن هل'), ('Persian', 'و در به از که این را با است برای'), ('Urdu', 'کے میں ہے کی اور کا سے کو یہ ہیں')) v(language, list)),
mine AS (
  SELECT r.account_id, md5_number_lower(r.prompt_text) AS text_id, r.prompt_text AS t FROM requests r
  WHERE r.is_primary AND r.prompt_text IS NOT NULL AND ($accounts::VARCHAR[] IS NULL OR r.account_id IN (SELECT unnest($accounts::VARCHAR[])))
  AND ($since::TIMESTAMPTZ IS NULL OR r.occurred_at >= $since::TIMESTAMPTZ)
  AND ($until::TIMESTAMPTZ IS NULL OR r.occurred_at < $until::TIMESTAMPTZ)),
texts AS (SELECT text_id, min(left(t, 600)) AS t FROM mine GROUP BY text_id),
scripted AS (
  SELECT text_id, t, CASE
    WHEN regexp_matches(t, '[ぁ-ヿ]') THEN 'kana'
    WHEN regexp_matches(t, '[ᄀ-ᇿ가-힣]') THEN 'hangul'
    WHEN regexp_matches(t, '[㐀-䶿一-鿿]') THEN 'han'
    WHEN regexp_matches(t, '[Ѐ-ӿ]') THEN 'cyrillic'
    WHEN regexp_matches(t, '[؀-ۿ]') THEN 'arabic'
    WHEN regexp_matches(t, '[ऀ-ॿ]') THEN 'devanagari'
    WHEN regexp_matches(t, '[ก-๛]') THEN 'thai'
    WHEN regexp_matches(t, '[Ͱ-Ͽ]') THEN 'greek'
    WHEN regexp_matches(t, '[א-ת]') THEN 'hebrew'
    WHEN regexp_matches(t, '[A-Za-zÀ-ɏ]') THEN 'latin'
    ELSE 'none' END AS script
  FROM texts),
held AS (
  SELECT s.text_id, w.language, count(*) AS n
  FROM (SELECT text_id, unnest(regexp_split_to_array(lower(t), '[\s!-@\[-`\{-¿،؟]+')) AS word FROM scripted WHERE script IN ('latin', 'cyrillic', 'arabic')) s
  JOIN words w USING (word) GROUP BY s.text_id, w.language),
told AS (SELECT text_id, arg_min(language, struct_pack(a := -n, b := language)) AS language FROM held WHERE n >= 2 GROUP BY text_id),
named AS (
  SELECT m.account_id, s.script, coalesce(g.language, CASE s.script WHEN 'kana' THEN 'Japanese' WHEN 'hangul' THEN 'Korean' WHEN 'han' THEN 'Chinese'
    WHEN 'thai' THEN 'Thai' WHEN 'greek' THEN 'Greek' WHEN 'hebrew' THEN 'Hebrew' ELSE 'not told' END) AS language
  FROM mine m JOIN scripted s USING (text_id) LEFT JOIN told g USING (text_id))
SELECT language, script, count(*) AS requests, count(DISTINCT account_id) AS accounts,
  round(count(*) / (SELECT count(*) FROM named), 4) AS share
FROM named
GROUP BY language, script
ORDER BY requests DESC, language, script
