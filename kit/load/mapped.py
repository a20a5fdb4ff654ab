"""Records of an export as rows with canonical names: unwrapped, stitched where one call has several, mapped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kit.database import first_line
from kit.formats import Skipped, exact
from kit.formats.messages import joined
from kit.formats.values import column_value
from kit.load.envelopes import unwrap
from kit.load.plan import Plan
from kit.load.records import Read, Reject, text_of_row
from kit.load.tally import Tally

BATCH = 32 << 20
OPEN_CALLS = 20_000  # calls whose records may still come, when records are stitched
Batch = dict[str, list[bytes]]  # table -> its rows as lines of JSON, each with its `_line`


class Mapper:
    """Maps records. What became of it goes to the tally, ids that tie records of one event to `ties`."""

    def __init__(self, plan: Plan, tally: Tally) -> None:
        self.plan, self.tally = plan, tally
        self.rules = plan.format.records if plan.format else {}
        self.many = plan.unwrapped or bool(self.rules.get("path"))  # lines hold several records, which are counted
        self.ties: list[tuple[int, str]] = []
        self.open: dict[str, tuple[int, list[Any]]] = {}

    def batches(self, reads: Iterator[Read | int]) -> Iterator[Batch]:
        """The rows of all records, some 32 MB at a time."""
        batch: Batch = {}
        size = 0
        for line, record in self._records(reads):
            for number, whole in self._stitched(line, record):
                size += self._add(batch, number, whole)
            if size > BATCH:
                yield batch
                batch, size = {}, 0
        for number, records in self.open.values():
            self._add(batch, number, self._joined(records))
        self.open.clear()
        yield batch

    def _records(self, reads: Iterator[Read | int]) -> Iterator[tuple[int, Any]]:
        ordinal = 0
        for one in reads:
            if isinstance(one, int):
                self.tally.blank += 1
            elif isinstance(one, Reject):
                ordinal += 1
                self.tally.reject(ordinal if self.many else one.line, one.reason, one.text)
            elif isinstance(one[1], list) and not self.many:
                self.tally.reject(one[0], "several records on one line", text_of_row(one[1]))
            else:
                for record in self._unpacked(one[1]):
                    ordinal += 1
                    yield ordinal if self.many else one[0], record

    def _unpacked(self, value: Any) -> Iterator[Any]:
        fmt = self.plan.format
        for one in unwrap(value) if self.plan.unwrapped else value if isinstance(value, list) else [value]:
            yield from fmt.records_in(one) if fmt else (one,)

    def _stitched(self, line: int, record: Any) -> Iterator[tuple[int, Any]]:
        """Records of one call, told by a key, become one at the line of the first; the rest come as they are."""
        spec = self.rules.get("stitch")
        key = column_value(record, spec) if spec and isinstance(record, dict) else None
        if key is None:
            yield line, record
            return
        self.open.setdefault(str(key), (line, []))[1].append(record)
        if len(self.open) > OPEN_CALLS:
            line, records = self.open.pop(next(iter(self.open)))
            yield line, self._joined(records)

    def _joined(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        if order := self.rules.get("order"):
            records = sorted(records, key=lambda r: int(column_value(r, order) or 0))
        self.tally.loaded += len(records) - 1
        return joined(records, frozenset(self.rules.get("join", [])))

    def _add(self, batch: Batch, line: int, record: Any) -> int:
        size = 0
        for kind, row in self._rows(line, record):
            text = exact.dumps({"_line": line, **row}) + b"\n"
            batch.setdefault(kind, []).append(text)
            size += len(text)
        return size

    def _rows(self, line: int, record: Any) -> list[tuple[str, dict[str, Any]]]:
        fmt = self.plan.format
        try:
            if fmt is None:
                names = self.plan.names
                rows = [(self.plan.kind, {k: _text(v) for k, v in record.items() if k in names and v is not None})]
            else:
                rows = [(kind, {k: _text(v) for k, v in row.items()}) for kind, row in fmt.rows(record)]
                self.ties += [(line, tie) for tie in fmt.ties_of(record)] if fmt.ties else []
        except Skipped as e:
            self.tally.reject(line, str(e), text_of_row(record))
            return []
        except (AttributeError, TypeError, ValueError, KeyError, RecursionError) as e:
            problem = f"not as this format has it: {first_line(e) or type(e).__name__}"
            self.tally.reject(line, problem, text_of_row(record))
            return []
        self.tally.loaded += 1
        return rows


def _text(value: Any) -> Any:
    """A value as the text the cast reads; objects as JSON text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return exact.dumps(value).decode()
