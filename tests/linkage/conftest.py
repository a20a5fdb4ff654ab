"""Generated towns, loaded into memory as the linkage step finds them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from kit import linkage, prompts, volume
from kit.database import create_tables, request_schema, view_requests

sys.path.insert(0, str(Path(__file__).parents[2] / "sample_data"))
TABLES = ("links", "clusters", "cluster_accounts", "cluster_evidence", "cluster_alternatives", "cluster_requests")
Linked = tuple[duckdb.DuckDBPyConnection, dict[str, str]]


def load_town(incident, folder: Path, *, shuffle: int = 0, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A connection as build_database prepares it, with the incident's tables and the steps before linkage done."""
    rows = incident.requests.sort("request_id").with_row_index("line", offset=1)
    if shuffle:
        rows = rows.sample(fraction=1.0, shuffle=True, seed=shuffle)
    schema = request_schema()
    have = {c: pl.col(c) for c in rows.columns if c in schema}
    parts = list(rows.iter_slices(-(-rows.height // (1 + shuffle % 3))))  # as one, two or three exports
    con = duckdb.connect()
    con.execute(f"SET timezone = 'UTC'; SET threads = {threads}")
    create_tables(con)
    con.execute("DROP TABLE requests")
    files = []
    for k, part in enumerate(parts):
        raw, file = folder / f"raw-{shuffle}-{k}.parquet", folder / f"part-{shuffle}-{k}.parquet"
        part.select(list(have.values())).write_parquet(raw)
        columns = ", ".join(
            (f'"{c}"::{t}' if c in have else f"NULL::{t}" if c != "source_id" else "'x'") + f' AS "{c}"'
            for c, t in schema.items()
        )
        con.execute(f"COPY (SELECT {columns} FROM '{raw}') TO '{file}' (FORMAT parquet)")
        files.append(file.as_posix())
    view_requests(con, files, with_duplicates=True)
    for name, frame in (("accounts", incident.accounts), ("identifiers", incident.identifiers)):
        frame.write_parquet(folder / f"{name}.parquet")
        con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM '{folder / name}.parquet'")
    incident.releases.write_parquet(folder / "releases.parquet")
    con.execute(f"INSERT INTO model_releases BY NAME SELECT * FROM '{folder}/releases.parquet'")
    volume.build(con)
    prompts.build(con)
    return con


def contents(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """Every row of every table the step fills, in one order."""
    return {t: sorted(con.execute(f"SELECT * FROM {t}").fetchall(), key=repr) for t in TABLES}


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Linked]:
    """`town(scenario, seed, scale)`: the linked case and the role or campaign of every account."""
    import scenarios

    made: dict[tuple, Linked] = {}

    def make(name: str, seed: int, scale: float = 0.12) -> Linked:
        key = (name, seed, scale)
        if key not in made:
            incident = scenarios.build(name, seed, scale=scale)
            con = load_town(incident, tmp_path_factory.mktemp(name))
            linkage.build(con)
            who = incident.truth_accounts
            roles = {a: c or r for a, r, c in who.select("account_id", "role", "campaign").iter_rows()}
            made[key] = (con, roles)
        return made[key]

    return make
