"""When accounts signed up and act, and what they ask about, weighed against a group and the ordinary accounts."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from kit.linkage.town import DAY_S, Counts, Flags, Floats, Ints, Town

COUNTED = 50  # an account's rhythm counts as at most this many requests, so that bursts do not pass for certainty
SIGNUP_S = 5 * DAY_S
MOST = 0.9


def profile(counts: Counts, members: Ints, ordinary: Ints) -> Floats:
    """log2 likelihood ratio of the account's counts under the other members' profile and under everybody else's."""
    total, share, across = counts.total, counts.share, counts.across
    flags = np.zeros((2, total.size))
    flags[0, ordinary], flags[1, members] = 1.0, 1.0
    outside, group = across @ flags[0] + 0.5, across @ flags[1]
    base = outside / outside.sum()
    ratio = share @ np.log2(np.maximum((group + 3 * base) / (members.size + 3), 1e-12) / base)
    own = share[members]  # a member is weighed against the others only
    expected = (group[own.indices] - own.data + 3 * base[own.indices]) / (members.size + 2)
    lift = np.log2(np.maximum(expected, 1e-12) / base[own.indices])
    ratio[members] = np.add.reduceat(np.append(own.data * lift, 0.0), own.indptr[:-1]) * (np.diff(own.indptr) > 0)
    return np.asarray(np.round(ratio * np.minimum(total, COUNTED), 6), dtype=np.float64)


def days_since_signup(town: Town, members: Ints, ordinary: Ints) -> Floats:
    """The profile of the days from when nine in ten of the members had signed up.

    Where the sign-ups are counted as a batch, that nobody was active before them is the same fact once more.
    """
    created = town.column("created_s")[members]
    known = np.sort(created[~np.isnan(created)])
    since = int((known[int(MOST * (known.size - 1))] - town.day0_s) // DAY_S) if known.size else 0
    since = min(max(since, 0), town.days.table.shape[1] - 1)
    return profile(Counts(sparse.csr_matrix(town.days.table[:, since:])), members, ordinary)


def signups(town: Town, members: Ints, inside: Flags, ordinary: Ints) -> Floats:
    """log2 of how much denser the other members' sign-ups lie around the account's own than ordinary ones do.

    Around is within five days. Only for accounts whose first use was seen and a day or more from sign-up:
    to sign up and start on the day of a class says nothing that the days of activity do not say already.
    """
    created, first = town.column("created_s"), town.column("first_s")
    seen = (first >= town.day0_s + 2 * DAY_S) | (created >= town.day0_s)  # else the logs begin in mid-use
    ahead = seen & (np.abs(first - created) >= DAY_S)
    near = np.nan_to_num(created, nan=0.0)
    mine, theirs = (np.sort(near[who][~np.isnan(created[who])]) for who in (members, ordinary))
    if mine.size < 3:
        return np.zeros(len(town))
    rest = np.maximum(_within(mine, near) - inside, 0) / max(mine.size - 1, 1)
    base = (_within(theirs, near) + 1) / (theirs.size + 1)
    return np.where(ahead, np.log2(np.maximum(rest, 1e-9) / base).clip(min=0), 0.0)


def _within(rank: Floats, at: Floats) -> Floats:
    """How many of the sorted times lie within five days of each of `at`."""
    high, low = np.searchsorted(rank, at + SIGNUP_S, "right"), np.searchsorted(rank, at - SIGNUP_S, "left")
    return np.asarray(high - low, dtype=np.float64)
