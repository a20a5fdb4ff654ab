"""What the summary says: one page first, then findings, groups, what was received, and the exhibits.

Verbs are chosen with care: logs *record*, we *count*, a pattern *suggests*. A purpose is never stated as a fact,
and a confidence never stands in one sentence with a likelihood.
"""

from __future__ import annotations

from typing import Any

from kit.bundle.document import (
    Block,
    Break,
    Document,
    Facts,
    Heading,
    Items,
    Table,
    Text,
    words,
)
from kit.bundle.evidence import CLAIMS
from kit.bundle.exhibits import Exhibit
from kit.bundle.phrases import against, count, day, group, moment, number, received_sentence
from kit.bundle.sections import (
    dismissed_section,
    exhibit_section,
    findings_section,
    proposed_section,
    received_section,
    terms_section,
)

GROUPS_ON_FIRST_PAGE = 4
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
        blocks += findings_section(evidence["findings"], exhibits)
    blocks += proposed_section(evidence)
    blocks += dismissed_section(evidence)
    blocks += received_section(evidence["coverage"])
    blocks += [Heading(2, "Exhibits")]
    for exhibit in exhibits:
        blocks += exhibit_section(exhibit)
    blocks += terms_section()
    expiry = f" · to be deleted or renewed by {case['expires_at']}" if case.get("expires_at") else ""
    subtitle = (
        f"Case {case['id']} · {PROFILES[case['profile']]} · sealed {case['sealed_at']} · "
        f"build {evidence['build']}{expiry}"
    )
    return Document(f"Evidence summary: {case['title']}", subtitle, case["tlp"], blocks)


def _first_page(evidence: dict[str, Any]) -> list[Block]:
    case, cover = evidence["case"], evidence["coverage"]
    proposed = [c for c in evidence["clusters"] if c["proposed"]]
    blocks: list[Block] = [
        Heading(2, "In short"),
        Text(_lead(evidence), "lead"),
        Facts(
            [
                ("Asked by", _asked_by(case)),
                ("Received", received_sentence(cover)),
                ("Scale", _scale(proposed)),
                ("First and last seen", _span(proposed)),
                ("Confidence", _confidence(proposed)),
                ("Speaks against it", _against(evidence, proposed)),
            ]
        ),
        _claim_grid(proposed) if proposed else _nothing_claimed(cover),
    ]
    if (more := len(proposed) - GROUPS_ON_FIRST_PAGE) > 0:
        blocks.append(Text(f"{more} more proposed groups follow in the section on groups.", "note"))
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


def _scale(proposed: list[dict[str, Any]]) -> str:
    if not proposed:
        return "Not applicable: no exchange is attributed to any group."
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
        return "Not applicable, as nothing is proposed."
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


def _nothing_claimed(cover: dict[str, Any]) -> Table:
    held = f"{count(cover['requests'])} requests are in the logs; none is attributed to a group"
    said = (held, "not claimed of any group", "not claimed of any group", "not assessed", "cannot be shown")
    rows = [[f"{letter}. {meaning}", s] for (letter, meaning), s in zip(CLAIMS.items(), said, strict=True)]
    return Table("What is claimed: nothing of any group", ["Claim", "What we say"], rows)


def _against(evidence: dict[str, Any], proposed: list[dict[str, Any]]) -> str:
    if not proposed:
        return "Not applicable, as nothing is proposed."
    shown = proposed[:GROUPS_ON_FIRST_PAGE]
    named = len(shown) > 1
    return " ".join(f"{group(c)}: " * named + against(c, evidence["findings"]) for c in shown)


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
    for c in evidence["clusters"]:
        for a in [a for a in c["alternatives"] if a["outcome"] != "ruled out"][:2]:
            if c["proposed"] or a["outcome"] == "holds":
                side = "for" if c["proposed"] else "against"
                what = f"evidence {side} “{words(a['explanation'], 80)}”, which is {_is(a['outcome'])}"
                doubts.append(f"{group(c)}: {what}.")
        if c["proposed"]:
            doubts.append(f"{group(c)}: {_margin(c['families'])}.")
    contradicted = [f for f in evidence["findings"] if f.get("contradicts")]
    doubts += [f"What speaks against the finding “{f['slug']}”, set out with it below." for f in contradicted[:2]]
    if not any(c["proposed"] for c in evidence["clusters"]):
        return [
            *doubts[:5],
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
    return {"could not test": "not tested for want of data", "holds": "found to hold"}.get(outcome, outcome)
