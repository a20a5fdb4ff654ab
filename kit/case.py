"""A case: one folder per incident, opened read-only and asked in SQL.

case = open_case("cases/INC-2026-001")
case.sql("SELECT count(*) AS requests FROM requests")
case.query("volume/requests_over_time", since=..., by="account_id")
"""

from __future__ import annotations

import getpass
import json
import re
import secrets
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, wraps
from importlib import import_module
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import Any, Concatenate, ParamSpec

import duckdb
import polars as pl

from kit.database import MEMORY, first_line, named_query, read_build, view_requests
from kit.database import build_database as build_database
from kit.database import create_tables as create_tables
from kit.database import read_config as read_config
from kit.database import request_columns as request_columns
from kit.database import request_schema as request_schema
from kit.errors import CaseError, QueryError
from kit.result import Result
from kit.shortage import shortage

REFUSAL_CHARS = 300
FOLDERS = ("requests", "rejects", "notebooks", "reviews", "findings", "bundles")


class Case:
    """An open case. Nothing asked through it can change the case, reach another file, or the network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = read_config(folder)
        self._con, self.build = _connect(folder)
        self._warned = False
        self._one_at_a_time = Lock()

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
            frame = self._fetch(statement, parameters)
        except duckdb.Error as e:
            raise QueryError(_refusal(e)) from e
        return Result(frame=frame, sql=query.strip(), parameters=dict(parameters), build=self.build, name=name)

    def _fetch(self, statement: Any, parameters: dict[str, Any]) -> pl.DataFrame:
        """Fetch on a second thread, so that an interrupt reaches the first at once: DuckDB looks for it only
        between its tasks, and one task of a runaway join lasts for minutes. A widget may ask from a thread of
        its own while a cell asks: it waits, for DuckDB refuses the second call on a connection."""
        with self._one_at_a_time, ThreadPoolExecutor(1, "ask") as pool:
            rows = pool.submit(lambda: _frame(self._con.sql(statement, params=parameters or None)))
            try:
                while not rows.done():
                    wait([rows], timeout=0.2)
            except KeyboardInterrupt:
                while not rows.done():
                    self._con.interrupt()
                    wait([rows], timeout=0.1)
                raise
            return rows.result()

    def query(self, path: str, /, *, columns: Mapping[str, str] | None = None, **parameters: Any) -> Result:
        """Ask the query kept in kit/sql/<path>.sql.

        `columns` names the columns for the places the file marks {like_this}; only columns of `requests` fit.
        """
        text = named_query(path)
        for slot, column in (columns or {}).items():
            if column not in request_columns():
                known = ", ".join(request_columns())
                raise QueryError(f"There is no column {column!r} in requests; choose one of {known}.")
            text = text.replace("{" + slot + "}", f'"{column}"')
        return self.sql(text, path.rsplit("/", 1)[-1], **parameters)

    def reopen(self) -> Case:
        """The same case as it is now, after a load rebuilt it."""
        return Case(self.folder)

    def _notice_rebuild(self) -> None:
        if not self._warned and read_build(self.folder) != self.build:
            self._warned = True
            message = f"case {self.id} was rebuilt since it was opened; this answers from build {self.build}."
            warnings.warn(f"{message} To see the new data: case = case.reopen()", stacklevel=3)

    def __repr__(self) -> str:
        return f"Case({self.id!r}, build {self.build})"


def open_case(folder: str | Path) -> Case:
    """Open the case in `folder`. Raises CaseError if it is not a case."""
    return Case(Path(folder).resolve())


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
        'requested_by = ""   # who asked for this, and when',
        'scope = ""',
        "",
        "[parameters]",
        "",
        "[machine]",
        f'memory = "{MEMORY}"   # what DuckDB may use while tables are built; beyond it, it goes to disk',
        "",
        "[privacy]",
        'content = "full"   # full | excerpt | hash: how much of the texts is kept at load',
        "",
    ]
    (path / "case.toml").write_text("\n".join(lines), encoding="utf-8")
    (path / "exports.toml").write_text("# The exports of this case; written by: incident load\n", encoding="utf-8")
    build_database(path, [])
    record_activity(path, "new", title=title)
    return path


def case_key(folder: Path) -> bytes:
    """The secret of this case, for keyed hashes and pseudonyms; it never leaves the folder."""
    file = folder / "case.key"
    try:
        return bytes.fromhex(file.read_text().strip())
    except (OSError, ValueError) as e:
        raise CaseError(f"{file} is missing or damaged; restore it from a backup, hashes depend on it.") from e


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


def read_activity(folder: Path) -> list[dict[str, Any]]:
    """The lines of activity.jsonl, oldest first: at, by, action and more; a torn line is kept as it is."""
    file, rows = folder / "activity.jsonl", []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []:
        try:
            row = json.loads(line)
            rows.append({"at": row.pop("at"), "by": row.pop("by"), "action": row.pop("action"), **row})
        except (ValueError, KeyError, AttributeError):
            rows.append({"at": "", "by": "", "action": "torn line", "line": line})
    return rows


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
        raise QueryError(f"This kit has no analysis {call!r}; replay with the kit version named in the bundle.")
    return ANALYSES[call](case, **arguments)


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
        ((build, names, n_duplicates),) = con.execute(
            "SELECT build, parts, (SELECT count(*) FROM duplicates) FROM build"
        ).fetchall()
    except duckdb.Error as e:
        raise CaseError(
            f"{database} cannot be opened ({first_line(e)}); rebuild it with: incident load {folder}"
        ) from e
    files = [(folder / "requests" / name).as_posix() for name in names]
    if missing := [f for f in files if not Path(f).is_file()]:
        raise CaseError(f"{missing[0]} is missing; load its export again with: incident load {folder} PATH")
    view_requests(con, files, with_duplicates=n_duplicates > 0)
    con.execute("SET allowed_directories = $d", {"d": [(folder / "requests").as_posix()]})
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con, build


def _single_select(query: str, parameters: Mapping[str, Any]) -> Any:
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as e:
        raise QueryError(_refusal(e)) from e
    allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(statements) != 1 or statements[0].type not in allowed:
        raise QueryError("A case answers one SELECT at a time and nothing that writes; ask a single SELECT.")
    wanted = set(statements[0].named_parameters)
    if missing := wanted - set(parameters):
        raise QueryError(f"The query needs a value for ${', $'.join(sorted(missing))}; give it as a keyword.")
    if unused := set(parameters) - wanted:
        name = sorted(unused)[0]
        raise QueryError(f"The query takes no parameter {', '.join(sorted(unused))}; remove it or use ${name}.")
    return query


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _frame(asked: Any) -> pl.DataFrame:
    """The rows of a relation. Polars has no type for lengths of time that count in months."""
    if odd := [c for c, t in zip(asked.columns, asked.types, strict=True) if "INTERVAL" in str(t)]:
        raise QueryError(f"The column {odd[0]} is an INTERVAL; select epoch({odd[0]}) for seconds and ask again.")
    return pl.DataFrame(asked)


def _refusal(error: duckdb.Error) -> str:
    """What DuckDB says in one line, with the nearest names it knows for one it does not."""
    if short := shortage(error):
        return f"The query was stopped, for {short.said}; ask for fewer rows or columns, or {short.remedy}."
    said = re.sub(r"^[A-Z]\w*(?: \w+)? Error: ", "", first_line(error)).rstrip("!")
    said = said if len(said) <= REFUSAL_CHARS else f"{said[:REFUSAL_CHARS]}…"
    if near := re.search(r"(?:Candidate bindings|Did you mean)[: ]*(.+)", str(error)):
        names = " or ".join(re.findall(r'"([^"]+)"', near[1])[:3])
        return f"{said}; did you mean {names}? Correct the query and ask again."
    return f"{said}; correct the query and ask again."
