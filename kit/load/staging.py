"""One export becomes one immutable Parquet part, with its rejects and its entry for `sources` beside it.

Records with canonical names go from text to Parquet inside DuckDB, several pieces at once; a piece of text that
DuckDB refuses, or of which it reads another number of rows than there are lines, is read again line by line.
Records of other formats are mapped in Python to canonical names first. All go through the same SELECT
(kit/load/casting.py).
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from kit.database import first_line
from kit.errors import LoadError
from kit.formats import Format, Skipped, exact
from kit.formats.messages import joined
from kit.formats.secrets import mask_secrets
from kit.formats.values import column_value
from kit.load import casting
from kit.load.container import Container, pieces
from kit.load.parquet import concatenate
from kit.load.records import Read, Reject, Shape, csv_rows, json_lines, numbered, read, text_of_row, unwrap
from kit.result import visible

BATCH = 32 << 20
WRITERS = 2
IN_FLIGHT = 3  # pieces read and not yet written
LINE = 4 << 20  # longer CSV records are read row by row
KEPT_REJECTS = 100_000
OPEN_CALLS = 20_000  # calls whose records may still come, when records are stitched


@dataclass(frozen=True)
class Plan:
    """How an export is going to be read."""

    path: Path
    sha256: str
    container: Container
    shape: Shape
    kind: str
    format: Format | None  # None: its columns already bear the canonical names
    names: frozenset[str]  # the canonical columns that are there, when format is None
    unwrapped: bool = False

    @property
    def source_id(self) -> str:
        return self.sha256[:16]

    @property
    def format_name(self) -> str:
        return self.format.name if self.format else "canonical"


@dataclass
class Counts:
    """What became of the lines of one export; lines = loaded + rejected + blank."""

    loaded: int = 0
    rejected: int = 0
    blank: int = 0
    rows: int = 0
    failed: dict[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        return self.loaded + self.rejected + self.blank


Progress = Callable[[int, int], None]  # bytes read, rows written


class Staging:
    """The staging of one export. `finish` leaves finished parts; if anything fails before, nothing is left."""

    def __init__(self, folder: Path, plan: Plan, key: bytes, content: str, progress: Progress) -> None:
        self.folder, self.plan, self.key, self.content, self.progress = folder, plan, key, content, progress
        self.counts = Counts()
        self.rejects: list[tuple[int, str, str]] = []
        self.ties: list[tuple[int, str]] = []
        self.side: dict[str, list[Future[_Piece | None]]] = {}
        self.lock = threading.Lock()
        self.open: dict[str, tuple[int, list[Any]]] = {}
        self.mark = f"{os.getpid()}-{threading.get_ident()}"
        self.spill = folder / ".spill"
        self.partial = folder / "requests" / f"{plan.sha256}.{self.mark}.partial"
        self.writers: queue.Queue[_Writer] = queue.Queue()
        self.slots: list[list[Future[_Piece | None]]] = []
        self.written = 0
        self.bound = casting.content_keys(key) if content == "hash" else {}

    def run(self) -> Counts:
        """Stage the export. Raises LoadError if it cannot be read as a whole."""
        for name in ("requests", "rejects", "side", "exports", ".spill"):
            (self.folder / name).mkdir(exist_ok=True)
        for _ in range(WRITERS):
            self.writers.put(_Writer(self.key))
        self.pool = ThreadPoolExecutor(WRITERS)
        try:
            self._read()
            self._finish([piece for slot in self.slots for one in slot if (piece := one.result())])
        finally:
            self.pool.shutdown(cancel_futures=True)
            while not self.writers.empty():
                self.writers.get().con.close()
            self.partial.unlink(missing_ok=True)
            for file in self.spill.glob(f"{self.mark}-*"):
                file.unlink(missing_ok=True)
        return self.counts

    def _read(self) -> None:
        fast = self.plan.format is None and not self.plan.unwrapped
        if fast and self.plan.shape.kind == "ndjson":
            self._read_ndjson()
        elif fast and self.plan.shape.kind == "csv":
            self._read_csv()
        elif fast and self.plan.shape.kind == "parquet":
            self._read_parquet()
        else:
            reads = read(self.plan.container, self.plan.shape, self._advance, self.plan.format)
            self.slots.append(self._read_records(reads))

    # --- canonical names: from text to Parquet inside DuckDB ------------------------------------------------------

    def _read_ndjson(self) -> None:
        columns = ", ".join(f"{n}: 'VARCHAR'" for n in sorted(self.plan.names))
        reader = f"read_json('{{file}}', format='newline_delimited', columns={{{{{columns}}}}})"
        waiting: deque[tuple[int, bytes, int]] = deque()
        first = 1
        for text in pieces(self.plan.container, self._advance):
            lines = text.count(b"\n") + (not text.endswith(b"\n"))
            one_each = text.count(b"\n{") + text.startswith(b"{") == lines  # objects, as far as can be seen
            # DuckDB 2.0 refuses some files whose last line has no line end, so every piece gets one
            end = b"" if text.endswith(b"\n") else b"\n"
            slot = [self._submit(reader, (text, end), first, lines)] if one_each else [_nothing()]
            self.slots.append(slot)
            waiting.append((len(self.slots) - 1, text, first))
            first += lines
            if len(waiting) >= IN_FLIGHT:
                self._settle_ndjson(*waiting.popleft())
        while waiting:
            self._settle_ndjson(*waiting.popleft())

    def _settle_ndjson(self, n: int, text: bytes, first: int) -> None:
        if not self._counted(self.slots[n]):
            ((_, lines),) = numbered([text])
            self.slots[n] = self._read_records(json_lines(first, lines))

    def _read_csv(self) -> None:
        shape = self.plan.shape
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(shape.names)))
        picked = ", ".join(f"c{i} AS {n}" for i, n in enumerate(shape.names) if n in self.plan.names)
        texts = pieces(self.plan.container, self._advance, whole_records=True)
        waiting: deque[tuple[int, bytes, int]] = deque()
        row = 1
        for text in texts:
            start = 0 if self.slots else text.find(b"\n") + 1 or len(text)  # after the header
            body = text[start:]
            expected = _csv_records(body)
            options = (
                f"columns={{{{{columns}}}}}, header=false, auto_detect=false, delim='{shape.delimiter}', "
                f"quote='\"', escape='\"', strict_mode=true, max_line_size={LINE}, buffer_size={4 * LINE}"
            )  # DuckDB 2.0 misreads files when new_line is given beside strict_mode
            reader = f"(SELECT {picked} FROM read_csv('{{file}}', {options}))"  # noqa: S608
            slot = [self._submit(reader, (body,), row, expected)] if expected else [_nothing()]
            self.slots.append(slot if body else [])
            waiting.append((len(self.slots) - 1, body, row))
            row += expected or 0
            if (len(waiting) >= IN_FLIGHT or not expected) and not self._settle_csv(waiting, texts):
                return
        self._settle_csv(waiting, texts, all_of_them=True)

    def _settle_csv(
        self, waiting: deque[tuple[int, bytes, int]], texts: Iterator[bytes], *, all_of_them: bool = False
    ) -> bool:
        """Take the oldest piece; from one that DuckDB did not read on, all is read row by row: a stray quote may
        reach over the pieces. False if that happened."""
        unread = len(waiting) and any(not self._started(n) for n, _, _ in waiting)
        while waiting and (all_of_them or unread or len(waiting) >= IN_FLIGHT):
            n, body, row = waiting.popleft()
            if not self.slots[n] or self._counted(self.slots[n]):
                continue
            rest = [body, *(b for _, b, _ in waiting)]
            for slot in self.slots[n + 1 :]:
                for one in slot:
                    if piece := one.result():
                        piece.file.unlink()
            del self.slots[n + 1 :]
            blocks = numbered(_chained(_header(self.plan.shape), rest, texts))
            self.slots[n] = self._read_records(csv_rows(blocks, self.plan.shape, first_row=row))
            waiting.clear()
            return False
        return True

    def _started(self, n: int) -> bool:
        return not self.slots[n] or not (self.slots[n][0].done() and self.slots[n][0].result() is None)

    def _read_parquet(self) -> None:
        file = self.plan.path.as_posix().replace("'", "''")
        picked = ", ".join(f'"{n}"::VARCHAR AS {n}' for n in sorted(self.plan.names))
        source = (
            f"(SELECT {picked}, file_row_number + 1 AS _line FROM read_parquet('{file}', file_row_number=true))"  # noqa: S608
        )
        writer = self.writers.get()
        try:
            writer.con.execute(f"SET threads = {os.cpu_count() or 2}")
            piece = writer.write(self, source, self.plan.names, "_line", self._piece_file(), self.plan.kind)
        except duckdb.Error as e:
            raise LoadError(
                f"{self.plan.path} cannot be read as Parquet ({first_line(e)}); ask for it again."
            ) from e
        finally:
            self.writers.put(writer)
        done: Future[_Piece | None] = Future()
        done.set_result(piece)
        self.slots.append([done])
        self._counted(self.slots[-1])
        self._advance(self.plan.container.size)

    def _submit(self, reader: str, texts: Sequence[bytes], first: int, expected: int) -> Future[_Piece | None]:
        """Have one piece of text read and written by DuckDB; None if it does not give the expected rows."""

        def work() -> _Piece | None:
            writer = self.writers.get()
            target = self._piece_file()
            file = target.with_suffix(".text")
            try:
                with file.open("wb") as f:
                    f.writelines(texts)
                source = reader.format(file=file.as_posix().replace("'", "''"))
                line = f"row_number() OVER () + {first - 1}"
                piece = writer.write(self, source, self.plan.names, line, target, self.plan.kind)
                if piece.rows == expected:
                    return piece
            except duckdb.Error:
                pass  # read again record by record, where each line gets its reason
            finally:
                file.unlink(missing_ok=True)
                self.writers.put(writer)
            target.unlink(missing_ok=True)
            return None

        return self.pool.submit(work)

    def _piece_file(self) -> Path:
        self.written += 1
        return self.spill / f"{self.mark}-{self.written}-{threading.get_ident()}.parquet"

    def _counted(self, slot: list[Future[_Piece | None]]) -> bool:
        """Whether a slot's only piece was read; then its rows count as loaded."""
        piece = slot[0].result()
        if piece is None:
            return False
        self.counts.loaded += piece.rows
        self._note(piece)
        return True

    def _note(self, piece: _Piece) -> None:
        self.counts.rows += piece.rows
        self.progress(0, piece.rows)
        for name, count in piece.failed.items():
            self.counts.failed[name] = self.counts.failed.get(name, 0) + count

    # --- any other shape: record by record ------------------------------------------------------------------------

    def _read_records(self, reads: Iterator[Read | int]) -> list[Future[_Piece | None]]:
        pieces_of: list[Future[_Piece | None]] = []
        waiting: dict[str, list[bytes]] = {}
        numbers: dict[str, list[int]] = {}
        size = ordinal = 0
        many = self.plan.unwrapped or (self.plan.format is not None and bool(self.plan.format.records.get("path")))
        for one in reads:
            if isinstance(one, int):
                self.counts.blank += 1
                continue
            if isinstance(one, Reject):
                ordinal += 1
                self._reject(one.line if not many else ordinal, one.reason, one.text)
                continue
            line, value = one
            if isinstance(value, list) and not many:
                self._reject(line, "several records on one line", text_of_row(value))
                continue
            for record in self._records(value):
                ordinal += 1
                for number, whole in self._stitched(ordinal if many else line, record):
                    size += self._add(number, whole, waiting, numbers)
            if size > BATCH:
                self._flush(waiting, numbers, pieces_of)
                size = 0
        for number, records in self.open.values():
            self._add(number, self._joined(records), waiting, numbers)
        self.open.clear()
        self._flush(waiting, numbers, pieces_of)
        return pieces_of

    def _add(self, number: int, record: Any, waiting: dict[str, list[bytes]], numbers: dict[str, list[int]]) -> int:
        size = 0
        for kind, row in self._rows(number, record):
            text = exact.dumps(row, default=_as_text)
            waiting.setdefault(kind, []).append(text)
            numbers.setdefault(kind, []).append(number)
            size += len(text)
        return size

    def _stitched(self, number: int, record: Any) -> Iterator[tuple[int, Any]]:
        """Records of one call, told by a key, become one at the line of the first; the rest come as they are."""
        spec = self.plan.format.records.get("stitch") if self.plan.format else None
        key = column_value(record, spec) if spec and isinstance(record, dict) else None
        if key is None:
            yield number, record
            return
        self.open.setdefault(str(key), (number, []))[1].append(record)
        if len(self.open) > OPEN_CALLS:
            number, records = self.open.pop(next(iter(self.open)))
            yield number, self._joined(records)

    def _joined(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        rules = self.plan.format.records if self.plan.format else {}
        order = rules.get("order")
        if order:
            records = sorted(records, key=lambda r: int(column_value(r, order) or 0))
        self.counts.loaded += len(records) - 1
        return joined(records, frozenset(rules.get("join", [])))

    def _records(self, value: Any) -> Iterator[Any]:
        fmt = self.plan.format
        for one in unwrap(value) if self.plan.unwrapped else value if isinstance(value, list) else [value]:
            yield from fmt.records_in(one) if fmt else (one,)

    def _rows(self, number: int, record: Any) -> list[tuple[str, dict[str, Any]]]:
        fmt = self.plan.format
        try:
            if fmt is None:
                names = self.plan.names
                rows = [(self.plan.kind, {k: _text(v) for k, v in record.items() if k in names and v is not None})]
            else:
                rows = [(kind, {k: _text(v) for k, v in row.items()}) for kind, row in fmt.rows(record)]
                self.ties += [(number, tie) for tie in fmt.ties_of(record)] if fmt.ties else []
        except Skipped as e:
            self._reject(number, str(e), text_of_row(record))
            return []
        except (AttributeError, TypeError, ValueError, KeyError, RecursionError) as e:
            self._reject(
                number, f"not as this format has it: {first_line(e) or type(e).__name__}", text_of_row(record)
            )
            return []
        self.counts.loaded += 1
        return rows

    def _flush(
        self,
        waiting: dict[str, list[bytes]],
        numbers: dict[str, list[int]],
        pieces_of: list[Future[_Piece | None]],
    ) -> None:
        """Have the mapped rows written; what goes to other tables than the export's own is kept aside."""
        while len(pieces_of) >= IN_FLIGHT and not pieces_of[-IN_FLIGHT].done():
            pieces_of[-IN_FLIGHT].result()
        for kind in list(waiting):
            rows, lines = waiting.pop(kind), numbers.pop(kind)
            job = self.pool.submit(self._write_rows, kind, rows, lines)
            (pieces_of if kind == self.plan.kind else self.side.setdefault(kind, [])).append(job)

    def _write_rows(self, kind: str, rows: list[bytes], lines: list[int]) -> _Piece | None:
        names = [n for n in casting.table_columns(kind) if n not in ("source_id", "line")]
        columns = ", ".join(f"{n}: 'VARCHAR'" for n in names)
        target = self._piece_file()
        file = target.with_suffix(".rows")
        writer = self.writers.get()
        try:
            with file.open("wb") as f:
                f.writelines(
                    b'{"_line":%d,%s\n' % (n, r[1:] if len(r) > 2 else b'"":0}')
                    for n, r in zip(lines, rows, strict=True)
                )
            source = (
                f"read_json('{file.as_posix().replace(chr(39), chr(39) * 2)}', format='newline_delimited', "
                f"columns={{_line: 'BIGINT', {columns}}}, "
                f"maximum_object_size={max(max(map(len, rows)) * 2, 1 << 24)})"
            )
            piece = writer.write(self, source, frozenset(names), "_line", target, kind)
        finally:
            file.unlink(missing_ok=True)
            self.writers.put(writer)
        if kind == self.plan.kind:
            with self.lock:
                self._note(piece)
        return piece

    # --- bookkeeping ----------------------------------------------------------------------------------------------

    def _reject(self, line: int, reason: str, text: str) -> None:
        self.counts.rejected += 1
        if len(self.rejects) < KEPT_REJECTS:
            self.rejects.append((line, reason, visible(mask_secrets(text, self.key)[:200])))

    def _advance(self, n: int) -> None:
        self.progress(n, 0)

    def _finish(self, own_pieces: list[_Piece]) -> None:
        sha = self.plan.sha256
        self.rejects.sort()
        if self.rejects:
            frame = pl.DataFrame(self.rejects, schema=["line", "reason", "excerpt"], orient="row")
            self._write(
                frame.with_columns(pl.lit(self.plan.source_id).alias("source_id")), f"rejects/{sha}.parquet"
            )
        if self.ties:
            frame = pl.DataFrame(self.ties, schema=["line", "tie"], orient="row")
            self._write(
                frame.with_columns(pl.lit(self.plan.source_id).alias("source_id")), f"side/{sha}.ties.parquet"
            )
        own = {self.plan.kind: [p.file for p in own_pieces]} if self.plan.kind != "requests" else {}
        aside = {kind: [p.file for job in jobs if (p := job.result())] for kind, jobs in self.side.items()}
        for kind, files in {**aside, **own}.items():
            if files:
                whole = pl.concat([pl.read_parquet(f) for f in files])
                keep = [c for c in whole.columns if c in casting.table_columns(kind)]
                self._write(whole.select(keep), f"side/{sha}.{kind}.parquet")
        if self.plan.kind == "requests":
            files = [p.file for p in own_pieces] or [self._empty()]
            if len(files) == 1:
                os.replace(files[0], self.partial)
            else:
                concatenate(files, self.partial)
            os.replace(self.partial, self.folder / "requests" / f"{sha}.parquet")
        record = {
            "source_id": self.plan.source_id,
            "sha256": sha,
            "bytes": self.plan.container.size,
            "format": self.plan.format_name,
            "kind": self.plan.kind,
            "content": self.content,
            "lines": self.counts.lines,
            "loaded": self.counts.loaded,
            "rejected": self.counts.rejected,
            "blank": self.counts.blank,
            "rows": self.counts.rows,
            "failed": self.counts.failed,
            "columns": sorted(self.plan.names),
        }
        target = self.folder / "exports" / f"{sha}.json"
        partial = target.with_suffix(f".{self.mark}.partial")
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, target)

    def _empty(self) -> Path:
        writer = self.writers.get()
        source = "(SELECT NULL::VARCHAR AS request_id, 0 AS _line LIMIT 0)"
        piece = writer.write(self, source, frozenset({"request_id"}), "_line", self._piece_file(), self.plan.kind)
        self.writers.put(writer)
        return piece.file

    def _write(self, frame: pl.DataFrame, name: str) -> None:
        target = self.folder / name
        partial = target.with_suffix(f".{self.mark}.partial")
        frame.write_parquet(partial, compression="zstd")
        os.replace(partial, target)


