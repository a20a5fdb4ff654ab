"""Links between pairs of accounts, two independent families at the least, and the communities they join.

No pair is enumerated because it shares a popular value: what is compared are accounts that were active in the same
two minutes, or that share two values of different families, each with a few neighbours in a fixed order.
"""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import gammainc

from kit.database import named_query
from kit.linkage.activity import Windows, in_threads
from kit.linkage.meetings import DAILY, MANY, SLOTS, compared, met_often
from kit.linkage.town import Flags, Floats, Ints

CAP = 200  # holders of a card, device or address beyond which it links nobody
LEAST = 3  # meetings of two accounts that are worth a test
PARTNERS = 4  # accounts that each is compared with among those active together
WRONG = 1e-3  # share of the links that may be chance
SEED = 7
LARGE = 50  # accounts; a larger community is looked at again for thin bridges
ROWS = 1_000_000  # rows of (value, account, window) looked at at a time
PAIRS = 50_000  # pairs looked at at a time


def pair_links(rare: pl.DataFrame, active: Windows, org: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs of accounts of different organisations with two families of evidence: a < b, and its weight in bits.

    Timing links who shares a rare value and acts at the same time; without timing, a rare text and a card or device
    in common do. A card and an address alone are what a household shares: they link nobody.
    """
    found = [together(rare, active, org), text_and_identity(rare, org)]
    key = np.concatenate([a * org.size + b for a, b, _ in found])
    bits = np.concatenate([bits for *_, bits in found])
    pair, place = np.unique(key, return_inverse=True)
    weight = np.round(np.bincount(place, bits, minlength=pair.size), 3)
    return pair // org.size, pair % org.size, weight.astype(np.float64)


def fill_rare_values(con: duckdb.DuckDBPyConnection) -> None:
    """Fill rare_values from identifiers and account_values."""
    con.execute(f"INSERT INTO rare_values {named_query('linkage/rare_values')}", {"cap": CAP})


def rare_values(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """value, family, account: who holds which value that few accounts of several organisations share, in order."""
    return pl.DataFrame(con.sql(named_query("linkage/rare_holders")))


def together(rare: pl.DataFrame, active: Windows, org: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs that share a rare value and were active in the same two minutes more often than their hours explain.

    The null keeps every account's hours and moves its activity within the hour (jitter null: Amarasingham and
    others 2012, Conditional modeling and the jitter method of spike resampling): who keeps the same hours is no
    closer for it. Windows at the same time of the day count once: timers that run every day are one coincidence.
    """
    value, who = rare["value"].to_numpy().astype(np.int64), rare["account"].to_numpy().astype(np.int64)
    holders = np.bincount(value).astype(np.float64)
    looked_at = float((holders * (holders - 1) / 2).sum())
    ends = np.append(np.flatnonzero(np.diff(value, prepend=-1)), who.size)  # of each value's holders
    rows = np.concatenate([[0], np.cumsum(active.count(who))])

    def met(part: slice) -> Ints:
        bounds = ends[part.start : part.stop + 1]
        return met_often(active.ends, active.window, active.width, bounds, who, org, LEAST, PARTNERS)

    found = in_threads(met, portions(np.diff(rows[ends]), ROWS))
    key, _ = counted(np.concatenate([np.empty(0, dtype=np.int64), *found]))
    pair, often = key // MANY, key % MANY
    most = np.diff(pair, append=-1) != 0  # the value by which the two met most often
    pair = pair[most][often[most] >= least_hits(often[most], looked_at)]
    a, b = pair // org.size, pair % org.size
    bits = poisson_bits(*meetings(active, a, active, b))
    sure = discoveries(bits, looked_at)
    return a[sure], b[sure], bits[sure]


def meetings(active: Windows, a: Ints, others: Windows, b: Ints) -> tuple[Ints, Floats]:
    """At how many times of the day each account `a` met its `b` of the others, and in how many windows it would
    if it moved freely within its hours."""
    mine, theirs = (active.ends, active.window), (others.ends, others.window)
    parts = [slice(i, i + PAIRS) for i in range(0, max(a.size, 1), PAIRS)]
    found = in_threads(lambda part: compared(*mine, a[part], *theirs, b[part]), parts)
    often, chance = (np.concatenate(column) for column in zip(*found, strict=True))
    return often, chance / SLOTS


def counted(keys: Ints) -> tuple[Ints, Ints]:
    """Each key once, ascending, and how often it occurs (four times as fast here as sorting with numpy)."""
    runs = pl.Series(keys).sort().rle().struct
    return runs.field("value").to_numpy(), runs.field("len").to_numpy().astype(np.int64)


def portions(size: Ints, most: int) -> list[slice]:
    """Parts that follow each other, each of about `most` in all."""
    begin = np.flatnonzero(np.diff((np.cumsum(size) - size) // most, prepend=-1))
    return (
        [slice(*ends) for ends in zip(begin.tolist(), [*begin[1:].tolist(), size.size], strict=True)]
        if size.size
        else []
    )


def poisson_bits(observed: Ints, expected: Floats) -> Floats:
    """-log2 P(X >= observed), X Poisson with this expectation."""
    chance = np.where(observed > 0, gammainc(np.maximum(observed, 1), np.maximum(expected, 1e-9)), 1.0)
    return np.asarray(-np.log2(np.maximum(chance, 1e-300)), dtype=np.float64)


def least_hits(hits: Ints, tests: float, wrong: float = WRONG) -> int:
    """In how many windows two must have met at the least for their meetings to stand among these discoveries.

    Every hit lies in an hour in which both were active: so much is expected at the least, and so many bits are
    there at the most. The fewer pairs can stand, the more bits each of them needs.
    """
    at_most = poisson_bits(np.arange(DAILY), np.arange(DAILY) / SLOTS)
    least, passing = 0, hits.size
    while passing:
        needed = np.log2(max(tests, 1)) - np.log2(passing) - np.log2(wrong)
        least = int(np.searchsorted(at_most, needed))
        if (still := int((hits >= least).sum())) == passing:
            break
        passing = still
    return least


def discoveries(bits: Floats, tests: float, wrong: float = WRONG) -> Flags:
    """Which results stand when a share `wrong` of them may be chance (Benjamini and Hochberg 1995).

    `tests` counts every test made, those without a result as well.
    """
    rank = np.argsort(-bits, kind="stable")
    needed = np.log2(max(tests, 1)) - np.log2(np.arange(1, bits.size + 1)) - np.log2(wrong)
    passed = np.flatnonzero(bits[rank] >= needed)
    return np.asarray(bits >= (bits[rank[passed[-1]]] if passed.size else np.inf))


def text_and_identity(rare: pl.DataFrame, org: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs that share both a rare text and a rare card, device or other identifier; each with the next in line."""
    text = rare.filter(pl.col("family") == "content").select("account", text="value")
    own = rare.filter(pl.col("family") == "identity").select("account", own="value")
    both = text.join(own, on="account").sort("text", "own", "account")
    shared, mine, who = (both[c].to_numpy().astype(np.int64) for c in ("text", "own", "account"))
    at = np.flatnonzero((shared[1:] == shared[:-1]) & (mine[1:] == mine[:-1]) & (org[who[1:]] != org[who[:-1]]))
    reach = np.bincount(rare["value"].to_numpy())
    return who[at], who[at + 1], 2 * np.log2(max(org.size, 1)) - np.log2(reach[shared[at]] * reach[mine[at]])


def communities(links: tuple[Ints, Ints, Floats], accounts: int) -> list[Ints]:
    """Groups of linked accounts: connected first, then Leiden where a group is large.

    Leiden also cuts a large group that is evenly linked, so its parts are joined again unless the bridge between
    them is thin: fewer links across than a tenth of the smaller part's members.
    """
    a, b, weight = links
    table = sparse.csr_matrix((weight, (a, b)), (accounts, accounts))
    _, label = connected_components(table, directed=False)
    order = np.argsort(label, kind="stable")
    order = order[np.bincount(label)[label[order]] >= 2]
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if order.size else []
    by_edge = np.argsort(label[a], kind="stable")
    edge_label = label[a][by_edge]
    found: list[Ints] = []
    for members in parts:
        low, high = np.searchsorted(edge_label, [label[members[0]], label[members[0]] + 1])
        mine = by_edge[low:high]
        ends = np.column_stack([np.searchsorted(members, a[mine]), np.searchsorted(members, b[mine])])
        found += [members] if members.size <= LARGE else _without_thin_bridges(members, ends, weight[mine])
    return sorted(found, key=lambda g: (-g.size, g.tolist()))


def _without_thin_bridges(members: Ints, ends: Ints, weight: Floats) -> list[Ints]:
    part = leiden(members.size, ends, weight)
    size = np.bincount(part)
    x, y = part[ends[:, 0]], part[ends[:, 1]]
    one_way = sparse.csr_matrix((np.ones(x.size), (x, y)), (size.size, size.size))
    across = sparse.coo_matrix(one_way + one_way.T)
    thick: Flags = across.data >= 0.1 * np.minimum(size[across.row], size[across.col])
    bridges = sparse.csr_matrix(
        (np.ones(thick.sum()), (across.row[thick], across.col[thick])), (size.size, size.size)
    )
    _, joined = connected_components(bridges, directed=False)
    group = joined[part]
    return [members[group == g] for g in range(int(group.max()) + 1)]


def leiden(nodes: int, ends: Ints, weight: Floats | None = None, density: float | None = None) -> Ints:
    """The community of each node, always the same: by modularity, or parts of at least this density (CPM).

    Source: Traag, Waltman and van Eck 2019, From Louvain to Leiden; igraph's implementation.
    """
    import random

    import igraph

    igraph.set_random_number_generator(random.Random(SEED))
    found = igraph.Graph(nodes, ends).community_leiden(
        "modularity" if density is None else "CPM",
        weights=None if weight is None else weight.tolist(),
        resolution=1.0 if density is None else density,
        n_iterations=2,
    )
    return np.asarray(found.membership, dtype=np.int64)
