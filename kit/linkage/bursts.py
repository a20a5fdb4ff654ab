"""Who acts when a group acts: accounts attached to a group by its bursts, and groups first seen by theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from kit.database import named_query
from kit.linkage.activity import BLOCK, Windows, account_windows, in_threads
from kit.linkage.meetings import SLOTS, Whole, came_to, come_back, crowded
from kit.linkage.pairs import (
    communities,
    counted,
    discoveries,
    least_hits,
    leiden,
    pair_links,
    poisson_bits,
    portions,
    rare_values,
)
from kit.linkage.town import Flags, Floats, Ints

LEAST = 4  # accounts; a smaller group has no bursts to speak of
LEAST_ACTIVE = 3  # accounts at once that may be a burst
BURST_BITS = 12.0  # a window counts as a burst when chance gives so many members at once in one of 4,096
HITS = 4  # bursts at different times of the day that make a crowd
SAMPLE = 10_000
MEMBERS = 10_000  # of groups whose bursts are looked for at a time
TIED = 0.2  # share of the pairs of bursts of one crowd that the same accounts tie
WRONG = 1e-4  # share of the attached accounts that may be chance
ROUNDS = 2
MOST = 4_000  # bursts of the whole town that are compared with each other
LIFT = 2.0  # how many times as often as chance gives


def linked_groups(con: duckdb.DuckDBPyConnection) -> tuple[list[Ints], list[Ints]]:
    """Groups of accounts that two families link, and the same with those that act in their bursts attached.

    An account is its place in the order of account_id. Largest group first.
    """
    org = np.asarray(con.execute(named_query("linkage/organisations")).fetchnumpy()["org"], dtype=np.int64)
    rare, active = rare_values(con), account_windows(con)
    work: list[Callable[[], list[Ints]]] = [
        lambda: communities(pair_links(rare, active, org), org.size),
        lambda: _crowds(*_recurring(rare, active)),
    ]
    linked, crowds = in_threads(lambda find: find(), work)
    return linked, with_bursts(linked, crowds, rare, active)


def with_bursts(groups: Sequence[Ints], crowds: Sequence[Ints], rare: pl.DataFrame, active: Windows) -> list[Ints]:
    """The groups of four accounts or more, with the accounts of no group that act in their bursts.

    A burst is a window of two minutes in which far more members are active than their own activity in that hour
    gives. An account is attached when it is active in more of the bursts than its own hours explain (the jitter
    null and the times of the day of kit.linkage.pairs.together), so clearly that one in ten thousand of the
    attached is expected to be chance. Groups are joined when half of one's members act in the other's bursts. A
    crowd, accounts that come back to the same bursts of the whole town, is a group when it shares rare values too.
    Attached accounts have one family of evidence, a lead: each must still show content of its own.
    """
    found = [g for g in groups if g.size >= LEAST]
    for _ in range(ROUNDS):
        every = [*found, *[np.empty(0, dtype=np.int64)] * len(crowds)]
        if not every:
            break
        group, window, _ = _bursts(found, active)
        size = [*np.bincount(group, minlength=len(found)), *[c.size for c in crowds]]
        bursts = Windows(np.cumsum([0, *size]), np.concatenate([window, *crowds]).astype(np.int32), active.width)
        joined = _joined(every, *_active_in(bursts, active), len(active))
        linked = np.zeros(len(active), dtype=bool)
        linked[np.concatenate([[], *found]).astype(np.int64)] = True
        found = [g for g in joined if linked[g].any() or _shares(g, rare, len(active))]
        crowds = []
    return sorted(found, key=lambda g: (-g.size, g.tolist()))


def _recurring(rare: pl.DataFrame, active: Windows) -> tuple[Ints, Ints]:
    """Bursts of all who hold rare values, by window, and the pairs of them to which the same accounts come back.

    Back means more often than twice what the hours of each account give.
    """
    suspects, _ = counted(rare["account"].to_numpy().astype(np.int64))
    _, burst, many = _bursts([suspects], active)
    most = np.argsort(-many, kind="stable")
    window = np.sort(burst[most[:MOST]]).astype(np.int64)
    back = come_back(active.ends, active.window, suspects, 1, _placed(window, active.width), window.size)
    some = suspects[:: max(suspects.size // SAMPLE, 1)].copy()  # the hours of some stand for those of all
    hours, hour = np.unique(window // SLOTS, return_inverse=True)
    placed = _placed(hours, active.width // SLOTS)
    both = come_back(active.ends, active.window, some, SLOTS, placed, hours.size)[np.ix_(hour, hour)]
    chance = LIFT * both * (suspects.size / max(some.size, 1)) / SLOTS**2
    x, y = np.nonzero(np.triu(back > chance, 1))
    bits = poisson_bits(back[x, y], chance[x, y])
    return window, np.column_stack([x, y])[bits >= BURST_BITS + 2 * np.log2(max(window.size, 1))]


def _placed(values: Ints, size: int) -> Ints:
    """The place of each number below `size` among the values, -1 for those that are none of them."""
    place = np.full(size, -1)
    place[values] = np.arange(values.size)
    return place


def _crowds(window: Ints, ends: Ints) -> list[Ints]:
    """The windows of each crowd: bursts to which the same accounts come back, parted by Leiden from chance ones."""
    label = leiden(window.size, ends, density=TIED)
    order = np.argsort(label, kind="stable")
    parts = np.split(window[order], np.flatnonzero(np.diff(label[order])) + 1)
    return [p for p in parts if np.unique(p // SLOTS).size >= HITS]


def _bursts(groups: Sequence[Ints], active: Windows) -> tuple[Ints, Whole, Ints]:
    """Group, window and how many are active, where a group has a burst."""
    first = np.cumsum([0, *[g.size for g in groups]])
    who = np.concatenate([np.empty(0, dtype=np.int64), *groups])

    def block(part: slice) -> tuple[Ints, Whole, Ints, Ints]:
        group, *rest = crowded(
            active.ends, active.window, active.width, first[part.start : part.stop + 1], who, LEAST_ACTIVE
        )
        return part.start + group, *rest

    found = in_threads(block, portions(np.diff(first), MEMBERS) or [slice(0, 0)])
    group, window, many, in_hour = (np.concatenate(column) for column in zip(*found, strict=True))
    burst = poisson_bits(many, in_hour / SLOTS) >= BURST_BITS
    return group[burst], window[burst], many[burst]


def _active_in(bursts: Windows, active: Windows) -> tuple[Ints, Ints, Floats]:
    """Account, group and bits of every account that is active in a group's bursts beyond what its hours explain."""
    order = np.argsort(bursts.window, kind="stable")
    at, group = bursts.window[order], np.repeat(np.arange(len(bursts)), np.diff(bursts.ends))[order]
    at_window = np.searchsorted(at, np.arange(active.width + 1))

    def block(first: int) -> tuple[Ints, Ints, Ints, Ints]:
        return came_to(
            active.ends, active.window, first, min(first + BLOCK, len(active)), at_window, group, len(bursts), HITS
        )

    found = in_threads(block, range(0, len(active), BLOCK))
    who, which, often, chance = (np.concatenate(column) for column in zip(*found, strict=True))
    tests = len(active) * len(bursts)
    likely = often >= least_hits(often, tests, WRONG)
    who, which = who[likely], which[likely]
    bits = poisson_bits(often[likely], chance[likely] / SLOTS)
    sure = discoveries(bits, tests, WRONG)
    return who[sure], which[sure], bits[sure]


