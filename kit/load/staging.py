"""One export becomes one immutable Parquet part, with its rejects and its entry for `sources` beside it.

Records with canonical names go from text to Parquet inside DuckDB and Polars; a piece of text that DuckDB refuses,
or of which it reads another number of rows than there are lines, is read again line by line. Records of other
formats are mapped in Python to canonical names first. All go through the same SELECT (kit/load/casting.py).
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
from polars.io.plugins import register_io_source

from kit.database import first_line
from kit.errors import LoadError
from kit.formats import Format, Skipped
from kit.formats.messages import joined
from kit.formats.secrets import mask_secrets
from kit.formats.values import column_value
from kit.load import casting
from kit.load.container import Container, pieces
from kit.load.records import Read, Reject, Shape, csv_rows, json_lines, numbered, read, text_of_row, unwrap
from kit.result import visible

BATCH = 8 << 20
ROW_GROUP = 30_000
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
        self.side: dict[str, list[pl.DataFrame]] = {}
        self.open: dict[str, tuple[int, list[Any]]] = {}
        self.mark = f"{os.getpid()}-{threading.get_ident()}"
        self.spill = folder / ".spill"
        self.partial = folder / "requests" / f"{plan.sha256}.{self.mark}.partial"
        self.con = duckdb.connect()
        self.bound = casting.content_keys(key) if content == "hash" else {}

    def run(self) -> Counts:
        """Stage the export. Raises LoadError if it cannot be read as a whole."""
        for name in ("requests", "rejects", "side", "exports", ".spill"):
            (self.folder / name).mkdir(exist_ok=True)
        casting.prepare(self.con, self.key)
        try:
            if self.plan.kind == "requests":
                self._sink()
            else:
                self.side[self.plan.kind] = list(self._frames())
            self._finish()
        finally:
            self.con.close()
            self.partial.unlink(missing_ok=True)
            for file in self.spill.glob(f"{self.mark}-*"):
                file.unlink(missing_ok=True)
        return self.counts

    def _sink(self) -> None:
        """Hand frames to Polars as they come; it packs them in a thread of its own while DuckDB reads the next."""
        empty = self._cast("(SELECT NULL::VARCHAR AS request_id LIMIT 0)", {"request_id"}, [])
        sink = _Sink(self.partial, empty.schema)
        try:
            for frame in self._frames():
                sink.put(frame)
        finally:
            sink.close()

    def _frames(self) -> Iterator[pl.DataFrame]:
        fast = self.plan.format is None and not self.plan.unwrapped
        if fast and self.plan.shape.kind == "ndjson":
            frames = self._ndjson_frames()
        elif fast and self.plan.shape.kind == "csv":
            frames = self._csv_frames()
        elif fast and self.plan.shape.kind == "parquet":
            frames = self._parquet_frames()
        else:
            frames = self._mapped_frames(
                read(self.plan.container, self.plan.shape, self._advance, self.plan.format)
            )
        for frame in frames:
            self.counts.rows += frame.height
            self.progress(0, frame.height)
            yield frame

    # --- canonical names: from text to frames inside DuckDB ------------------------------------------------------

    def _ndjson_frames(self) -> Iterator[pl.DataFrame]:
        # DuckDB 2.0 refuses some files whose last line has no line end, so every piece gets one.
        columns = ", ".join(f"{n}: 'VARCHAR'" for n in sorted(self.plan.names))
        first = 1
        for n, text in enumerate(pieces(self.plan.container, self._advance)):
            lines = text.count(b"\n") + (not text.endswith(b"\n"))
            frame = None
            if text.count(b"\n{") + text.startswith(b"{") == lines:  # one object a line, as far as can be seen
                file = self._spill_file(n, "json", text, b"" if text.endswith(b"\n") else b"\n")
                reader = f"read_json('{file}', format='newline_delimited', columns={{{columns}}})"
                frame = self._try_cast(reader, self.plan.names, range(first, first + lines))
            if frame is None:
                ((_, listed),) = numbered([text])
                yield from self._mapped_frames(json_lines(first, listed))
            else:
                self.counts.loaded += frame.height
                yield frame
            first += lines

    def _csv_frames(self) -> Iterator[pl.DataFrame]:
        shape = self.plan.shape
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(shape.names)))
        picked = ", ".join(f"c{i} AS {n}" for i, n in enumerate(shape.names) if n in self.plan.names)
        texts = pieces(self.plan.container, self._advance, whole_records=True)
        row = 1
        for n, text in enumerate(texts):
            start = (text.find(b"\n") + 1 or len(text)) if n == 0 else 0  # after the header
            body = memoryview(text)[start:]
            expected = _csv_records(text[start:]) or None if start < len(text) else 0
            frame = None
            if expected == 0:
                continue
            if expected is not None:
                file = self._spill_file(n, "csv", body)
                options = (
                    f"columns={{{columns}}}, header=false, auto_detect=false, delim='{shape.delimiter}', "
                    f"quote='\"', escape='\"', strict_mode=true, max_line_size={LINE}, "
                    f"buffer_size={4 * LINE}, new_line='{_line_end(text)}'"
                )
                reader = f"(SELECT {picked} FROM read_csv('{file}', {options}))"  # noqa: S608
                frame = self._try_cast(reader, self.plan.names, range(row, row + expected))
            if frame is None:  # from here on, row by row: a stray quote may reach over the pieces
                header = _header(shape)
                rest = numbered(_chained(header if n else b"", text, texts))
                yield from self._mapped_frames(csv_rows(rest, shape, first_row=row))
                return
            self.counts.loaded += frame.height
            row += frame.height
            yield frame

    def _parquet_frames(self) -> Iterator[pl.DataFrame]:
        file = self.plan.path.as_posix().replace("'", "''")
        picked = ", ".join(f'"{n}"::VARCHAR AS {n}' for n in sorted(self.plan.names))
        step = ROW_GROUP
        try:
            total = self.con.execute(f"SELECT count(*) FROM read_parquet('{file}')").fetchall()[0][0]  # noqa: S608
            for start in range(0, total, step):
                window = f"file_row_number >= {start} AND file_row_number < {start + step}"
                query = f"(SELECT {picked} FROM read_parquet('{file}', file_row_number=true) WHERE {window})"  # noqa: S608
                frame = self._cast(query, self.plan.names, range(start + 1, min(start + step, total) + 1))
                self.counts.loaded += frame.height
                self._advance(self.plan.container.size * frame.height // max(total, 1))
                yield frame
        except duckdb.Error as e:
            raise LoadError(
                f"{self.plan.path} cannot be read as Parquet ({first_line(e)}); ask for it again."
            ) from e

    def _try_cast(self, reader: str, names: frozenset[str], lines: range | list[int]) -> pl.DataFrame | None:
        try:
            frame = self._cast(reader, names, None)
        except (duckdb.Error, pl.exceptions.ComputeError):  # DuckDB's, passed on while Polars took the rows
            return None
        return self._placed(frame, lines) if frame.height == len(lines) else None

    def _cast(self, reader: str, names: Any, lines: Any, kind: str = "") -> pl.DataFrame:
        kind = kind or self.plan.kind
        select = casting.cast_select(kind, set(names), self.content)
        bound = self.bound if "$inner" in select else {}
        frame = pl.DataFrame(self.con.sql(f"SELECT {select} FROM {reader}", params=bound or None))  # noqa: S608
        failed = frame["failed"]
        if failed.max():
            for bit, name in enumerate(casting.checked_columns(kind)):
                count = int((failed & (1 << bit) != 0).sum())
                if count:
                    self.counts.failed[name] = self.counts.failed.get(name, 0) + count
        frame = frame.drop("failed")
        return frame if lines is None else self._placed(frame, lines)

    def _placed(self, frame: pl.DataFrame, lines: Any) -> pl.DataFrame:
        numbers = (
            pl.int_range(lines.start, lines.stop, dtype=pl.Int64, eager=True)
            if isinstance(lines, range)
            else pl.Series(lines, dtype=pl.Int64)
        )
        return frame.with_columns(pl.lit(self.plan.source_id).alias("source_id"), numbers.alias("line"))

    def _spill_file(self, n: int, suffix: str, *texts: bytes | memoryview) -> str:
        file = self.spill / f"{self.mark}-{n % 2}.{suffix}"
        with file.open("wb") as f:
            f.writelines(texts)
        return file.as_posix().replace("'", "''")

    # --- any other shape: record by record ------------------------------------------------------------------------

    def _mapped_frames(self, reads: Iterator[Read | int]) -> Iterator[pl.DataFrame]:
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
                yield from self._flush(waiting, numbers)
                size = 0
        for number, records in self.open.values():
            self._add(number, self._joined(records), waiting, numbers)
        self.open.clear()
        yield from self._flush(waiting, numbers)

    def _add(self, number: int, record: Any, waiting: dict[str, list[bytes]], numbers: dict[str, list[int]]) -> int:
        size = 0
        for kind, row in self._rows(number, record):
            text = orjson.dumps(row, default=_as_text, option=orjson.OPT_NON_STR_KEYS)
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

    def _flush(self, waiting: dict[str, list[bytes]], numbers: dict[str, list[int]]) -> Iterator[pl.DataFrame]:
        for kind, rows in waiting.items():
            if not rows:
                continue
            names = [n for n in casting.table_columns(kind) if n not in ("source_id", "line")]
            columns = ", ".join(f"{n}: 'VARCHAR'" for n in names)
            file = self._spill_file(len(kind), "mapped", b"\n".join([*rows, b""]))
            reader = (
                f"read_json('{file}', format='newline_delimited', columns={{{columns}}}, "
                f"maximum_object_size={max(max(map(len, rows)) * 2, 1 << 24)})"
            )
            frame = self._cast(reader, names, numbers[kind], kind)
            if kind == self.plan.kind:
                yield frame
            else:
                self.side.setdefault(kind, []).append(frame)
        waiting.clear()
        numbers.clear()

    # --- bookkeeping ----------------------------------------------------------------------------------------------

    def _reject(self, line: int, reason: str, text: str) -> None:
        self.counts.rejected += 1
        if len(self.rejects) < KEPT_REJECTS:
            self.rejects.append((line, reason, visible(mask_secrets(text, self.key)[:200])))

    def _advance(self, n: int) -> None:
        self.progress(n, 0)

    def _finish(self) -> None:
        sha = self.plan.sha256
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
        for kind, frames in self.side.items():
            if frames:
                whole = pl.concat(frames)
                keep = [c for c in whole.columns if c in casting.table_columns(kind)]
                self._write(whole.select(keep), f"side/{sha}.{kind}.parquet")
        if self.plan.kind == "requests":
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

    def _write(self, frame: pl.DataFrame, name: str) -> None:
        target = self.folder / name
        partial = target.with_suffix(f".{self.mark}.partial")
        frame.write_parquet(partial, compression="zstd")
        os.replace(partial, target)


class _Sink:
    """A Parquet file written frame by frame in a thread of its own."""

    def __init__(self, file: Path, schema: pl.Schema) -> None:
        self.waiting: queue.Queue[pl.DataFrame | None] = queue.Queue(1)
        self.problem: BaseException | None = None
        lazy = register_io_source(self._waiting, schema=schema)

        def write() -> None:
            try:
                lazy.sink_parquet(file, compression="zstd", row_group_size=ROW_GROUP, maintain_order=True)
            except BaseException as e:
                self.problem = e

        self.thread = threading.Thread(target=write, daemon=True)
        self.thread.start()

    def _waiting(self, *_: Any) -> Iterator[pl.DataFrame]:
        while (frame := self.waiting.get()) is not None:
            yield frame

    def put(self, frame: pl.DataFrame | None) -> None:
        """Wait until there is room for one more frame. Raises what stopped the writing, if something did."""
        while self.thread.is_alive():
            try:
                self.waiting.put(frame, timeout=0.2)
                return
            except queue.Full:
                continue
        if self.problem:
            raise self.problem

    def close(self) -> None:
        """Wait until all is written."""
        self.put(None)
        self.thread.join()
        if self.problem:
            raise self.problem


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


def _line_end(text: bytes) -> str:
    at = text.find(b"\n")
    return "\\r\\n" if at > 0 and text[at - 1 : at] == b"\r" else "\\n"


def _header(shape: Shape) -> bytes:
    return (shape.delimiter.join(f'"{n}"' for n in shape.names) + "\n").encode()


def _chained(header: bytes, text: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield header + text
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
    return orjson.dumps(value, default=str).decode()


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _as_text(value: Any) -> str:
    return str(value)
