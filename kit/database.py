"""How case.duckdb is built and swapped in, and the view `requests` over its Parquet parts."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from kit.errors import CaseError, QueryError
from kit.shortage import shortage

SQL_FILES = resources.files("kit") / "sql"
AREAS = ("base", "volume", "prompts", "linkage")
MEMORY = "3GB"  # for DuckDB while it builds, where case.toml says nothing
# Areas that only read what was derived. A file of any other area, also of one that is new, counts as deriving.
READING = frozenset(
    {"bundle", "charts", "commands", "findings", "intake", "lab", "magic", "mapping", "notebooks", "parameters"}
    | {"redact", "reviews", "widgets", "__main__"}
)
Step = Callable[[duckdb.DuckDBPyConnection], object]


def read_config(folder: Path) -> dict[str, Any]:
    """The settings in case.toml. Raises CaseError if the folder is no case or the file is damaged."""
    file = folder / "case.toml"
    if not file.is_file():
        raise CaseError(f"{folder} is not a case folder (no case.toml); make one with: incident new {folder}")
    try:
        config = tomllib.loads(file.read_text(encoding="utf-8"))
        config["case"]["id"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as e:
        raise CaseError(f"{file} cannot be read ({first_line(e)}); mend it by hand or from a backup.") from e
    return config


def parts(folder: Path) -> list[str]:
    """The Parquet parts of `requests` that belong to the case, sorted by name.

    exports.toml says which do: a load that failed half-way leaves finished parts that are not the case's yet.
    """
    return _belonging(folder, "requests")


def read_exports(folder: Path) -> list[dict[str, Any]]:
    """The exports of a case as exports.toml lists them. Raises CaseError if that file is damaged."""
    file = folder / "exports.toml"
    try:
        return list(tomllib.loads(file.read_text(encoding="utf-8")).get("exports", [])) if file.is_file() else []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise CaseError(f"{file} cannot be read ({first_line(e)}); restore it from a backup.") from e


def has_part(folder: Path, export: dict[str, Any]) -> bool:
    """Whether what was read of an export is there; an export of which nothing was read needs no part."""
    found = (any((folder / kind).glob(f"{export['sha256']}*.parquet")) for kind in ("requests", "side"))
    return not export.get("loaded") or any(found)


def _belonging(folder: Path, kind: str) -> list[str]:
    """The parts of one kind. Raises CaseError if an export that was loaded has lost its part."""
    files = sorted(p for p in (folder / kind).glob("*.parquet"))
    if (folder / "exports.toml").is_file():
        exports = read_exports(folder)
        for lost in (e for e in exports if not has_part(folder, e)):
            raise CaseError(f"The part of {lost['path']} is missing; load that export again, or restore {folder}.")
        files = [f for f in files if f.name.split(".")[0] in {e["sha256"] for e in exports}]
    return [f.as_posix() for f in files]


def read_build(folder: Path) -> str:
    """The id of the build in case.duckdb, kept beside it so that asking does not open the database."""
    try:
        return (folder / "case.build").read_text().strip()
    except OSError as e:
        raise CaseError(f"{folder} holds no finished build; load again with: incident load {folder} PATH") from e


def build_database(
    folder: Path, steps: Sequence[Step], *, memory_limit: str | None = None, threads: int | None = None
) -> str:
    """Make case.duckdb anew beside the old one and swap it in whole; returns the build id.

    `steps` are called in turn with the connection; they fill the tables of kit/sql/schema/ from the view
    `requests`. If one fails, the old database stays as it was. The build id is a hash of what derives, the parts
    and the parameters, so the same exports give the same id. Raises CaseError if another process is building, or if
    memory (`memory_limit`, else what case.toml says) or a disk runs out.
    """
    memory_limit = memory_limit or str(read_config(folder).get("machine", {}).get("memory", MEMORY))
    new = folder / "case.duckdb.building"
    _claim(new)
    con = duckdb.connect(str(new))
    try:
        con.execute("SET timezone = 'UTC'")
        _limit_memory(con, memory_limit)
        con.execute("SET enable_progress_bar = false")
        con.execute("SET temp_directory = $d", {"d": (folder / ".spill").as_posix()})
        if threads:
            con.execute("SET threads = $n", {"n": threads})
        create_tables(con)
        con.execute("DROP TABLE requests")
        files = parts(folder)
        view_requests(con, files, with_duplicates=True)
        for step in steps:
            step(con)
        build = build_id(folder)
        names = [Path(f).name for f in files]
        con.execute("CREATE TABLE build AS SELECT $b AS build, $p::VARCHAR[] AS parts", {"b": build, "p": names})
        con.execute("CHECKPOINT")  # closing does it too, but on a full disk it fails without a word
        (folder / "case.build.new").write_text(build + "\n")
    except BaseException as e:
        con.close()
        _remove(new)
        if short := shortage(e):
            remedy = f'allow DuckDB more (memory = "{memory_limit}" now, under [machine] in case.toml)'
            todo = f"{remedy if short.limited else short.remedy}, then run: incident load {folder}"
            raise CaseError(f"{folder} was not rebuilt and is as it was, for {short.said}; {todo}") from e
        raise
    con.close()
    os.replace(new, folder / "case.duckdb")
    os.replace(folder / "case.build.new", folder / "case.build")
    return build


def _limit_memory(con: duckdb.DuckDBPyConnection, limit: str) -> None:
    try:
        con.execute("SET memory_limit = $m", {"m": limit})
    except duckdb.Error as e:
        raise CaseError(
            f'memory = "{limit}" under [machine] in case.toml is no amount of memory; write it as "{MEMORY}".'
        ) from e


def _claim(new: Path) -> None:
    """Clear what a killed build left; a build that is still running holds DuckDB's lock on the file."""
    if new.exists():
        try:
            duckdb.connect(str(new)).close()
        except duckdb.IOException as e:
            if "lock" in str(e):
                raise CaseError(f"{new.parent} is being rebuilt by another load; wait for it and try again.") from e
        except duckdb.Error:
            pass  # half-written: not a database yet
    _remove(new)