def _joined(groups: Sequence[Ints], who: Ints, group: Ints, bits: Floats, accounts: int) -> list[Ints]:
    """The groups with the accounts attached to each, those that act in each other's bursts as one."""
    label = np.full(accounts, -1)
    for k, g in enumerate(groups):
        label[g] = k
    of, n = label[who], len(groups)
    pair, members = counted(of[of >= 0] * n + group[of >= 0])
    x, y = pair // n, pair % n
    half = (members >= 0.5 * np.array([g.size for g in groups])[x]) & (x != y)
    _, one = connected_components(
        sparse.csr_matrix((np.ones(half.sum()), (x[half], y[half])), (n, n)), directed=False
    )
    free = np.flatnonzero(of < 0)  # accounts of no group, in ascending order; each joins the one it fits best
    who, group, bits = who[free], group[free], np.round(bits[free], 6)
    first = np.flatnonzero(np.diff(who, prepend=-1))
    if first.size:
        best = np.repeat(np.maximum.reduceat(bits, first), np.diff(first, append=who.size))
        label[who[first]] = np.minimum.reduceat(np.where(bits == best, group, n), first)
    final = np.where(label >= 0, one[label], -1)
    order = np.argsort(final, kind="stable")
    order = order[np.searchsorted(final[order], 0) :]
    return [p for p in np.split(order, np.flatnonzero(np.diff(final[order])) + 1) if p.size >= LEAST]


def _shares(members: Ints, rare: pl.DataFrame, accounts: int) -> bool:
    """Whether pairs of members share far more rare values than pairs of as many accounts drawn at random."""
    inside: Flags = np.zeros(accounts, dtype=bool)
    inside[members] = True
    value = rare["value"].to_numpy().astype(np.int64)
    holders = np.bincount(value).astype(np.float64)
    held = np.bincount(value[inside[rare["account"].to_numpy()]], minlength=holders.size)
    chance = float((holders * (holders - 1) / 2).sum()) * (members.size / accounts) ** 2
    shared = np.array([(held * (held - 1) // 2).sum()])
    return bool(poisson_bits(shared, np.array([LIFT * chance]))[0] >= BURST_BITS)
