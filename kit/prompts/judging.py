"""Match rules against templates and write down what each is good for."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import duckdb

from kit.prompts import elicitation
from kit.prompts.skeletons import MINED, put, texts

EXAMPLES = 5
EXAMPLE_CHARS = 4000


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill elicitation_rules; of `templates` rules, known_as, verdict and its reason; in_harness where it
    belongs."""
    rules = {r.id: r for r in elicitation.of_case(elicitation.case_folder(con))}
    for r in sorted(rules.values(), key=lambda r: r.id):
        row = [r.id, r.title, r.meaning, r.capability, r.kind, r.weight, list(r.look_alikes), list(r.references)]
        con.execute("INSERT INTO elicitation_rules VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    shown = _examples(con)
    templates = con.execute("SELECT template_id, part, skeleton FROM templates ORDER BY template_id").fetchall()
    found: dict[str, tuple[list[str], elicitation.Known | None]] = {}
    for template_id, part, skeleton in templates:
        known = elicitation.known_as(skeleton, shown[template_id])
        matched = elicitation.matching(list(rules.values()), part, skeleton, shown[template_id])
        found[template_id] = (matched, known)
    _mark_harness(con, [t for t, part, _ in templates if part == "system" and _is_harness(*found[t], rules)])
    put(con, "persona_templates", template_id=[t for t, *_ in templates if "product_persona" in found[t][0]])
    con.execute(CARRIED)
    facts: dict[str, tuple[Any, ...]] = {r[0]: r[1:] for r in con.execute(FACTS).fetchall()}
    rarity = dict(con.execute("SELECT template_id, rarity_bits FROM templates").fetchall())
    judged = []
    for template_id, part, _ in templates:
        matched, known = found[template_id]
        name, kind = (known.name, known.kind) if known else (None, "")
        about = elicitation.Facts(part, *facts[template_id])
        about.rules, about.known_as, about.known_kind = matched, name, kind
        reach = round(about.reach(rarity[template_id]), 3)
        judged.append(
            (template_id, name, *elicitation.verdict(about, rules), ",".join(matched), reach, about.fillers)
        )
    columns = ("template_id", "known_as", "verdict", "reason", "rules", "reach", "fillings")
    put(con, "judged", **{c: [j[i] for j in judged] for i, c in enumerate(columns)})
    con.execute(
        """UPDATE templates SET known_as = j.known_as, verdict = j.verdict, verdict_reason = j.reason,
        reach_bits = j.reach::DOUBLE, fillings = j.fillings::BIGINT,
        rules = CASE WHEN j.rules = '' THEN [] ELSE string_split(j.rules, ',') END
        FROM judged j WHERE j.template_id = templates.template_id"""
    )


def _is_harness(matched: list[str], known: elicitation.Known | None, rules: dict[str, elicitation.Rule]) -> bool:
    if known and known.kind == "harness":
        return True
    telling = any(rules[r].kind == "elicitation" and rules[r].weight == "strong" for r in matched)
    return "coding_harness" in matched and not telling


def _mark_harness(con: duckdb.DuckDBPyConnection, harnesses: list[str]) -> None:
    put(con, "harnesses", template_id=harnesses)
    con.execute(
        """UPDATE request_templates SET in_harness = true WHERE (source_id, line) IN (
        SELECT (source_id, line) FROM request_templates WHERE template_id IN (FROM harnesses))"""
    )
    con.execute(
        """UPDATE account_templates SET in_harness = h.n FROM (SELECT account_id, template_id, count(*) AS n
        FROM request_templates WHERE in_harness GROUP BY account_id, template_id) h
        WHERE h.account_id = account_templates.account_id AND h.template_id = account_templates.template_id"""
    )


def _examples(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The first texts of each template by id, which is a hash: as good as drawn at random, and always the same."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE shown AS SELECT part, text_id, template_id FROM template_texts
        QUALIFY row_number() OVER (PARTITION BY part, template_id ORDER BY text_id) <= $n""",
        {"n": EXAMPLES},
    )
    template_of = {(p, i): t for p, i, t in con.execute("FROM shown").fetchall()}
    out: dict[str, list[str]] = defaultdict(list)
    for part in MINED:
        found: dict[int, str] = {}
        for ids, batch in texts(con, part, "(part, text_id) IN (SELECT part, text_id FROM shown)"):
            found |= dict(zip(ids.tolist(), batch, strict=True))
        for text_id in sorted(found):
            out[template_of[part, text_id]].append(found[text_id][:EXAMPLE_CHARS])
    return out


# A reasoning block's signature seen with several accounts, or after different earlier messages, was carried over.
CARRIED = """
CREATE OR REPLACE TEMP TABLE carried_signatures AS
SELECT signature_hash FROM requests WHERE is_primary AND signature_hash <> '' AND account_id IS NOT NULL
GROUP BY signature_hash HAVING count(DISTINCT account_id) > 1
"""
FACTS = """
WITH org AS (SELECT account_id, min(org_id) AS org_id FROM accounts GROUP BY account_id),
personas AS (SELECT account_id, count(DISTINCT template_id) AS n FROM account_templates SEMI
  JOIN persona_templates USING (template_id) GROUP BY account_id),
use AS (
  SELECT t.template_id, t.in_harness, t.account_id, md5_number_lower(r.prompt_text) AS filling,
    coalesce(r.org_id, o.org_id) AS org_id,
    coalesce(r.output_tokens, 0) AS output_tokens, b.line IS NOT NULL AS returned, c.signature_hash IS NOT
    NULL AS carried,
    coalesce(p.n, 0) AS personas
  FROM request_templates t JOIN requests r ON r.source_id = t.source_id AND r.line = t.line
  LEFT JOIN org o ON o.account_id = t.account_id
  LEFT JOIN personas p ON p.account_id = t.account_id
  LEFT JOIN returned_requests b ON b.source_id = t.source_id AND b.line = t.line
  LEFT JOIN carried_signatures c ON c.signature_hash = r.signature_hash)
SELECT template_id, count(*), count(*) FILTER (in_harness), count(DISTINCT filling) FILTER (NOT in_harness),
  count(DISTINCT account_id) FILTER (NOT in_harness), count(DISTINCT org_id) FILTER (NOT in_harness),
  coalesce(sum(output_tokens) FILTER (NOT in_harness) / greatest(count(*) FILTER (NOT in_harness), 1), 0)::DOUBLE,
  count(*) FILTER (returned AND NOT in_harness), count(*) FILTER (carried AND NOT in_harness),
  count(DISTINCT account_id) FILTER (personas > 1 AND NOT in_harness)
FROM use GROUP BY template_id ORDER BY template_id
"""
