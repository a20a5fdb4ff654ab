"""Templates: families of prompts and of system prompts written out with their slots, their reach and their
users."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import duckdb
import numpy as np

from kit.prompts import mining
from kit.prompts.corpus import Bools, Corpus, read
from kit.prompts.tokens import I64, NUMBER, U32, U64, bigrams_of, spans

SHOWN = 6000  # characters of a text that are compared: the first two thirds and the last third of them
SKELETON = 4000  # characters of a skeleton that are kept
REPEATED = {"prompt": 20, "system": 5}  # requests that make a text said word for word a template of its own
AGREED = 0.6  # share of the other members that must hold a constant token in order for it to be shown
PIVOTS = 8  # members from which the one is chosen whose text shows the skeleton
BATCH = 20_000
SLOT = "{…}"
COLUMN = {"prompt": "prompt_text", "system": "system_text", "response": "response_text"}
MINED = ("prompt", "system")


@dataclass(frozen=True)
class Skeleton:
    """How a family is shown, and where its constant text stands."""

    template_id: str
    part: str
    anchor: str
    text: str


def build(con: duckdb.DuckDBPyConnection) -> Corpus:
    """Fill request_templates and account_templates, and `templates` but for rules and verdict.

    Returns the distinct prompts as tokens, for what else is to be learnt from them.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE template_skeletons
        (part VARCHAR, template_id VARCHAR, anchor VARCHAR, skeleton VARCHAR)"""
    )
    con.execute("CREATE OR REPLACE TEMP TABLE template_texts (part VARCHAR, text_id UBIGINT, template_id VARCHAR)")
    con.execute(
        """CREATE OR REPLACE TEMP TABLE asked
        (part VARCHAR, text_id UBIGINT, source_id VARCHAR, line BIGINT, account_id VARCHAR)"""
    )
    for part, column in COLUMN.items():
        con.execute(
            f"""INSERT INTO asked SELECT $part, md5_number_lower({column}), source_id, line, account_id
            FROM requests WHERE is_primary AND trim({column}) <> ''""",  # noqa: S608  a name of COLUMN
            {"part": part},
        )
    corpora = [_mine_part(con, part) for part in MINED]
    con.execute(REQUEST_TEMPLATES)
    con.execute(ACCOUNT_TEMPLATES)
    con.execute(TEMPLATES)
    _entropy(con)
    return corpora[0]


def texts(con: duckdb.DuckDBPyConnection, part: str, where: str = "true") -> Iterator[tuple[U64, list[str]]]:
    """Batches of (ids, texts): each distinct text of the part once, in no particular order, long ones shortened."""
    column = COLUMN[part]
    head, tail = SHOWN * 2 // 3, SHOWN // 3
    con.execute(
        f"""WITH once AS (SELECT text_id, min(struct_pack(s := source_id, l := line)) AS at
            FROM asked WHERE part = $part AND {where} GROUP BY text_id)
        SELECT o.text_id, CASE WHEN length({column}) > {SHOWN}
            THEN left({column}, {head}) || chr(10) || right({column}, {tail}) ELSE {column} END
        FROM requests r JOIN once o ON r.source_id = o.at.s AND r.line = o.at.l""",  # noqa: S608  names of ours
        {"part": part},
    )
    while rows := con.fetchmany(BATCH):
        yield np.fromiter((r[0] for r in rows), np.uint64, len(rows)), [r[1] for r in rows]


def put(con: duckdb.DuckDBPyConnection, name: str, **columns: Any) -> None:
    """A temporary table of the given columns (arrays, or lists of text)."""
    data = {c: np.array(v, object) if isinstance(v, list) else v for c, v in columns.items()}
    kinds = ", ".join(
        f"{c}::{'VARCHAR' if v.dtype == object else 'DOUBLE' if v.dtype.kind == 'f' else 'UBIGINT'} AS {c}"
        for c, v in data.items()
    )
    con.register("put_columns", data)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {kinds} FROM put_columns")  # noqa: S608  names of ours
    con.unregister("put_columns")


def _mine_part(con: duckdb.DuckDBPyConnection, part: str) -> Corpus:
    corpus = read(texts(con, part))
    families = mining.mine(corpus)
    skeletons = _skeletons(con, part, corpus, families)
    text_ids, template_ids = [], []
    for family, skeleton in enumerate(skeletons):
        mine = corpus.ids[families.label == family]
        text_ids.append(mine)
        template_ids += [skeleton.template_id] * len(mine)
    alone = corpus.ids[families.label < 0]
    for text_id, skeleton in _repeated(con, part, alone):
        skeletons.append(skeleton)
        text_ids.append(np.array([text_id], np.uint64))
        template_ids.append(skeleton.template_id)
    put(con, "new_texts", text_id=np.concatenate([np.empty(0, np.uint64), *text_ids]), template_id=template_ids)
    con.execute("INSERT INTO template_texts SELECT $part, text_id, template_id FROM new_texts", {"part": part})
    for s in {s.template_id: s for s in skeletons}.values():
        con.execute("INSERT INTO template_skeletons VALUES (?, ?, ?, ?)", [s.part, s.template_id, s.anchor, s.text])
    return corpus


def _repeated(con: duckdb.DuckDBPyConnection, part: str, alone: U64) -> list[tuple[int, Skeleton]]:
    """Texts outside every family that were asked word for word again and again."""
    put(con, "alone", text_id=alone)
    con.execute(
        """CREATE OR REPLACE TEMP TABLE often AS SELECT text_id FROM asked JOIN alone USING (text_id)
        WHERE part = $part GROUP BY text_id HAVING count(*) >= $least""",
        {"part": part, "least": REPEATED[part]},
    )
    out = []
    for ids, found in texts(con, part, "text_id IN (FROM often)"):
        for text_id, text in zip(ids.tolist(), found, strict=True):
            out.append((text_id, Skeleton(_template_id(part, [text]), part, "whole", text[:SKELETON])))
    return sorted(out, key=lambda pair: pair[0])


def _skeletons(
    con: duckdb.DuckDBPyConnection, part: str, corpus: Corpus, families: mining.Families
) -> list[Skeleton]:
    wanted = np.concatenate(
        [np.empty(0, np.uint64)]
        + [corpus.ids[np.flatnonzero(families.label == f)[:PIVOTS]] for f in range(len(families.constant))]
    )
    put(con, "pivots", text_id=wanted)
    text_of = {
        text_id: text
        for ids, found in texts(con, part, "text_id IN (FROM pivots)")
        for text_id, text in zip(ids.tolist(), found, strict=True)
    }
    out = []
    for f, constant in enumerate(families.constant):
        members = corpus.ids[np.flatnonzero(families.label == f)[:PIVOTS]].tolist()
        out.append(skeleton_of(part, [text_of[m] for m in members], constant))
    return out


def skeleton_of(part: str, members: Iterable[str], constant: U32) -> Skeleton:
    """The skeleton as it stands in the member that shows most of it; of equals the shortest, then the first
    by text."""
    shown = [(text, *_fixed(text, constant)) for text in members]
    text, tokens, fixed, starts, ends = min(shown, key=lambda s: (-int(s[2].sum()), len(s[0]), s[0]))
    fixed = _agreed(tokens, fixed, [other[1] for other in shown if other[0] != text])
    pieces: list[list[int]] = []
    for i in np.flatnonzero(fixed):
        if pieces and fixed[i - 1]:
            pieces[-1][1] = int(ends[i])
        else:
            pieces.append([int(starts[i]), int(ends[i])])
    first, final = bool(fixed[0]), bool(fixed[-1])
    body = text[: pieces[0][0]] if first else SLOT + " "
    for k, (a, b) in enumerate(pieces):
        body += text[a:b] + (f" {SLOT} " if k + 1 < len(pieces) else "")
    body += text[pieces[-1][1] :] if final else " " + SLOT
    anchor = (
        "whole"
        if fixed.mean() > 0.95
        else "wrap"
        if first and final
        else "head"
        if first
        else "tail"
        if final
        else "near"
    )
    return Skeleton(_template_id(part, [text[a:b] for a, b in pieces]), part, anchor, body[:SKELETON])


def _fixed(text: str, constant: U32) -> tuple[U32, Bools, I64, I64]:
    """The tokens of the text, which of them are constant, and where they start and end."""
    tokens, starts, ends = spans(text)
    hit = np.isin(bigrams_of(tokens), constant)
    fixed = hit.copy()
    fixed[1:] |= hit[:-1]
    return tokens, fixed, starts, ends


def _agreed(tokens: U32, fixed: Bools, others: list[U32]) -> Bools:
    """Of the constant tokens those that most other members hold in the same order, in runs of some length.

    Runs of one or two in the middle are common words that payloads happen to hold; numbers are always slots.
    """
    votes = np.zeros(len(tokens), int)
    for other in others:
        for block in SequenceMatcher(None, tokens.tolist(), other.tolist(), autojunk=False).get_matching_blocks():
            votes[block.a : block.a + block.size] += 1
    kept = fixed & (votes >= AGREED * len(others)) & (tokens != NUMBER)
    edge = np.diff(np.concatenate(([0], kept.astype(np.int8), [0])))
    for a, b in zip(np.flatnonzero(edge == 1), np.flatnonzero(edge == -1), strict=True):
        if b - a < 3 and a > 0 and b < len(kept):
            kept[a:b] = False
    return kept if kept.any() else fixed if fixed.any() else np.ones(len(tokens), bool)


def _template_id(part: str, segments: Iterable[str]) -> str:
    """From the constant words alone: numbers masked, spaces and case ignored."""
    h = hashlib.sha256(part.encode())
    for segment in segments:
        h.update(spans(segment)[0].tobytes() or segment.encode("utf-8", "surrogatepass"))
        h.update(b"|")
    return f"tpl_{h.hexdigest()[:12]}"


REQUEST_TEMPLATES = """
INSERT INTO request_templates
SELECT a.source_id, a.line, a.account_id, a.part, t.template_id, false
FROM asked a JOIN template_texts t USING (part, text_id)
ORDER BY ALL
"""
ACCOUNT_TEMPLATES = """
INSERT INTO account_templates
SELECT t.account_id, t.template_id, count(*), count(DISTINCT a.text_id), min(r.occurred_at), max(r.occurred_at), 0
FROM request_templates t JOIN asked a USING (source_id, line, part)
JOIN requests r ON r.source_id = t.source_id AND r.line = t.line
WHERE t.account_id IS NOT NULL
GROUP BY t.account_id, t.template_id
ORDER BY ALL
"""
TEMPLATES = """
INSERT INTO templates BY NAME
WITH everyone AS (SELECT greatest(count(DISTINCT account_id), 1) AS n FROM requests WHERE is_primary),
used AS (
  SELECT t.template_id, count(*) AS requests, count(DISTINCT a.text_id) AS distinct_prompts,
    count(DISTINCT t.account_id) AS accounts,
    count(DISTINCT coalesce(r.org_id, c.org_id)) AS orgs, sum(coalesce(r.output_tokens,
      0))::BIGINT AS output_tokens,
    min(r.occurred_at) AS first_at, max(r.occurred_at) AS last_at
  FROM request_templates t JOIN asked a USING (source_id, line, part)
  JOIN requests r ON r.source_id = t.source_id AND r.line = t.line
  LEFT JOIN (SELECT account_id, min(org_id) AS org_id
    FROM accounts GROUP BY account_id) c ON c.account_id = t.account_id
  GROUP BY t.template_id)
