"""Whether accounts are active together beyond their own rhythms, and whether work is dealt out evenly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kit.stats.counts import DAY, TOO_LITTLE, Flags, Floats, Ints


@dataclass(frozen=True)
class Together:
    """Whether accounts act together: one row per measure and scale, and the verdict over all of them."""

    verdict: str
    p: float
    n_accounts: int
    n_events: int
    measures: list[dict[str, Any]] = field(default_factory=list)


SCALES = ((60, (5, 10)), (600, (12, 18)), (1800, (6, 10)))  # bin width in seconds, lags of the shoulders in bins
SPARED = 0.25  # of the days, those on which the set was most together, do not count
TURNS_TOO_NARROW = (
    2.0  # strangers who are busy on the same days reach z of 5 by turns, against this null; pools 12 up
)
LEAST_LIFT = 0.05  # acting together by less than a twentieth more than the null is nobody's method, however certain


def synchrony(
    account: ArrayLike, at_s: ArrayLike, *, rounds: int = 100, alpha: float = 0.001, seed: int = 0
) -> Together:
    """Is this set of accounts active together beyond what each one's own rhythm explains?

    Two measures. *Co-activity*: pairs of accounts active in the same bin, less the pairs active a few bins apart
    (so what a time zone, a launch day or an outage does to everybody cancels), at bins of 1, 10 and 30 minutes.
    *Turn-taking*: how regular the number of other requests between two requests of one account is (round robin).
    Both are taken day by day, less what the null has on that day, and leave out the quarter of days on which most
    is left: a deadline, an outage, an announcement or a lecture moved to another hour bring strangers together on
    some days, a scheduler on all.
    Null: every account's days are exchanged at random, whole and to the second, among its own days of the same
    weekday (of the same kind, working day or weekend, when it has under three). That is a circular shift that keeps
    each account's daily and weekly rhythm and the span in which it lived. A cron job or a monitor looks the same
    after it, so schedules do not count; a class that met once cannot be exchanged: "too little data".
    Cost: rounds x events, never pairs.

    p is from the tail of Student's t fitted to the null, Bonferroni over the measures; "together" also needs a lift
    over the null (pairs in the same bin, or evenness of turns) of LEAST_LIFT. Source of the idea: trial-shuffle
    nulls for synchrony (Amarasingham et al. 2012); pair counts as in SynchroTrap (Cao et al. 2014).
    """
    _, code = np.unique(np.asarray(account), return_inverse=True)
    t = np.asarray(at_s, float).astype(np.int64)
    n_accounts = int(code.max()) + 1 if code.size else 0
    group, day, movable = _exchangeable(code, t)
    if n_accounts < 3 or movable.sum() < max(60, 10 * n_accounts) or np.unique(code[movable]).size < 3:
        return Together(TOO_LITTLE, float("nan"), n_accounts, int(t.size))
    code, t, group, day = code[movable], t[movable], group[movable], day[movable]
    n_accounts = int(np.unique(code).size)
    observed = _together(code, t)
    rng = np.random.default_rng(seed)
    null = np.array([_together(code, moved) for moved in _exchange(t, group, day, rounds, rng)])
    return _judge(observed, null, n_accounts, int(t.size), alpha)


def _exchangeable(code: Ints, t: Ints) -> tuple[Ints, Ints, Flags]:
    """For each event: the group of days its day may be exchanged with, its day, and whether there is a choice."""
    day = t // DAY
    weekday = (day + 3) % 7
    active = np.unique(code * 100_000 + day)
    n_accounts = int(code.max()) + 1 if code.size else 0
    by_weekday = np.bincount(active // 100_000 * 7 + (active % 100_000 + 3) % 7, minlength=n_accounts * 7)
    by_weekday = by_weekday.reshape(-1, 7)
    kinds = np.stack([by_weekday[:, :5].sum(axis=1), by_weekday[:, 5:].sum(axis=1)], axis=1)
    kind = (weekday >= 5).astype(np.int64)
    strict = by_weekday[code, weekday] >= 3
    # a few days of one event (a hackathon, a course week) are no rhythm: they stay where they are
    group = code * 16 + np.where(strict, weekday, 8 + kind)
    return group, day, strict | (kinds[code, kind] >= 5)


def _exchange(t: Ints, group: Ints, day: Ints, rounds: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Whole days dealt anew among the days of each group, `rounds` times."""
    pairs, of = np.unique(group * 100_000 + day, return_inverse=True)
    own, days, clock = pairs // 100_000, pairs % 100_000 * DAY, t % DAY
    for _ in range(rounds):
        # sorted by group either way: the days of a group in order stand against the same days in random order
        yield days[np.lexsort((rng.random(pairs.size), own))][of] + clock