@dataclass(frozen=True)
class _Piece:
    """Rows of one export, written: part of its Parquet part."""

    file: Path
    rows: int
    failed: dict[str, int]


class _Writer:
    """A DuckDB of its own, on one thread, that casts and writes pieces."""

    def __init__(self, key: bytes) -> None:
        self.con = duckdb.connect()
        casting.prepare(self.con, key)
        self.con.execute("SET threads = 1")
        self.failed: Counter[int] = Counter()
        self.con.create_function("note_failed", self._failed, ["BIGINT"], "BIGINT", side_effects=True)

    def _failed(self, bits: int) -> int:
        self.failed[bits] += 1
        return 0

    def write(
        self, staging: Staging, source: str, names: frozenset[str], line: str, target: Path, kind: str
    ) -> _Piece:
        """Cast the rows of `source` and write them; `line` is the SQL of their line numbers."""
        self.failed.clear()
        select = casting.cast_select(kind, set(names), staging.content)
        extra = ", _line" if line == "_line" else ""
        drop = "failed, _line" if extra else "failed"
        number = f"CAST({line} + CASE WHEN failed <> 0 THEN note_failed(failed) ELSE 0 END AS BIGINT) AS line"
        added = f"'{staging.plan.source_id}' AS source_id, {number}"
        cast = f"(SELECT {select}{extra} FROM {source})"  # noqa: S608 names of the schema, paths with quotes doubled
        rows_sql = f"SELECT * EXCLUDE ({drop}), {added} FROM {cast}"  # noqa: S608
        quoted = target.as_posix().replace("'", "''")
        query = f"COPY ({rows_sql}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)"
        bound = staging.bound if "$inner" in select else None
        rows = int(self.con.execute(query, bound).fetchall()[0][0])
        failed = {
            name: sum(n for bits, n in self.failed.items() if bits >> bit & 1)
            for bit, name in enumerate(casting.checked_columns(kind))
        }
        return _Piece(target, rows, {name: n for name, n in failed.items() if n})


def _nothing() -> Future[_Piece | None]:
    none: Future[_Piece | None] = Future()
    none.set_result(None)
    return none


def _csv_records(text: bytes) -> int | None:
    """The number of CSV records in a piece; None if its quotes are odd or lines are blank."""
    lines = text.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    records = 0
    inside = False
    for line in lines:
        if not inside and not line.strip(b" \t\r"):
            return None
        inside ^= bool(line.count(b'"') & 1)
        records += not inside
    return None if inside else records


def _header(shape: Shape) -> bytes:
    return (shape.delimiter.join(f'"{n}"' for n in shape.names) + "\n").encode()


def _chained(header: bytes, texts: Sequence[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield header + texts[0]
    yield from texts[1:]
    yield from rest


def _text(value: Any) -> Any:
    """A value as the text the cast reads; objects as JSON text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value) if not isinstance(value, Decimal) else _decimal(value)
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return exact.dumps(value).decode()


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _as_text(value: Any) -> str:
    return str(value)
