"""Hypotheses: which groups of accounts are worth testing, found without comparing every pair."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import gamma

from kit.linkage.affinity import marks
from kit.linkage.families import RARE_BITS, Group, assess
from kit.linkage.town import Flags, Ints, Town

LEAST = 4  # organisations; fewer are no campaign of many accounts
CAP = 200  # an address held by more accounts than this is a gateway and proposes no pair
SHARED_ADDRESSES = 3  # two is what a home whose line is rented out shares with a pool


def hypotheses(town: Town) -> list[Group]:
    """Sets of accounts that share a content value, a habit or a pool of addresses, larger first, without repeats."""
    found: dict[bytes, Group] = {}
    for kind in ("template", "system", "parameters", "habit"):
        s = town.sharing(kind)
        for j in np.flatnonzero(s.reach >= LEAST) if s.names else []:
            if s.names[j] not in town.harmless:
                _add(town, found, s.holders(int(j)), (kind, s.names[j]))
    for kind, least, why in (("ip", SHARED_ADDRESSES, "pool of addresses"), ("replay", 1, "replayed blocks")):
        for members in _connected(town, kind, least):
            _add(town, found, members, (kind, why))
    return sorted(found.values(), key=lambda g: (-g.members.size, g.members.tolist()))


def _add(town: Town, found: dict[bytes, Group], members: Ints, why: tuple[str, str]) -> None:
    if town.orgs(members) >= LEAST:
        key = members.tobytes()
        found[key] = Group(members, (*found[key].why, why) if key in found else (why,))


def _connected(town: Town, kind: str, least: int) -> list[Ints]:
    """Accounts connected by pairs that have `least` or more rare values of the kind in common."""
    s = town.sharing(kind)
    if not s.names:
        return []
    held = sparse.csr_matrix(s.held[:, np.flatnonzero((s.reach <= CAP) & (s.reach >= 2))], dtype=np.int32)
    rows = np.flatnonzero(np.diff(held.indptr) >= least)
    if rows.size == 0:
        return []
    pairs = (held[rows] @ held[rows].T) >= least
    _, label = connected_components(pairs, directed=False)
    return [rows[label == k] for k in np.flatnonzero(np.bincount(label) >= LEAST)]


def settle(town: Town, g: Group, aside: Flags, rounds: int = 6) -> Group:
    """Drop and add accounts one by one until everyone in the group, and nobody else, has evidence enough of their own."""
    for _ in range(rounds):
        assess(town, g, aside)
        members = np.flatnonzero(belongs(town, g, aside))
        if np.array_equal(members, g.members) or town.orgs(members) < LEAST:
            break
        g = Group(members, g.why)
    return g


def belongs(town: Town, g: Group, aside: Flags) -> Flags:
    """Which accounts have evidence enough of their own against an assessed group.

    Content and at least one other family must each fit better than all but 5 % of ordinary accounts, and at most an
    eighth of an ordinary account may be expected to slip in: (ordinary accounts whose content fits as well) x (chance
    of such evidence from the other families that hold on the group and the topics), the latter by Fisher's sum or the best of them.
    """
    content = g.evidence["content"].bits
    held = [f for f in g.held() if f != "content"]
    ordinary = town.others(g.members, aside=aside)
    if not held:
        return np.zeros(len(town), dtype=bool)
    rest = np.array([g.evidence[f].bits for f in held])
    second = rest.max(axis=0) >= RARE_BITS
    topics = g.measured("topics")
    if (
        topics.holds
    ):  # within the same family, so no second one; but it tells members from others with their parameters
        rest = np.vstack([rest, topics.affinity.bits])
    fisher = -gamma.logsf(rest.sum(axis=0) * np.log(2), len(rest)) / np.log(2)
    chance = np.maximum(fisher, rest.max(axis=0) - np.log2(len(rest))) - 1
    enough = content + chance >= np.log2(ordinary.size + 1) + 3
    fits = (content >= RARE_BITS) & second & enough
    return np.asarray(fits & town.active & ~aside, dtype=bool)


def split(town: Town, g: Group, aside: Flags) -> list[Group]:
    """The parts of a group that share no content mark and no identifier with each other; proxies alone do not join them."""
    ordinary = town.others(g.members, aside=aside)
    ties = [
        sparse.csr_matrix(town.sharing(k).held[g.members][:, [j]]) for k, j, *_ in marks(town, g.members, ordinary)
    ]
    for kind in (k for k in town.kinds if k.startswith("id:")):
        s = town.sharing(kind)
        ties.append(sparse.csr_matrix(s.held[g.members][:, np.flatnonzero(s.count(g.members) >= 2)]))
    if not ties:
        return [g]
    tied = sparse.hstack(ties).tocsr()
    _, label = connected_components(tied @ tied.T, directed=False)
    parts = [g.members[label == k] for k in np.flatnonzero(np.bincount(label) >= LEAST)]
    return [g] if len(parts) < 2 else [Group(p, g.why) for p in parts]
