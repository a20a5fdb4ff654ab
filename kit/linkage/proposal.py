"""From hypotheses to clusters: three of five families, content among them, and no harmless explanation that holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from kit.linkage.families import FAMILIES, Group, assess, marks
from kit.linkage.groups import hypotheses
from kit.linkage.town import DAY_S, Flags, Ints, Town

MEMBER_BITS = 4.0


@dataclass
class Cluster:
    """A group examined: what holds, what else would explain it, and what its harvest is known by."""

    group: Group
    proposed: bool
    reason: str
    alternatives: list[dict[str, str]] = field(default_factory=list)
    marks: list[tuple[str, str]] = field(default_factory=list)

    def cluster_id(self, town: Town) -> str:
        ids = "\n".join(town.ids[i] for i in self.group.members)
        return "cluster-" + hashlib.sha256(ids.encode()).hexdigest()[:12]


def find_clusters(town: Town, harvest: dict[str, str]) -> list[Cluster]:
    """Every group worth reporting, proposed ones first; a proposed cluster is no yardstick for the next."""
    aside = np.zeros(len(town.ids), dtype=bool)
    proposed: list[Cluster] = []
    dismissed: list[Cluster] = []
    waiting = hypotheses(town)
    for _ in range(3):
        passed = [c for c in (judge(town, g, harvest, aside) for g in waiting) if c.proposed]
        merged = _merge(town, [c.group for c in passed])
        new = []
        for g in merged:
            c = judge(town, _trim(town, g, harvest, aside), harvest, aside)
            if c.proposed:
                new.append(c)
        proposed += new
        before = aside.sum()
        for c in new:
            aside[c.group.members] = True
        waiting = [g for g in waiting if not aside[g.members].mean() > 0.5]
        if aside.sum() == before:
            break
    for g in waiting:
        c = judge(town, g, harvest, aside)
        if not c.proposed and sum(e.holds for e in g.evidence.values()) >= 2:
            dismissed.append(c)
    return proposed + dismissed


def judge(town: Town, g: Group, harvest: dict[str, str], aside: Flags) -> Cluster:
    """Test one group: the families, then the harmless explanations."""
    evidence = assess(town, g, harvest, aside)
    held = [f for f in FAMILIES if evidence[f].holds]
    others = np.flatnonzero(~g.flags(len(town.ids)) & ~aside & (town.requests > 0))
    alternatives = harmless(town, g, others)
    holds = [a["explanation"] for a in alternatives if a["outcome"] == "holds"]
    known_by = [(k, town.sharing(k).names[j]) for k, j, *_ in marks(town, g, others)]
    if holds:
        reason = f"Dismissed: {holds[0]} explains it."
    elif "content" not in held:
        reason = f"Dismissed: no evidence from content ({', '.join(held) or 'no family'} holds)."
    elif len(held) < 3:
        reason = f"Dismissed: only {len(held)} of five families hold ({', '.join(held)})."
    else:
        reason = (
            f"Proposed: {len(held)} of five families hold ({', '.join(held)}) and no harmless explanation does."
        )
    return Cluster(g, not holds and "content" in held and len(held) >= 3, reason, alternatives, known_by)


def harmless(town: Town, g: Group, others: Ints) -> list[dict[str, str]]:
    """Each harmless explanation, how it was tested and what came out."""
    m = g.members
    orgs = np.unique(town.org[m])
    biggest = np.bincount(np.searchsorted(orgs, town.org[m])).max() / m.size
    education = _share(town, m, "verification", "education") + _share(town, m, "plan", "education")
    site = _one_site(town, m)
    created = town.column("created_s")[m]
    spread = (
        float(np.nanquantile(created, 0.9) - np.nanquantile(created, 0.1)) / DAY_S
        if (~np.isnan(created)).any()
        else float("nan")
    )
    linked = g.evidence["identity"].holds or g.evidence["infrastructure"].holds or g.evidence["reaction"].holds
    rows = [
        (
            "one organisation",
            "largest share of members in one organisation",
            biggest >= 0.8,
            f"{biggest:.0%} of members, {orgs.size} organisations",
        ),
        (
            "declared reseller",
            "share of members on a reseller plan",
            _share(town, m, "plan", "reseller") >= 0.5,
            f"{_share(town, m, 'plan', 'reseller'):.0%}",
        ),
        ("class", "share of members verified as education", min(education, 1) >= 0.5, f"{min(education, 1):.0%}"),
        ("event or one site", "largest share of members at one address", site >= 0.7, f"{site:.0%}"),
        (
            "one piece of software",
            "anything shared beside client, prompts and hours; spread of sign-ups",
            not linked,
            f"sign-ups spread over {spread:.0f} days",
        ),
    ]
    return [
        {"explanation": e, "test": t, "outcome": "holds" if h else "ruled out", "detail": d} for e, t, h, d in rows
    ]


def _share(town: Town, members: Ints, column: str, value: str) -> float:
    return float((town.accounts[column].fill_null("").to_numpy()[members] == value).mean())


def _one_site(town: Town, members: Ints) -> float:
    """The largest share of members whose busiest address is one and the same."""
    s = town.sharing("ip")
    if not s.names:
        return 0.0
    rows = s.table[members]
    top = np.asarray(rows.argmax(axis=1)).ravel()
    top = top[(np.diff(rows.indptr) > 0) & np.array([s.names[j] != "(own)" for j in top])]
    return float(np.bincount(top).max() / members.size) if top.size else 0.0


def _merge(town: Town, groups: list[Group]) -> list[Group]:
    """Join hypotheses of which one holds most of the other."""
    merged: list[Group] = []
    for g in sorted(groups, key=lambda g: (-g.members.size, town.ids[g.members[0]])):
        for i, h in enumerate(merged):
            common = np.intersect1d(g.members, h.members).size
            if common >= 0.5 * min(g.members.size, h.members.size):
                merged[i] = Group(np.union1d(g.members, h.members), h.why + g.why)
                break
        else:
            merged.append(g)
    return merged


def _trim(town: Town, g: Group, harvest: dict[str, str], aside: Flags) -> Group:
    """Drop members without evidence of their own from content and at least one further family."""
    for _ in range(3):
        assess(town, g, harvest, aside)
        strong = np.array([g.evidence[f].member_bits >= MEMBER_BITS for f in FAMILIES])
        keep = strong[FAMILIES.index("content")] & (strong.sum(axis=0) >= 2)
        if keep.all() or keep.sum() < 4:
            break
        g = Group(g.members[keep], g.why)
    return g


def claims(c: Cluster, exchanges: int) -> list[tuple[str, str, str, str, str]]:
    """The five claims, graded: claim, statement, grade, confidence, basis."""
    held = [f for f in FAMILIES if c.group.evidence[f].holds]
    n = c.group.members.size
    b = ("supported", "high" if len(held) >= 4 else "moderate") if c.proposed else ("not assessed", "none")
    purpose = ("partly supported", "moderate") if c.proposed else ("not assessed", "none")
    return [
        (
            "A",
            f"{exchanges:,} requests carrying the group's marks were made by {n:,} accounts.",
            "established",
            "high",
            "The logs themselves; each request is listed.",
        ),
        ("B", "The accounts act as one operation.", *b, f"Families that hold: {', '.join(held) or 'none'}."),
        (
            "C",
            "The purpose is to harvest outputs for training.",
            *purpose,
            "Form and concentration of the prompts; intent itself is not logged.",
        ),
        (
            "D",
            "Who is behind it.",
            "not assessed",
            "none",
            "Needs evidence outside these logs, such as registrations or payments.",
        ),
        (
            "E",
            "A model was trained on the outputs.",
            "cannot be shown",
            "none",
            "Request logs never show what became of an answer.",
        ),
    ]
