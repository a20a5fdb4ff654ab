"""The sections after the first page: findings, groups, what was received, exhibits, terms."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from kit import charts
from kit.bundle.document import Block, Code, Facts, Heading, Items, Picture, Table, Text, table, words
from kit.bundle.evidence import ATLAS, CLAIMS, COVERED, NIST, OWASP
from kit.bundle.exhibits import Exhibit
from kit.bundle.phrases import against, band, chance, count, group, holding, joined, received_sentence, wording
from kit.charts import ChartError, Figure
from kit.findings import LIKELIHOOD

TABLE_ROWS = 15
NEAREST = 3


def findings_section(found: list[dict[str, Any]], exhibits: list[Exhibit]) -> list[Block]:
    if not found:
        return [Heading(2, "Findings"), Text("No finding was recorded in this case.")]
    by_digest = {(e.result.name, e.result.digest): e for e in exhibits}
    blocks: list[Block] = [Heading(2, "Findings")]
    for number, f in enumerate(found, 1):
        behind = [by_digest.get((r["name"], r["digest"])) for r in f["supports"] if "digest" in r]
        against = [
            c["text"] if "text" in c else by_digest[(c["name"], c["digest"])].label
            for c in f["contradicts"]
            if "text" in c or (c["name"], c["digest"]) in by_digest
        ]
        rows = [
            ("Confidence", f["confidence"]),
            *(
                [("Likelihood", f"{f['likelihood']} (ICD 203: {band(f['likelihood'])})")]
                if f.get("likelihood")
                else []
            ),
            *([("Source grade", f"{f['sources']} (Admiralty)")] if f.get("sources") else []),
            ("Rests on", joined([e.label for e in behind if e]) or "results that this profile leaves out"),
            ("Other explanations", _explanations(f["other_explanations"])),
            ("Speaks against it", "; ".join(against) or "nothing recorded"),
            ("Recorded", f"{f['at']} by {f['by']}, revision {f['revision']}"),
        ]
        name = f"Finding {number}: {f['slug'].replace('-', ' ')}".removesuffix(f": finding {number}")
        blocks += [Heading(3, name), Text(f["claim"]), Facts(rows)]
    return blocks


def _explanations(given: list[dict[str, str]]) -> str:
    said = [
        one["explanation"]
        + (f" Test: {one['test']}." if one.get("test") else "")
        + (f" Outcome: {one['outcome']}." if one.get("outcome") else "")
        for one in given
    ]
    return " ".join(said) or "none recorded"


def proposed_section(evidence: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for c in (c for c in evidence["clusters"] if c["proposed"]):
        size = f"{c['account_count']:,} accounts, {count(c['exchanges'])} attributed exchanges."
        blocks += [Heading(2, group(c)), Text(f"{c['reason']} {size}")]
        stable = [("Stability", f"{c['stability']:.2f}")] if c.get("stability") is not None else []
        blocks += [Facts([("Speaks against it", against(c, evidence["findings"])), *stable])]
        if c.get("reviews"):
            said = [f"{r['by']}, {r['at'][:10]}: {r['verdict']} ({r['reason']})" for r in c["reviews"]]
            blocks += [Text("What reviewers decided:"), Items(said)]
        if c["claims"]:
            blocks.append(_claims(c))
        blocks += _what_was_tested(c)
        if known := "; ".join(f"{t} ({ATLAS[t]})" for t in c["techniques"] if t in ATLAS):
            blocks.append(Text(f"Behaviour of the kind that MITRE ATLAS describes as {known}.", "note"))
    return blocks


def _claims(c: dict[str, Any]) -> Table:
    """The five claims of a group with their grades, and on what basis where the reader may know it."""
    based = any(v.get("basis") for v in c["claims"].values())
    rows = [
        [k, v.get("statement") or CLAIMS.get(k, "–"), v["grade"], v["confidence"] or "–"]
        + [v.get("basis") or "–"] * based
        for k, v in c["claims"].items()
    ]
    heads = ["Claim", "Proposition", "Grade", "Confidence", *["Basis"] * based]
    return Table(f"{group(c)}: the five claims", heads, rows)


def _what_was_tested(c: dict[str, Any]) -> list[Block]:
    """The families of evidence of a group and the harmless explanations, each with what came out."""
    families = [
        [
            f,
            {True: "holds", False: "does not hold", None: "not measured"}[e.get("holds")],
            e.get("summary") or e.get("statistic") or "–",
            chance(e.get("p_value")),
            words(e.get("n")),
        ]
        for f, e in c["families"].items()
    ]
    tested = [[a["explanation"], a["test"], a["outcome"], a.get("detail") or "–"] for a in c["alternatives"]]
    blocks = []
    if families:
        heads = ["Family", "Outcome", "In words", "p", "n"]
        caption = f"{group(c)}: the five families of evidence"
        blocks.append(Table(caption, heads, families, frozenset({3, 4})))
    if tested:
        heads = ["Explanation", "Test", "Outcome", "Detail"]
        blocks.append(Table(f"{group(c)}: harmless explanations tested", heads, tested))
    return list[Block](blocks)


def dismissed_section(evidence: dict[str, Any]) -> list[Block]:
    """Every group that was let go, with the reason; for those nearest to being proposed, all that was tested."""
    dismissed = [c for c in evidence["clusters"] if not c["proposed"]]
    if not dismissed:
        return []
    shown = dismissed[:TABLE_ROWS]
    rows = [[c["cluster_id"], f"{c['account_count']:,}", c["reason"]] for c in shown]
    caption = f"Groups 1 to {len(shown)} of {len(dismissed):,}"
    nearest = sorted(dismissed, key=holding, reverse=True)
    tested = [b for c in nearest[:NEAREST] if (what := _what_was_tested(c)) for b in (Heading(3, group(c)), *what)]
    return [
        Heading(2, "Groups examined and dismissed"),
        Table(caption, ["Group", "Accounts", "Why dismissed"], rows, frozenset({1})),
        *([Text("What was tested for the groups with the most families that hold:")] if tested else []),
        *tested,
    ]


def received_section(cover: dict[str, Any]) -> list[Block]:
    attempts = cover["attempts"] or 1
    rows = [
        [name, words(n), f"{n / attempts:.1%}"]
        for column, (name, _) in COVERED.items()
        if (n := cover.get(column)) is not None
    ]
    return [
        Heading(2, "What was received"),
        Text(received_sentence(cover)),
        Table("How many rows carry each kind of field", ["Field", "Rows", "Share"], rows, frozenset({1, 2})),
    ]


def exhibit_section(exhibit: Exhibit) -> list[Block]:
    result = exhibit.result
    n, shown = len(result), min(len(result), TABLE_ROWS)
    left_out = len(result.frame.columns) - len(exhibit.shown)
    caption = f"{exhibit.label}, rows 1 to {shown} of {n:,}"
    more = f"; {left_out} further column{'s' * (left_out > 1)} in the annex" if left_out > 0 else ""
    meant = "; ".join(f"{c.replace('_', ' ')}: {result.units[c]}" for c in exhibit.shown if c in result.units)
    blocks: list[Block] = [Heading(3, f"{exhibit.label}: {exhibit.title}")]
    if exhibit.note:
        blocks.append(Text(exhibit.note, "note"))
    if drawn := picture(exhibit):
        blocks.append(Picture(drawn))
    if exhibit.shown and n:
        blocks.append(table(result.frame, caption + more, exhibit.shown, TABLE_ROWS))
    bound = f" Bound values: {_bound(result.parameters)}." if result.parameters else ""
    blocks += [
        *([Text(f"Columns: {meant}.", "note")] if meant and n else []),
        *([] if n else [Text("No rows.")]),
        Code(result.asked),
        Text(
            f"{n:,} row{'s' * (n != 1)} in annexes/{exhibit.file}.csv and .parquet. SHA-256 of the rows: "
            f"{result.digest}.{bound}",
            "note",
        ),
    ]
    return blocks


def picture(exhibit: Exhibit) -> Figure | None:
    """The chart of an exhibit: over time if it has a time, else bars by its first text; None where neither fits."""
    frame, title = exhibit.result.frame, re.split("[,:]", exhibit.title)[0]
    numbers = [c for c in exhibit.shown if frame[c].dtype.is_numeric()]
    times = [c for c in exhibit.shown if frame[c].dtype.is_temporal()]
    texts = [c for c in exhibit.shown if frame[c].dtype == pl.String]
    if not numbers or frame.height < 3:
        return None
    try:
        if times and len(times) == 1:
            by = next((c for c in texts if 1 < frame[c].n_unique() <= 6), "")
            if frame.select(times[0], *([by] if by else [])).is_duplicated().any():
                return None  # a line goes through one number at a time
            return charts.lines(exhibit.result, times[0], numbers[0], by=by, title=title)
        name = next((c for c in reversed(texts) if frame[c].n_unique() == frame.height), None)
        if name and exhibit.key in ("evidence/models", "evidence/clusters"):
            return charts.bars(exhibit.result, _measure(numbers), name, title=title, top=20)
    except ChartError:
        return None
    return None


def _measure(numbers: list[str]) -> str:
    return "exchanges" if "exchanges" in numbers else numbers[0]


def terms_section() -> list[Block]:
    fills = {"scale": "; ".join(f"{t} {band(t)}" for t in LIKELIHOOD), "owasp": OWASP, "nist": NIST}
    rows = [(term, meaning.format(**fills)) for term, meaning in wording()["terms"].items()]
    return [Heading(2, "Terms and how to check this"), Facts(rows)]


def _bound(parameters: dict[str, Any]) -> str:
    return "; ".join(f"${k} = {words(v)}" for k, v in parameters.items())
