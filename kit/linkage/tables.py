"""Fill the tables of kit/sql/schema/linkage.sql."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np

from kit.database import named_query
from kit.linkage.activity import fill_windows
from kit.linkage.affinity import FAMILIES
from kit.linkage.bursts import linked_groups
from kit.linkage.contents import pooled_tests
from kit.linkage.families import ALL_OR_NOTHING
from kit.linkage.pairs import fill_rare_values
from kit.linkage.proposal import Cluster, claims, find_clusters
from kit.linkage.stability import stabilities
from kit.linkage.town import Town, read_town
from kit.stats import Pooled


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Fill account_values, account_windows, rare_values, links and every cluster table."""
    con.execute("INSERT INTO account_values " + named_query("linkage/account_values"))
    fill_windows(con)
    fill_rare_values(con)
    town = read_town(con)
    _, linked = linked_groups(con)
    clusters = sorted(find_clusters(town, linked), key=lambda c: (not c.proposed, c.cluster_id(town)))
    _write(con, town, clusters)


def _write(con: duckdb.DuckDBPyConnection, town: Town, clusters: Sequence[Cluster]) -> None:
    named = [(c.cluster_id(town), c) for c in clusters]
    proposed = [c.group for c in clusters if c.proposed]  # they come first
    _insert(con, "cluster_accounts", [row for i, c in named for row in _accounts(town, i, c)])
    _insert(con, "cluster_marks", [(i, k, v, round(a, 4), round(b, 6)) for i, c in named for k, v, a, b in c.marks])
    _insert(con, "cluster_evidence", [_evidence_row(i, c, f) for i, c in named for f in FAMILIES])
    told = [(i, a.explanation, a.test, a.outcome, a.detail) for i, c in named for a in c.alternatives]
    _insert(con, "cluster_alternatives", told)
    con.execute("INSERT INTO cluster_requests " + named_query("linkage/exchanges"))
    con.execute("INSERT INTO links " + named_query("linkage/links_kept"))
    con.execute("""UPDATE cluster_accounts SET exchanges = n.exchanges FROM (
        SELECT c.cluster_id, r.account_id, count(*) AS exchanges
        FROM cluster_requests c JOIN requests r USING (source_id, line) GROUP BY c.cluster_id, r.account_id) n
        WHERE n.cluster_id = cluster_accounts.cluster_id AND n.account_id = cluster_accounts.account_id""")
    totals = {r[0]: r[1:] for r in con.execute(named_query("linkage/cluster_totals")).fetchall()}
    without = [None] * (len(clusters) - len(proposed))
    stable: list[float | None] = [*stabilities(town, proposed), *without]
    _insert(
        con,
        "clusters",
        [(i, c.proposed, c.reason, *totals[i], s) for (i, c), s in zip(named, stable, strict=True)],
    )
    members = [[town.ids[m] for m in g.members] for g in proposed]
    pooled: list[Pooled | None] = [*pooled_tests(con, members), *without]
    graded = [
        (i, *row)
        for (i, c), test in zip(named, pooled, strict=True)
        for row in claims(c, exchanges=totals[i][1], requests=totals[i][2], pooled=test)
    ]
    _insert(con, "cluster_claims", graded)


def _accounts(town: Town, cluster_id: str, c: Cluster) -> Iterator[tuple[Any, ...]]:
    """The members; their exchanges are counted once the marks are written."""
    strength = np.sum([c.group.evidence[f].bits for f in FAMILIES], axis=0)
    for m in c.group.members.tolist():
        bits = round(float(strength[m]), 1)
        yield (cluster_id, town.ids[m], 0, int(town.requests[m]), bits, c.pools.get(m))


def _evidence_row(cluster_id: str, c: Cluster, family: str) -> tuple[Any, ...]:
    e = c.group.evidence[family]
    m = e.leading
    if e.lacking:
        return (cluster_id, family, None, "not measured", None, None, None, m.n, e.summary())
    whom = "with" if m.affinity.measure in ALL_OR_NOTHING else "that fit as only 5 % of ordinary accounts do:"
    statistic = f"share of members {whom} {m.affinity.measure}"
    return (cluster_id, family, e.holds, statistic, round(m.share, 4), round(m.base, 4), m.p, m.n, e.summary())


def _insert(con: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[Any, ...]]) -> None:
    """Add rows to a table, a bound list for each column: one statement, and no Arrow library between."""
    if not rows:
        return
    kinds = [str(kind) for _, kind, *_ in con.execute(f"DESCRIBE {name}").fetchall()]
    lists = ", ".join(f"unnest(${k + 1}::{kind}[])" for k, kind in enumerate(kinds))
    con.execute(f"INSERT INTO {name} SELECT {lists}", list(zip(*rows, strict=True)))
