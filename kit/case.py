"""A case: one folder per incident, opened read-only and asked in SQL.

case = open_case("cases/INC-2026-001")
case.sql("SELECT count(*) AS requests FROM requests")
case.query("volume/requests_over_time", since=..., by="account_id")
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import secrets
import tomllib
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, cached_property, wraps
from importlib import import_module, resources
from inspect import signature
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import duckdb
import polars as pl

from kit.errors import CaseError, QueryError
from kit.result import Result

FOLDERS = ("requests", "rejects", "notebooks", "reviews", "findings", "bundles")
SQL_FILES = resources.files("kit") / "sql"


class Case:
    """An open case. Nothing asked through it can change the case, reach another file, or the network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = read_config(folder)
        self._con, self.build = _connect(folder)
        self._warned = False

    @property
    def id(self) -> str:
        return str(self.config["case"]["id"])

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The case's own settings from case.toml, [parameters]."""
        return dict(self.config.get("parameters", {}))

    def sql(self, query: str, name: str = "result", /, **parameters: Any) -> Result:
        """Ask one SELECT; `$name` in it is bound from the keyword of that name, never pasted.

        Returns a Result. Raises QueryError if it is not a single SELECT, if a parameter is missing or unused,
        or if DuckDB refuses it.
        """
        statement = _single_select(query, parameters)
        self._notice_rebuild()
        try:
            frame = pl.DataFrame(self._con.sql(statement, params=parameters or None))
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as e:
            raise QueryError(f"{_first_line(e)}; correct the query and ask again.") from e
        return Result(
            frame=frame, sql=query.strip(), parameters=dict(parameters), build=self.build, name=name
        )

    def query(self, path: str, /, *, columns: Mapping[str, str] | None = None, **parameters: Any) -> Result:
        """Ask the query kept in kit/sql/<path>.sql.

        `columns` names the columns for the places the file marks {like_this}; only columns of `requests` fit.
        """
        text = named_query(path)
        for slot, column in (columns or {}).items():
            if column not in request_columns():
                raise QueryError(
                    f"There is no column {column!r} in requests; choose one of {', '.join(request_columns())}."
                )
            text = text.replace("{" + slot + "}", f'"{column}"')
        return self.sql(text, path.rsplit("/", 1)[-1], **parameters)

    def reopen(self) -> Case:
        """The same case as it is now, after a load rebuilt it."""
        return Case(self.folder)

    def interrupt(self) -> None:
        """Stop the query that is running."""
        self._con.interrupt()

    def _notice_rebuild(self) -> None:
        if not self._warned and read_build(self.folder) != self.build:
            self._warned = True
            message = f"case {self.id} was rebuilt since it was opened; this answers from build {self.build}. To see the new data: case = case.reopen()"
            warnings.warn(message, stacklevel=3)

    def __repr__(self) -> str:
        return f"Case({self.id!r}, build {self.build})"


def open_case(folder: str | Path) -> Case:
    """Open the case in `folder`. Raises CaseError if it is not a case."""
    return Case(Path(folder))


def create_case(folder: str | Path, title: str = "") -> Path:
    """Make an empty case folder and return it. Raises CaseError if something is there already."""
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CaseError(f"{path} exists already; choose a new folder or load into the case that is there.")
    path.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        (path / name).mkdir(exist_ok=True)
    key = path / "case.key"
    key.touch(mode=0o600)
    key.write_text(secrets.token_hex(32) + "\n")
    opened = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        "# What this case is about. Values in [parameters] reach the analyses; [privacy] reaches the exports.",
        "[case]",
        f"id = {_toml(path.resolve().name)}",
        f"title = {_toml(title or path.resolve().name)}",
        f"opened_at = {_toml(opened)}",
        f"opened_by = {_toml(getpass.getuser())}",
        'scope = ""',
        "",
        "[parameters]",
        "",
        "[privacy]",
        'content = "full"   # full | excerpt | hash: how much of the texts is kept at load',
        "",
    ]
    (path / "case.toml").write_text("\n".join(lines), encoding="utf-8")
    build_database(path, [])
    record_activity(path, "new", title=title)
    return path