def _together(code: Ints, t: Ints) -> Floats:
    """Every measure (rows) on every day with events; the last two rows are what a lift is a share of."""
    days, day = np.unique(t // DAY, return_inverse=True)
    found, base = [], []
    for width, lags in SCALES:
        bins = DAY // width
        active = np.unique((code * days.size + day) * bins + t % DAY // width) % (days.size * bins)
        n = np.bincount(active, minlength=days.size * bins).reshape(days.size, bins).astype(float)
        pairs = ((n - 1) * n).sum(axis=1) / 2
        shoulder = np.mean([(n[:, :-k] * n[:, k:]).sum(axis=1) for k in range(lags[0], lags[1] + 1)], axis=0) / 2
        found.append(pairs - shoulder)
        base.append(pairs)
    turns = _turn_spread(code, t, day)
    return np.array([*found, -turns, *base, turns])


def _turn_spread(code: Ints, t: Ints, day: Ints) -> Floats:
    """How uneven the turns of each day are: requests of the set between two of one account, on a log scale.

    For each account and day the shortest stretch that a third of them fill (after the shorth, Andrews et al. 1972):
    an account's own unrelated requests break many turns in two, and leave a core of whole ones.
    """
    n_days = int(day.max()) + 1
    in_turn = np.argsort(t << 24 | code)
    owner = (code * n_days + day)[in_turn]
    by_owner = np.argsort(owner, kind="stable")
    owner = owner[by_owner]
    same = np.diff(owner) == 0
    who, of, size = np.unique(owner[1:][same], return_inverse=True, return_counts=True)
    logs = np.log(np.diff(by_owner)[same])
    logs = logs[np.lexsort((logs, of))]
    begin = np.cumsum(size) - size
    third = np.repeat(np.maximum(2, -(-size // 3)), size)
    last = np.arange(logs.size) + third - 1
    inside = last < np.repeat(begin + size, size)
    width = np.where(inside, logs[np.minimum(last, logs.size - 1)] - logs, np.inf)
    shortest = np.minimum.reduceat(width, begin) if logs.size else np.zeros(0)
    enough = size >= 4
    weight = np.bincount(who[enough] % n_days, size[enough], minlength=n_days)
    total = np.bincount(who[enough] % n_days, (shortest * size)[enough], minlength=n_days)
    return np.asarray(total / np.maximum(weight, 1), float)


def _judge(observed: Floats, null: Floats, n_accounts: int, n_events: int, alpha: float) -> Together:
    from scipy.stats import t as student

    names = [(f"pairs active in the same {w // 60} min", w) for w, _ in SCALES] + [("regularity of turns", 0)]
    usual = null.mean(axis=0)
    kept = usual.shape[1] - int(SPARED * usual.shape[1])
    above, chance = (np.sort(v - usual, axis=-1)[..., :kept].sum(axis=-1) for v in (observed, null))
    mean, sd = chance.mean(axis=0), chance.std(axis=0, ddof=1)
    scale = usual.sum(axis=1)
    measures: list[dict[str, Any]] = []
    for i, (name, width) in enumerate(names):
        z = (above[i] - mean[i]) / sd[i] if sd[i] > 1e-9 * max(abs(mean[i]), 1) else 0.0
        z = z if width else z / TURNS_TOO_NARROW
        lift = float((above[i] - mean[i]) / max(scale[i + len(names)], 1e-9))
        p = float(student.sf(z, len(null) - 1)) if z and lift >= LEAST_LIFT else 1.0
        row = {"measure": name, "bin_s": width, "statistic": float(observed[i].sum()), "null_mean": float(scale[i])}
        measures.append(row | {"null_sd": float(sd[i]), "z": float(z), "lift": lift, "p": p, "rounds": len(null)})
    p = min(1.0, min(float(m["p"]) for m in measures) * len(measures))
    verdict = "together" if p <= alpha else "not beyond their own rhythms"
    return Together(verdict, p, n_accounts, n_events, measures)


def equal_shares(counts: ArrayLike) -> tuple[float, float, int]:
    """How even the counts of accounts are: their variance over what a fair lot would give, P(as even or more), n.

    Far below 1 with a small p: dealt out evenly, as a scheduler does. Above 1: as different as people are.
    """
    from scipy.stats import chi2

    c = np.asarray(counts, float)
    if c.size < 3 or c.sum() < 10 * c.size:
        return float("nan"), float("nan"), int(c.size)
    ratio = float(((c - c.mean()) ** 2).sum() / c.mean() / (c.size - 1))
    return ratio, float(chi2.cdf(ratio * (c.size - 1), c.size - 1)), int(c.size)
