"""Parquet files put into one hold the same rows in the same order, for every reader."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from kit.load.parquet import concatenate


def test_pieces_put_together_are_the_same_rows_for_duckdb_and_polars(tmp_path: Path) -> None:
    pieces = []
    with duckdb.connect() as con:
        for i, rows in enumerate((150_001, 1, 0, 4_000)):
            piece = tmp_path / f"{i}.parquet"
            con.execute(
                f"COPY (SELECT r AS a, 'text ' || (r % {7 + i}) AS s, "
                f"CASE WHEN r % 3 = 0 THEN NULL ELSE r / 7 END AS d, "
                f"CAST(r AS DECIMAL(18, 6)) AS m, r % 2 = 0 AS b, TIMESTAMPTZ '2026-05-01 00:00:00Z' AS t, "
                f"NULL::VARCHAR AS n FROM range({i * 10**6}, {i * 10**6 + rows}) t(r)) "
                f"TO '{piece}' (FORMAT parquet, COMPRESSION zstd)"
            )
            pieces.append(piece)
        target = tmp_path / "whole.parquet"
        concatenate(pieces, target)
        whole = pl.read_parquet(target)
        assert whole.equals(pl.concat([pl.read_parquet(p) for p in pieces]))
        read = con.execute(f"SELECT count(*), sum(a), count(DISTINCT s), count(n) FROM '{target}'").fetchall()[0]
        assert read == (whole.height, whole["a"].sum(), whole["s"].n_unique(), 0)
        assert con.execute(f"SELECT s FROM '{target}' WHERE a = 3000123").fetchall() == [("text 3",)]
