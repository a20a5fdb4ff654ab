"""Which accounts act as one, why we think so, what else would explain it, and who does not belong.

linkage.clusters(case)                           # every group examined
linkage.evidence(case, cluster=...)              # the five families, with numbers and what chance gives
linkage.why(case, a=..., b=...)                  # what two accounts have in common
linkage.grow(case, seeds=[...], max_wrong=1.0)   # who else belongs, and how sure
"""

from __future__ import annotations

import duckdb

from kit.linkage.analyses import (
    alternatives,
    calibration,
    claims,
    clusters,
    evidence,
    grow,
    links,
    matrix,
    members,
    timeline,
    why,
)

__all__ = [
    "alternatives",
    "build",
    "calibration",
    "claims",
    "clusters",
    "evidence",
    "grow",
    "links",
    "matrix",
    "members",
    "timeline",
    "why",
]


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables of kit/sql/schema/linkage.sql (scipy is loaded only here)."""
    from kit.linkage.tables import fill

    fill(con)
