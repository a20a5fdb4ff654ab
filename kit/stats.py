"""Statistics that need no case: every one says how large its sample was and refuses when that is too small.

Scale and multiplicity    robust_z(values), benjamini_hochberg(p), bootstrap_interval(values)
Tails of counts           poisson_tail(observed, expected), binomial_tail(hits, n, share),
                          count_p(observed, expected, ratio), count_interval(expected, ratio, level),
                          tempered(p)
Rhythm                    hour_of_week(at_s), resultant(counts), seasonal_baseline(counts, start_s)
Change                    binomial_change(hits, totals), ramp(values), level_changes(values)
Acting together           synchrony(account, at_s): is a set of accounts co-active beyond its own rhythms?
                          equal_shares(counts): are they served more evenly than chance?

Times are seconds since 1970 UTC (int64 or float64 arrays); randomness comes only from `seed`, so results replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOUR, DAY, WEEK = 3600, 86_400, 604_800
TOO_LITTLE = "too little data"


# --- scale and multiplicity ---------------------------------------------------------------------------------------


def robust_z(values: ArrayLike) -> Floats:
    """Distance from the median in units of 1.4826 MAD; all zero when it is zero or with under 8 values."""
    x = np.asarray(values, float)
    if x.size < 8:
        return np.zeros(x.size)
    center = np.median(x)
    spread = 1.4826 * float(np.median(np.abs(x - center)))
    return np.asarray((x - center) / spread if spread > 0 else np.zeros(x.size), float)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """q values: the false discovery rate at which each p would be called (Benjamini and Hochberg 1995)."""
    values = np.asarray(p, float)
    q = np.full(values.size, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    ranked = values[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return q


def bootstrap_interval(
    values: ArrayLike, weights: ArrayLike | None = None, *, rounds: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the (weighted) mean; (nan, nan) under 5 values."""
    x = np.asarray(values, float)
    w = np.ones(x.size) if weights is None else np.asarray(weights, float)
    if x.size < 5 or w.sum() <= 0:
        return float("nan"), float("nan")
    pick = np.random.default_rng(seed).integers(0, x.size, (rounds, x.size))
    total = np.maximum(w[pick].sum(axis=1), 1e-300)
    low, high = np.quantile((x * w)[pick].sum(axis=1) / total, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


# --- tails of counts ----------------------------------------------------------------------------------------------


def poisson_tail(observed: float, expected: float) -> float:
    """P(X >= observed) for X ~ Poisson(expected)."""
    from scipy.stats import poisson

    return float(poisson.sf(observed - 1, max(expected, 1e-12)))


def binomial_tail(hits: int, n: int, share: float) -> float:
    """P(X >= hits) for X ~ Binomial(n, share); 1 when n is 0."""
    from scipy.stats import binom

    return float(binom.sf(hits - 1, n, share)) if n else 1.0


def count_p(observed: ArrayLike, expected: ArrayLike, ratio: ArrayLike) -> tuple[Floats, Floats]:
    """P(X >= observed) and P(X <= observed) for counts of mean `expected` and variance `ratio` x `expected`.

    Negative binomial where the variance exceeds the mean, Poisson where it does not.
    """
    from scipy.stats import nbinom, poisson

    x, mean = np.asarray(observed, float), np.maximum(np.asarray(expected, float), 1e-9)
    excess = np.broadcast_to(np.asarray(ratio, float) - 1, mean.shape)
    wide = excess > 1e-6
    size = mean / np.where(wide, excess, 1.0)
    share = 1 / (1 + np.where(wide, excess, 1.0))
    high = np.where(wide, nbinom.sf(x - 1, size, share), poisson.sf(x - 1, mean))
    low = np.where(wide, nbinom.cdf(x, size, share), poisson.cdf(x, mean))
    return high, low


def tempered(p: ArrayLike, usual: ArrayLike | None = None, *, outer: float = 0.025) -> Floats:
    """Tail probabilities made honest by their own bulk (where `usual`, if given).

    If more than `outer` of them lie below `outer`, the model is too narrow on this side, and every z is divided by
    the factor by which its outer quantile exceeds the normal one (never multiplied).
    """
    from scipy.stats import norm

    values = np.asarray(p, float)
    known = values[np.isfinite(values) & (True if usual is None else np.asarray(usual, bool))]
    if known.size < 40:
        return values
    z = norm.isf(np.clip(values, 1e-300, 1 - 1e-16))
    excess = float(np.quantile(norm.isf(np.clip(known, 1e-300, 1 - 1e-16)), 1 - outer) / norm.isf(outer))
    return np.asarray(norm.sf(z / excess) if excess > 1 else values, float)


def count_interval(expected: ArrayLike, ratio: ArrayLike, level: float) -> tuple[Floats, Floats]:
    """The range that holds `level` of counts of that mean and variance ratio (see count_p)."""
    from scipy.stats import nbinom, poisson

    mean = np.maximum(np.asarray(expected, float), 1e-9)
    excess = np.broadcast_to(np.asarray(ratio, float) - 1, mean.shape)
    wide = excess > 1e-6
    shape, share = mean / np.where(wide, excess, 1.0), 1 / (1 + np.where(wide, excess, 1.0))
    low, high = (
        np.where(wide, nbinom.ppf(q, shape, share), poisson.ppf(q, mean))
        for q in ((1 - level) / 2, (1 + level) / 2)
    )
    return low, high


# --- rhythm -------------------------------------------------------------------------------------------------------


def hour_of_week(at_s: ArrayLike) -> Ints:
    """0 for Monday 00:00 to 00:59 UTC, 167 for Sunday 23:00."""
    return (np.asarray(at_s, np.int64) // HOUR + 72) % 168  # 1 January 1970 was a Thursday


def resultant(counts: ArrayLike) -> tuple[Floats, Floats]:
    """Rhythm of rows of counts around a circle: strength 0 (even) to 1 (one bin), and the Rayleigh p of evenness.

    The strength is free of the upward bias of small samples (Mardia and Jupp, Directional Statistics, 2000).
    """
    c = np.atleast_2d(np.asarray(counts, float))
    angle = np.exp(2j * np.pi * np.arange(c.shape[1]) / c.shape[1])
    n = c.sum(axis=1)
    r = np.abs(c @ angle) / np.maximum(n, 1)
    unbiased = np.sqrt(np.clip((n * r**2 - 1) / np.maximum(n - 1, 1), 0, 1))
    return np.where(n > 1, unbiased, np.nan), np.where(n > 0, np.exp(-n * r**2), np.nan)


@dataclass(frozen=True)
class Baseline:
    """What each bin of a series would be if it were like the other weeks.

    expected  counts; nan where there is too little data
    ratio     variance over mean of what is left unexplained, at least 1
    n         how many other weeks (or days) stand behind each bin
    kind      hour of week | hour of weekday or weekend | hour of day | too little data
    """

    expected: Floats
    ratio: Floats
    n: Ints
    kind: str


def seasonal_baseline(
    counts: ArrayLike, start_s: int, *, step_s: int = HOUR, usable: ArrayLike | None = None
) -> Baseline:
    """Robust seasonal expectation of each bin from the *other* weeks: median over the same hour of the week.

    A bin never contributes to its own expectation, so an event cannot hide itself. With under four weeks the season
    is the hour of weekday or weekend; with under five such days the answer is "too little data". The spread is what
    the residuals show, by level of traffic, in the middle and in the tails, whichever is wider.
    """
    x = np.asarray(counts, float)
    ok = np.ones(x.size, bool) if usable is None else np.asarray(usable, bool)
    at = start_s + np.arange(x.size) * step_s
    of_week, of_day = (at + 3 * DAY) % WEEK // step_s, at % DAY // step_s
    weekend = (at + 3 * DAY) % WEEK >= 5 * DAY
    for kind, season, least in (
        ("hour of week", of_week, 3),
        ("hour of weekday or weekend", of_day + np.where(weekend, DAY // step_s, 0), 3),
        ("hour of day", of_day, 4),
    ):
        expected, n = _others_median(x, season, ok)
        if ok.any() and np.mean(n[ok] >= least) >= 0.9:
            expected = np.where(n >= least, expected, np.nan)
            return Baseline(expected, _variance_ratio(x, expected, ok), n, kind)
    nothing = np.full(x.size, np.nan)
    return Baseline(nothing, nothing, np.zeros(x.size, np.int64), TOO_LITTLE)


def _others_median(x: Floats, season: Ints, ok: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """For each bin, a robust middle of the usable bins of its season without it, and how many those are.

    The median of small counts is coarse, so the mean of the middle half is blended in.
    """
    _, row = np.unique(season, return_inverse=True)
    order = np.argsort(row, kind="stable")
    begin = np.searchsorted(row[order], np.arange(row.max() + 1 if row.size else 0))
    turn = np.empty(x.size, np.int64)
    turn[order] = np.arange(x.size) - begin[row[order]]
    table = np.full((begin.size, int(turn.max()) + 1 if x.size else 0), np.nan)
    table[row[ok], turn[ok]] = x[ok]
    expected, n = np.full(x.size, np.nan), np.zeros(x.size, np.int64)
    for k in range(table.shape[1]):
        others = np.sort(np.delete(table, k, axis=1), axis=1)  # NaN last
        count = np.isfinite(others).sum(axis=1)
        sums = np.concatenate([np.zeros((len(others), 1)), np.cumsum(np.nan_to_num(others), axis=1)], axis=1)
        every, cut, last = np.arange(len(others)), count // 4, np.maximum(count - 1, 0)
        middle = (sums[every, count - cut] - sums[every, cut]) / np.maximum(count - 2 * cut, 1)
        if others.shape[1]:
            median = (others[every, last // 2] + others[every, (last + 1) // 2]) / 2
            here = turn == k
            expected[here], n[here] = ((median + middle) / 2)[row[here]], count[row[here]]
    return np.where(n > 0, expected, np.nan), n


def _variance_ratio(x: Floats, expected: Floats, ok: NDArray[np.bool_]) -> Floats:
    """Unexplained variance over the mean, as a function of the level of traffic, never below Poisson."""
    known = np.flatnonzero(ok & np.isfinite(expected))
    mean = np.maximum(expected, 0.25)
    pearson = (x - mean) / np.sqrt(mean)
    order = known[np.argsort(mean[known], kind="stable")]
    groups = np.array_split(order, max(1, min(8, known.size // 60)))
    level = [float(np.median(mean[g])) for g in groups]
    spread = []
    for g in groups:
        r = pearson[g] - np.median(pearson[g])
        middle = (1.4826 * float(np.median(np.abs(r)))) ** 2
        tail = (float(np.quantile(np.abs(r), 0.95)) / 1.96) ** 2
        # all but the outermost 2 %, where an event may be: 1.1 makes up for what the cap takes from a normal
        capped = 1.1 * float(np.mean(np.minimum(np.abs(r), np.quantile(np.abs(r), 0.98)) ** 2))
        spread.append(max(middle, tail, capped))
    fitted = np.interp(np.nan_to_num(mean, nan=1.0), level, spread)
    ratio: Floats = np.maximum(fitted, 1.0)
    return ratio


# --- change -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """Where a share or level changed: index of the first bin after it, before, after, and how sure that is."""

    index: int
    before: float
    after: float
    p: float
    n: int
    low: int
    high: int
    verdict: str = "found"


def binomial_change(hits: ArrayLike, totals: ArrayLike, *, least: int = 20) -> Change:
    """The bin from which the share hits/totals is another (maximum likelihood; p by likelihood ratio, Bonferroni).

    low and high bound the bins whose likelihood is within 1.92 of the best: a 95 % interval for the moment.
    """
    from scipy.special import xlogy
    from scipy.stats import chi2

    k, n = np.asarray(hits, float), np.asarray(totals, float)
    total = float(n.sum())
    if total < least or k.size < 4:
        return Change(-1, np.nan, np.nan, np.nan, int(total), -1, -1, TOO_LITTLE)
    k0, n0 = np.cumsum(k)[:-1], np.cumsum(n)[:-1]
    k1, n1 = k.sum() - k0, total - n0

    def likelihood(a: Any, b: Any) -> Any:
        share = a / np.maximum(b, 1)
        return xlogy(a, share) + xlogy(b - a, 1 - share)

    gain = likelihood(k0, n0) + likelihood(k1, n1) - likelihood(k.sum(), total)
    gain[(n0 == 0) | (n1 == 0)] = 0
    best = int(np.argmax(gain))
    p = min(1.0, float(chi2.sf(2 * gain[best], 1)) * gain.size)
    near = np.flatnonzero(gain >= gain[best] - 1.92) + 1
    before, after = k0[best] / max(n0[best], 1), k1[best] / max(n1[best], 1)
    return Change(best + 1, float(before), float(after), p, int(total), int(near.min()), int(near.max()))


def ramp(values: ArrayLike) -> tuple[float, float, int]:
    """Slow drift of a daily series: relative change over its length (Theil-Sen), p, n.

    The Mann-Kendall p counts neighbouring days as partly the same observation (Hamed and Rao 1998, lag-one form).
    """
    from scipy.stats import norm, rankdata, theilslopes

    y = np.asarray(values, float)
    y = y[np.isfinite(y)]
    n = y.size
    if n < 14 or np.ptp(y) == 0:
        return float("nan"), float("nan"), n
    slope = theilslopes(y, np.arange(n))[0]
    s = float(np.sign(y[None, :] - y[:, None])[np.triu_indices(n, 1)].sum())
    rest = rankdata(y - slope * np.arange(n))
    rho = max(0.0, float(np.corrcoef(rest[:-1], rest[1:])[0, 1])) if np.ptp(rest) else 0.0
    variance = n * (n - 1) * (2 * n + 5) / 18 * min((1 + rho) / max(1 - rho, 0.1), 10.0)
    p = 2 * float(norm.sf((abs(s) - 1) / np.sqrt(variance)))
    level = max(float(np.median(y)), 1e-9)
    return float(slope) * (n - 1) / level, min(p, 1.0), n


def level_changes(values: ArrayLike, *, alpha: float = 0.005, least: int = 7) -> list[Change]:
    """Lasting changes of level in a daily series, by Pettitt's test on halves in turn (Pettitt 1979).

    `least` days on both sides; under 14 days there is nothing to say and the list is empty.
    """
    y = np.asarray(values, float)
    found: list[Change] = []
    pieces = [(0, y.size)]
    while pieces:
        begin, end = pieces.pop()
        n = end - begin
        if n < 2 * least:
            continue
        sign = np.sign(y[begin:end, None] - y[None, begin:end])
        u = np.abs(np.cumsum(sign.sum(axis=1)))[least - 1 : n - least]
        cut = begin + least + int(np.argmax(u))
        p = min(1.0, 2 * float(np.exp(-6 * float(u.max()) ** 2 / (n**3 + n**2))))
        if p < alpha:
            before, after = float(np.median(y[begin:cut])), float(np.median(y[cut:end]))
            found.append(Change(cut, before, after, p, n, cut, cut))
            pieces += [(begin, cut), (cut, end)]
    return sorted(found, key=lambda c: c.index)


def line_misfit(values: ArrayLike) -> float:
    """Mean distance of a series from its own robust line (Theil-Sen)."""
    from scipy.stats import theilslopes

    y = np.asarray(values, float)
    slope, middle = theilslopes(y, np.arange(y.size))[:2]
    return float(np.mean(np.abs(y - middle - slope * np.arange(y.size))))


def step_misfit(values: ArrayLike, cuts: list[int]) -> float:
    """Mean distance of a series from its medians between the cuts, each cut charged as one more parameter."""
    y = np.asarray(values, float)
    rest = [np.abs(piece - np.median(piece)) for piece in np.split(y, cuts)]
    return float(np.concatenate(rest).sum() / max(y.size - 2 * len(cuts), 1))


# --- acting together ----------------------------------------------------------------------------------------------


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


def _exchangeable(code: Ints, t: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
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


@dataclass(frozen=True)
class Pooled:
    """Whether a pool of texts differs from the ordinary; see pooled_difference."""

    rows: int
    statistic: float | None
    threshold: float | None
    p_value: float | None
    different: bool | None
    false_alarm_rate: float | None
    power: dict[float, float | None]
    smallest_mixture: float | None
    note: str


POOL_CAP = 100  # texts of one unit that count at most
POOL_SPREAD = 5.5  # threshold in standard deviations of the logarithm of the null statistic
POOL_UNITS = 30  # ordinary units needed before a null can be drawn
MIXTURES = (0.05, 0.1, 0.25, 0.5, 1.0)


def pooled_difference(
    sums: ArrayLike, counts: ArrayLike, tested: ArrayLike, *, draws: int = 1000, seed: int = 1
) -> Pooled:
    """Two-sample test of a pool of texts against ordinary ones, calibrated on the ordinary ones of the same case.

    `sums` (units x features) are the summed feature vectors of each unit's texts, `counts` how many they are,
    `tested` marks the units of the pool. The statistic is the squared maximum mean discrepancy with a linear kernel
    (Gretton et al. 2012) in directions weighed by the spread between units, shrunk by as much again. The units, not
    the texts, are exchangeable: the null draws whole ordinary units at random until they hold as many texts as the
    pool (an eighth of all ordinary ones at most) and compares them with all others. Draws of one town share its
    peculiarities, so the threshold lies POOL_SPREAD standard deviations of the log statistic above its mean:
    a plain
    99.75 % quantile gave 2 to 5 % false alarms on units that were not used for the calibration.

    Returns p_value by rank among the draws, the false-alarm rate of the same procedure run on one half of the
    ordinary units with the other half as reference, power at each of MIXTURES and the smallest with power >= 0.95.
    Everything is None, with a note, when the pool or the ordinary units are too few.
    """
    s, c, mine = np.asarray(sums, float), np.asarray(counts, float), np.asarray(tested, bool)
    scale = np.minimum(1.0, POOL_CAP / np.maximum(c, 1))
    s, c = s * scale[:, None], c * scale
    pool_rows = int(c[mine].sum())
    others, other_c = s[~mine], c[~mine]
    drawn = min(pool_rows, int(other_c.sum() / 8))  # smaller draws scatter more, so a big pool is judged with care
    if len(others) < POOL_UNITS or drawn < 100:
        against = f"{int(other_c.sum())} texts of {len(others)} ordinary units"
        why = f"Too little data: {pool_rows} texts tested against {against}."
        return Pooled(pool_rows, None, None, None, None, None, dict.fromkeys(MIXTURES), None, why)
    rng = np.random.default_rng(seed)
    metric = _spread_metric(others, other_c)
    null = _null_draws(others, other_c, drawn, draws, rng)
    threshold = _over(_squared(null, metric))
    pure = s[mine].sum(axis=0) / pool_rows - others.sum(axis=0) / other_c.sum()
    statistic = float(_squared(pure[None], metric)[0])
    power: dict[float, float | None] = {}
    for mixture in MIXTURES:
        mixed = _squared((1 - mixture) * null + mixture * pure, metric)
        power[mixture] = round(float((mixed > threshold).mean()), 3)
    seen = [m for m in MIXTURES if (power[m] or 0) >= 0.95]
    p = (1 + int((_squared(null, metric) >= statistic).sum())) / (draws + 1)
    return Pooled(
        rows=pool_rows,
        statistic=round(statistic, 6),
        threshold=round(threshold, 6),
        p_value=round(p, 6),
        different=statistic > threshold,
        false_alarm_rate=_false_alarms(others, other_c, drawn, draws, rng),
        power=power,
        smallest_mixture=seen[0] if seen else None,
        note="",
    )


def _spread_metric(s: Floats, c: Floats) -> Floats:
    """Inverse covariance between units of their means, shrunk towards a sphere by as much again."""
    deviation = (s / np.maximum(c, 1)[:, None] - s.sum(axis=0) / c.sum()) * np.sqrt(c)[:, None]
    covariance = deviation.T @ deviation / len(c)
    width = len(covariance)
    out: Floats = np.linalg.inv(covariance + max(np.trace(covariance) / width, 1e-12) * np.eye(width))
    return out


def _squared(differences: Floats, metric: Floats) -> Floats:
    out: Floats = np.einsum("ni,ij,nj->n", differences, metric, differences)
    return out


def _over(null: Floats) -> float:
    logs = np.log(np.maximum(null, 1e-12))
    return float(np.exp(logs.mean() + POOL_SPREAD * logs.std()))


def _null_draws(s: Floats, c: Floats, rows: int, draws: int, rng: np.random.Generator) -> Floats:
    """Mean of random whole units holding about `rows` texts, less the mean of all other units."""
    out = np.empty((draws, s.shape[1]))
    total, n = s.sum(axis=0), c.sum()
    for k in range(draws):
        order = rng.permutation(len(c))
        picked = order[: min(int(np.searchsorted(np.cumsum(c[order]), rows)) + 1, len(c) - 1)]
        inside, m = s[picked].sum(axis=0), c[picked].sum()
        out[k] = inside / m - (total - inside) / max(n - m, 1)
    return out


def _false_alarms(s: Floats, c: Floats, rows: int, draws: int, rng: np.random.Generator) -> float:
    """Share of draws from one half of the units that the other half, as reference, calls different."""
    alarms = trials = 0
    for _ in range(10):
        order = rng.permutation(len(c))
        a, b = order[: len(c) // 2], order[len(c) // 2 :]
        metric = _spread_metric(s[a], c[a])
        threshold = _over(_squared(_null_draws(s[a], c[a], rows, max(draws // 5, 100), rng), metric))
        mean = s[a].sum(axis=0) / c[a].sum()
        for _ in range(draws // 10):
            pick = rng.permutation(b)
            pick = pick[: int(np.searchsorted(np.cumsum(c[pick]), rows)) + 1]
            difference = s[pick].sum(axis=0) / c[pick].sum() - mean
            alarms += float(_squared(difference[None], metric)[0]) > threshold
            trials += 1
    return round(alarms / trials, 4)
