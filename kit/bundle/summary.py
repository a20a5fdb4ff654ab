"""What the summary says: one page first, then findings, groups, what was received, and the exhibits.

Verbs are chosen with care: logs *record*, we *count*, a pattern *suggests*. A purpose is never stated as a fact,
and a confidence never stands in one sentence with a likelihood.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from kit import charts
from kit.bundle.document import (
    Block,
    Break,
    Code,
    Document,
    Facts,
    Heading,
    Items,
    Picture,
    Table,
    Text,
    table,
    words,
)
from kit.bundle.evidence import ATLAS, CLAIMS
from kit.bundle.exhibits import Exhibit
from kit.charts import ChartError, Figure
from kit.findings import LIKELIHOOD
from kit.result import Result

TABLE_ROWS = 15
GROUPS_ON_FIRST_PAGE = 4
OPEN_OUTCOMES = ("possible", "could not test", "holds")
PROFILES = {
    "internal": "internal: full, with account ids and cited texts",
    "legal": "legal: full, with certificate drafts and custody log",
    "partner": "partner: pseudonymous, without prompts and personal data",
    "public": "public: aggregates only, nothing below ten",
}


def write(evidence: dict[str, Any], exhibits: list[Exhibit]) -> Document:
    """The summary of a bundle."""
    case = evidence["case"]
    blocks: list[Block] = [*_first_page(evidence), Break()]
    if case["profile"] != "public":
        blocks += _findings(evidence["findings"], exhibits)
    blocks += _proposed(evidence)
    blocks += _dismissed(evidence)
    blocks += _received(evidence["coverage"])
    blocks += [Heading(2, "Exhibits")]
    for exhibit in exhibits:
        blocks += _exhibit(exhibit)
    blocks += _terms()
    expiry = f" · to be deleted or renewed by {case['expires_at']}" if case.get("expires_at") else ""
    subtitle = (
        f"Case {case['id']} · {PROFILES[case['profile']]} · sealed {case['sealed_at']} · "
        f"build {evidence['build']}{expiry}"
    )
    return Document(f"Evidence summary: {case['title']}", subtitle, case["tlp"], blocks)


# --- the first page -----------------------------------------------------------------------------------------------


def _first_page(evidence: dict[str, Any]) -> list[Block]:
    case, cover = evidence["case"], evidence["coverage"]
    proposed = [c for c in evidence["clusters"] if c["proposed"]]
    blocks: list[Block] = [
        Heading(2, "In short"),
        Text(_lead(evidence), "lead"),
        Facts(
            [
                ("Asked by", _asked_by(case)),
                ("Received", _received_sentence(cover)),
                ("Scale", _scale(proposed)),
                ("First and last seen", _span(proposed)),
                ("Confidence", _confidence(proposed)),
            ]
        ),
    ]
    if proposed:
        blocks += [_claim_grid(proposed), *_more_groups(proposed)]
    blocks += [
        Heading(3, "What we do not claim"),
        Text(_not_claimed(proposed)),
        Heading(3, "What would change our mind"),
        Items(_doubts(evidence)),
        Heading(3, "What this export cannot show"),
        Items(cover["cannot_show"]),
    ]
    return blocks


def _asked_by(case: dict[str, Any]) -> str:
    opened = str(case.get("opened_at", ""))[:10]
    if case["profile"] in ("partner", "public"):
        return f"Not named in this profile; the case was opened on {opened}."
    asked = case.get("requested_by") or f"not written down; opened by {case.get('opened_by', 'nobody named')}"
    scope = f"Scope: {case['scope']}" if case.get("scope") else "No scope was written down"
    return f"{asked}, {opened}. {scope}."


def _lead(evidence: dict[str, Any]) -> str:
    proposed = [c for c in evidence["clusters"] if c["proposed"]]
    dismissed = len(evidence["clusters"]) - len(proposed)
    word = "further group" if proposed else "group"
    examined = f"{number(dismissed)} {word}{'s were' if dismissed != 1 else ' was'} examined and dismissed."
    examined = examined[0].upper() + examined[1:]
    if not proposed:
        none = "No group of accounts in the received logs is proposed as one operation."
        return f"{none} {examined}" if dismissed else none
    if len(proposed) == 1:
        one = proposed[0]
        text = (
            f"One group of {one['account_count']:,} accounts in the received logs is proposed as one "
            f"operation. We attribute {count(one['exchanges'])} exchanges to it, counted in the logs between "
            f"{day(one['first_at'])} and {day(one['last_at'])}."
        )
    else:
        text = (
            f"{number(len(proposed)).capitalize()} groups with "
            f"{sum(c['account_count'] for c in proposed):,} accounts in the received "
            "logs are each proposed as one operation. We attribute "
            f"{sum(c['exchanges'] or 0 for c in proposed):,} exchanges to them."
        )
    return f"{text} {examined}" if dismissed else text


def _received_sentence(cover: dict[str, Any]) -> str:
    n = len(cover["exports"])
    files = f"{n} export{'s' if n != 1 else ''}" if n else "The exports"
    lines = (
        f" of {cover['lines']:,} lines ({cover['loaded']:,} read, {cover['rejected']:,} refused, "
        f"{cover['blank']:,} blank)"
        if cover.get("lines") is not None
        else ""
    )
    return (
        f"{files}{lines}, holding {count(cover['requests'])} requests by {count(cover['accounts'])} accounts from "
        f"{day(cover['first_at'])} to {day(cover['last_at'])}; {count(cover['duplicates'])} repeated rows are "
        "marked and not counted."
    )


def _scale(proposed: list[dict[str, Any]]) -> str:
    if not proposed:
        return "No exchanges are attributed to any group."
    models = sorted({m for c in proposed for m in c["models"]})
    shown = ", ".join(models[:4]) + (f" and {len(models) - 4} more" if len(models) > 4 else "")
    out = sum(c["output_tokens"] or 0 for c in proposed)
    exchanges = sum(c["exchanges"] or 0 for c in proposed)
    all_requests = sum(c["requests_total"] or 0 for c in proposed)
    return (
        f"{exchanges:,} attributed exchanges out of {all_requests:,} requests by the "
        f"same accounts; {out:,} output tokens{f'; models {shown}' if shown else ''}."
    )


def _span(proposed: list[dict[str, Any]]) -> str:
    firsts = sorted(c["first_at"] for c in proposed if c["first_at"])
    lasts = sorted(c["last_at"] for c in proposed if c["last_at"])
    if not firsts or not lasts:
        return "Nothing to date."
    return f"{moment(firsts[0])} to {moment(lasts[-1])} (UTC)."


def _confidence(proposed: list[dict[str, Any]]) -> str:
    if not proposed:
        return "Not graded, as nothing is proposed."
    said = [
        f"{name}: " + ", ".join(dict.fromkeys(c["claims"].get(k, {}).get("confidence") or "none" for c in proposed))
        for k, name in (
            ("A", "that it happened"),
            ("B", "that it is one operation"),
            ("C", "that it is harvesting"),
        )
    ]
    return "; ".join(said).capitalize() + "."


def _claim_grid(proposed: list[dict[str, Any]]) -> Table:
    shown = proposed[:GROUPS_ON_FIRST_PAGE]
    rows = []
    for letter, meaning in CLAIMS.items():
        cells = [_grade(c["claims"].get(letter)) for c in shown]
        if len(shown) == 1:
            cells.append((shown[0]["claims"].get(letter) or {}).get("basis") or "–")
        rows.append([f"{letter}. {meaning}", *cells])
    heads = [group(c) for c in shown] + (["Basis"] if len(shown) == 1 else [])
    return Table("What is claimed: five claims, graded one by one", ["Claim", *heads], rows)


def _grade(claim: dict[str, Any] | None) -> str:
    if not claim:
        return "not assessed"
    confidence = claim.get("confidence")
    return f"{claim['grade']}" + (f"; {confidence} confidence" if confidence and confidence != "none" else "")


def _more_groups(proposed: list[dict[str, Any]]) -> list[Block]:
    more = len(proposed) - GROUPS_ON_FIRST_PAGE
    return [Text(f"{more} more proposed groups follow in the section on groups.", "note")] if more > 0 else []


def _not_claimed(proposed: list[dict[str, Any]]) -> str:
    who = [
        c["cluster_id"]
        for c in proposed
        if (c["claims"].get("D") or {}).get("grade") in ("established", "supported")
    ]
    named = "" if who else "Nothing here says who is behind any account. "
    if not proposed:
        return (
            f"{named}That nothing is proposed does not show that nothing happened: it may be too small or unlogged."
        )
    return (
        f"{named}Nothing here shows that a model was trained on the answers: logs do not record that. Nationality, "
        "country and language were not used as evidence. Requests of the same accounts that are not attributed are "
        "not called harvesting."
    )


def _doubts(evidence: dict[str, Any]) -> list[str]:
    """What would change our mind: explanations still open, what the rule leans on, and the general ones."""
    doubts = []
    for c in (c for c in evidence["clusters"] if c["proposed"]):
        still_open = [a for a in c["alternatives"] if a["outcome"] in OPEN_OUTCOMES]
        doubts += [
            f"{group(c)}: evidence for “{words(a['explanation'], 80)}”, which is {_is(a['outcome'])}."
            for a in still_open[:2]
        ]
        doubts.append(f"{group(c)}: {_margin(c['families'])}.")
    against = [f for f in evidence["findings"] if f.get("contradicts")]
    doubts += [f"What speaks against the finding “{f['slug']}”, set out with it below." for f in against[:2]]
    if not any(c["proposed"] for c in evidence["clusters"]):
        return [
            *doubts,
            "Evidence from outside the logs that ties some of the accounts together.",
            "A longer or fuller export, in which one more family of evidence holds for a group.",
        ]
    general = "A contract, a verified organisation or a user base that ties the accounts together innocently."
    return [*doubts[:5], general, "An export that holds the same period and does not show the same counts."]


def _margin(families: dict[str, dict[str, Any]]) -> str:
    """How much would have to fall before the rule of three of five families, content among them, does not hold."""
    holding = [f for f, e in families.items() if e.get("holds")]
    spare = max(0, len(holding) - 3)
    fall = "any one family" if spare == 0 else f"any {spare + 1} of the {len(holding)} families that hold"
    return f"another cause for the content evidence, or for {fall}, as three of five are needed"


def _is(outcome: str) -> str:
    return {"could not test": "not tested for want of data", "holds": "found to hold", "possible": "possible"}[
        outcome
    ]


# --- the sections -------------------------------------------------------------------------------------------------


def _findings(found: list[dict[str, Any]], exhibits: list[Exhibit]) -> list[Block]:
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
                [("Likelihood", f"{f['likelihood']} (ICD 203: {_band(f['likelihood'])})")]
                if f.get("likelihood")
                else []
            ),
            *([("Source grade", f"{f['sources']} (Admiralty)")] if f.get("sources") else []),
            ("Rests on", _and([e.label for e in behind if e]) or "results that this profile leaves out"),
            ("Other explanations", _explanations(f["other_explanations"])),
            ("Speaks against it", "; ".join(against) or "nothing recorded"),
            ("Recorded", f"{f['at']} by {f['by']}, revision {f['revision']}"),
        ]
        blocks += [Heading(3, f"Finding {number}: {f['slug'].replace('-', ' ')}"), Text(f["claim"]), Facts(rows)]
    return blocks


def _explanations(given: list[dict[str, str]]) -> str:
    said = [
        one["explanation"]
        + (f" Test: {one['test']}." if one.get("test") else "")
        + (f" Outcome: {one['outcome']}." if one.get("outcome") else "")
        for one in given
    ]
    return " ".join(said) or "none recorded"


def _proposed(evidence: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for c in (c for c in evidence["clusters"] if c["proposed"]):
        claims = [
            [k, v.get("statement") or CLAIMS.get(k, "–"), v["grade"], v["confidence"] or "–"]
            for k, v in c["claims"].items()
        ]
        families = [
            [
                f,
                "holds" if e.get("holds") else "does not hold",
                e.get("summary") or "–",
                chance(e.get("p_value")),
                words(e.get("n")),
            ]
            for f, e in c["families"].items()
        ]
        tested = [[a["explanation"], a["test"], a["outcome"], a.get("detail") or "–"] for a in c["alternatives"]]
        blocks += [
            Heading(2, group(c)),
            Text(f"{c['reason']} {c['account_count']:,} accounts, {count(c['exchanges'])} attributed exchanges."),
        ]
        if c.get("reviews"):
            said = [f"{r['by']}, {r['at'][:10]}: {r['verdict']} ({r['reason']})" for r in c["reviews"]]
            blocks += [Text("What reviewers decided:"), Items(said)]
        if claims:
            blocks.append(
                Table(f"{group(c)}: the five claims", ["Claim", "Proposition", "Grade", "Confidence"], claims)
            )
        if families:
            blocks.append(
                Table(
                    f"{group(c)}: the five families of evidence",
                    ["Family", "Outcome", "In words", "p", "n"],
                    families,
                    frozenset({3, 4}),
                )
            )
        if tested:
            blocks.append(
                Table(
                    f"{group(c)}: harmless explanations tested",
                    ["Explanation", "Test", "Outcome", "Detail"],
                    tested,
                )
            )
        if c["techniques"]:
            known = "; ".join(f"{t} ({ATLAS[t]})" for t in c["techniques"] if t in ATLAS)
            blocks.append(Text(f"Behaviour of the kind that MITRE ATLAS describes as {known}.", "note"))
    return blocks


def _dismissed(evidence: dict[str, Any]) -> list[Block]:
    rows = [
        [c["cluster_id"], f"{c['account_count']:,}", c["reason"]] for c in evidence["clusters"] if not c["proposed"]
    ]
    if not rows:
        return []
    heading = Heading(2, "Groups examined and dismissed")
    shown = rows[:TABLE_ROWS]
    caption = f"Groups 1 to {len(shown)} of {len(rows):,}"
    return [heading, Table(caption, ["Group", "Accounts", "Why dismissed"], shown, frozenset({1}))]


def _received(cover: dict[str, Any]) -> list[Block]:
    attempts = cover["attempts"] or 1
    fields = [
        ("time", "with_time"),
        ("account", "with_account"),
        ("client address", "with_address"),
        ("client description", "with_client"),
        ("prompt", "with_prompt"),
        ("answer", "with_response"),
        ("token counts", "with_tokens"),
        ("price", "with_cost"),
    ]
    rows = [
        [name, words(cover[k]), f"{100 * cover[k] / attempts:.1f}%"]
        for name, k in fields
        if cover.get(k) is not None
    ]
    return [
        Heading(2, "What was received"),
        Text(_received_sentence(cover)),
        Table("How many rows carry each kind of field", ["Field", "Rows", "Share"], rows, frozenset({1, 2})),
    ]


def _exhibit(exhibit: Exhibit) -> list[Block]:
    result = exhibit.result
    n, shown = len(result), min(len(result), TABLE_ROWS)
    left_out = len(result.frame.columns) - len(exhibit.shown)
    caption = f"{exhibit.label}, rows 1 to {shown} of {n:,}"
    more = f"; {left_out} further columns in the annex" if left_out > 0 else ""
    blocks: list[Block] = [Heading(3, f"{exhibit.label}: {exhibit.title}")]
    if exhibit.note:
        blocks.append(Text(exhibit.note, "note"))
    if drawn := picture(exhibit):
        blocks.append(Picture(drawn))
    if exhibit.shown and n:
        blocks.append(table(result.frame, caption + more, exhibit.shown, TABLE_ROWS))
    asked = result.sql if not result.call else f"-- {result.call}({_arguments(result)})\n{result.sql}"
    bound = f" Bound values: {_bound(result.parameters)}." if result.parameters else ""
    blocks += [
        *([] if n else [Text("No rows.")]),
        Code(asked),
        Text(
            f"All {n:,} rows: annexes/{exhibit.file}.csv, .parquet. SHA-256 of the rows: {result.digest}.{bound}",
            "note",
        ),
    ]
    return blocks


def picture(exhibit: Exhibit) -> Figure | None:
    """The chart of an exhibit: over time if it has a time, else bars by its first text; None where neither fits."""
    frame, title = exhibit.result.frame, exhibit.title
    numbers = [c for c in exhibit.shown if frame[c].dtype.is_numeric()]
    times = [c for c in exhibit.shown if frame[c].dtype.is_temporal()]
    texts = [c for c in exhibit.shown if frame[c].dtype == pl.String]
    if not numbers or frame.height < 3:
        return None
    try:
        if times and len(times) == 1:
            by = next((c for c in texts if 1 < frame[c].n_unique() <= 6), "")
            return charts.lines(exhibit.result, times[0], numbers[0], by=by, title=title)
        name = next((c for c in reversed(texts) if frame[c].n_unique() == frame.height), None)
        if name and exhibit.key in ("evidence/models", "evidence/clusters"):
            return charts.bars(exhibit.result, _measure(numbers), name, title=title, top=20)
    except ChartError:
        return None
    return None


def _measure(numbers: list[str]) -> str:
    return "exchanges" if "exchanges" in numbers else numbers[0]


def _terms() -> list[Block]:
    scale = "; ".join(f"{t} {_band(t)}" for t in LIKELIHOOD)
    return [
        Heading(2, "Terms and how to check this"),
        Facts(
            [
                ("Exchange", "One request and its answer, attributed to the group; repeated rows count once."),
                ("Account", "What the provider bills or can close, by the id in its logs."),
                ("Confidence", "How good the basis of a judgement is: high, moderate or low."),
                ("Likelihood", f"Terms of ICD 203: {scale}."),
                ("Grades", "established, supported, partly supported, not assessed, cannot be shown."),
                (
                    "References",
                    "MITRE ATLAS AML.T0024.002 Extract AI Model; OWASP LLM10:2025 Unbounded Consumption; NIST AI "
                    "100-2 E2025, model extraction under privacy attacks.",
                ),
                (
                    "Digest",
                    "SHA-256 over the column names, types and values of an exhibit: equal rows, equal digest.",
                ),
                (
                    "Ledger",
                    "Findings are chained by hash: a changed, removed or moved entry shows. It does not prove "
                    "when an entry was written or by whom.",
                ),
                (
                    "To check",
                    "incident verify FOLDER --exports EXPORTS: every file, every link, every number again.",
                ),
            ]
        ),
    ]


# --- words --------------------------------------------------------------------------------------------------------


def day(at: str | None) -> str:
    """The date of an ISO 8601 time, or what to say when there is none."""
    return at[:10] if at else "an unknown day"


def moment(at: str) -> str:
    """An ISO 8601 time to the second, or the day where a profile keeps no more."""
    return at[:10] if at.endswith("T00:00:00Z") else at[:19].replace("T", " ")


def count(number: int | None) -> str:
    """A number, or what to say where a profile leaves it out."""
    return "fewer than ten" if number is None else f"{number:,}"


def number(n: int) -> str:
    """A count in words up to ten, as it may begin a sentence."""
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return small[n] if n < len(small) else f"{n:,}"


def chance(p: float | None) -> str:
    """A p value as a reader can use it: nobody knows a model of chance to the 98th place."""
    if p is None:
        return "–"
    return "below 0.000001" if p < 1e-6 else f"{p:.2g}"


def group(cluster: dict[str, Any]) -> str:
    """What a group is called in headings and sentences."""
    name = str(cluster["cluster_id"])
    return name.capitalize() if name.startswith("group") else f"Group {name}"


def _band(term: str) -> str:
    low, high = LIKELIHOOD[term]
    return f"{low} to {high}%"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _arguments(result: Result) -> str:
    return ", ".join(f"{k}={v!r}" for k, v in result.arguments.items())


def _bound(parameters: dict[str, Any]) -> str:
    return "; ".join(f"${k} = {words(v)}" for k, v in parameters.items())
