"""Records out of an export, one by one, each with its line; what cannot be read comes out as a reject."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Any

import duckdb

from kit.errors import LoadError
from kit.formats import Format, exact
from kit.load.container import LONGEST_LINE, Advance, Container, pieces
from kit.shortage import shortage

csv.field_size_limit(LONGEST_LINE)
DOCUMENT_LIMIT = 512 << 20
# What shippers write before a record: a time (CloudWatch export tasks, kubectl), and a stream (container runtimes).
SHIPPED_AT = re.compile(rb"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?(?: std(?:out|err) F)?\s+(?=\{)")


@dataclass(frozen=True)
class Reject:
    """A line that could not be read, and why."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Shape:
    """How an export holds its records: ndjson | json | csv | lines | parquet, and for CSV how."""

    kind: str
    delimiter: str = ","
    names: tuple[str, ...] = ()
    header: str = ""


Read = tuple[int, Any] | Reject


def shape_of(container: Container) -> Shape:
    """Find out by looking, whatever the file's name ends in."""
    if container.is_parquet:
        return Shape("parquet")
    lines = [line for line in container.head.split(b"\n")[:50] if line.strip()]
    cut = len(container.head) >= 1 << 20 and len(lines) < 50
    whole = [isinstance(_loads(line), dict | list) for line in lines]
    mostly = sum(whole) * 2 >= len(lines) - cut
    if container.head.lstrip()[:1] in (b"{", b"["):
        objects = container.head.lstrip()[:1] == b"{"
        by_line = (mostly and (objects or len(lines) > 1)) or (len(lines) == 1 and objects)
        return Shape("ndjson" if by_line else "json")
    if mostly:
        return Shape("ndjson")
    head = lines[0].decode("utf-8", "replace").rstrip("\r")
    if "\r" in head:
        return Shape("lines")
    for delimiter in (",", ";", "\t", "|"):
        names = [n.strip() for n in next(csv.reader([head], delimiter=delimiter))]
        named = all(re.fullmatch(r"[\w .:/@\[\]()$%#?&+*-]{0,80}", n) for n in names)
        if named and len([n for n in names if n]) > 1:
            if any(re.match(r"\d{4}-\d\d|\d+[.:]\d+|\[", n) for n in names):
                continue
            return Shape("csv", delimiter, tuple(names), head)
    return Shape("lines")


def sample(container: Container, shape: Shape, n: int = 200) -> list[Any]:
    """The first top-level values of an export."""
    if shape.kind == "parquet":
        return [value for _, value in islice(parquet_rows(container), n)]
    reads = read(container, shape, lambda _: None)
    return [r[1] for r in islice((r for r in reads if isinstance(r, tuple)), n)]


def read(container: Container, shape: Shape, advance: Advance, fmt: Format | None = None) -> Iterator[Read | int]:
    """Every record with its line, every reject, and the number of each blank line that was passed (as an int)."""
    if shape.kind == "parquet":
        yield from parquet_rows(container)
    elif shape.kind == "json":
        yield from _document(container, advance)
    elif shape.kind == "csv":
        texts, first = after_header(pieces(container, advance, whole_records=True)), 1
        for text in texts:
            for one in csv_rows(text, texts, shape, first):
                yield one
                first = line_of(one) + 1
    elif shape.kind == "lines" and fmt is not None:
        yield from _log_lines(pieces(container, advance), fmt)
    else:
        first = 1
        for text in pieces(container, advance):
            for one in json_lines(text, first):
                yield one
                first = line_of(one) + 1


def line_of(one: Read | int) -> int:
    """The line of what a reader found."""
    return one if isinstance(one, int) else one.line if isinstance(one, Reject) else one[0]


