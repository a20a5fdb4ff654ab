"""Who acts when a group acts: accounts attached to a group by its bursts, and groups first seen by theirs."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from kit.database import named_query
from kit.linkage.activity import BLOCK, account_windows, hours_of, in_threads
from kit.linkage.meetings import DAILY, SLOTS, times_met
from kit.linkage.pairs import (
    PAIRS,
    communities,
    counted,
    discoveries,
    expected_meetings,
    leiden,
    pair_links,
    poisson_bits,
    rare_values,
)
from kit.linkage.town import Flags, Floats, Ints

LEAST = 4  # accounts; a smaller group has no bursts to speak of
BURST_BITS = 12.0  # a window counts as a burst when chance gives so many members at once in one of 4,096
HITS = 4  # bursts at different times of the day that make a crowd
SAMPLE = 10_000
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
    hours = hours_of(active)
    linked = communities(pair_links(rare, active, hours, org), org.size)
    crowds = _crowds(*_recurring(rare, active), active.shape[1])
    return linked, with_bursts(linked, crowds, rare, active, hours)


def with_bursts(
    groups: Sequence[Ints],
    crowds: sparse.csr_matrix,
    rare: pl.DataFrame,
    active: sparse.csr_matrix,
    hours: sparse.csr_matrix,
) -> list[Ints]:
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
        every = [*found, *[np.empty(0, dtype=np.int64)] * crowds.shape[0]]
        if not every:
            break
        bursts = sparse.csr_matrix(sparse.vstack([_bursts(found, active), crowds]) > 0, dtype=np.int32)
        bursts.sort_indices()
        who, group, bits = _active_in(bursts, active, hours)
        joined = _joined(every, who, group, bits, active.shape[0])
        linked = np.zeros(active.shape[0], dtype=bool)
        linked[np.concatenate([[], *found]).astype(np.int64)] = True
        found = [g for g in joined if linked[g].any() or _shares(g, rare, active.shape[0])]
        crowds = crowds[:0]
    return sorted(found, key=lambda g: (-g.size, g.tolist()))


def _recurring(rare: pl.DataFrame, active: sparse.csr_matrix) -> tuple[Ints, Ints]:
    """Bursts of all who hold rare values, by window, and the pairs of them to which the same accounts come back.

    Back means more often than twice what the hours of each account give.
    """
    suspects, _ = counted(rare["account"].to_numpy().astype(np.int64))
    of_suspects = active[suspects]
    bursts = _bursts([suspects], active)
    most = np.argsort(-bursts.data, kind="stable")
    window = np.sort(bursts.indices[most[:MOST]]).astype(np.int64)
    seen = of_suspects[:, window]
    back = np.asarray((seen.T @ seen).todense(), dtype=np.int64)
    some = hours_of(of_suspects[:: max(suspects.size // SAMPLE, 1)])  # the hours of some stand for those of all
    hours, hour = np.unique(window // SLOTS, return_inverse=True)
    both = np.asarray((some[:, hours].T @ some[:, hours]).todense()) * (suspects.size / max(some.shape[0], 1))
    chance = LIFT * both[np.ix_(hour, hour)] / SLOTS**2
    bits = np.triu(poisson_bits(back, chance), 1)
    return window, np.column_stack(np.nonzero(bits >= BURST_BITS + 2 * np.log2(max(window.size, 1))))


def _crowds(window: Ints, ends: Ints, width: int) -> sparse.csr_matrix:
    """Crowds x windows: bursts to which the same accounts come back; Leiden parts those that met by chance."""
    label = leiden(window.size, ends, density=TIED)
    crowds = sparse.csr_matrix((np.ones(window.size, dtype=np.int32), (label, window)), (window.size, width))
    return crowds[np.diff(hours_of(crowds).indptr) >= HITS]


def _bursts(groups: Sequence[Ints], active: sparse.csr_matrix) -> sparse.csr_matrix:
    """Groups x windows, where the group has a burst: how many are active."""
    accounts, width = active.shape
    label = np.repeat(np.arange(len(groups)), [g.size for g in groups])
    who = np.concatenate([[], *groups]).astype(np.int64)
    inside = sparse.csr_matrix((np.ones(label.size, dtype=np.int32), (label, who)), (len(groups), accounts))
    seen = sparse.csr_matrix(inside @ active)
    many = seen.data >= 3
    if not many.any():
        return sparse.csr_matrix(np.zeros((len(groups), width), dtype=np.int32))
    row = np.repeat(np.arange(len(groups)), np.diff(seen.indptr))[many]
    window, count = seen.indices[many].astype(np.int64), seen.data[many].astype(np.int64)
    in_hour = np.asarray(hours_of(seen)[row, window // SLOTS]).ravel()
    burst = poisson_bits(count, in_hour / SLOTS) >= BURST_BITS
    return sparse.csr_matrix((count[burst], (row[burst], window[burst])), (len(groups), width))


def _active_in(
    bursts: sparse.csr_matrix, active: sparse.csr_matrix, hours: sparse.csr_matrix
) -> tuple[Ints, Ints, Floats]:
    """Account, group and bits of every account that is active in a group's bursts beyond what its hours explain."""
    turned = sparse.csr_matrix(bursts.T)

    def often_in(at: int) -> tuple[Ints, Ints, Ints]:
        hit = active[at : at + BLOCK] @ turned
        some = np.flatnonzero(hit.data >= HITS)
        row = np.searchsorted(hit.indptr, some, side="right") - 1
        return at + row, hit.indices[some].astype(np.int64), hit.data[some]

    found = in_threads(often_in, range(0, active.shape[0], BLOCK))
    who, group, hits = (np.concatenate(column) for column in zip(*found, strict=True))
    # every hit lies in an hour of its own activity: so much is expected at the least, and so many bits at the most
    at_most = poisson_bits(np.arange(DAILY), np.arange(DAILY) / SLOTS)
    tests = active.shape[0] * max(bursts.shape[0], 1)
    likely = hits >= np.searchsorted(at_most, np.log2(tests / max(hits.size, 1)) - np.log2(WRONG))
    order = np.lexsort((who[likely], group[likely]))
    who, group = who[likely][order], group[likely][order]

    seen, burst = (active.indptr, active.indices), (bursts.indptr, bursts.indices)
    parts = [slice(i, i + PAIRS) for i in range(0, max(who.size, 1), PAIRS)]
    met = in_threads(lambda part: times_met(*seen, who[part], *burst, group[part]), parts)
    often = np.concatenate(met)
    expected = expected_meetings(hours, who, hours_of(bursts), group)
    bits = poisson_bits(often, expected)
    sure = discoveries(bits, tests, WRONG)
    return who[sure], group[sure], bits[sure]


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
    free = np.flatnonzero(of < 0)
    free = free[np.lexsort((group[free], -np.round(bits[free], 6), who[free]))]
    new, first = np.unique(who[free], return_index=True)
    label[new] = group[free][first]
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