SELECT s.*, u.* EXCLUDE (template_id), round(log2(e.n / greatest(u.accounts, 1)), 6) AS rarity_bits,
  0.0 AS slot_entropy_bits,
  []::VARCHAR[] AS rules, 'unclear' AS verdict, 'not yet judged' AS verdict_reason
FROM template_skeletons s JOIN used u USING (template_id), everyone e
ORDER BY s.template_id
"""


def _entropy(con: duckdb.DuckDBPyConnection) -> None:
    """Entropy of the distinct texts of each template, added up in a fixed order."""
    rows: dict[str, Any] = con.execute(
        """SELECT template_id, count(*) AS n FROM asked JOIN template_texts USING (part, text_id)
        GROUP BY template_id, text_id ORDER BY template_id, n, text_id"""
    ).fetchnumpy()
    names, group = np.unique(rows["template_id"].astype(str), return_inverse=True)
    n = rows["n"].astype(float)
    total = np.bincount(group, n, minlength=len(names))
    bits = (
        np.round(np.bincount(group, -n / total[group] * np.log2(n / total[group]), minlength=len(names)), 6) + 0.0
    )
    put(con, "entropy", template_id=names.tolist(), bits=bits)
    con.execute(
        """UPDATE templates SET slot_entropy_bits = e.bits
        FROM entropy e WHERE e.template_id = templates.template_id"""
    )
