"""Links between pairs of accounts, two independent families at the least, and the communities they join."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from kit.database import named_query
from kit.linkage.town import Floats, Ints

CAP = 200  # holders of a value beyond which it links nobody
LEAST_BITS = 5.0  # what a family must bring to count: shared by at most one account in 32
LARGE = 50  # accounts; a larger community is looked at again for thin bridges


def pair_links(con: duckdb.DuckDBPyConnection, accounts: int, *, cap: int = CAP) -> pl.DataFrame:
    """Every pair with two families of evidence: account numbers a < b, family, kind, shared_values, bits.

    Identity, infrastructure and content are rare values in common (linkage/links.sql); timing is hours in which
    both were active beyond what their numbers of active hours give (Poisson), for pairs that have one of the
    others.
    """
    found = pl.DataFrame(con.sql(named_query("linkage/links"), params={"cap": cap, "least": LEAST_BITS}))
    if found.is_empty():
        return found
    pairs = found.select("a", "b").unique(maintain_order=True)
    both, expected = _hours_together(con, pairs["a"].to_numpy(), pairs["b"].to_numpy(), accounts)
    names = dict(zip(found["a"], found["account_a"], strict=True))
    names |= dict(zip(found["b"], found["account_b"], strict=True))
    timing = pairs.with_columns(
        account_a=pl.col("a").replace_strict(names, return_dtype=pl.String),
        account_b=pl.col("b").replace_strict(names, return_dtype=pl.String),
        family=pl.lit("timing"),
        kind=pl.lit("hours together"),
        shared_values=pl.Series(both, dtype=pl.Int64),
        bits=pl.Series(np.round(_poisson_bits(both, expected), 3)),
    ).filter(pl.col("bits") >= LEAST_BITS)
    every = pl.concat([found, timing.select(found.columns)])
    enough = every.group_by("a", "b").agg(families=pl.col("family").n_unique()).filter(pl.col("families") >= 2)
    return every.join(enough.select("a", "b"), on=["a", "b"], how="semi").sort("a", "b", "family", "kind")


def _hours_together(con: duckdb.DuckDBPyConnection, a: Ints, b: Ints, accounts: int) -> tuple[Ints, Floats]:
    """Per pair: hours in which both were active, and the number that chance would give."""
    rows = con.execute(
        """SELECT n.n - 1, (epoch(h.hour_at) // 3600)::BIGINT FROM account_hours h JOIN (
            SELECT account_id, row_number() OVER (ORDER BY account_id) AS n FROM accounts
            WHERE account_id IS NOT NULL
        ) n USING (account_id) GROUP BY ALL"""
    ).fetchnumpy()
    who, hour = (np.asarray(c, dtype=np.int64) for c in rows.values())
    if a.size == 0 or who.size == 0:
        return np.zeros(a.size, dtype=np.int64), np.zeros(a.size)
    hour -= hour.min()
    width = int(hour.max()) + 1
    bits = np.zeros((accounts, (width + 7) // 8), dtype=np.uint8)
    np.bitwise_or.at(bits, (who, hour >> 3), (1 << (hour & 7)).astype(np.uint8))
    active = np.bincount(who, minlength=accounts)
    busy = np.bincount(hour, minlength=width) / max(who.size, 1)
    together = np.empty(a.size, dtype=np.int64)
    for i in range(0, a.size, 500_000):
        part = slice(i, i + 500_000)
        together[part] = np.bitwise_count(bits[a[part]] & bits[b[part]]).sum(axis=1)
    # hours are not equally busy: the chance that two independent picks fall into the same hour
    expected = np.asarray(active[a] * active[b] * float((busy**2).sum()), dtype=np.float64)
    return together, expected


def _poisson_bits(observed: Ints, expected: Floats) -> Floats:
    """-log2 P(X >= observed), X Poisson; pairs at or below the expectation are worth nothing."""
    from scipy.stats import poisson

    bits = np.zeros(observed.size)
    more = (observed > expected) & (observed >= 3)
    bits[more] = -poisson.logsf(observed[more] - 1, np.maximum(expected[more], 1e-9)) / np.log(2)
    return bits


def communities(links: pl.DataFrame, accounts: int, *, seed: int = 7) -> list[Ints]:
    """Groups of linked accounts: connected first, then Leiden (modularity, fixed seed) where a group is large.

    Leiden also cuts a large group that is evenly linked, so its parts are joined again unless the bridge between
    them is thin: fewer links across than a tenth of the smaller part's members. Source: Traag, Waltman and van
    Eck 2019,
    From Louvain to Leiden; igraph's implementation.
    """
    pairs = links.group_by("a", "b").agg(bits=pl.col("bits").sum()).sort("a", "b")
    a, b, weight = (pairs[c].to_numpy() for c in ("a", "b", "bits"))
    table = sparse.csr_matrix((weight, (a, b)), (accounts, accounts))
    _, label = connected_components(table, directed=False)
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    by_edge = np.argsort(label[a], kind="stable")
    edge_label = label[a][by_edge]
    found: list[Ints] = []
    for members in (p for p in parts if p.size >= 2):
        low, high = np.searchsorted(edge_label, [label[members[0]], label[members[0]] + 1])
        mine = by_edge[low:high]
        ends = np.column_stack([np.searchsorted(members, a[mine]), np.searchsorted(members, b[mine])])
        found += [members] if members.size <= LARGE else _without_thin_bridges(members, ends, weight[mine], seed)
    return sorted(found, key=lambda g: (-g.size, g.tolist()))


def _without_thin_bridges(members: Ints, ends: Ints, weight: Floats, seed: int) -> list[Ints]:
    import random

    import igraph

    igraph.set_random_number_generator(random.Random(seed))
    graph = igraph.Graph(members.size, ends.tolist())
    part = np.asarray(graph.community_leiden("modularity", weights=weight.tolist(), n_iterations=2).membership)
    size = np.bincount(part)
    x, y = part[ends[:, 0]], part[ends[:, 1]]
    one_way = sparse.csr_matrix((np.ones(x.size), (x, y)), (size.size, size.size))
    across = sparse.coo_matrix(one_way + one_way.T)
    thick = across.data >= 0.1 * np.minimum(size[across.row], size[across.col])
    bridges = sparse.csr_matrix(
        (np.ones(thick.sum()), (across.row[thick], across.col[thick])), (size.size, size.size)
    )
    _, joined = connected_components(bridges, directed=False)
    group = joined[part]
    return [members[group == g] for g in range(int(group.max()) + 1)]
