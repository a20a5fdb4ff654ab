# ruff: noqa: S608 (the pieces are constants of this package, column names of the schema, paths with quotes doubled)
"""Pieces of an export, cast to the canonical types and written as Parquet, each by a DuckDB of one thread."""

from __future__ import annotations

import os
import queue
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from kit.formats.secrets import SCREEN
from kit.load import casting

WORKERS = 2
# Dictionaries are built in vain for texts that hardly repeat; more distinct values than this, and none is.
PARQUET = "FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 1000"


@dataclass(frozen=True)
class Piece:
    """Rows of one export, written; `failed` counts the values of a column that could not be read as its type."""

    file: Path
    rows: int
    failed: dict[str, int]


def text_lines(text: bytes) -> pl.Series | None:
    """The lines of a piece of text; None if it is not UTF-8."""
    try:
        return pl.read_lines(text).to_series()
    except pl.exceptions.ComputeError:
        return None


def marks(suspect: pl.Series) -> str:
    """One character for each row: 1 where it is true."""
    return "".join(suspect.cast(pl.UInt8).cast(pl.String))


class Writers:
    """Turns text into Parquet files under `spill`, several at once, for one export after another."""

    def __init__(self, spill: Path, key: bytes, content: str) -> None:
        self.spill, self.content, self.source_id = spill, content, ""
        self.bound = casting.content_keys(key) if content == "hash" else {}
        self.mark = f"{os.getpid()}-{threading.get_ident()}"
        self.numbers = count()
        self.free: queue.Queue[_Connection] = queue.Queue()
        for _ in range(WORKERS):
            self.free.put(_Connection(key))
        self.pool = ThreadPoolExecutor(WORKERS)

    def text(
        self, kind: str, names: frozenset[str], reader: str, text: Sequence[bytes], hits: str, first: int | None
    ) -> Future[Piece]:
        """Have a piece of text written: `reader` is the SQL that reads the rows of {file}, `hits` marks those that
        may hold a secret, `first` is the line of the first one (None: each has its own in `_line`). The future
        raises duckdb.Error if DuckDB cannot read the text, ValueError if it finds more or fewer rows in it."""

        def work() -> Piece:
            target = self._file()
            source = target.with_suffix(".text")
            try:
                with source.open("wb") as f:
                    f.writelines(text)
                reads = reader.replace("{file}", _quoted(source))
                rows = f"SELECT *, row_number() OVER () - 1 AS _row FROM {reads}"
                if first is not None:
                    rows = f"SELECT *, _row + {first} AS _line FROM ({rows})"
                piece = self._write(kind, names, rows, "get_bit($hits::BIT, _row::INTEGER) = 1", target, hits)
                if piece.rows != len(hits):
                    target.unlink()
                    raise ValueError(f"{piece.rows} rows where {len(hits)} were expected")
                return piece
            finally:
                source.unlink(missing_ok=True)

        return self.pool.submit(work)

    def parquet(self, kind: str, names: frozenset[str], path: Path) -> Piece:
        """Write a Parquet file whose columns bear the canonical names. Raises duckdb.Error if it cannot be read."""
        picked = ", ".join(f'"{n}"::VARCHAR AS "{n}"' for n in sorted(names))
        rows = (
            f"SELECT {picked}, file_row_number + 1 AS _line "
            f"FROM read_parquet('{_quoted(path)}', file_row_number=true)"
        )
        screen = SCREEN.replace("'", "''").replace("{", "{{").replace("}", "}}")
        suspect = f"regexp_matches({{column}}, '{screen}')"
        return self._write(kind, names, rows, suspect, self._file(), threads=os.cpu_count() or 1)

    def empty(self, kind: str) -> Piece:
        """A file without rows."""
        return self._write(kind, frozenset(), "SELECT 0 AS _line LIMIT 0", "false", self._file())

    def begin(self, source_id: str) -> None:
        """Go on to an export; what was written for the one before is removed."""
        self.source_id = source_id
        for file in self.spill.glob(f"{self.mark}-*"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Wait for what is being written, then remove it."""
        self.pool.shutdown(cancel_futures=True)
        while not self.free.empty():
            self.free.get().con.close()
        self.begin("")

    def _file(self) -> Path:
        return self.spill / f"{self.mark}-{next(self.numbers)}.parquet"

    def _write(
        self,
        kind: str,
        names: frozenset[str],
        rows: str,
        suspect: str,
        target: Path,
        hits: str = "",
        threads: int = 1,
    ) -> Piece:
        select = casting.cast_select(kind, names, self.content, suspect)
        line = "CAST(_line + CASE WHEN failed <> 0 THEN note_failed(failed) ELSE 0 END AS BIGINT) AS line"
        query = (
            f"COPY (SELECT * EXCLUDE (failed, _line), '{self.source_id}' AS source_id, {line} "
            f"FROM (SELECT {select}, _line FROM ({rows}))) TO '{_quoted(target)}' ({PARQUET})"
        )
        bound: dict[str, Any] = {"hits": hits} if "$hits" in query else {}
        bound |= self.bound if "$inner" in query else {}
        connection = self.free.get()
        try:
            written, failed = connection.copy(query, bound, threads)
        finally:
            self.free.put(connection)
        counts = {
            name: sum(n for bits, n in failed.items() if bits >> bit & 1)
            for bit, name in enumerate(casting.checked_columns(kind))
        }
        return Piece(target, written, {name: n for name, n in counts.items() if n})


class _Connection:
    """A DuckDB that casts, and counts what it could not cast."""

    def __init__(self, key: bytes) -> None:
        self.con = duckdb.connect()
        casting.prepare(self.con, key)
        self.failed: Counter[int] = Counter()
        self.con.create_function("note_failed", self._note, ["BIGINT"], "BIGINT", side_effects=True)

    def _note(self, bits: int) -> int:
        self.failed[bits] += 1
        return 0

    def copy(self, query: str, bound: dict[str, Any], threads: int) -> tuple[int, Counter[int]]:
        self.failed = Counter()
        self.con.execute("SET threads = $n", {"n": threads})
        return int(self.con.execute(query, bound).fetchall()[0][0]), self.failed


def _quoted(path: Path) -> str:
    return path.as_posix().replace("'", "''")
