"""Loops over every account's windows, compiled: who keeps a clock, who met, and how often chance would have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled
from kit.linkage.town import Flags, Ints

SLOTS = 30  # windows of two minutes in an hour
DAILY = 24 * SLOTS  # and in a day
Whole = NDArray[np.int32]


@compiled
def in_company(window: Whole, ends: Ints) -> tuple[Flags, Ints]:
    """Which windows an account does not owe to a clock, and how many those are by account.

    A clock is one place within the hour at which an account has six windows or more, and a fifth of all it has.
    """
    kept, left = np.empty(window.size, np.bool_), np.zeros(ends.size - 1, np.int64)
    start = ends[0]
    for account in range(ends.size - 1):
        begin, end = ends[account] - start, ends[account + 1] - start
        often = np.zeros(SLOTS, np.int64)
        for at in range(begin, end):
            often[window[at] % SLOTS] += 1
        for at in range(begin, end):
            here = often[window[at] % SLOTS]
            kept[at] = here < 6 or here < 0.2 * (end - begin)
            left[account] += kept[at]
    return kept, left


@compiled
def times_met(ends: Whole, window: Whole, a: Ints, other_ends: Whole, other: Whole, b: Ints) -> Ints:
    """At how many times of the day each row `a` has a window in common with its row `b` of the others."""
    out, seen = np.zeros(a.size, np.int64), np.full(DAILY, -1, np.int64)
    for i in range(a.size):
        x, y = ends[a[i]], other_ends[b[i]]
        x_end, y_end = ends[a[i] + 1], other_ends[b[i] + 1]
        while x < x_end and y < y_end:
            if window[x] == other[y]:
                time = window[x] % DAILY
                if seen[time] != i:
                    seen[time] = i
                    out[i] += 1
                x, y = x + 1, y + 1
            elif window[x] < other[y]:
                x += 1
            else:
                y += 1
    return out


@compiled
def chances(
    ends: Whole, hour: Whole, often: Whole, a: Ints, other_ends: Whole, other: Whole, other_often: Whole, b: Ints
) -> Ints:
    """The sum over the hours of how often row `a` and its row `b` of the others were active in each, multiplied."""
    out = np.zeros(a.size, np.int64)
    for i in range(a.size):
        x, y = ends[a[i]], other_ends[b[i]]
        x_end, y_end = ends[a[i] + 1], other_ends[b[i] + 1]
        while x < x_end and y < y_end:
            if hour[x] == other[y]:
                out[i] += np.int64(often[x]) * np.int64(other_often[y])
                x, y = x + 1, y + 1
            elif hour[x] < other[y]:
                x += 1
            else:
                y += 1
    return out