def _remove(new: Path) -> None:
    new.unlink(missing_ok=True)
    new.with_name(new.name + ".wal").unlink(missing_ok=True)


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Every table of kit/sql/schema/, empty."""
    for name in AREAS:
        con.execute((SQL_FILES / "schema" / f"{name}.sql").read_text(encoding="utf-8"))


def view_requests(con: duckdb.DuckDBPyConnection, files: list[str], *, with_duplicates: bool) -> None:
    """Define the view `requests` over the parts; a row not in `duplicates` is its own primary.

    The files are named one by one, so that a part added later does not change what an open notebook sees.
    """
    quoted = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    source = f"FROM read_parquet([{quoted}])" if files else f"FROM (SELECT {_empty_columns()} LIMIT 0)"
    marks, join = "NULL::VARCHAR AS dup_group, true AS is_primary", ""
    if with_duplicates:
        marks = "d.dup_group, coalesce(d.is_primary, true) AS is_primary"
        join = "LEFT JOIN duplicates d ON d.source_id = p.source_id AND d.line = p.line"
    columns = "p.*"
    if completed := _completed(con):
        # another export knew more of the event; of outcome and the two states the completed value is the better one
        better = {"outcome", "content_state", "time_quality"}
        pick = [
            f"coalesce({'c' if n in better else 'p'}.{n}, {'p' if n in better else 'c'}.{n}) AS {n}"
            for n in completed
        ]
        columns = f"p.* REPLACE ({', '.join(pick)})"
        join += " LEFT JOIN completions c ON c.source_id = p.source_id AND c.line = p.line"
    view = f"SELECT {columns}, {marks} FROM ({source}) p {join}"  # noqa: S608 names of the schema, quoted paths
    con.execute(f"CREATE OR REPLACE TEMP VIEW requests AS {view}")


def _completed(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The columns for which `completions` has a value."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'completions'").fetchall():
        return []  # a case that an earlier kit built
    cursor = con.execute("SELECT count(COLUMNS(* EXCLUDE (source_id, line))) FROM completions")
    names = [d[0] for d in cursor.description or []]
    return [n for n, count in zip(names, cursor.fetchall()[0], strict=True) if count]


@cache
def request_schema() -> dict[str, str]:
    """Column name -> DuckDB type of `requests` as the parts hold it."""
    with duckdb.connect() as con:
        create_tables(con)
        return {n: t for n, t, *_ in con.execute("DESCRIBE requests").fetchall()}


def request_columns() -> tuple[str, ...]:
    """The columns of the view `requests`."""
    return (*request_schema(), "dup_group", "is_primary")


@cache
def named_query(path: str) -> str:
    """The text of kit/sql/<path>.sql. Raises QueryError if there is none."""
    file = SQL_FILES / f"{path}.sql"
    if not re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)*", path) or not file.is_file():
        raise QueryError(f"There is no query {path!r}; the queries are the files under kit/sql/.")
    return file.read_text(encoding="utf-8")


def build_id(folder: Path) -> str:
    """A hash of all that the derived tables depend on: the code that derives, the parts, the parameters, the rules.

    A kit that only shows or hands over in another way gives the same build: its cases need no new load.
    """
    digest = hashlib.sha256(deriving_digest().encode())
    for rule in sorted((folder / "rules").glob("*.yaml")):
        digest.update(f"{rule.name}\n".encode() + rule.read_bytes())
    for kind in ("requests", "side"):
        for part in _belonging(folder, kind):
            digest.update(f"{kind}/{Path(part).name}\n".encode())
    digest.update(json.dumps(read_config(folder).get("parameters", {}), sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


@cache
def kit_digest() -> str:
    """A hash of every file of the kit that can change a result."""
    return digest_of(Path(__file__).parent)


@cache
def deriving_digest() -> str:
    """A hash of every file of the kit that can change a derived table."""
    return digest_of(Path(__file__).parent, READING)


def digest_of(home: Path, left_out: frozenset[str] = frozenset()) -> str:
    """A hash of the code, queries and data of a kit, without the areas (modules and packages) left out."""
    digest = hashlib.sha256()
    for file in sorted(f for f in home.rglob("*") if f.suffix in (".py", ".sql", ".toml", ".yaml", ".csv")):
        name = file.relative_to(home)
        if name.parts[0].removesuffix(".py") not in left_out:
            digest.update(f"{name.as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _empty_columns() -> str:
    return ", ".join(f'NULL::{t} AS "{n}"' for n, t in request_schema().items())


def first_line(error: BaseException) -> str:
    """The first line of an error's message, without its full stop."""
    return str(error).strip().split("\n", 1)[0].rstrip(".;")
