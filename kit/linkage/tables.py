"""Fill the tables of kit/sql/schema/linkage.sql."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from kit.database import named_query
from kit.linkage.affinity import FAMILIES
from kit.linkage.bursts import linked_groups
from kit.linkage.proposal import Cluster, claims, find_clusters
from kit.linkage.stability import stabilities
from kit.linkage.town import Town, read_town


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Find the clusters of the case and fill account_values, links and every cluster table."""
    con.execute("INSERT INTO account_values " + named_query("linkage/account_values"))
    town = read_town(con)
    _, linked = linked_groups(con)
    clusters = sorted(find_clusters(town, linked), key=lambda c: (not c.proposed, c.cluster_id(town)))
    _write(con, town, clusters)


def _write(con: duckdb.DuckDBPyConnection, town: Town, clusters: Sequence[Cluster]) -> None:
    named = [(c.cluster_id(town), c) for c in clusters]
    proposed = [c.group.members for c in clusters if c.proposed]  # they come first
    stable: list[float | None] = [*stabilities(town, proposed), *[None] * (len(clusters) - len(proposed))]
    for i, c in named:
        strength = np.sum([c.group.evidence[f].bits for f in FAMILIES], axis=0)
        _insert(
            con,
            "cluster_accounts",
            [
                (i, town.ids[m], 0, int(town.requests[m]), round(float(strength[m]), 1), c.pools.get(int(m)))
                for m in c.group.members
            ],
        )
        _insert(con, "cluster_marks", [(i, k, v, round(a, 4), round(b, 6)) for k, v, a, b in c.marks])
        _insert(con, "cluster_evidence", [_evidence_row(i, c, f) for f in FAMILIES])
        _insert(
            con, "cluster_alternatives", [(i, a.explanation, a.test, a.outcome, a.detail) for a in c.alternatives]
        )
    con.execute("INSERT INTO cluster_requests " + named_query("linkage/exchanges"))
    con.execute("INSERT INTO links " + named_query("linkage/links_kept"))
    con.execute("""UPDATE cluster_accounts SET exchanges = n.exchanges FROM (
        SELECT c.cluster_id, r.account_id, count(*) AS exchanges
        FROM cluster_requests c JOIN requests r USING (source_id, line) GROUP BY c.cluster_id, r.account_id) n
        WHERE n.cluster_id = cluster_accounts.cluster_id AND n.account_id = cluster_accounts.account_id""")
    totals = {r[0]: r[1:] for r in con.execute(named_query("linkage/cluster_totals")).fetchall()}
    for (i, c), stability in zip(named, stable, strict=True):
        _insert(con, "clusters", [(i, c.proposed, c.reason, *totals[i], stability)])
        _insert(con, "cluster_claims", [(i, *row) for row in claims(c, totals[i][1])])


def _evidence_row(cluster_id: str, c: Cluster, family: str) -> tuple[Any, ...]:
    e = c.group.evidence[family]
    m = e.leading
    statistic = f"share of members that fit as only 5 % of ordinary accounts do: {m.affinity.measure}"
    return (cluster_id, family, e.holds, statistic, round(m.share, 4), round(m.base, 4), m.p, m.n, e.summary())


def _insert(con: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        con.executemany(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608 table names are ours
