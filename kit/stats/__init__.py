"""Statistics that need no case: every one says how large its sample was and refuses when that is too small.

counts     tails and ranges of counts that scatter more than by lot; q values
seasons    the rhythm of a day; what a window would be if it were like the other weeks
change     when a share or a level changed; slow drift
together   whether accounts are active together beyond their own rhythms; whether work is dealt out evenly
pooled     whether a pool of texts differs from the ordinary ones

Times are seconds since 1970 UTC (int64 or float64 arrays); randomness comes only from `seed`, so results replay.
"""

from kit.stats.change import Change, binomial_change, level_changes, line_misfit, ramp, step_misfit
from kit.stats.counts import (
    DAY,
    HOUR,
    TOO_LITTLE,
    WEEK,
    benjamini_hochberg,
    binomial_tail,
    count_interval,
    count_p,
    poisson_tail,
    tempered,
)
from kit.stats.pooled import WEAK, Pooled, pooled_difference
from kit.stats.seasons import Baseline, resultant, seasonal_baseline
from kit.stats.together import Together, equal_shares, synchrony

__all__ = [
    "DAY",
    "HOUR",
    "TOO_LITTLE",
    "WEAK",
    "WEEK",
    "Baseline",
    "Change",
    "Pooled",
    "Together",
    "benjamini_hochberg",
    "binomial_change",
    "binomial_tail",
    "count_interval",
    "count_p",
    "equal_shares",
    "level_changes",
    "line_misfit",
    "poisson_tail",
    "pooled_difference",
    "ramp",
    "resultant",
    "seasonal_baseline",
    "step_misfit",
    "synchrony",
    "tempered",
]