def read_config(folder: Path) -> dict[str, Any]:
    """The settings in case.toml. Raises CaseError if the folder is no case or the file is damaged."""
    file = folder / "case.toml"
    if not file.is_file():
        raise CaseError(f"{folder} is not a case folder (no case.toml); make one with: incident new {folder}")
    try:
        config = tomllib.loads(file.read_text(encoding="utf-8"))
        config["case"]["id"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as e:
        raise CaseError(f"{file} cannot be read ({_first_line(e)}); mend it by hand or from a backup.") from e
    return config


def case_key(folder: Path) -> bytes:
    """The secret of this case, for keyed hashes and pseudonyms; it never leaves the folder."""
    file = folder / "case.key"
    try:
        return bytes.fromhex(file.read_text().strip())
    except (OSError, ValueError) as e:
        raise CaseError(
            f"{file} is missing or damaged; restore it from a backup, hashes depend on it."
        ) from e


def record_activity(folder: Path, action: str, **detail: Any) -> None:
    """Add one line to activity.jsonl: who did what, when, in this case."""
    row = {
        "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "by": getpass.getuser(),
        "action": action,
        **detail,
    }
    with (folder / "activity.jsonl").open("a", encoding="utf-8") as f:
        f.write(json.dumps(row, ensure_ascii=True, default=str) + "\n")


# --- analyses that can be replayed --------------------------------------------------------------------------------

P = ParamSpec("P")
ANALYSES: dict[str, Callable[..., Result]] = {}


def analysis(function: Callable[Concatenate[Case, P], Result]) -> Callable[Concatenate[Case, P], Result]:
    """Mark a function of a case as an analysis: its Result remembers the call, so that a bundle can replay it.

    The arguments must be such as JSON can hold (times as ISO 8601 text, lists of ids), and the Result must depend
    on nothing but the case and them.
    """
    name = f"{function.__module__}.{function.__name__}"
    shape = signature(function)

    @wraps(function)
    def asked(case: Case, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        given = dict(shape.bind(case, *args, **kwargs).arguments)
        given.pop(next(iter(given)))
        return replace(
            function(case, *args, **kwargs), call=name, arguments=json.loads(json.dumps(given, default=str))
        )

    ANALYSES[name] = asked
    return asked


def replay(case: Case, call: str, arguments: Mapping[str, Any]) -> Result:
    """Call the analysis named `call` again. Raises QueryError if this kit has no such analysis."""
    module = call.rpartition(".")[0]
    if module.split(".")[0] == "kit":
        with suppress(ModuleNotFoundError):
            import_module(module)
    if call not in ANALYSES:
        raise QueryError(
            f"This kit has no analysis {call!r}; replay with the kit version named in the bundle."
        )
    return ANALYSES[call](case, **arguments)


# --- the database -----------------------------------------------------------------------------------------------


def parts(folder: Path) -> list[str]:
    """The finished Parquet parts of `requests`, sorted by name."""
    return sorted(p.as_posix() for p in (folder / "requests").glob("*.parquet"))


def read_build(folder: Path) -> str:
    """The id of the build in case.duckdb, kept beside it so that asking does not open the database."""
    try:
        return (folder / "case.build").read_text().strip()
    except OSError as e:
        raise CaseError(
            f"{folder} holds no finished build; load again with: incident load {folder} PATH"
        ) from e


def build_database(
    folder: Path, steps: list[Any], *, memory_limit: str = "3GB", threads: int | None = None
) -> str:
    """Make case.duckdb anew beside the old one and swap it in whole; returns the build id.

    `steps` are called in turn with the connection; they fill the tables of kit/sql/schema/. If one fails, the
    old database stays as it was. The build id is a hash of the kit's SQL, the parts and the parameters, so the
    same exports give the same id.
    """
    new = folder / "case.duckdb.building"
    new.unlink(missing_ok=True)
    con = duckdb.connect(str(new))
    try:
        con.execute("SET timezone = 'UTC'")
        con.execute("SET memory_limit = $m", {"m": memory_limit})
        con.execute("SET enable_progress_bar = false")
        con.execute("SET temp_directory = $d", {"d": (folder / ".spill").as_posix()})
        if threads:
            con.execute("SET threads = $n", {"n": threads})
        create_tables(con)
        con.execute("DROP TABLE requests")
        view_requests(con, parts(folder), with_duplicates=True)
        for step in steps:
            step(con)
        build = _build_id(folder)
        con.execute("CREATE TABLE build AS SELECT $b AS build", {"b": build})
        con.execute("DROP VIEW IF EXISTS requests")
    except BaseException:
        con.close()
        new.unlink(missing_ok=True)
        raise
    con.close()
    os.replace(new, folder / "case.duckdb")
    (folder / "case.build.new").write_text(build + "\n")
    os.replace(folder / "case.build.new", folder / "case.build")
    return build


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Every table of kit/sql/schema/, empty."""
    for name in ("base", "volume", "prompts", "linkage"):
        con.execute((SQL_FILES / "schema" / f"{name}.sql").read_text(encoding="utf-8"))


def view_requests(con: duckdb.DuckDBPyConnection, files: list[str], *, with_duplicates: bool) -> None:
    """Define the view `requests` over the parts; a row not in `duplicates` is its own primary."""
    listed = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    source = f"SELECT * FROM read_parquet([{listed}])" if files else f"SELECT {_empty_columns()} LIMIT 0"
    marked = "d.dup_group, coalesce(d.is_primary, true) AS is_primary"
    plain = "NULL::VARCHAR AS dup_group, true AS is_primary"
    if with_duplicates:
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW requests AS SELECT p.*, {marked} FROM ({source}) p LEFT JOIN duplicates d USING (source_id, line)"
        )
    else:
        con.execute(f"CREATE OR REPLACE TEMP VIEW requests AS SELECT p.*, {plain} FROM ({source}) p")


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


def _connect(folder: Path) -> tuple[duckdb.DuckDBPyConnection, str]:
    database = folder / "case.duckdb"
    if not database.is_file():
        raise CaseError(f"{folder} has no case.duckdb; load again with: incident load {folder} PATH")
    con = duckdb.connect()
    con.execute("SET timezone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    try:
        con.execute(f"ATTACH '{database.as_posix().replace(chr(39), chr(39) * 2)}' AS kase (READ_ONLY)")
        con.execute("USE kase")
        row = con.execute("SELECT build, (SELECT count(*) FROM duplicates) FROM build").fetchone()
    except duckdb.Error as e:
        raise CaseError(
            f"{database} cannot be opened ({_first_line(e)}); rebuild it with: incident load {folder}"
        ) from e
    build, n_duplicates = row or ("", 0)
    files = parts(folder)
    view_requests(con, files, with_duplicates=n_duplicates > 0)
    con.execute("SET allowed_directories = $d", {"d": [(folder / "requests").as_posix()]})
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con, build


def _build_id(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(_walk_sql(SQL_FILES), key=lambda f: f[0]):
        digest.update(f"{file[0]}\n{file[1]}\n".encode())
    for part in parts(folder):
        digest.update(Path(part).name.encode())
    digest.update(json.dumps(read_config(folder).get("parameters", {}), sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


def _walk_sql(folder: Any, prefix: str = "") -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            out += _walk_sql(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".sql"):
            out.append((prefix + entry.name, entry.read_text(encoding="utf-8")))
    return out


def _single_select(query: str, parameters: Mapping[str, Any]) -> Any:
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as e:
        raise QueryError(f"{_first_line(e)}; correct the query and ask again.") from e
    allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(statements) != 1 or statements[0].type not in allowed:
        raise QueryError("A case answers one SELECT at a time and nothing that writes; ask a single SELECT.")
    wanted = set(statements[0].named_parameters)
    if missing := wanted - set(parameters):
        raise QueryError(f"The query needs a value for ${', $'.join(sorted(missing))}; give it as a keyword.")
    if unused := set(parameters) - wanted:
        raise QueryError(
            f"The query takes no parameter {', '.join(sorted(unused))}; remove it or use ${sorted(unused)[0]}."
        )
    return query


def _empty_columns() -> str:
    return ", ".join(f'NULL::{t} AS "{n}"' for n, t in request_schema().items())


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".;")
