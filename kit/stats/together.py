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


def synchrony(
    account: ArrayLike, at_s: ArrayLike, *, rounds: int = 100, alpha: float = 0.001, seed: int = 0
) -> Together:
    """Is this set of accounts active together beyond what each one's own rhythm explains?

    Two measures. *Co-activity*: pairs of accounts active in the same bin, less the pairs active a few bins apart
    (so what a time zone, a launch day or an outage does to everybody cancels), at bins of 1, 10 and 30 minutes.
    *Turn-taking*: how regular the number of other requests between two requests of one account is (round robin).
    Null: every account's days are exchanged at random, whole and to the second, among its own days of the same
    weekday (of the same kind, working day or weekend, when it has under three). That is a circular shift that keeps
    each account's daily and weekly rhythm and the span in which it lived. A cron job or a monitor looks the same
    after it, so schedules do not count; a class that met once cannot be exchanged: "too little data".
    Cost: rounds x events, never pairs.

    p is from the tail of Student's t fitted to the null, Bonferroni over the measures. Source of the idea: trial-
    shuffle nulls for synchrony (Amarasingham et al. 2012); pair counts as in SynchroTrap (Cao et al. 2014).
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
    out = []
    first = int(t.min()) // DAY * DAY
    for width, lags in SCALES:
        bins = (t - first) // width
        span = int(bins.max()) + 1 + max(lags)
        active = np.unique(code * span + bins) % span
        n = np.bincount(active, minlength=span).astype(float)
        peak = float(n @ n - n.sum()) / 2
        shoulder = float(np.mean([n[:-lag] @ n[lag:] for lag in range(lags[0], lags[1] + 1)])) / 2
        out.append(peak - shoulder)
    out.append(_turn_taking(code, t))
    return np.array(out)


def _turn_taking(code: Ints, t: Ints) -> float:
    """Minus the spread of log(requests of the set between two requests of one account): higher is more regular."""
    in_turn = code[np.argsort(t << 24 | code)]
    by_account = np.argsort(in_turn.astype(np.int16 if int(code.max()) < 32_768 else np.int64), kind="stable")
    gaps = np.diff(by_account)[np.diff(in_turn[by_account]) == 0]
    logs = np.log(np.maximum(gaps, 1))
    return -float(np.mean(np.abs(logs - np.median(logs)))) if logs.size else 0.0


def _judge(observed: Floats, null: Floats, n_accounts: int, n_events: int, alpha: float) -> Together:
    from scipy.stats import t as student

    names = [(f"pairs active in the same {w // 60} min", w) for w, _ in SCALES] + [("regularity of turns", 0)]
    mean, sd = null.mean(axis=0), null.std(axis=0, ddof=1)
    measures: list[dict[str, Any]] = []
    for i, (name, width) in enumerate(names):
        z = (observed[i] - mean[i]) / sd[i] if sd[i] > 1e-9 * max(abs(mean[i]), 1) else 0.0
        p = float(student.sf(z, len(null) - 1)) if z else 1.0
        row = {"measure": name, "bin_s": width, "statistic": float(observed[i]), "null_mean": float(mean[i])}
        measures.append(row | {"null_sd": float(sd[i]), "z": float(z), "p": p, "rounds": len(null)})
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
