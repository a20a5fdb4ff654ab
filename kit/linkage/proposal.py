"""From hypotheses to clusters: three of five families, content among them, and no harmless explanation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kit.linkage.affinity import FAMILIES, marks
from kit.linkage.families import ALPHA, Group, assess
from kit.linkage.groups import FAMILIES_NEEDED, LEAST, hypotheses, set_apart, settle, split
from kit.linkage.harmless import Alternative, alternatives
from kit.linkage.pools import pools
from kit.linkage.town import Flags, Ints, Town
from kit.stats import WEAK, Pooled

LARGE = 0.1  # of the active accounts: a group that sets the town's habits


@dataclass
class Cluster:
    """A group examined: what holds, what else would explain it, and what its harvest is known by."""

    group: Group
    proposed: bool
    reason: str
    alternatives: list[Alternative]
    marks: list[tuple[str, str, float, float]]
    pools: dict[int, str] = field(default_factory=dict)  # by account number

    def cluster_id(self, town: Town) -> str:
        """From the sorted members alone, so the same whatever the order of the exports."""
        ids = "\n".join(town.ids[i] for i in self.group.members)
        return "cluster-" + hashlib.sha256(ids.encode()).hexdigest()[:12]


def find_clusters(town: Town, linked: Sequence[Ints] = ()) -> list[Cluster]:
    """Every group worth reporting, proposed ones first.

    The strongest proposals are set aside, so that a large campaign is no yardstick for the ordinary; then the
    hypotheses that are left are tested anew, until nothing more is proposed.
    """
    aside = np.zeros(len(town), dtype=bool)
    proposed: list[Cluster] = []
    waiting = [g for g in hypotheses(town, linked) if _promising(town, g, aside)]
    while waiting:
        tried = [judge(town, part, aside) for g in waiting for part in parts(town, g, aside)]
        fresh = []
        for c in sorted((c for c in tried if c.proposed), key=_rank):
            if not aside[c.group.members].any():
                aside[c.group.members] = True
                fresh.append(c)
        if not fresh:
            break
        proposed += fresh
        waiting = [g for g in waiting if aside[g.members].mean() < 0.5]
    kept = []
    for c in _joined(town, proposed, aside):  # once more, against a town without any of the others
        rest = aside.copy()
        rest[c.group.members] = False
        again = judge(town, c.group, rest)
        if again.proposed:
            kept.append(again)
    dismissed = _dismissed(town, waiting, aside)
    large = [d.group.members for d in dismissed if d.group.members.size >= LARGE * town.active.sum()]
    if large:
        kept = sorted((_without(town, c, large, aside) for c in kept), key=lambda c: not c.proposed)
    return kept + dismissed


def _without(town: Town, c: Cluster, large: Sequence[Ints], aside: Flags) -> Cluster:
    """The proposal, or what is left of it against the ordinary without the large groups of one kind.

    Thousands of users of one product, or of one event, are one habit many times over: measured by them alone, any
    other would be rare.
    """
    rest = aside.copy()
    rest[np.concatenate(large)] = True
    rest[c.group.members] = False
    again = judge(town, Group(c.group.members, c.group.why, c.group.dropped, c.group.doubt), rest)
    return c if again.proposed else again


def _joined(town: Town, clusters: list[Cluster], aside: Flags) -> list[Cluster]:
    """Clusters that share a mark of their harvest are one, when the whole passes as well as the parts did."""
    found: list[Cluster] = []
    for c in clusters:
        for i, d in enumerate(found):
            rest = aside.copy()
            both = np.union1d(c.group.members, d.group.members)
            rest[both] = False
            if _marked_alike(c, d):
                dropped = np.setdiff1d(np.union1d(c.group.dropped, d.group.dropped), both)
                whole = judge(town, settle(town, Group(both, d.group.why + c.group.why, dropped), rest), rest)
                if whole.proposed and whole.group.members.size >= 0.95 * both.size:
                    found[i] = whole
                    break
        else:
            found.append(c)
    return found


def _marked_alike(c: Cluster, d: Cluster) -> bool:
    """Whether two clusters share a prompt, or their parameters if not each of them has prompts of its own."""
    asked, set_to = (
        [{m[:2] for m in x.marks if m[0] in kinds} for x in (c, d)]
        for kinds in (("template", "system"), ("parameters",))
    )
    return bool(asked[0] & asked[1]) or bool(set_to[0] & set_to[1] and not all(asked))


def _promising(town: Town, g: Group, aside: Flags) -> bool:
    """Whether anything beside content brings some of these accounts together more than chance would."""
    assess(town, g, aside)
    return any(m.p < ALPHA for f in FAMILIES if f != "content" for m in g.evidence[f].measures)


def parts(town: Town, g: Group, aside: Flags) -> list[Group]:
    """What a hypothesis settles on: one group, several where nothing but proxies joined them, or none."""
    free = Group(g.members[~aside[g.members]], g.why)
    if town.orgs(free.members) < LEAST:
        return []
    settled = [settle(town, p, aside) for p in split(town, settle(town, free, aside), aside)]
    return [p for s in settled for p in split(town, s, aside)]  # what came in with no tie but the proxies leaves


def _rank(c: Cluster) -> tuple[float, list[int]]:
    """The most evidence in all first, so that the whole of a campaign comes before its parts."""
    strength = sum(float(e.bits[c.group.members].sum()) for e in c.group.evidence.values())
    return (-round(strength, 3), c.group.members.tolist())


def _dismissed(town: Town, groups: list[Group], aside: Flags) -> list[Cluster]:
    """Groups with two families or more that are not proposed, the largest of those that mostly overlap."""
    found: list[Cluster] = []
    for g in groups:
        if aside[g.members].mean() >= 0.5:
            continue
        c = judge(town, g, aside)
        known = any(np.intersect1d(g.members, d.group.members).size >= 0.5 * g.members.size for d in found)
        if not known and not c.proposed and len(g.held()) >= 2:
            found.append(c)
    return found


def judge(town: Town, g: Group, aside: Flags) -> Cluster:
    """Test one group: the families, then the harmless explanations."""
    apart = set_apart(g, aside)
    assess(town, g, apart)
    held = g.held()
    tested = alternatives(town, g)
    holds = [a for a in tested if a.outcome == "holds"]
    words = ", ".join(held) or "none"
    ok = False
    if holds:
        reason = f"Dismissed: a harmless explanation holds: {holds[0].explanation} ({holds[0].detail})."
    elif town.orgs(g.members) < LEAST:
        reason = "Dismissed: too few organisations."
    elif "content" not in held and not town.topics.total[g.members].any():
        reason = (
            f"Dismissed: no prompts in the export, so content could not be tested (families that hold: {words})."
        )
    elif "content" not in held:
        reason = f"Dismissed: the prompts are not those of a harvest (families that hold: {words})."
    elif len(held) < FAMILIES_NEEDED:
        reason = f"Dismissed: {len(held)} of five families hold ({words}); three are needed."
    else:
        ok = True
        reason = f"Proposed: {len(held)} of five families hold ({words}) and no harmless explanation holds."
    ordinary = town.others(g.members, aside=apart)
    succeeded = g.measured("succession after closures").holds
    came_in = pools(town, g.members) if succeeded else {}
    return Cluster(g, ok, reason, tested, _known_by(town, g, ordinary), pools=came_in)


def _known_by(town: Town, g: Group, ordinary: Ints) -> list[tuple[str, str, float, float]]:
    """The marks of the group, and the templates judged harvest that three members or more use."""
    known = [(k, town.sharing(k).names[j], a, b) for k, j, a, b in marks(town, g.members, ordinary)]
    s = town.sharing("template")
    if not s.names:
        return known
    mine, theirs = s.count(g.members), s.count(ordinary)
    for j in np.flatnonzero(mine >= 3):
        if s.names[j] in town.harvest and ("template", s.names[j]) not in {m[:2] for m in known}:
            share = float(mine[j]) / g.members.size, float(theirs[j]) / max(ordinary.size, 1)
            known.append(("template", s.names[j], *share))
    return known


def claims(
    c: Cluster, *, exchanges: int, requests: int, pooled: Pooled | None = None
) -> list[tuple[str, str, str, str, str]]:
    """The five claims, graded: claim, statement, grade, confidence, basis."""
    held, others = c.group.held(), requests - exchanges
    rest = f"{others:,} other requests of theirs do not and are not counted." if others else "they made no others."
    together = ("supported", "high" if len(held) >= 4 else "moderate") if c.proposed else ("not assessed", "none")
    return [
        (
            "A",
            f"{c.group.members.size:,} accounts made {exchanges:,} requests that carry the group's marks; {rest}",
            "established",
            "high",
            "Counted in the logs received, request by request.",
        ),
        (
            "B",
            "The accounts act as one operation.",
            *together,
            f"Families of evidence that hold: {', '.join(held) or 'none'}.",
        ),
        ("C", "The purpose is to harvest outputs for training.", *_purpose(c, pooled)),
        (
            "D",
            "Who is behind the accounts.",
            "not assessed",
            "none",
            "Needs evidence outside these logs, such as registrations or payments.",
        ),
        (
            "E",
            "A model was trained on the answers.",
            "cannot be shown",
            "none",
            "Request logs do not show what became of an answer.",
        ),
    ]


def _purpose(c: Cluster, pooled: Pooled | None) -> tuple[str, str, str]:
    """Grade, confidence and basis of claim C: moderate where harvest prompts were found and the pool differs by a
    test with few false alarms. With one alone, the purpose rests on one line of evidence: low."""
    limit = "What was intended with the answers is not logged."
    if not c.proposed or pooled is None:
        return "not assessed", "none", limit
    asked = [x for x in ("harvest templates", "replayed blocks") if c.group.measured(x).holds]
    form = (
        "Prompts of a harvest" if asked else "Shared parameters and a choice of topics, no template judged harvest"
    )
    if pooled.different is None:
        test = f"Whether they differ, taken together, from those of ordinary accounts was not tested: {pooled.note}"
    elif pooled.different:
        test = f"The {pooled.rows:,} prompts taken together differ from those of ordinary accounts"
        test += f" (p = {pooled.p_value:.2g}; {pooled.alarms()})"
        test += f". {WEAK}" if pooled.alarmist else ""
    else:
        test = f"The {pooled.rows:,} prompts taken together do not differ from those of ordinary accounts"
    confidence = "moderate" if asked and pooled.different and not pooled.alarmist else "low"
    return "partly supported", confidence, f"{form}. {test.rstrip('.')}. {limit}"
