"""One value out of a record: by path, with units, alternatives, sums and maps, as a mapping file says it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from kit.formats.messages import parsed

Spec = str | list[str] | dict[str, Any]
PER_SECOND = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
KEYS = frozenset(
    {"path", "as", "scale", "map", "default", "sum", "minus", "const", "match", "split", "part", "join", "by"}
    | {"until", "suffix", "plus_days", "lower"}
)


@lru_cache(4096)
def _heads(path: str) -> tuple[tuple[str, str], ...]:
    """Every way to read a dotted path: as one key, or as a key and the rest."""
    parts = path.split(".")
    return tuple((".".join(parts[:n]), ".".join(parts[n:])) for n in range(1, len(parts) + 1))


def find(record: Any, path: str, missing: Any = None) -> Any:
    """The value at a dotted path; keys may hold dots themselves, values may be JSON text, lists take a number."""
    if isinstance(record, str):
        record = parsed(record)
    if isinstance(record, list):
        head, _, rest = path.partition(".")
        if head.lstrip("-").isdigit() and -len(record) <= int(head) < len(record):
            inner = record[int(head)]
            return find(inner, rest, missing) if rest else inner
        return missing
    if not isinstance(record, dict):
        return missing
    for head, rest in _heads(path):
        if head in record:
            if not rest:
                return record[head]
            inner = find(record[head], rest, missing)
            if inner is not None and inner is not missing:
                return inner
    return missing


def column_value(record: Any, spec: Spec, nulls: frozenset[str] = frozenset()) -> Any:
    """The value a column specification asks for, or None."""
    if isinstance(spec, str):
        paths = spec.split("|") if "|" in spec else (spec,)
        return next((v for p in paths if (v := _plain(find(record, p), nulls)) is not None), None)
    if isinstance(spec, list):
        return next((v for p in spec if (v := column_value(record, p, nulls)) is not None), None)
    if "const" in spec:
        return spec["const"]
    if "sum" in spec:
        value = _sum(record, spec, nulls)
    elif "join" in spec:
        found = [column_value(record, p, nulls) for p in spec["join"]]
        value = spec.get("by", "").join(str(f) for f in found) if all(f is not None for f in found) else None
    else:
        value = column_value(record, spec.get("path", ""), nulls)
    if "until" in spec and value is not None:
        value = elapsed_ms(value, column_value(record, spec["until"], nulls), spec.get("as"))
        return spec.get("default") if value is None else value
    return spec.get("default") if value is None else _changed(value, spec)


def raw_value(record: Any, spec: Spec, nulls: frozenset[str] = frozenset()) -> Any:
    """The value a column specification starts from, before any change of unit."""
    if isinstance(spec, list):
        spec = next((s for s in spec if column_value(record, s, nulls) is not None), "")
    return column_value(record, spec.get("path", "") if isinstance(spec, dict) else spec, nulls)


def _plain(value: Any, nulls: frozenset[str]) -> Any:
    if value is None or value == "" or (isinstance(value, str) and value in nulls):
        return None
    if isinstance(value, dict | list) and not value:
        return None
    return value


def _sum(record: Any, spec: dict[str, Any], nulls: frozenset[str]) -> Any:
    found = [_number(column_value(record, p, nulls)) for p in spec["sum"]]
    numbers = [n for n in found if n is not None]
    if not numbers:
        return None
    less = [_number(column_value(record, p, nulls)) or Decimal(0) for p in spec.get("minus", [])]
    return sum(numbers, Decimal(0)) - sum(less, Decimal(0))


def _number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool | dict | list):
        return None
    try:
        number = Decimal(str(value).strip().replace(",", ""))
        return number if number.is_finite() else None
    except InvalidOperation:
        return None


def _changed(value: Any, spec: dict[str, Any]) -> Any:
    if "match" in spec:
        found = re.search(spec["match"], str(value))
        value = (found.group(1) if found.groups() else found.group()) if found else None
    if "split" in spec and value is not None:
        parts = str(value).split(spec["split"])
        at = spec.get("part", 0)
        value = parts[at].strip() if -len(parts) <= at < len(parts) else None
    if value is None or value == "":
        return spec.get("default")
    if "map" in spec:
        text = str(value).lower()
        value = spec["map"].get(text, spec["map"].get("*", spec.get("default", value)))
    if "scale" in spec and (number := _number(value)) is not None:
        value = number * Decimal(str(spec["scale"]))
    if "as" in spec:
        value = as_time(value, spec["as"])
    if "suffix" in spec:
        value = f"{value}{spec['suffix']}"
    if "plus_days" in spec:
        value = (datetime.fromisoformat(str(value)) + timedelta(days=spec["plus_days"])).isoformat()
    if spec.get("lower"):
        value = str(value).lower()
    return None if value == "" else value


def elapsed_ms(start: Any, end: Any, unit: str | None) -> float | None:
    """Milliseconds from one time to another; None if either cannot be read as a time."""
    try:
        first, last = (datetime.fromisoformat(str(as_time(t, unit) if unit else t).strip()) for t in (start, end))
        return round((last - first).total_seconds() * 1000, 6)
    except (ValueError, TypeError):
        return None


def as_time(value: Any, unit: str) -> Any:
    """A number of seconds, milli-, micro-, nanoseconds or .NET ticks as ISO 8601 in UTC; others as they are."""
    number = _number(value)
    if number is None:
        return value
    if unit == "epoch":  # the unit is told by the size: seconds, milli-, micro- or nanoseconds since 1970
        digits = len(str(int(abs(number))))
        unit = (
            "epoch_s" if digits < 12 else "epoch_ms" if digits < 15 else "epoch_us" if digits < 18 else "epoch_ns"
        )
    try:
        if unit == "ticks":  # 100 ns since 0001-01-01
            moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(number) // 10)
        else:
            micros = int(number * 10**6 / PER_SECOND[unit])
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except OverflowError:
        return value
    return moment.isoformat().replace("+00:00", "Z")
