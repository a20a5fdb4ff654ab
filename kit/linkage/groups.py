"""Hypotheses: which groups of accounts are worth testing, found without comparing every pair."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from kit.linkage.families import Group
from kit.linkage.town import OWN, Ints, Town

LEAST = 4  # organisations; fewer are no campaign of many accounts
CAP = 200  # an address held by more accounts than this is a gateway and proposes no pair
SHARED_ADDRESSES = 3  # two is what a home whose line is rented out shares with a pool


def hypotheses(town: Town) -> list[Group]:
    """Sets of accounts that share a content value, an address pool or an identifier, larger first, without repeats."""
    found: dict[bytes, Group] = {}
    for kind in ("template", "system", "parameters"):
        s = town.sharing(kind)
        for j in range(len(s.names)):
            _add(town, found, s.holders(j), (kind, s.names[j]))
    for members in _pools(town):
        _add(town, found, members, ("ip", "pool"))
    return sorted(found.values(), key=lambda g: (-g.members.size, town.ids[g.members[0]], g.why))


def _add(town: Town, found: dict[bytes, Group], members: Ints, why: tuple[str, str]) -> None:
    members = np.sort(members)
    if np.unique(town.org[members]).size < LEAST:
        return
    key = members.tobytes()
    found[key] = Group(members, (*found[key].why, why) if key in found else (why,))


def _pools(town: Town) -> list[Ints]:
    """Accounts that draw from one pool of addresses: pairs with three or more rare addresses in common, connected."""
    s = town.sharing("ip")
    rare = (s.reach <= CAP) & np.array([n != OWN for n in s.names], dtype=bool)
    held = sparse.csr_matrix(s.table[:, np.flatnonzero(rare)] > 0, dtype=np.int32)
    rows = np.flatnonzero(np.diff(held.indptr) >= SHARED_ADDRESSES)
    if rows.size == 0:
        return []
    pairs = (held[rows] @ held[rows].T) >= SHARED_ADDRESSES
    _, label = connected_components(pairs, directed=False)
    return [rows[label == k] for k in np.flatnonzero(np.bincount(label) >= LEAST)]
