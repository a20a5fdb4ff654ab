"""Hypotheses: which groups of accounts are worth testing, found without comparing every pair."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import gamma

from kit.linkage.affinity import RARE_BITS, marks
from kit.linkage.families import Group, assess
from kit.linkage.harmless import alternatives
from kit.linkage.town import Flags, Floats, Ints, Town

LEAST = 4  # organisations; fewer are no campaign of many accounts
FAMILIES_NEEDED = 3
CAP = 200  # an address held by more accounts than this is a gateway and proposes no pair
SHARED_ADDRESSES = 3  # two is what a home whose line is rented out shares with a pool


def hypotheses(town: Town, linked: Sequence[Ints] = ()) -> list[Group]:
    """Sets of accounts that share a content value, a habit or a pool of addresses, larger first, no repeats."""
    found: dict[bytes, Group] = {}
    for kind in ("template", "system", "parameters", "habit"):
        s = town.sharing(kind)
        for j in np.flatnonzero(s.reach >= LEAST) if s.names else []:
            if s.names[j] in town.harmless:
                continue
            members = s.holders(int(j))
            _add(town, found, members, (kind, s.names[j]))
            if kind == "template":  # those who use it for a quarter of what they ask, apart from those who try it
                share = s.table[members][:, [int(j)]].toarray().ravel() / np.maximum(town.requests[members], 1)
                _add(town, found, members[share >= 0.25], (kind, f"{s.names[j]}, much used"))
    for kind, least, why in (("ip", SHARED_ADDRESSES, "pool of addresses"), ("replay", 1, "replayed blocks")):
        for members in _connected(town, kind, least):
            _add(town, found, members, (kind, why))
    for members in linked:
        _add(town, found, members, ("links", "two families in common"))
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
    """Drop and add accounts until everyone in the group, and nobody else, has evidence enough of their own.

    Accounts dropped on the way are in doubt while the group would stand with them in it: who lacks a second family
    of evidence is no proof that what the others share is ordinary, and a campaign of which every third member shows
    nothing but its prompts would crumble. Where the group stands only without them, they are the yardstick: a
    choice among the users of a product is judged by all of its users.
    """
    g = _without(town, g, g.members, aside)
    for _ in range(rounds):
        assess(town, g, set_apart(g, aside))
        members = np.flatnonzero(belongs(town, g, aside))
        if np.array_equal(members, g.members) or town.orgs(members) < LEAST:
            break
        g = _without(town, g, members, aside)
    return g


def _without(town: Town, g: Group, members: Ints, aside: Flags) -> Group:
    """The group with these members; those dropped are in doubt if it would stand with them in it."""
    dropped = np.setdiff1d(np.union1d(g.dropped, g.members), members)
    doubt = False
    if dropped.size:
        whole = Group(np.union1d(members, dropped))
        if np.array_equal(whole.members, g.members):
            whole = g  # nobody was dropped before and nobody came in: it has been assessed
        else:
            assess(town, whole, aside)
        doubt = stands(town, whole)
    return Group(members, g.why, dropped, doubt)


def stands(town: Town, g: Group) -> bool:
    """Whether enough families hold on an assessed group, content among them, and no harmless explanation does."""
    held = g.held()
    enough = "content" in held and len(held) >= FAMILIES_NEEDED
    return enough and not any(a.outcome == "holds" for a in alternatives(town, g))


def set_apart(g: Group, aside: Flags) -> Flags:
    """Accounts that are no yardstick for a group: members of other clusters, and those in doubt."""
    apart = aside.copy()
    apart[g.dropped] |= g.doubt
    return apart


def belongs(town: Town, g: Group, aside: Flags) -> Flags:
    """Which accounts have evidence enough of their own against an assessed group.

    Content must fit better than all but 5 % of ordinary accounts, and so must the other families that hold (the
    best one or all together); at most an eighth of an ordinary account may be expected to slip in.
    """
    held = [g.evidence[f].bits for f in g.held() if f != "content"]
    if not held:
        return np.zeros(len(town), dtype=bool)
    apart = set_apart(g, aside)
    sure = combined(town, g, apart) >= np.log2(town.others(g.members, aside=apart).size + 1) + 3
    content = g.evidence["content"].bits >= RARE_BITS
    second = np.maximum(np.max(held, axis=0), _together(np.array(held))) >= RARE_BITS
    return np.asarray(content & second & sure & town.active & ~aside, dtype=bool)


def combined(town: Town, g: Group, aside: Flags) -> Floats:
    """The evidence of every account for an assessed group: -log2 of the chance that an ordinary account has it.

    The content's bits (how many ordinary accounts fit as well), plus the chance of such evidence from the other
    families that hold on the group. To have nothing of a family counts against an account, the more so the more
    members have something of it; something is to fit better than half of the ordinary accounts do.
    """
    ordinary = town.others(g.members, aside=aside)
    held = [g.evidence[f].bits for f in g.held() if f != "content"]
    topics = g.measured("topics")
    if topics.holds:  # no second family; but it tells members from others who set the same parameters
        held.append(topics.affinity.bits * _set_alike(town, g.members, ordinary))
    content = g.evidence["content"].bits
    if not held:
        return content
    rest = np.array(held)
    have = (rest[:, g.members] >= 1).sum(axis=1)
    lack = np.log2((g.members.size - have + 1) / (g.members.size + 2))
    against = ((rest < 1) * lack[:, None]).sum(axis=0)
    return np.asarray(content + _together(rest) + against, dtype=np.float64)


def _together(rest: Floats) -> Floats:
    """Families x accounts, in bits, as one evidence: Fisher's sum over the best one, two, ... of the families.

    Less the price of choosing them.
    """
    best = -np.sort(-rest, axis=0).cumsum(axis=0)
    k = len(rest)
    chosen = [-gamma.logsf(best[i - 1] * np.log(2), i) / np.log(2) - np.log2(comb(k, i)) for i in range(1, k + 1)]
    return np.asarray(np.max(chosen, axis=0), dtype=np.float64)


def _set_alike(town: Town, members: Ints, ordinary: Ints) -> Flags:
    """Accounts that carry the group's parameters or habit: a template brings its own topics, parameters do not."""
    flags = np.zeros(len(town), dtype=bool)
    for kind, j, *_ in marks(town, members, ordinary):
        if kind in ("parameters", "habit"):
            flags[town.carried(kind).holders(j)] = True
    return flags


