"""What the summary says: one page first, then findings, groups, what was received, and the exhibits.

Verbs are chosen with care: logs *record*, we *count*, a pattern *suggests*. A purpose is never stated as a fact,
and a confidence never stands in one sentence with a likelihood.
"""

from __future__ import annotations

from typing import Any

from kit.bundle.document import Block, Break, Document, Facts, Heading, Items, Table, Text, words
from kit.bundle.evidence import CLAIMS
from kit.bundle.exhibits import Exhibit
from kit.bundle.phrases import (
    against,
    count,
    day,
    earliest,
    group,
    holding,
    latest,
    moment,
    number,
    received_sentence,
    total,
    wording,
)
from kit.bundle.sections import (
    dismissed_section,
    exhibit_section,
    findings_section,
    proposed_section,
    received_section,
    terms_section,
)

GROUPS_ON_FIRST_PAGE = 4
OUTCOMES = {"could not test": "not tested for want of data", "holds": "found to hold"}
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
    dismissed = [c for c in evidence["clusters"] if not c["proposed"]]
    facts = [("Asked by", _asked_by(case)), ("Received", received_sentence(cover))]
    facts += _facts(proposed, evidence["findings"]) if proposed else _nearest(dismissed)
    quiet = [] if proposed else wording()["not claimed when nothing is proposed"]
    return [
        Heading(2, "In short"),
        Text(_lead(proposed, len(dismissed)), "lead"),
        Facts(facts),
        _claims(proposed, cover),
        Heading(3, "What we do not claim"),
        Text(" ".join([*quiet, *wording()["not claimed"]])),
        Heading(3, "What would change our mind"),
        Items(_doubts(evidence)),
        Heading(3, "What this export cannot show"),
        Items(cover["cannot_show"]),
    ]


def _asked_by(case: dict[str, Any]) -> str:
    opened = str(case.get("opened_at", ""))[:10]
    if case["profile"] in ("partner", "public"):
        return f"Not named in this profile; the case was opened on {opened}."
    asked = case.get("requested_by") or "not written down"
    scope = f"Scope: {case['scope']}" if case.get("scope") else "No scope was written down"
    return f"{asked}; opened by {case.get('opened_by', 'nobody named')} on {opened}. {scope}."


def _lead(proposed: list[dict[str, Any]], dismissed: int) -> str:
    said = "No group of accounts in the received logs is proposed as one operation."
    if proposed:
        groups, are, them = ("group of", "is", "it") if len(proposed) == 1 else ("groups with", "are each", "them")
        said = (
            f"{number(len(proposed)).capitalize()} {groups} {total(proposed, 'account_count')} accounts in the "
            f"received logs {are} proposed as one operation. We attribute {total(proposed, 'exchanges')} exchanges "
            f"to {them}, counted in the logs between {day(earliest(proposed))} and {day(latest(proposed))}."
        )
    word = f"{'further ' if proposed else ''}group{'s were' if dismissed != 1 else ' was'}"
    examined = f" {number(dismissed).capitalize()} {word} examined and dismissed."
    return said + (examined if dismissed else "")


def _facts(proposed: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    models = sorted({m for c in proposed for m in c["models"]})
    shown = ", ".join(models[:4]) + (f" and {len(models) - 4} more" if len(models) > 4 else "")
    scale = (
        f"{total(proposed, 'exchanges')} attributed exchanges out of {total(proposed, 'requests_total')} requests "
        f"by the same accounts; {total(proposed, 'output_tokens')} output tokens"
        f"{f'; models {shown}' if shown else ''}."
    )
    sure = [
        f"{name}: " + ", ".join(dict.fromkeys(c["claims"].get(k, {}).get("confidence") or "none" for c in proposed))
        for k, name in (
            ("A", "That it happened"),
            ("B", "that it is one operation"),
            ("C", "that it is harvesting"),
        )
    ]
    first, named = proposed[:GROUPS_ON_FIRST_PAGE], len(proposed) > 1
    return [
        ("Scale", scale),
        ("First and last seen", f"{moment(earliest(proposed))} to {moment(latest(proposed))} (UTC)."),
        ("Confidence", "; ".join(sure) + "."),
        ("Speaks against it", " ".join(f"{group(c)}: " * named + against(c, found) for c in first)),
    ]


def _nearest(dismissed: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """How near the nearest of the dismissed groups came to being proposed."""
    if not dismissed:
        return []
    near = max(dismissed, key=holding)
    said = f"{group(near)}, {near['account_count']:,} accounts: {number(holding(near))} of the five families hold."
    return [("Nearest to being proposed", f"{said} {near['reason']}")]


def _claims(proposed: list[dict[str, Any]], cover: dict[str, Any]) -> Table:
    """The five claims, each graded for each group; with one group the basis too."""
    if not proposed:
        held = f"{count(cover['requests'])} requests are in the logs; none is attributed to a group"
        said = (held, "not claimed of any group", "not claimed of any group", "not assessed", "cannot be shown")
        rows = [[f"{letter}. {meaning}", s] for (letter, meaning), s in zip(CLAIMS.items(), said, strict=True)]
        return Table("What is claimed: nothing of any group", ["Claim", "What we say"], rows)
    first = proposed[:GROUPS_ON_FIRST_PAGE]
    alone = len(first) == 1 and any(claim.get("basis") for claim in first[0]["claims"].values())
    heads = [group(c) for c in first] + ["Basis"] * alone
    rows = []
    for letter, meaning in CLAIMS.items():
        graded = [c["claims"].get(letter) or {"grade": "not assessed"} for c in first]
        cells = [_grade(claim) for claim in graded]
        rows.append([f"{letter}. {meaning}", *cells, *[graded[0].get("basis") or "–"] * alone])
    more = f"; groups 1 to {len(first)} of {len(proposed)}" if len(first) < len(proposed) else ""
    return Table(f"What is claimed: five claims, graded one by one{more}", ["Claim", *heads], rows)


def _grade(claim: dict[str, Any]) -> str:
    confidence = claim.get("confidence")
    return f"{claim['grade']}" + (f"; {confidence} confidence" if confidence and confidence != "none" else "")


def _doubts(evidence: dict[str, Any]) -> list[str]:
    """What would change our mind: explanations still open, what the rule leans on, and the general ones."""
    proposed = [c for c in evidence["clusters"] if c["proposed"]]
    doubts = []
    for c in proposed or evidence["clusters"]:
        for a in [a for a in c["alternatives"] if a["outcome"] != "ruled out"][:2]:
            if c["proposed"] or a["outcome"] == "holds":
                side = "for" if c["proposed"] else "against"
                outcome = OUTCOMES.get(a["outcome"], a["outcome"])
                doubts.append(f"{group(c)}: evidence {side} “{words(a['explanation'], 80)}”, which is {outcome}.")
        if c["proposed"]:
            doubts.append(f"{group(c)}: {_margin(holding(c))}.")
    contradicted = [f for f in evidence["findings"] if f.get("contradicts")]
    doubts += [f"What speaks against the finding “{f['slug']}”, set out with it below." for f in contradicted[:2]]
    general = "would change our mind" + ("" if proposed else " when nothing is proposed")
    return [*doubts[:5], *wording()[general]]


def _margin(hold: int) -> str:
    """How much would have to fall before the rule of three of five families, content among them, does not hold."""
    fall = f"any {hold - 2} of the {hold} families that hold" if hold > 3 else "any one family"
    return f"another cause for the content evidence, or for {fall}, as three of five are needed"
