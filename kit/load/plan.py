"""What an export is and how it is going to be read, found out from its first records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kit.errors import LoadError
from kit.formats import KINDS, Format, recognise, recognise_lines
from kit.load.casting import table_columns
from kit.load.container import Container, open_container, sha256
from kit.load.envelopes import unwrap
from kit.load.records import Shape, sample, shape_of

KEY_COLUMNS = {  # a file with canonical names feeds the table whose columns these are
    "usage_buckets": {"bucket_start"},
    "identifiers": {"account_id", "id_type", "id_value"},
    "model_releases": {"request_model", "released_at"},
    "accounts": {"account_id"},
    "requests": set(),
}


@dataclass(frozen=True)
class Plan:
    """How an export is going to be read.

    format     None: its columns already bear the canonical names
    names      the canonical columns that are there, when format is None
    unwrapped  whether its records come in envelopes that log shippers add
    """

    path: Path
    sha256: str
    container: Container
    shape: Shape
    kind: str
    format: Format | None
    names: frozenset[str]
    unwrapped: bool = False

    @property
    def source_id(self) -> str:
        return self.sha256[:16]

    @property
    def format_name(self) -> str:
        return self.format.name if self.format else "canonical"


def plan(path: Path, chosen: Format | None = None, digest: str = "") -> Plan:
    """Look at an export and decide how to read it. Raises LoadError if its format is not known."""
    found = _plan(path, chosen, digest)
    return replace(found, container=replace(found.container, head=b""))  # thousands of plans are held at once


def _plan(path: Path, chosen: Format | None, digest: str) -> Plan:
    container = open_container(path)
    shape = shape_of(container)
    digest = digest or sha256(path)
    if shape.kind == "lines" or (chosen and chosen.records.get("lines")):
        lines = [line for line in container.head.decode("utf-8", "replace").splitlines()[:200] if line.strip()]
        fmt = chosen if chosen and chosen.records.get("lines") else recognise_lines(lines)
        if fmt is None:
            raise _unknown(path, "text lines of no known pattern")
        return Plan(path, digest, container, Shape("lines"), fmt.kind, fmt, frozenset())
    values = sample(container, shape)
    packed = any(isinstance(v, list) for v in values)
    values = [v for value in values for v in (value if isinstance(value, list) else [value])]
    if chosen is not None:
        wrapped = packed or not any(chosen.matches(r) for v in values for r in chosen.records_in(v))
        return Plan(path, digest, container, shape, chosen.kind, chosen, frozenset(), wrapped and _wraps(values))
    for unwrapped, looked in ((packed, values), (True, [r for v in values for r in unwrap(v)])):
        if found := _recognised(path, shape.kind, shape.names, looked):
            kind, fmt, names = found
            return Plan(path, digest, container, shape, kind, fmt, names, unwrapped)
    keys = sorted({k for v in values if isinstance(v, dict) for k in v} or set(shape.names))
    raise _unknown(path, f"fields {', '.join(keys[:6])}{' ...' if len(keys) > 6 else ''}" if keys else "no objects")


def _wraps(values: list[Any]) -> bool:
    return any(unwrap(v) != [v] for v in values)


def _recognised(
    path: Path, shape: str, header: tuple[str, ...], values: list[Any]
) -> tuple[str, Format | None, frozenset[str]] | None:
    keys = set(header) or {k for v in values if isinstance(v, dict) for k in v}
    if canonical := _canonical(path, shape, keys, 0.8):
        return canonical
    rows = values or ([dict.fromkeys(header, "")] if header else [])
    if fmt := recognise(rows, path.as_posix()):
        return fmt.kind, fmt, frozenset()
    return _canonical(path, shape, keys, 0.5)


def _canonical(
    path: Path, shape: str, keys: set[str], share: float
) -> tuple[str, Format | None, frozenset[str]] | None:
    """The table whose own column names these keys are, if at least `share` of them are."""
    best = ""
    for kind in KINDS:
        columns = set(table_columns(kind)) - {"source_id", "line"}
        fits = len(keys & columns) >= max(2, share * len(keys)) and keys >= KEY_COLUMNS[kind]
        better = not best or len(keys & columns) > len(keys & set(table_columns(best)))
        if fits and (better or path.name.split(".")[0] == kind):
            best = kind
    if not best or (best == "requests" and not keys & {"request_id", "occurred_at"}):
        return None
    columns = set(table_columns(best)) - {"source_id", "line"}
    return best, None, frozenset(columns if shape in ("ndjson", "json") else columns & keys)


def _unknown(path: Path, seen: str) -> LoadError:
    return LoadError(f"{path} is in no format the kit knows ({seen}); describe it with: incident map {path}")