def split(town: Town, g: Group, aside: Flags) -> list[Group]:
    """The parts of a group that nothing but proxies joins, or nothing but proxies and parameters.

    Parts joined by parameters alone stay together unless two or more of them have prompts of their own: two
    operations may have chosen the same temperature. Accounts without such prompts are then a part by themselves.
    Who sends back what the others were answered works on their prompts, in words of their own.
    """
    ordinary = town.others(g.members, aside=aside)
    known = marks(town, g.members, ordinary)
    asked, chosen = (
        [town.carried(k).held[g.members][:, [j]] for k, j, *_ in known if (k in ("template", "system")) is words]
        for words in (True, False)
    )
    same = [town.sharing(k) for k in town.kinds if k.startswith("id:")]
    ids = [s.held[g.members][:, np.flatnonzero(s.count(g.members) >= 2)] for s in same]
    label = _components([*asked, *chosen, *ids], g.members.size)
    size = np.bincount(label)
    large = np.flatnonzero(size >= LEAST)
    if large.size >= 2:
        return [Group(g.members[label == k], g.why, g.dropped) for k in large]
    if large.size and (size[label] > 1).sum() > size[large[0]]:  # two or three with a mark of their own
        return [Group(g.members[(label == large[0]) | (size[label] == 1)], g.why, g.dropped)]
    speaks = np.asarray(sparse.hstack(asked).sum(axis=1)).ravel() > 0 if asked else np.zeros(g.members.size, bool)
    back = town.sharing("flow").held[g.members]
    label = _components([*asked, *ids, back], g.members.size)
    own = np.flatnonzero(np.bincount(label, speaks) >= LEAST)
    if own.size < 2:
        return [g]
    rest = g.members[~np.isin(label, own)]
    return [Group(p, g.why, g.dropped) for p in [*(g.members[label == k] for k in own), rest] if p.size >= LEAST]


def _components(ties: list[sparse.csr_matrix], n: int) -> Ints:
    """The number of each account's component, two accounts being tied by a value that both hold."""
    if not ties:
        return np.zeros(n, dtype=np.int64)
    tied = sparse.coo_matrix(sparse.hstack(ties))
    nodes = n + tied.shape[1]  # the values beside the accounts: pairs would be the square of a gateway's users
    graph = sparse.csr_matrix((tied.data, (tied.row, n + tied.col)), (nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1][:n], dtype=np.int64)
