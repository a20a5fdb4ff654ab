"""The five families of evidence that accounts are one operation, each measured against ordinary accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kit.linkage.affinity import FAMILIES, RARE, RARE_BITS, Affinity, affinities
from kit.linkage.town import Flags, Floats, Ints, Town
from kit.stats import binomial_tail

NEEDED = {  # share of the members that must fit so well; partial by nature: cards, mail domains, heirs of a ban
    "shared identifiers": 0.25,
    "rare mail domain": 0.25,
    "pool of addresses": 0.4,
    "client build": 0.8,
    "hours of the day": 0.5,
    "days of activity": 0.5,
    "batch of sign-ups": 0.5,
    "harvest templates": 0.5,
    "own habit": 0.6,
    "replayed blocks": 0.25,
    "topics": 0.2,
    "succession after closures": 0.25,
    "move to a new model": 0.5,
}
ALPHA = 1e-3 / len(NEEDED)  # over all measures
# no member fits better than another, so the rarity of the whole answer is the yardstick, not that of each member
ALL_OR_NOTHING = ("client build", "move to a new model", "succession after closures")
WHAT_IT_TAKES = {
    "identity": "identifiers, mail domains or sign-up dates",
    "infrastructure": "addresses or client fingerprints that two accounts share",
    "reaction": "closures of accounts and no release dates",
}


@dataclass
class Measured:
    """One measure on one group: how many members fit better than all but 5 % of ordinary accounts do.

    An organisation counts as one member however many accounts it has: what it shares with itself links nobody.
    """

    affinity: Affinity
    hits: int
    n: int
    base: float
    p: float
    outside: int  # ordinary accounts that fit so well
    ordinary: int  # of so many
    whose: str = "members"
    counted: str = ""  # the other family that counts the same fact

    @property
    def share(self) -> float:
        return self.hits / max(self.n, 1)

    @property
    def holds(self) -> bool:
        return not self.counted and self.share >= NEEDED[self.affinity.measure] and self.p < ALPHA

    def words(self) -> str:
        more = f" ({self.affinity.detail})" if self.affinity.detail else ""
        more += f"; counted as {self.counted}" if self.counted else ""
        mine = f"{self.hits} of {self.n} {self.whose}"
        return f"{self.affinity.measure}: {mine}, {self.outside:,} of {self.ordinary:,} ordinary accounts{more}"


@dataclass
class Evidence:
    """One family on one group: whether it holds, its measures, and the bits each account of the town has of it.

    lacking  what the export would have to hold for the family to be measured at all; empty when it was
    """

    family: str
    measures: list[Measured]
    holds: bool
    bits: Floats
    lacking: str = ""

    @property
    def leading(self) -> Measured:
        return min(self.measures, key=lambda m: (not m.holds, m.p, -m.share))

    def summary(self) -> str:
        """One sentence with every measure of the family that found anything."""
        if self.lacking:
            return f"Not measured: the export holds no {self.lacking}."
        said = [m.words() for m in self.measures if m.hits]
        nothing = f"{', '.join(m.affinity.measure for m in self.measures)}: no more than ordinary accounts"
        return ("; ".join(said) or nothing) + "."


@dataclass
class Group:
    """A hypothesis: these accounts may be one operation. `why` says what brought them together.

    dropped  accounts that were members while the group settled, and had too little evidence of their own
    doubt    whether these are left out of what is ordinary as well
    """

    members: Ints
    why: tuple[tuple[str, str], ...] = ()
    dropped: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    doubt: bool = False
    evidence: dict[str, Evidence] = field(default_factory=dict)

    def held(self) -> list[str]:
        """The families that hold, in the order of FAMILIES."""
        return [f for f in FAMILIES if f in self.evidence and self.evidence[f].holds]

    def measured(self, measure: str) -> Measured:
        return next(m for e in self.evidence.values() for m in e.measures if m.affinity.measure == measure)


def assess(town: Town, g: Group, aside: Flags | None = None) -> dict[str, Evidence]:
    """All five families on one group, against the active accounts outside it that are in no other cluster."""
    ordinary = town.others(g.members, aside=aside)
    active = g.members[town.active[g.members]]

    def measured(a: Affinity) -> Measured:
        return _measure(a, active, ordinary, town.org)

    by = {a.measure: measured(a) for a in affinities(town, g.members, ordinary)}
    _count_once(g, by, measured)
    found = list(by.values())
    g.evidence = {f: _family(f, [m for m in found if m.affinity.family == f]) for f in FAMILIES}
    for f, lacking in _not_measured(town).items():
        g.evidence[f].lacking = lacking
    return g.evidence


def _count_once(g: Group, by: dict[str, Measured], measured: Callable[[Affinity], Measured]) -> None:
    """One fact is evidence in one family: what another family counts is taken out.

    Sign-ups that lie close together are the beginning of the days of activity as well. A client is a part of the
    habit; where habits alone brought the accounts together, or no content holds without the clients, it is no
    infrastructure beside.
    """
    days, habit = by["days of activity"].affinity.bare, by["own habit"].affinity.bare
    if days and by["batch of sign-ups"].holds:
        by["days of activity"] = measured(days())
    picked = bool(g.why) and all(kind == "habit" for kind, _ in g.why)
    told = by["own habit"].holds and not (by["harvest templates"].holds or by["replayed blocks"].holds)
    if picked or (told and habit and not measured(habit()).holds):
        by["client build"].counted = "content"


def _not_measured(town: Town) -> dict[str, str]:
    """The families for which the export holds nothing to measure, and what that would be."""
    dated = {c for c in ("created_s", "closed_s") if not np.isnan(town.column(c)).all()}
    named = (town.text("email_domain") != "").any() or any(k.startswith("id:") for k in town.kinds)
    there = {
        "identity": named or "created_s" in dated,
        "infrastructure": bool({"ip", "build"} & town.kinds.keys()),
        "reaction": bool(town.releases) or "closed_s" in dated,
    }
    return {f: WHAT_IT_TAKES[f] for f, measured in there.items() if not measured}


def _measure(a: Affinity, members: Ints, ordinary: Ints, org: Ints) -> Measured:
    if a.measure in ALL_OR_NOTHING:
        members = members if a.given is None else members[~a.given[members]]
        fits = a.score > 0
        hits, n, whose = _counted(org, members, fits)
        base = 2.0 ** -float(a.score.max(initial=0.0))
        if a.measure != "client build":
            base = (float(fits[ordinary].sum()) + 1) / (ordinary.size + 1)
        p = binomial_tail(hits, n, base) if hits >= 2 * base * n else 1.0
    else:
        fits = a.bits >= RARE_BITS if a.rare is None else a.rare
        hits, n, whose = _counted(org, members, fits)
        # the share the ordinary accounts themselves reach, never less than one account
        base = max(float(fits[ordinary].mean()) if ordinary.size else 0.0, 1 / (ordinary.size + 1))
        p = binomial_tail(hits, n, max(base, RARE))
    return Measured(a, hits, n, base, p, int(fits[ordinary].sum()), ordinary.size, whose)


def _counted(org: Ints, members: Ints, fits: Flags) -> tuple[int, int, str]:
    """How many organisations fit (one of several accounts in part), of how many, and what to call them."""
    _, at, size = np.unique(org[members], return_inverse=True, return_counts=True)
    hits = float((fits[members] / size[at]).sum())
    return int(hits + 1e-9), size.size, "members" if size.size == members.size else "organisations"


def _family(family: str, measures: list[Measured]) -> Evidence:
    by = {m.affinity.measure: m for m in measures}
    if family == "content":
        # a habit alone may be a tutorial's default: it counts with a choice of topics that is not the town's
        habit = by["own habit"].holds and by["topics"].holds
        holds = by["harvest templates"].holds or by["replayed blocks"].holds or habit
        counted = [m for m in measures if m.affinity.measure != "topics"]
    else:
        holds = any(m.holds for m in measures)
        counted = measures
    # an account is judged by the measures that hold on the group, less the price of having looked at several;
    # content is what brought the group together and pays none
    counted = [m for m in counted if m.holds] or counted
    looked = 0.0 if family == "content" else np.log2(len(counted))
    bits = np.max([m.affinity.bits for m in counted], axis=0) - looked
    return Evidence(family, measures, holds, np.maximum(bits, 0.0))
