# ruff: noqa: S608 (the pieces are constants of this module and column names of the schema)
"""Side tables, and what belongs together across exports: repeats of a row, and records of one event.

Nothing is deleted and no part is changed: repeats are marked in `duplicates`, and what another export knows of an
event (CloudTrail the address, a batch's input file the prompt) is kept in `completions`, which the view `requests`
lays over the empty columns of the first record.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from kit.database import named_query, parts, read_exports, request_schema, view_requests
from kit.formats import formats

STAGED = "read_parquet($f, union_by_name = true)"
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
    "ties": f"INSERT INTO ties BY NAME SELECT * FROM {STAGED} ORDER BY ALL",
}
CANONICAL_RANK = 10
IMPROVED = {
    "outcome": "CASE WHEN any_value(t.outcome) = 'unknown' THEN min(c.outcome) FILTER (c.outcome <> 'unknown') END",
    "content_state": """CASE WHEN any_value(t.content_state) = 'not_logged'
        THEN min(c.content_state) FILTER (c.content_state <> 'not_logged') END""",
    "time_quality": "CASE WHEN any_value(t.occurred_at) IS NULL THEN min(c.time_quality) END",
}


def build_side_tables(folder: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Fill every table of kit/sql/schema/base.sql from the staged exports."""
    exports = read_exports(folder)
    _fill_sources(con, exports)
    for kind, statement in SIDE.items():
        staged = _there(folder / "side", exports, f".{kind}.parquet")
        if staged:
            con.execute(statement, {"f": staged})
    rejects = _there(folder / "rejects", exports, ".parquet")
    if rejects:
        query = "INSERT INTO rejects BY NAME SELECT * FROM read_parquet($f) ORDER BY source_id, line"
        con.execute(query, {"f": rejects})
    con.execute(named_query("load/duplicates"))
    _join_events(con)
    view_requests(con, parts(folder), with_duplicates=True)
    con.execute(named_query("load/accounts_seen"))


def _fill_sources(con: duckdb.DuckDBPyConnection, exports: list[dict[str, Any]]) -> None:
    columns = [d[0] for d in con.execute("DESCRIBE sources").fetchall()]
    marks = ", ".join(f"${c}" for c in columns)
    for export in sorted(exports, key=lambda e: str(e["sha256"])):
        known = formats().get(str(export["format"]))
        row = {**export, "rank": known.rank if known else CANONICAL_RANK}
        con.execute(f"INSERT INTO sources VALUES ({marks})", {c: row.get(c) for c in columns})


def _there(folder: Path, exports: list[dict[str, Any]], suffix: str) -> list[str]:
    files = (folder / f"{e['sha256']}{suffix}" for e in exports)
    return sorted(f.as_posix() for f in files if f.is_file())


def _join_events(con: duckdb.DuckDBPyConnection) -> None:
    """Find the records of one event in different exports; mark all but the first and complete it from them."""
    query = (
        "SELECT count(DISTINCT rank) > 1 OR (SELECT count(*) FROM ties) > 0 FROM sources WHERE kind = 'requests'"
    )
    if not con.execute(query).fetchall()[0][0]:
        return
    con.execute(named_query("load/batch_ties"))
    con.execute(named_query("load/same_event"))
    names = [n for n in request_schema() if n not in ("source_id", "line")]
    values = ", ".join(
        f"{IMPROVED.get(n) or f'CASE WHEN any_value(t.{n}) IS NULL THEN min(c.{n}) END'} AS {n}" for n in names
    )
    con.execute(
        f"""INSERT INTO completions BY NAME SELECT t.source_id, t.line, {values}
        FROM event_pairs p
        JOIN requests c ON c.source_id = p.source_id AND c.line = p.line
        JOIN requests t ON t.source_id = p.to_source AND t.line = p.to_line
        GROUP BY t.source_id, t.line ORDER BY t.source_id, t.line"""
    )
