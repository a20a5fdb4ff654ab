"""Tails and ranges of counts, and q values over many tests.

SciPy is imported where it is used: that takes most of a second, and most commands of the kit need none of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
HOUR, DAY, WEEK = 3600, 86_400, 604_800
TOO_LITTLE = "too little data"


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """q values: the false discovery rate at which each p would be called (Benjamini and Hochberg 1995).

    What is nan stays so and counts as no test.
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p, float)
    q = np.full(values.size, np.nan)
    known = np.isfinite(values)
    if known.any():
        q[known] = false_discovery_control(values[known])
    return q


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
    wide, size, share = _shape(mean, ratio)
    high = np.where(wide, nbinom.sf(x - 1, size, share), poisson.sf(x - 1, mean))
    low = np.where(wide, nbinom.cdf(x, size, share), poisson.cdf(x, mean))
    return high, low


def count_interval(expected: ArrayLike, ratio: ArrayLike, level: float) -> tuple[Floats, Floats]:
    """The range that holds `level` of counts of that mean and variance ratio (see count_p)."""
    from scipy.stats import nbinom, poisson

    mean = np.maximum(np.asarray(expected, float), 1e-9)
    wide, size, share = _shape(mean, ratio)
    low, high = (
        np.where(wide, nbinom.ppf(q, size, share), poisson.ppf(q, mean)) for q in ((1 - level) / 2, (1 + level) / 2)
    )
    return low, high


def _shape(mean: Floats, ratio: ArrayLike) -> tuple[Flags, Floats, Floats]:
    """Where a count is wider than Poisson, and there the size and share of its negative binomial."""
    excess = np.broadcast_to(np.asarray(ratio, float) - 1, mean.shape)
    wide = excess > 1e-6
    excess = np.where(wide, excess, 1.0)
    return wide, mean / excess, 1 / (1 + excess)


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
