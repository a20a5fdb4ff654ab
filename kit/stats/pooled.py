"""Whether a pool of texts differs from the ordinary ones of the same case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kit.stats.counts import Floats


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
    trials: int = 0

    def alarms(self) -> str:
        """How often the test called ordinary accounts different, in words with both numbers."""
        alarms = round((self.false_alarm_rate or 0) * self.trials)
        return f"{alarms:,} false alarm{'s' * (alarms != 1)} in {self.trials:,} draws of ordinary accounts"

    @property
    def alarmist(self) -> bool:
        """Whether it called over one draw of ordinary accounts in twenty different: its "different" is weak."""
        return (self.false_alarm_rate or 0) > MOST_ALARMS


MOST_ALARMS = 0.05
WEAK = "With so many false alarms the difference shows nothing by itself."
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
        trials=draws // 10 * 10,
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
