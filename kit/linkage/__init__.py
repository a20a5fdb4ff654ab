"""Which accounts act as one, why we think so, what else would explain it, and who does not belong."""

from __future__ import annotations

import duckdb


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables of kit/sql/schema/linkage.sql (numpy and scipy are loaded only here)."""
    from kit.linkage.tables import fill

    fill(con)
