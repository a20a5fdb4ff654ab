"""Load exported logs into a case: one immutable Parquet part per export, named by the export's hash."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kit.case import create_tables, request_schema
from kit.errors import LoadError

SIDE_TABLES = ("accounts", "identifiers", "model_releases")


@dataclass(frozen=True)
class Loaded:
    """What became of one export."""

    source_id: str
    path: str
    kind: str
    lines: int
    rejected: int
    new: bool


def load(folder: Path, paths: list[Path]) -> list[Loaded]:
    """Stage every export that is not in the case yet; the database is rebuilt by the caller."""
    return [_stage(folder, p) for p in paths]


def _stage(folder: Path, path: Path) -> Loaded:
    if not path.is_file():
        raise LoadError(f"{path} does not exist; check the path.")
    sha = hashlib.file_digest(path.open("rb"), "sha256").hexdigest()
    stem = path.name.split(".")[0]
    kind = stem if stem in SIDE_TABLES else "requests"
    target = folder / ("requests" if kind == "requests" else "side") / f"{sha}.parquet"
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        return Loaded(sha[:16], str(path), kind, 0, 0, new=False)
    with duckdb.connect() as con:
        con.execute("SET timezone='UTC'")
        create_tables(con)
        name = str(path).replace("'", "''")
        reader = (
            f"read_parquet('{name}')"
            if ".parquet" in path.name
            else f"read_csv('{name}', all_varchar=true)"
            if ".csv" in path.name
            else f"read_json('{name}', sample_size=-1)"
        )
        have = {r[0] for r in con.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()}
        wanted = (
            request_schema()
            if kind == "requests"
            else {n: t for n, t, *_ in con.execute(f"DESCRIBE {kind}").fetchall()}
        )
        columns = ", ".join(
            f'TRY_CAST("{n}" AS {t}) AS "{n}"' if n in have else f'NULL::{t} AS "{n}"'
            for n, t in wanted.items()
            if n not in ("source_id", "line")
        )
        if kind == "requests":
            columns += f", '{sha[:16]}' AS source_id, row_number() OVER () AS line"
        else:
            columns += f", '{kind}' AS _kind"
        part = target.with_suffix(".partial")
        con.execute(f"COPY (SELECT {columns} FROM {reader}) TO '{part}' (FORMAT parquet, COMPRESSION zstd)")
        n = con.execute(f"SELECT count(*) FROM read_parquet('{part}')").fetchone()
    os.replace(part, target)
    return Loaded(sha[:16], str(path), kind, n[0] if n else 0, 0, new=True)


def build_side_tables(folder: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Fill accounts, identifiers and model_releases from their staged exports."""
    for file in sorted((folder / "side").glob("*.parquet")):
        row = con.execute(f"SELECT any_value(_kind) FROM '{file}'").fetchone()
        if row and row[0]:
            con.execute(f"INSERT INTO {row[0]} BY NAME SELECT * EXCLUDE (_kind) FROM '{file}'")
    con.execute("""INSERT INTO accounts BY NAME SELECT account_id, any_value(org_id) AS org_id FROM requests
        WHERE account_id IS NOT NULL AND account_id NOT IN (SELECT account_id FROM accounts) GROUP BY account_id""")
