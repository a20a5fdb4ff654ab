"""The pools a cluster's accounts came in: those closed together, and those that took their place."""

from __future__ import annotations

import numpy as np

from kit.linkage.affinity import SUCCESSION_S
from kit.linkage.town import DAY_S, Ints, Town

LEAST = 3  # closures that make a wave, and members that must follow it


def pools(town: Town, members: Ints) -> dict[int, str]:
    """The pool of each member that has one, by account number: 'pool 1', 'pool 2', ...

    A wave is three closures of members or more with less than a day from one to the next, followed within three
    days by the first requests of three members or more. Those who follow wave k are pool k + 1; those closed in a
    wave who were there before the first one are pool 1. Everyone else belongs to no pool.
    """
    closed, first = town.column("closed_s")[members], town.column("first_s")[members]
    ends = np.sort(closed[~np.isnan(closed)])
    found: dict[int, str] = {}
    number, begin = 1, 0.0
    for wave in np.split(ends, np.flatnonzero(np.diff(ends) >= DAY_S) + 1):
        last = np.searchsorted(wave, first, side="right") - 1  # the closure before the first request
        lag = first - wave[np.maximum(last, 0)] if wave.size else first
        heir = (last >= 0) & (lag <= SUCCESSION_S) & ~(closed <= first)
        if wave.size < LEAST or heir.sum() < LEAST:
            continue
        begin = begin or float(wave[0])
        gone = (closed >= wave[0]) & (closed <= wave[-1]) & (first < begin)
        number += 1
        found |= {int(m): "pool 1" for m in members[gone]} | {int(m): f"pool {number}" for m in members[heir]}
    return found
