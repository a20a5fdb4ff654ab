"""Fill the tables of kit/sql/schema/linkage.sql."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from kit.database import named_query
from kit.linkage.families import FAMILIES, marks
from kit.linkage.proposal import Cluster, claims, find_clusters
from kit.linkage.town import Town, read_town


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Find the clusters of the case and fill account_values, links and every cluster table."""
    con.execute("INSERT INTO account_values " + named_query("linkage/account_values"))
    town = read_town(con)
    if not town.ids:
        return
    harvest = dict(
        con.execute(
            "SELECT template_id, coalesce(verdict_reason, '') FROM templates WHERE verdict = 'harvest'"
        ).fetchall()
    )
    clusters = sorted(find_clusters(town, harvest), key=lambda c: (not c.proposed, c.cluster_id(town)))
    _write(con, town, clusters)


def _write(con: duckdb.DuckDBPyConnection, town: Town, clusters: Sequence[Cluster]) -> None:
    named = [(c.cluster_id(town), c) for c in clusters]
    for i, c in named:
        others = np.flatnonzero(~c.group.flags(len(town.ids)) & (town.requests > 0))
        strength = sum(c.group.evidence[f].member_bits for f in FAMILIES)
        _insert(
            con,
            "cluster_accounts",
            [
                (i, town.ids[m], 0, int(town.requests[m]), round(float(b), 1), None)
                for m, b in zip(c.group.members, np.asarray(strength), strict=True)
            ],
        )
        _insert(
            con,
            "cluster_marks",
            [
                (i, k, town.sharing(k).names[j], round(a, 4), round(b, 6))
                for k, j, a, b in marks(town, c.group, others)
            ],
        )
        _insert(
            con,
            "cluster_evidence",
            [
                (i, e.family, e.holds, e.statistic, round(e.value, 4), round(e.null, 4), e.p, e.n, e.summary)
                for e in (c.group.evidence[f] for f in FAMILIES)
            ],
        )
        _insert(
            con,
            "cluster_alternatives",
            [(i, a["explanation"], a["test"], a["outcome"], a["detail"]) for a in c.alternatives],
        )
    con.execute("INSERT INTO cluster_requests " + named_query("linkage/exchanges"))
    con.execute("""UPDATE cluster_accounts SET exchanges = n.exchanges FROM (
        SELECT c.cluster_id, r.account_id, count(*) AS exchanges
        FROM cluster_requests c JOIN requests r USING (source_id, line) GROUP BY c.cluster_id, r.account_id) n
        WHERE n.cluster_id = cluster_accounts.cluster_id AND n.account_id = cluster_accounts.account_id""")
    totals = {r[0]: r[1:] for r in con.execute(named_query("linkage/cluster_totals")).fetchall()}
    for i, c in named:
        _insert(con, "clusters", [(i, c.proposed, c.reason, *totals[i], None)])
        _insert(con, "cluster_claims", [(i, *row) for row in claims(c, totals[i][1])])


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        marks_ = ", ".join("?" * len(rows[0]))
        con.executemany(f"INSERT INTO {table} VALUES ({marks_})", rows)  # noqa: S608 table names are ours
