"""Loops over every account's windows, compiled: who keeps a clock, who met, and how often chance would have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled_for_its_types
from kit.linkage.town import Ints

SLOTS = 30  # windows of two minutes in an hour
DAILY = 24 * SLOTS  # and in a day
MANY = 64  # meetings; more are not told apart while pairs are looked for
Whole = NDArray[np.int32]


@compiled_for_its_types
def in_company(ends: Ints, window: Whole, first: int) -> tuple[Whole, Ints]:
    """The windows that an account does not owe to a clock, counted from `first`, and how many each account has.

    A clock is one place within the hour at which an account has six windows or more, and a fifth of all it has.
    """
    kept, left = np.empty(window.size, np.int32), np.zeros(ends.size - 1, np.int64)
    found, often = 0, np.zeros(SLOTS, np.int64)
    for account in range(ends.size - 1):
        begin, end = ends[account] - ends[0], ends[account + 1] - ends[0]
        often[:] = 0
        for at in range(begin, end):
            often[window[at] % SLOTS] += 1
        before = found
        for at in range(begin, end):
            here = often[window[at] % SLOTS]
            if here < 6 or here < 0.2 * (end - begin):
                kept[found] = window[at] - first
                found += 1
        left[account] = found - before
    return kept[:found], left


@compiled_for_its_types
def met_often(
    ends: Ints, window: Whole, width: int, values: Ints, who: Ints, org: Ints, least: int, partners: int
) -> Ints:
    """Pairs of one value's holders that were active in `least` windows together: (a * accounts + b) * MANY, a < b.

    To which is added in how many windows, MANY - 1 at the most.

    values    where each value's holders begin in `who`, and where the last one's end; the holders ascend
    partners  each is compared with so many of the holders before it in every window
    """
    accounts, rows, most = org.size, 0, 0
    for v in range(values.size - 1):
        mine = 0
        for k in range(values[v], values[v + 1]):
            mine += ends[who[k] + 1] - ends[who[k]]
        rows, most = rows + mine, max(most, mine)
    out, found = np.empty(partners * rows // least + 1, np.int64), 0
    last = np.full(width, -1, np.int64)  # the latest entry of each window, one entry for each window of each holder
    before, holder = np.empty(most, np.int64), np.empty(most, np.int64)
    often, touched = np.zeros(who.size, np.int64), np.empty(who.size, np.int64)
    entry = 0
    for v in range(values.size - 1):
        first = entry
        for k in range(values[v], values[v + 1]):
            seen = 0
            for at in range(ends[who[k]], ends[who[k] + 1]):
                earlier, step = last[window[at]], 0
                before[entry - first], holder[entry - first] = earlier, k
                last[window[at]] = entry
                entry += 1
                while earlier >= first and step < partners:
                    other = holder[earlier - first]
                    if often[other] == 0:
                        touched[seen] = other
                        seen += 1
                    often[other] += 1
                    earlier, step = before[earlier - first], step + 1
            for other in touched[:seen]:
                if often[other] >= least and org[who[other]] != org[who[k]]:
                    out[found] = (who[other] * accounts + who[k]) * MANY + min(often[other], MANY - 1)
                    found += 1
                often[other] = 0
    return out[:found].copy()


@compiled_for_its_types
def compared(ends: Ints, window: Whole, a: Ints, other_ends: Ints, other: Whole, b: Ints) -> tuple[Ints, Ints]:
    """At how many times of the day each row `a` has a window in common with its row `b` of the others.

    And the sum over the hours of how often the two were active in each, multiplied: what chance has to give.
    """
    met, chance, seen = np.zeros(a.size, np.int64), np.zeros(a.size, np.int64), np.full(DAILY, -1, np.int64)
    for i in range(a.size):
        x, y = ends[a[i]], other_ends[b[i]]
        x_end, y_end = ends[a[i] + 1], other_ends[b[i] + 1]
        while x < x_end and y < y_end:
            hour = window[x] // SLOTS
            if hour < other[y] // SLOTS:
                x += 1
            elif hour > other[y] // SLOTS:
                y += 1
            else:
                next_hour = (hour + 1) * SLOTS
                x_next, y_next = x, y
                while x_next < x_end and window[x_next] < next_hour:
                    x_next += 1
                while y_next < y_end and other[y_next] < next_hour:
                    y_next += 1
                chance[i] += (x_next - x) * (y_next - y)
                while x < x_next and y < y_next:
                    if window[x] == other[y]:
                        time = window[x] % DAILY
                        met[i] += seen[time] != i
                        seen[time] = i
                        x, y = x + 1, y + 1
                    elif window[x] < other[y]:
                        x += 1
                    else:
                        y += 1
                x, y = x_next, y_next
    return met, chance


@compiled_for_its_types
def crowded(
    ends: Ints, window: Whole, width: int, groups: Ints, who: Ints, least: int
) -> tuple[Ints, Whole, Ints, Ints]:
    """Group, window, how many members were active in it and in how many windows of its hour, all members added up.

    One row for each window in which `least` members or more of the group were. `groups` says where each group's
    members begin in `who`, and where the last one's end.
    """
    rows = 0
    for account in who[groups[0] : groups[-1]]:
        rows += ends[account + 1] - ends[account]
    group, place = np.empty(rows // least, np.int64), np.empty(rows // least, np.int32)
    active, in_hour = np.empty(rows // least, np.int64), np.empty(rows // least, np.int64)
    often, hourly = np.zeros(width, np.int64), np.zeros(width // SLOTS, np.int64)
    touched, found = np.empty(width, np.int32), 0
    for g in range(groups.size - 1):
        seen = 0
        for account in who[groups[g] : groups[g + 1]]:
            for at in range(ends[account], ends[account + 1]):
                if often[window[at]] == 0:
                    touched[seen] = window[at]
                    seen += 1
                often[window[at]] += 1
                hourly[window[at] // SLOTS] += 1
        touched[:seen].sort()
        for w in touched[:seen]:
            if often[w] >= least:
                group[found], place[found], active[found], in_hour[found] = g, w, often[w], hourly[w // SLOTS]
                found += 1
            often[w] = 0
        for w in touched[:seen]:
            hourly[w // SLOTS] = 0
    return group[:found].copy(), place[:found].copy(), active[:found].copy(), in_hour[:found].copy()


@compiled_for_its_types
def came_to(
    ends: Ints,
    window: Whole,
    begin: int,
    end: int,
    at_window: Ints,
    group: Ints,
    groups: int,
    least: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Account, group, at how many times of the day it was in the group's bursts, and what chance has to give.

    That is the sum over the hours of how often the two were active in each, multiplied. For the accounts `begin` to
    `end`; one row where an account was in `least` bursts or more. `at_window` says where in `group` those groups
    begin that have a burst in each window, and where the last one's end.
    """
    out, found = np.empty((4, 1024), np.int64), 0
    often, touched = np.zeros(groups, np.int64), np.empty(groups, np.int64)
    times, chance, seen = np.zeros(groups, np.int64), np.zeros(groups, np.int64), np.full((groups, DAILY), -1)
    for account in range(begin, end):
        known, most = 0, 0
        for at in range(ends[account], ends[account + 1]):
            for g in group[at_window[window[at]] : at_window[window[at] + 1]]:
                if often[g] == 0:
                    touched[known] = g
                    known += 1
                often[g] += 1
                most = max(most, often[g])
        if most >= least:
            for at in range(ends[account], ends[account + 1]):
                time, hour = window[at] % DAILY, window[at] // SLOTS * SLOTS
                for g in group[at_window[window[at]] : at_window[window[at] + 1]]:
                    times[g] += seen[g, time] != account
                    seen[g, time] = account
                for g in group[at_window[hour] : at_window[hour + SLOTS]]:
                    chance[g] += 1
            if found + known > out.shape[1]:
                larger = np.empty((4, 2 * (found + known)), np.int64)
                larger[:, :found] = out[:, :found]
                out = larger
            for g in touched[:known]:
                if often[g] >= least:
                    out[0, found], out[1, found], out[2, found], out[3, found] = account, g, times[g], chance[g]
                    found += 1
            times[:], chance[:] = 0, 0
        for g in touched[:known]:
            often[g] = 0
    return out[0, :found].copy(), out[1, :found].copy(), out[2, :found].copy(), out[3, :found].copy()


@compiled_for_its_types
def come_back(ends: Ints, window: Whole, who: Ints, unit: int, place: Ints, places: int) -> Ints:
    """For every two places, how often the accounts `who` were at both: the products of their windows, added up.

    `place` numbers stretches of `unit` windows, -1 for those that are none of the places.
    """
    both = np.zeros((places, places), np.int64)
    at_place, often = np.empty(places, np.int64), np.zeros(places, np.int64)
    for account in who:
        seen = 0
        for at in range(ends[account], ends[account + 1]):
            p = place[window[at] // unit]
            if p >= 0:
                if often[p] == 0:
                    at_place[seen] = p
                    seen += 1
                often[p] += 1
        for p in at_place[:seen]:
            for q in at_place[:seen]:
                both[p, q] += often[p] * often[q]
        for p in at_place[:seen]:
            often[p] = 0
    return both
