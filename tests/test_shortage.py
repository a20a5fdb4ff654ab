"""Memory or a disk that runs out is one sentence that ends in what to do, and the case stays as it was."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from kit import linkage, open_case
from kit.__main__ import main
from kit.database import read_build
from kit.errors import CaseError, LoadError
from kit.load import load
from kit.load.writer import Writers
from kit.shortage import shortage
from tests.test_cli import tree, write_requests

# as DuckDB 2.0 and Polars said it on a disk that was full
WRITE = (
    'IO Error: Async write failed: {"exception_message":"Could not write file \\"/x/a.parquet\\": No space left on'
)
WRITE += ' device"}'
COMMIT = 'TransactionContext Error: Failed to commit: Could not write file "/x/case.wal": No space left on device'


def out_of_memory(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET memory_limit = '60MB'")
    con.execute("SELECT list(range::VARCHAR || repeat('x', 40)) FROM range(10_000_000)").fetchall()


def out_of_temporary_room(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET memory_limit = '60MB'; SET max_temp_directory_size = '5MB'")
    con.execute("CREATE TABLE sorted AS SELECT random() AS r, range FROM range(10_000_000) ORDER BY r")


def out_of_machine(_: object) -> None:
    np.empty(1 << 50)


def full_disk(_: object) -> None:
    raise duckdb.TransactionException(COMMIT)


FAILURES = [
    (out_of_memory, "memory ran out (", 'memory = "3GB" now, under [machine] in case.toml'),
    (out_of_temporary_room, "the disk ran out of room for temporary files (", "free some room on it"),
    (out_of_machine, "memory ran out;", "close other programs"),
    (full_disk, "the disk is full, /x/case.wal could not be written", "free some room on it"),
]


@pytest.fixture
def small_case(small_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_folder, tmp_path / "case"))


@pytest.mark.parametrize(("fail", "what", "todo"), FAILURES)
def test_a_rebuild_that_runs_out_says_of_what_and_what_to_do(
    fail: Any, what: str, todo: str, small_case: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    build = read_build(small_case)
    monkeypatch.setattr(linkage, "build", fail)
    more = write_requests(tmp_path / "more.ndjson", 10)
    assert main(["load", str(small_case), str(more)]) == 1
    said = capsys.readouterr().err.strip()
    assert len(said.splitlines()) == 1
    assert what in said
    assert todo in said
    assert said.endswith(f"incident load {small_case}")
    assert not list(small_case.glob("*.building*"))
    case = open_case(small_case)
    assert case.build == build == read_build(small_case)
    assert case.sql("SELECT count(*) AS n FROM requests").scalar() == 120
    monkeypatch.undo()
    assert main(["load", str(small_case)]) == 0
    assert open_case(small_case).sql("SELECT count(*) AS n FROM requests").scalar() == 130


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files there")
def test_a_database_that_could_not_be_written_to_its_end_is_never_swapped_in(small_case: Path) -> None:
    build = read_build(small_case)
    code = f"""
import resource
from pathlib import Path
from kit.database import build_database

folder = Path({str(small_case)!r})
log = folder / "case.duckdb.building.wal"

def step(con):
    con.execute("CREATE TABLE late AS SELECT 1.5 AS x; INSERT INTO late SELECT random() FROM range(100_000)")
    room = log.stat().st_size + 20_000  # for what is left of the log, not for the tables
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

build_database(folder, [step])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 1
    assert read_build(small_case) == build
    assert open_case(small_case).sql("SELECT count(*) AS n FROM requests").scalar() == 120


def test_the_whole_traceback_is_there_for_who_asks(small_case: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(linkage, "build", out_of_memory)
    monkeypatch.setenv("KIT_TRACEBACK", "1")
    with pytest.raises(CaseError) as raised:
        main(["load", str(small_case), str(write_requests(small_case.parent / "more.ndjson", 10))])
    assert isinstance(raised.value.__cause__, duckdb.OutOfMemoryException)


@pytest.mark.parametrize("error", [duckdb.IOException(WRITE), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
def test_a_load_that_finds_the_disk_full_names_the_export_and_changes_nothing(
    error: Exception, small_case: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    def full(*_: object) -> None:
        raise error

    before = tree(small_case)
    monkeypatch.setattr(Writers, "_write", full)
    with pytest.raises(
        LoadError, match=r"more.ndjson was not loaded and .* as it was, for the disk is full.*load ag"
    ):
        load(small_case, [write_requests(tmp_path / "more.ndjson", 10)])
    assert {k: v for k, v in tree(small_case).items() if k in before} == before
    assert not list((small_case / "requests").glob("*.partial"))


def test_a_query_that_needs_more_than_there_is_says_so_in_one_line(
    small_case: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(duckdb, "connect", partial(duckdb.connect, config={"memory_limit": "60MB"}))
    query = "SELECT len(list(range::VARCHAR || repeat('x', 40))) AS n FROM range(10_000_000)"
    assert main(["sql", str(small_case), query]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("incident: The query was stopped, for memory ran out (")
    assert "ask for fewer rows or columns" in said
    assert len(said.splitlines()) == 1


def test_other_errors_are_not_taken_for_a_shortage() -> None:
    assert shortage(duckdb.ParserException("syntax error at 'no space left on device'")) is None
    assert shortage(OSError(errno.EACCES, "Permission denied", "/x")) is None
    assert shortage(ValueError("no space left on device")) is None


def test_an_amount_of_memory_that_is_none_is_refused(small_case: Path, capsys: Any) -> None:
    settings = small_case / "case.toml"
    settings.write_text(settings.read_text().replace('memory = "3GB"', 'memory = "plenty"'))
    assert main(["load", str(small_case), str(write_requests(small_case.parent / "more.ndjson", 1))]) == 1
    assert 'memory = "plenty" under [machine] in case.toml' in capsys.readouterr().err