def _lines(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def json_lines(text: bytes, first: int) -> Iterator[Read | int]:
    """NDJSON lines as objects; a line may hold several objects, or an array of them."""
    for number, line in enumerate(_lines(text), first):
        if not line.strip(b" \t\r\v\f"):
            yield number
            continue
        value, problem = load_line(line)
        if problem:
            yield Reject(number, problem, line[:400].decode("utf-8", "replace"))
        else:
            yield number, value


def load_line(line: bytes) -> tuple[Any, str]:
    """One line of JSON, or the reason why it is none."""
    if len(line) > LONGEST_LINE:
        return None, f"longer than {LONGEST_LINE >> 20} MB"
    try:
        value = exact.loads(line)
    except (ValueError, RecursionError) as e:
        value, problem = _second_look(line, str(e))
        if problem:
            return None, problem
    if isinstance(value, dict):
        return value, ""
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        return value, ""
    return None, f"not an object but {type(value).__name__}" if value is not None else "not an object but null"


def _second_look(line: bytes, problem: str) -> tuple[Any, str]:
    """What the fast reader refuses and can be kept: lone surrogates, NaN, several objects on one line, a time."""
    line = _bare(line)
    if bad := _not_text(line):
        return None, bad
    text = line.decode("utf-8")
    if "\0" in text:
        return None, "holds NUL bytes"
    try:
        values = list(_values(text))
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as e:
        torn = "cut short: " if line.lstrip()[:1] in (b"{", b"[") and line.rstrip()[-1:] not in (b"}", b"]") else ""
        return None, f"not JSON: {torn}{str(e) or problem}"
    values = [_mended(v) for v in values]
    return (values[0] if len(values) == 1 else values), ""


def _not_text(line: bytes) -> str:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as e:
        return f"not UTF-8 at byte {e.start + 1}"
    return ""


def _values(text: str) -> Iterator[Any]:
    at = len(text) - len(text.lstrip())
    while at < len(text):
        value, at = exact.DECODER.raw_decode(text, at)
        yield value
        while at < len(text) and text[at] in " \t\r\n,\x1e":
            at += 1


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value
    if isinstance(value, list):
        return [_mended(v) for v in value]
    return {_mended(k): _mended(v) for k, v in value.items()} if isinstance(value, dict) else value


def _bare(line: bytes) -> bytes:
    """A line without the time that a log shipper wrote before the record."""
    before = SHIPPED_AT.match(line)
    return line[before.end() :] if before else line


def _loads(line: bytes) -> Any:
    try:
        return exact.loads(_bare(line))
    except (ValueError, RecursionError):
        return None


def _document(container: Container, advance: Advance) -> Iterator[Read]:
    """One JSON document, an array, or several documents after one another; each record counts as a line."""
    whole: list[bytes] = []
    size = 0
    for text in pieces(container, advance):
        whole.append(text)
        size += len(text)
        if size > DOCUMENT_LIMIT:
            raise LoadError(
                f"{container.path} is one JSON document of more than {DOCUMENT_LIMIT >> 20} MB; "
                "convert it to one record per line first, for example with: jq -c '.[]'"
            )
    raw = b"".join(whole)
    try:
        values = [exact.loads(raw)]
    except (ValueError, RecursionError):
        yield from _broken_document(raw)
        return
    values = values[0] if isinstance(values[0], list) else values
    yield from enumerate(values, 1)


def _broken_document(raw: bytes) -> Iterator[Read]:
    text = raw.decode("utf-8", "replace").lstrip()
    array = text.startswith("[")
    at, n = int(array), 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,\x1e":
            at += 1
        if at >= len(text) or (array and text[at] == "]"):
            return
        n += 1
        try:
            value, at = exact.DECODER.raw_decode(text, at)
            yield n, _mended(value)
        except (ValueError, RecursionError) as e:
            yield Reject(n, f"not JSON: {e}", text[at : at + 400])
            later = re.compile(r"\n[ \t]*\{|\n\{").search(text, at + 1)
            if not later:
                return
            at = later.start() + 1


def after_header(texts: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of CSV text without the header and what is blank before it."""
    for text in texts:
        if head := text.lstrip(b" \t\r\n"):
            if body := head[head.find(b"\n") + 1 or len(head) :]:
                yield body
            yield from texts


def csv_rows(text: bytes, later: Iterator[bytes], shape: Shape, first: int = 1) -> Iterator[Read | int]:
    """The rows of a piece of CSV as objects, the last one to its end, for which pieces are taken from `later`.

    Rows with too few or too many fields are rejects, unless the fields too many are empty. Row `first` comes first.
    """
    lines: list[bytes] = []  # of the row that is being read

    def following() -> Iterator[str]:
        for piece in chain([text], later):
            for line in _lines(piece):
                lines.append(line)
                yield line.decode("utf-8", "replace") + "\n"
            if not lines:
                return

    reader = csv.reader(following(), delimiter=shape.delimiter, strict=False)
    width = len(shape.names)
    for number in count(first):
        lines.clear()
        row: list[str] = []
        problem = ""
        try:
            row = next(reader, [])
        except csv.Error as e:
            problem = f"not CSV: {e}"
        if not lines:
            return
        raw = b"\n".join(lines)
        if not raw.strip():
            yield number
            continue
        if not problem and (len(row) < width or any(row[width:])):
            problem = f"{len(row)} fields where the header has {width}"
        if _not_text(raw):
            problem = _not_text(raw)
        elif raw.rstrip(b"\r") == shape.header.encode():
            problem = "the header once more"
        if problem:
            yield Reject(number, problem, raw[:400].decode("utf-8", "replace"))
        else:
            yield number, {n: v for n, v in zip(shape.names, row, strict=False) if n}


def parquet_rows(container: Container) -> Iterator[tuple[int, Any]]:
    """Rows of a Parquet file as objects."""
    with duckdb.connect() as con:
        con.execute("SET timezone = 'UTC'")
        try:
            con.execute("SELECT * FROM read_parquet($f)", {"f": container.path.as_posix()})
            names = [d[0] for d in con.description or []]
            number = 0
            while batch := con.fetchmany(2000):
                for row in batch:
                    number += 1
                    yield number, dict(zip(names, row, strict=True))
        except duckdb.Error as e:
            if shortage(e):
                raise
            raise LoadError(f"{container.path} is no Parquet file that can be read ({e}).".split("\n")[0]) from e


def _log_lines(texts: Iterable[bytes], fmt: Format) -> Iterator[Read | int]:
    patterns = [re.compile(p) for p in fmt.records["lines"]]
    for number, line in enumerate(chain.from_iterable(map(_lines, texts)), 1):
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not text.strip():
            yield number
        elif found := next((m for p in patterns if (m := p.match(text))), None):
            yield number, {**found.groupdict(), "line": text}
        else:
            yield Reject(number, "not a line of this format", text[:400])


def text_of_row(value: Any) -> str:
    """A short text of a record, for a reject's excerpt."""
    value = {k: v for k, v in value.items() if k != "^"} if isinstance(value, dict) else value
    try:
        return exact.dumps(value).decode("utf-8", "replace")[:400]
    except RecursionError:
        return "nested too deeply to show"
