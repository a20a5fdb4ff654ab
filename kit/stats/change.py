"""When a share or a level changed, and slow drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kit.stats.counts import TOO_LITTLE, Floats


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
    from scipy.stats import norm, theilslopes

    y = np.asarray(values, float)
    y = y[np.isfinite(y)]
    n = y.size
    if n < 14 or np.ptp(y) == 0:
        return float("nan"), float("nan"), n
    slope = theilslopes(y, np.arange(n))[0]
    s = float(np.sign(y[None, :] - y[:, None])[np.triu_indices(n, 1)].sum())
    variance = n * (n - 1) * (2 * n + 5) / 18 * _inflation(y - slope * np.arange(n))
    p = 2 * float(norm.sf((abs(s) - 1) / np.sqrt(variance)))
    level = max(float(np.median(y)), 1e-9)
    return float(slope) * (n - 1) / level, min(p, 1.0), n


def level_changes(values: ArrayLike, *, alpha: float = 0.005, least: int = 7) -> list[Change]:
    """Lasting changes of level in a daily series, by Pettitt's test on halves in turn (Pettitt 1979).

    Neighbouring days count as partly the same observation, as in `ramp`. `least` days on both sides; under 14 days
    there is nothing to say and the list is empty.
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
        before, after = float(np.median(y[begin:cut])), float(np.median(y[cut:end]))
        rest = np.concatenate([y[begin:cut] - before, y[cut:end] - after])
        p = min(1.0, 2 * float(np.exp(-6 * float(u.max()) ** 2 / (n**3 + n**2) / _inflation(rest))))
        if p < alpha:
            found.append(Change(cut, before, after, p, n, cut, cut))
            pieces += [(begin, cut), (cut, end)]
    return sorted(found, key=lambda c: c.index)


def _inflation(rest: Floats) -> float:
    """By how much neighbours that resemble each other widen a rank statistic: from their lag-one correlation.

    The correlation of a short series comes out too low by (1 + 4 rho) / n (Kendall 1954), which is made up for.
    """
    from scipy.stats import rankdata

    ranks = rankdata(rest)
    if np.ptp(ranks) == 0:
        return 1.0
    rho = float(np.corrcoef(ranks[:-1], ranks[1:])[0, 1])
    rho = min(max(rho + (1 + 4 * rho) / ranks.size, 0.0), 0.9)
    return (1 + rho) / (1 - rho)


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
