"""One export becomes one immutable Parquet part, with its rejects and its entry for `sources` beside it.

Text whose columns bear the canonical names goes to Parquet inside DuckDB, several pieces at once; a piece that
DuckDB refuses, or of which it reads another number of rows than there are lines, is read again record by record.
Records of other formats are mapped in Python to canonical names first. All go through the same SELECT
(kit/load/casting.py).
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from kit.database import first_line
from kit.errors import LoadError
from kit.formats.secrets import SCREEN
from kit.load.canonical import Csv, Ndjson
from kit.load.casting import table_columns
from kit.load.container import pieces
from kit.load.mapped import Mapper
from kit.load.parquet import concatenate
from kit.load.plan import Plan
from kit.load.records import Read, line_of, read
from kit.load.tally import Tally
from kit.load.writer import Piece, Writers, marks
from kit.result import write_rows
from kit.shortage import shortage

IN_FLIGHT = 3  # pieces read and not yet written
Progress = Callable[[int, int], None]  # bytes read, rows written


@dataclass(frozen=True)
class _Flight:
    """A piece of text on its way through DuckDB; without `rows` only the exact reader can say what it holds."""

    text: bytes
    first: int
    rows: int
    piece: Future[Piece] | None


class Staging:
    """The staging of one export: `run` leaves finished parts, or nothing if anything fails before."""

    def __init__(self, folder: Path, plan: Plan, writers: Writers, key: bytes, progress: Progress) -> None:
        self.folder, self.plan, self.writers, self.progress = folder, plan, writers, progress
        self.tally = Tally(key)
        self.mapper = Mapper(plan, self.tally)
        self.mark = f"{self.writers.mark}.partial"
        self.written: dict[str, list[Path]] = {}  # table -> the files with its rows, in order

    def run(self) -> None:
        """Stage the export. Raises LoadError if it cannot be read as a whole, or memory or a disk runs out."""
        part = self.folder / "requests" / f"{self.plan.sha256}.{self.mark}"
        self.writers.begin(self.plan.source_id)
        try:
            self._read()
            self._finish(part)
        except Exception as e:
            if short := shortage(e):
                said = f"{self.plan.path} was not loaded and {self.folder} is as it was"
                raise LoadError(f"{said}, for {short.said}; {short.remedy} and load again.") from e
            raise
        finally:
            part.unlink(missing_ok=True)

    def _read(self) -> None:
        plan = self.plan
        canonical = plan.format is None and not plan.unwrapped
        if canonical and plan.shape.kind == "parquet":
            self._read_parquet()
        elif canonical and plan.shape.kind in ("ndjson", "csv"):
            csv = plan.shape.kind == "csv"
            self._read_text(Csv(plan.names, plan.shape) if csv else Ndjson(plan.names))
        else:
            self._read_records(read(plan.container, plan.shape, self._advance, plan.format))

    def _read_text(self, layout: Ndjson | Csv) -> None:
        texts = layout.bodies(pieces(self.plan.container, self._advance, whole_records=layout.quoted))
        flights: deque[_Flight] = deque()
        text: bytes | None = b""
        first = 1
        while text is not None or flights:
            if (text := next(texts, None)) is not None:
                flights.append(self._submit(layout, text, first))
                first += flights[-1].rows
            while flights and (text is None or len(flights) >= IN_FLIGHT or not flights[-1].rows):
                flight = flights.popleft()
                if not self._landed(flight):
                    first, texts = self._read_again(layout, flight, flights, texts, first)

    def _submit(self, layout: Ndjson | Csv, text: bytes, first: int) -> _Flight:
        rows = layout.rows(text)
        # DuckDB 2.0 refuses some files whose last line has no line end, so every piece gets one
        whole = (text, b"" if text.endswith(b"\n") else b"\n")
        names, kind = self.plan.names, self.plan.kind
        piece = self.writers.text(kind, names, layout.reader, whole, rows, first) if rows else None
        return _Flight(text, first, len(rows), piece)

    def _landed(self, flight: _Flight) -> bool:
        """Whether DuckDB read a piece as expected; then its rows count as loaded."""
        if flight.piece is None:
            return False
        with suppress(duckdb.Error, ValueError):  # else each line gets its reason from the exact reader
            piece = flight.piece.result()
            self.tally.loaded += piece.rows
            self._take(self.plan.kind, piece)
            return True
        return False

    def _read_again(
        self, layout: Ndjson | Csv, flight: _Flight, flights: deque[_Flight], texts: Iterator[bytes], first: int
    ) -> tuple[int, Iterator[bytes]]:
        """Read a piece record by record, and what follows it as far as its last record goes. If the later pieces
        begin elsewhere then, they are submitted anew. Returns the next line and the texts that are left."""
        line, taken = flight.first, False

        def later() -> Iterator[bytes]:
            nonlocal taken
            for text in chain([f.text for f in flights], texts):
                taken = True
                yield text

        def watched(rest: Iterator[bytes]) -> Iterator[Read | int]:
            nonlocal line
            for one in layout.again(flight.text, rest, flight.first):
                line = line_of(one) + 1
                yield one

        rest = later()
        self._read_records(watched(rest))
        if not flights or (not taken and line == flights[0].first):
            return first if flights else line, rest
        for one in flights:
            with suppress(duckdb.Error, ValueError):
                if one.piece:
                    one.piece.result().file.unlink()
        flights.clear()
        return line, rest

    def _read_parquet(self) -> None:
        try:
            piece = self.writers.parquet(self.plan.kind, self.plan.names, self.plan.path)
        except duckdb.Error as e:
            if shortage(e):
                raise
            raise LoadError(
                f"{self.plan.path} cannot be read as Parquet ({first_line(e)}); ask for it again."
            ) from e
        self.tally.loaded += piece.rows
        self._take(self.plan.kind, piece)
        self._advance(self.plan.container.size)

    def _read_records(self, reads: Iterator[Read | int]) -> None:
        """Map records and have their rows written."""
        running: deque[tuple[str, Future[Piece]]] = deque()
        for batch in self.mapper.batches(reads):
            running.extend((kind, self._submit_rows(kind, rows)) for kind, rows in batch.items())
            while len(running) >= IN_FLIGHT:
                self._taken(*running.popleft())
        while running:
            self._taken(*running.popleft())

    def _submit_rows(self, kind: str, rows: list[bytes]) -> Future[Piece]:
        names = frozenset(table_columns(kind)) - {"source_id", "line"}
        columns = ", ".join(f"{n}: 'VARCHAR'" for n in sorted(names))
        longest = max(1 << 24, 2 * max(map(len, rows)))
        reader = (
            f"read_json('{{file}}', format='newline_delimited', columns={{_line: 'BIGINT', {columns}}}, "
            f"maximum_object_size={longest})"
        )
        suspect = marks(pl.Series(rows).cast(pl.String).str.contains(SCREEN))
        return self.writers.text(kind, names, reader, rows, suspect, None)

    def _taken(self, kind: str, running: Future[Piece]) -> None:
        try:
            self._take(kind, running.result())
        except (duckdb.Error, ValueError) as e:
            if shortage(e):
                raise
            raise LoadError(
                f"{self.plan.path} could not be written to the case ({first_line(e)}); make room."
            ) from e

    def _take(self, kind: str, piece: Piece) -> None:
        self.written.setdefault(kind, []).append(piece.file)
        if kind == self.plan.kind:
            self.tally.rows += piece.rows
            self.tally.failed.update(piece.failed)
            self.progress(0, piece.rows)

    def _advance(self, n: int) -> None:
        self.progress(n, 0)

    # --- what is left in the case ---------------------------------------------------------------------------------

    def _finish(self, part: Path) -> None:
        sha = self.plan.sha256
        self.tally.rejects.sort()
        if self.tally.rejects:
            self._write_rows(self.tally.rejects, ["line", "reason", "excerpt"], f"rejects/{sha}.parquet")
        if self.mapper.ties:
            self._write_rows(self.mapper.ties, ["line", "tie"], f"side/{sha}.ties.parquet")
        for kind, files in self.written.items():
            if kind != "requests":
                columns = [c for c in pl.read_parquet_schema(files[0]) if c in table_columns(kind)]
                self._write(pl.read_parquet(files, columns=columns), f"side/{sha}.{kind}.parquet")
        if self.plan.kind == "requests":
            concatenate(self.written.get("requests") or [self.writers.empty("requests").file], part)
            os.replace(part, self.folder / "requests" / f"{sha}.parquet")
        record = {
            "source_id": self.plan.source_id,
            "sha256": sha,
            "bytes": self.plan.container.size,
            "format": self.plan.format_name,
            "kind": self.plan.kind,
            "content": self.writers.content,
            "lines": self.tally.lines,
            "loaded": self.tally.loaded,
            "rejected": self.tally.rejected,
            "blank": self.tally.blank,
            "rows": self.tally.rows,
            "failed": self.tally.failed,
            "columns": sorted(self.plan.names),
        }
        target = self.folder / "exports" / f"{sha}.json"
        partial = target.with_suffix(f".{self.mark}")
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, target)

    def _write_rows(self, rows: Sequence[tuple[Any, ...]], columns: list[str], name: str) -> None:
        frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
        self._write(frame.with_columns(pl.lit(self.plan.source_id).alias("source_id")), name)

    def _write(self, frame: pl.DataFrame, name: str) -> None:
        target = self.folder / name
        partial = target.with_suffix(f".{self.mark}")
        write_rows(frame, partial)
        os.replace(partial, target)
