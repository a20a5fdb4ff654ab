"""The rhythm of a day, and what each window of a series would be if it were like the other weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kit.stats.counts import DAY, HOUR, TOO_LITTLE, WEEK, Flags, Floats, Ints


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
    """What each window of a series would be if it were like the other weeks.

    expected     counts; nan where there is too little data
    least, most  the same, or what another week had at that hour where it is less (more): under four weeks nobody
                 knows yet which days are the free ones, and what comes again is no event
    ratio        variance over mean of what is left unexplained, at least 1
    n            how many other weeks (or days) stand behind each window
    kind         hour of week | hour of weekday or weekend | hour of day | too little data
    """

    expected: Floats
    least: Floats
    most: Floats
    ratio: Floats
    n: Ints
    kind: str


def seasonal_baseline(
    counts: ArrayLike, start_s: int, *, step_s: int = HOUR, usable: ArrayLike | None = None
) -> Baseline:
    """Robust seasonal expectation of each window from the *other* weeks: median over the same hour of the week.

    A window never contributes to its own expectation or spread, so an event cannot hide itself. With under four
    weeks the season is the hour of weekday or weekend; with under five such days the answer is "too little data".
    The spread is what the residuals show: of windows with as much traffic, in the middle or in the tails, or of the
    same hours of the other weeks, whichever is wider.
    """
    x = np.asarray(counts, float)
    ok = np.ones(x.size, bool) if usable is None else np.asarray(usable, bool)
    at = start_s + np.arange(x.size) * step_s
    of_week, of_day = (at + 3 * DAY) % WEEK // step_s, at % DAY // step_s  # 1 January 1970 was a Thursday
    weekend = (at + 3 * DAY) % WEEK >= 5 * DAY
    for kind, season, enough in (
        ("hour of week", of_week, 3),
        ("hour of weekday or weekend", of_day + np.where(weekend, DAY // step_s, 0), 3),
        ("hour of day", of_day, 4),
    ):
        grid = _Grid.of(x, season, ok)
        known = grid.others >= enough
        if not ok.any() or np.mean(known[ok]) < 0.9:
            continue
        expected = np.where(known, grid.middle, np.nan)
        least = most = expected
        if kind != "hour of week":
            weekly = _Grid.of(x, of_week, ok)
            least, most = np.fmin(expected, weekly.least), np.fmax(expected, weekly.most)
        ratio = _variance_ratio(x, expected, ok & known)
        heard = 15.0  # windows that a spread by level counts for, against those of the same hours
        ratio = np.maximum(ratio, (heard * ratio + grid.scatter) / (heard + grid.near))
        return Baseline(expected, least, most, ratio, grid.others, kind)
    nothing = np.full(x.size, np.nan)
    return Baseline(nothing, nothing, nothing, nothing, np.zeros(x.size, np.int64), TOO_LITTLE)


@dataclass(frozen=True)
class _Grid:
    """For each window, what the other usable windows of its season say: see `of`."""

    others: Ints
    middle: Floats
    least: Floats
    most: Floats
    scatter: Floats
    near: Floats

    @classmethod
    def of(cls, x: Floats, season: Ints, ok: Flags) -> _Grid:
        """Windows laid out one row a season, one column a turn; each is told of its row without its own column.

        middle: half the median, and as the median of small counts is coarse, half the mean of the middle half.
        scatter: squared residuals over the mean, summed over the season and its two neighbours; near: how many.
        """
        _, row = np.unique(season, return_inverse=True)
        turn = _turns(row)
        table = np.full((int(row.max(initial=-1)) + 1, int(turn.max(initial=-1)) + 1), np.nan)
        table[row[ok], turn[ok]] = x[ok]
        shape = table.shape
        others, middle = np.zeros(shape, np.int64), np.full(shape, np.nan)
        least, most, scatter = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
        for k in range(shape[1]):
            rest = np.sort(np.delete(table, k, axis=1), axis=1)  # nan last
            if not rest.shape[1]:
                continue
            n = np.isfinite(rest).sum(axis=1)
            every, cut, last = np.arange(len(rest)), n // 4, np.maximum(n - 1, 0)
            sums = np.concatenate([np.zeros((len(rest), 1)), np.cumsum(np.nan_to_num(rest), axis=1)], axis=1)
            half = (sums[every, n - cut] - sums[every, cut]) / np.maximum(n - 2 * cut, 1)
            median = (rest[every, last // 2] + rest[every, (last + 1) // 2]) / 2
            others[:, k], middle[:, k] = n, (median + half) / 2
            least[:, k], most[:, k] = rest[:, 0], rest[every, last]
            off = np.nansum((rest - middle[:, [k]]) ** 2, axis=1)
            scatter[:, k] = off / np.maximum(np.nan_to_num(middle[:, k]), LEAST_MEAN)
        scatter, near = (v + np.roll(v, 1, axis=0) + np.roll(v, -1, axis=0) for v in (scatter, others))
        parts: list[Any] = [v[row, turn] for v in (others, middle, least, most, scatter, near)]
        return cls(*parts)


LEAST_MEAN = 0.25  # under one request in four weeks a mean is not known, and scatter is not measured against it


def _turns(row: Ints) -> Ints:
    """How often each row came before: 0 for its first window."""
    order = np.argsort(row, kind="stable")
    begin = np.searchsorted(row[order], np.arange(int(row.max(initial=-1)) + 1))
    turn = np.empty(row.size, np.int64)
    turn[order] = np.arange(row.size) - begin[row[order]]
    return turn


def _variance_ratio(x: Floats, expected: Floats, known: Flags) -> Floats:
    """Unexplained variance over the mean, as a function of the level of traffic, never below Poisson."""
    mean = np.maximum(expected, LEAST_MEAN)
    pearson = (x - mean) / np.sqrt(mean)
    at = np.flatnonzero(known)
    order = at[np.argsort(mean[at], kind="stable")]
    groups = np.array_split(order, max(1, min(8, order.size // 60)))
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
