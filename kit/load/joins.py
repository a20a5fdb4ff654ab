"""Side tables, and what belongs together across exports: repeats of a row, and halves of one event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from kit.database import named_query, read_exports

STAGED = "read_parquet($f, union_by_name = true)"
# ruff: noqa: S608 (the pieces are constants of this module and column names of the schema)
# One row per account; where files disagree, the alphabetically first value of each column, whatever the load order.
SIDE = {
    "accounts": f"""INSERT INTO accounts BY NAME SELECT account_id, min(COLUMNS(* EXCLUDE (account_id)))
        FROM {STAGED} WHERE account_id IS NOT NULL GROUP BY account_id ORDER BY account_id""",
    "identifiers": f"""INSERT INTO identifiers BY NAME
        SELECT account_id, id_type, id_value, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
               sum(n_events)::BIGINT AS n_events, min(shared_hint) AS shared_hint
        FROM {STAGED} WHERE account_id IS NOT NULL AND id_value IS NOT NULL
        GROUP BY ALL ORDER BY account_id, id_type, id_value""",
    "model_releases": f"""INSERT INTO model_releases SELECT request_model, min(released_at)
        FROM {STAGED} WHERE request_model IS NOT NULL GROUP BY request_model ORDER BY request_model""",
    "usage_buckets": f"INSERT INTO usage_buckets BY NAME SELECT * FROM {STAGED} ORDER BY ALL",
}


def build_side_tables(folder: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Fill sources, rejects, accounts, identifiers, model_releases, usage_buckets and duplicates."""
    exports = read_exports(folder)
    _fill_sources(con, exports)
    for kind, statement in SIDE.items():
        parts = _there(folder / "side", exports, f".{kind}.parquet")
        if parts:
            con.execute(statement, {"f": parts})
    rejects = _there(folder / "rejects", exports, ".parquet")
    if rejects:
        query = "INSERT INTO rejects BY NAME SELECT * FROM read_parquet($f) ORDER BY source_id, line"
        con.execute(query, {"f": rejects})
    con.execute(named_query("load/duplicates"))
    con.execute(named_query("load/accounts_seen"))


def _fill_sources(con: duckdb.DuckDBPyConnection, exports: list[dict[str, Any]]) -> None:
    columns = [d[0] for d in con.execute("DESCRIBE sources").fetchall()]
    marks = ", ".join(f"${c}" for c in columns)
    for export in sorted(exports, key=lambda e: str(e["sha256"])):
        con.execute(f"INSERT INTO sources VALUES ({marks})", {c: export.get(c) for c in columns})


def _there(folder: Path, exports: list[dict[str, Any]], suffix: str) -> list[str]:
    files = (folder / f"{e['sha256']}{suffix}" for e in exports)
    return sorted(f.as_posix() for f in files if f.is_file())
