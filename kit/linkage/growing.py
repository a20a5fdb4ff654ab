"""From known accounts to the rest of the operation: a ranking with probabilities and a cut an investigator sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from kit.linkage.affinity import RARE_BITS
from kit.linkage.families import Group, assess
from kit.linkage.groups import combined, hypotheses
from kit.linkage.proposal import judge, parts
from kit.linkage.town import Floats, Ints, Town

SCHEMA = {
    "rank": pl.Int64, "account_id": pl.String, "bits": pl.Float64, "probability": pl.Float64,
    "expected_wrong": pl.Float64, "within": pl.Boolean, "evidence": pl.String,
}  # fmt: skip
NOBODY = pl.DataFrame(schema=SCHEMA)
CERTAIN = 0.98  # probability at which an account speaks for others as a seed does
ROUNDS = 4
TRIED = 8  # groups that the seeds may belong to
BANDS = (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0)


def ranked(town: Town, seeds: list[str], max_wrong: float) -> pl.DataFrame:
    """The accounts outside the seeds, most likely first; see kit.linkage.grow."""
    place = {a: i for i, a in enumerate(town.ids)}
    shown = np.sort([place[a] for a in seeds]).astype(np.int64)
    g, bits, probability = _grown(town, shown, hypotheses(town))
    rest = town.others(shown)
    rest = rest[bits[rest] > 0]
    rest = rest[np.lexsort((rest, -np.round(bits[rest], 6)))]
    wrong = np.cumsum(1 - probability[rest])
    return pl.DataFrame(
        {
            "rank": np.arange(1, rest.size + 1),
            "account_id": [town.ids[i] for i in rest],
            "bits": np.round(bits[rest], 2),
            "probability": np.round(probability[rest], 4),
            "expected_wrong": np.round(wrong, 4),
            "within": (wrong <= max_wrong) & (probability[rest] > 0.5),
            "evidence": [_words(g, int(i)) for i in rest],
        },
        schema=SCHEMA,
    )


def reliability(town: Town, seeds: list[str], rounds: int) -> pl.DataFrame:
    """Said and observed shares per band of probability, with half of the seeds hidden in each round."""
    place = {a: i for i, a in enumerate(town.ids)}
    every = np.sort([place[a] for a in seeds]).astype(np.int64)
    rng = np.random.default_rng(5)
    said, true = [], []
    tried = hypotheses(town) if rounds else []
    for _ in range(rounds):
        shown = np.sort(rng.permutation(every)[: (every.size + 1) // 2])
        *_, probability = _grown(town, shown, tried)
        rest = town.others(shown)
        said.append(probability[rest])
        true.append(np.isin(rest, every))
    schema = {"probability": pl.Float64, "observed": pl.Float64, "accounts": pl.Int64}
    if not said:
        return pl.DataFrame(schema=schema)
    p, hit = np.concatenate(said), np.concatenate(true)
    band = np.clip(np.digitize(p, BANDS) - 1, 0, len(BANDS) - 2)
    rows = [
        {
            "probability": round(float(p[band == k].mean()), 4),
            "observed": round(float(hit[band == k].mean()), 4),
            "accounts": int((band == k).sum()),
        }
        for k in range(len(BANDS) - 1)
        if (band == k).any()
    ]
    return pl.DataFrame(rows, schema=schema)


def company(town: Town, seeds: Ints, groups: Sequence[Group]) -> Ints:
    """The group that the seeds belong to, if one of those they share a mark, a habit or a pool with stands.

    Three accounts show too little for any family to hold, and the rest of their operation among the ordinary makes
    what they have in common look common. A group that holds half of them or more, and would be proposed, says who
    the others are; most surprising first is the one that is smallest for so many seeds.
    """
    nobody, best = np.zeros(len(town), dtype=bool), seeds[:0]
    shared = [(int(np.isin(seeds, g.members).sum()), g) for g in groups]
    shared = [(n, g) for n, g in shared if n >= 3 and n >= 0.5 * seeds.size]
    shared.sort(key=lambda x: (-round(x[0] * np.log2(len(town) / x[1].members.size), 6), x[1].members.tolist()))
    for _, g in shared[:TRIED]:
        for part in parts(town, g, nobody):
            known = np.isin(seeds, part.members).sum()
            if known < max(3, 0.5 * seeds.size) or part.members.size <= best.size:
                continue
            if judge(town, part, nobody).proposed:
                best = part.members
    return best


def _grown(town: Town, seeds: Ints, groups: Sequence[Group]) -> tuple[Group, Floats, Floats]:
    """The seeds with the accounts that are as good as certain; bits and probability of every account by them."""
    known = company(town, seeds, groups)
    g = Group(np.union1d(seeds, known))
    hidden = np.full(len(town), float(g.members.size))
    if known.size:  # how many of the seeds it missed tells how many others it missed
        missed = (np.setdiff1d(seeds, known).size + 0.5) / (seeds.size + 1)
        hidden[:] = known.size * missed / (1 - missed)
        hidden[known] = known.size
    for _ in range(ROUNDS):
        bits, probability = _probability(town, g, hidden)
        wider = np.union1d(seeds, np.flatnonzero(probability >= CERTAIN))
        if np.array_equal(wider, g.members):
            break
        g = Group(wider)
    return g, bits, probability


def _probability(town: Town, g: Group, hidden: Floats) -> tuple[Floats, Floats]:
    """Bits and posterior probability of every account, where so many members like it are expected to be hidden."""
    assess(town, g)
    nobody = np.zeros(len(town), dtype=bool)
    rest = town.others(g.members).size
    bits = combined(town, g, nobody)
    second = np.sum([e.bits >= RARE_BITS for e in g.evidence.values()], axis=0)
    bits = np.where(
        second >= 2, bits, np.minimum(bits, np.log2(max(rest, 2)) - 4)
    )  # one family alone is a lead, no more
    odds = np.exp2(np.clip(bits, -60, 60)) * hidden / max(rest, 1)
    return bits, np.asarray(odds / (1 + odds), dtype=np.float64)


def _words(g: Group, account: int) -> str:
    """The measures in which an account fits the seeds as at most one in twenty ordinary accounts does."""
    found = [m.affinity for e in g.evidence.values() for m in e.measures if m.affinity.bits[account] >= RARE_BITS]
    said = (
        f"{a.measure} (as 1 in {2 ** a.bits[account]:,.0f})" for a in sorted(found, key=lambda a: -a.bits[account])
    )
    return "; ".join(said) or "nothing beyond what ordinary accounts show"
