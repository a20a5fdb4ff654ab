"""Whether accounts keep hours of their own, as people do, or are dealt their work by one dispatcher."""

from __future__ import annotations

import numpy as np

from kit.linkage.town import Floats, Ints, Town

LEAST_DAYS = 3  # days of activity; of fewer nobody can say what is usual for the account
PRIOR = 6.0  # active hours that the others' hours weigh in what is expected of an account
NEAR = ((-1, 0.25), (0, 0.5), (1, 0.25))  # an hour speaks for the one before and the one after as well
OWN_BITS = 3.0  # eight to one


def are_people(town: Town, members: Ints) -> bool:
    """Whether most of the accounts keep hours of their own, so far as it can be said of most of them."""
    own, of = own_hours(town, members)
    return own >= 0.5 * of and of >= 0.5 * town.active[members].sum() and of > 0


def are_dealt(town: Town, members: Ints) -> bool:
    """Whether hardly any of the accounts do: between a fifth and a half nobody can say."""
    own, of = own_hours(town, members)
    return own <= 0.2 * of and of >= 0.5 * town.active[members].sum() and of > 0


def own_hours(town: Town, members: Ints) -> tuple[int, int]:
    """How many of the accounts keep hours of their own, and of how many that can be said.

    An account does when the hours in which it was active on a day are foretold better by its other days than by
    the hours of the other accounts: by three bits over all of its days. What one dispatcher deals, or one vendor's
    batch sends, falls on all accounts alike, whatever its hours.
    """
    bits, days = foretold(town, members)
    tellable = days >= LEAST_DAYS
    return int((bits[tellable] >= OWN_BITS).sum()), int(tellable.sum())


def foretold(town: Town, members: Ints) -> tuple[Floats, Ints]:
    """Per member, log2 of how much better its other days foretell its hours than the others do; its active days."""
    if town.hourly is None or members.size < 2:
        return np.zeros(members.size), np.zeros(members.size, dtype=np.int64)
    cells, width = town.hourly[members].tocoo(), town.hourly.shape[1]
    order = np.lexsort((cells.col, cells.row))
    who, at = cells.row[order].astype(np.int64), cells.col[order].astype(np.int64)
    day, hour, key = at // 24, at % 24, who * width + at
    seen = np.zeros((members.size, 24))  # on how many days active in each hour
    np.add.at(seen, (who, hour), 1.0)
    share = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    others = (share.sum(axis=0) - share + 1 / 24) / members.size
    mine, theirs = np.zeros(who.size), np.zeros(who.size)
    for step, weight in NEAR:
        then = (hour + step) % 24
        same_day = np.isin(who * width + day * 24 + then, key)
        mine += weight * (seen[who, then] - same_day)
        theirs += weight * others[who, then]
    on_day = np.unique(who * width + day, return_inverse=True, return_counts=True)
    rest = seen.sum(axis=1)[who] - on_day[2][on_day[1]]
    own = (mine + PRIOR * theirs) / (rest + PRIOR)
    bits = np.bincount(who, np.log2(own / theirs), minlength=members.size)
    return bits.astype(np.float64), np.bincount(on_day[0] // width, minlength=members.size).astype(np.int64)
