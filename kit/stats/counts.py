"""Tails and ranges of counts, and q values over many tests.

SciPy is imported where it is used: most commands of the kit need none of it. Counts need only scipy.special, which
is there in half the time of scipy.stats: a notebook's first chart waits for it.
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
    from scipy.special import gammainc

    return float(gammainc(np.floor(observed), max(expected, 1e-12))) if observed >= 1 else 1.0


def binomial_tail(hits: int, n: int, share: float) -> float:
    """P(X >= hits) for X ~ Binomial(n, share); 1 when n is 0."""
    from scipy.stats import binom

    return float(binom.sf(hits - 1, n, share)) if n else 1.0


def count_p(observed: ArrayLike, expected: ArrayLike, ratio: ArrayLike) -> tuple[Floats, Floats]:
    """P(X >= observed) and P(X <= observed) for counts of mean `expected` and variance `ratio` x `expected`.

    Negative binomial where the variance exceeds the mean, Poisson where it does not.
    """
    x, mean = np.asarray(observed, float), np.maximum(np.asarray(expected, float), 1e-9)
    return _tail(np.floor(x), mean, ratio, upper=True), _tail(np.floor(x) + 1, mean, ratio, upper=False)


def _tail(x: Floats, mean: Floats, ratio: ArrayLike, *, upper: bool) -> Floats:
    """P(X >= x), or P(X < x), for whole x."""
    from scipy.special import betainc, betaincc, gammainc, gammaincc

    wide, size, share = _shape(mean, ratio)
    above = np.maximum(x, 1)
    if upper:
        return np.where(x < 1, 1.0, np.where(wide, betaincc(size, above, share), gammainc(above, mean)))
    return np.where(x < 1, 0.0, np.where(wide, betainc(size, above, share), gammaincc(above, mean)))


def count_interval(expected: ArrayLike, ratio: ArrayLike, level: float) -> tuple[Floats, Floats]:
    """The range that holds `level` of counts of that mean and variance ratio (see count_p)."""
    from scipy.special import nbdtrik, pdtrik

    mean = np.maximum(np.asarray(expected, float), 1e-9)
    wide, size, share = _shape(mean, ratio)

    def quantile(q: float) -> Floats:
        count = np.ceil(np.where(wide, nbdtrik(q, size, share), pdtrik(q, mean)))
        one_less = _tail(count, mean, ratio, upper=False) >= q  # the inverse may round up to the next whole count
        return np.where(one_less & (count > 0), count - 1, np.maximum(count, 0))

    return quantile((1 - level) / 2), quantile((1 + level) / 2)


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
    from scipy.special import ndtr, ndtri

    values = np.asarray(p, float)
    known = values[np.isfinite(values) & (True if usual is None else np.asarray(usual, bool))]
    if known.size < 40:
        return values
    z = -ndtri(np.clip(values, 1e-300, 1 - 1e-16))
    excess = float(np.quantile(-ndtri(np.clip(known, 1e-300, 1 - 1e-16)), 1 - outer) / -ndtri(outer))
    return np.asarray(ndtr(-z / excess) if excess > 1 else values, float)
