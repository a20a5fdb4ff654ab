"""Export formats as data: one TOML file per format says how to recognise it and where each canonical column lies.

docs/reference/mapping-files.md explains the files; `incident map FILE` writes one.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from kit.errors import LoadError
from kit.formats import decoders
from kit.formats.answers import read_response, read_usage
from kit.formats.messages import is_cut_json, parsed, read_request
from kit.formats.values import Spec, column_value, find, raw_value

Row = dict[str, Any]
KINDS = ("requests", "accounts", "identifiers", "model_releases", "usage_buckets")
TOKENS = {"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"}
TABLES = {"format", "recognise", "records", "columns", "content", "identifiers", "ties"}


class Skipped(Exception):
    """A record that is well formed but is no row of the table its format feeds; says why."""


@dataclass(frozen=True)
class Format:
    """One export format.

    kind    the canonical table its records feed
    rank    which record of one event speaks first: 10 provider, 20 gateway, 30 observability, 40 network
    """

    name: str
    title: str
    kind: str
    rank: int
    recognise: dict[str, Any]
    records: dict[str, Any]
    columns: dict[str, Spec]
    content: dict[str, Any] = field(default_factory=dict)
    identifiers: dict[str, Any] = field(default_factory=dict)
    ties: dict[str, Any] = field(default_factory=dict)
    nulls: frozenset[str] = frozenset()

    def matches(self, record: Any) -> bool:
        """Whether a record has the keys of this format and none of those it must not have."""
        if not isinstance(record, dict):
            return False
        has, lacks, equals = (self.recognise.get(k) for k in ("has", "lacks", "equals"))
        if not has and not equals:
            return False
        return (
            all(any(_present(record, p) for p in one.split("|")) for one in has or ())
            and not any(_present(record, p) for p in lacks or ())
            and all(str(find(record, p)) in ([v] if isinstance(v, str) else v) for p, v in (equals or {}).items())
        )

    def records_in(self, value: Any) -> Iterator[Any]:
        """The records that one top-level value holds, each with the value around it under the key `^`."""
        path = self.records.get("path")
        decode = self.records.get("decode")
        found = _explode(value, path.split(".")) if path else iter((value,))
        for record in found:
            yield decoders.DECODERS[decode](record) if decode else record

    def rows(self, record: Any) -> Iterator[tuple[str, Row]]:
        """The canonical rows of one record as (table, row). Raises Skipped if it is of another kind."""
        if not isinstance(record, dict):
            raise Skipped("not an object")
        reason = self._not_a_row(record)
        if reason and not self.identifiers:
            raise Skipped(reason)
        if self.identifiers:
            yield from _identifier_rows(record, self.identifiers, self.nulls)
        if reason or self.kind == "identifiers":
            return
        row = {
            n: v for n, spec in self.columns.items() if (v := column_value(record, spec, self.nulls)) is not None
        }
        if "occurred_at" in row and "occurred_at_raw" not in row:
            row["occurred_at_raw"] = raw_value(record, self.columns["occurred_at"], self.nulls)
        if self.content:
            _add_content(row, record, self.content)
        yield self.kind, row

    def _not_a_row(self, record: Row) -> str:
        """Why a record is no row of this format's table, or ""."""
        for path, wanted in self.records.get("only", {}).items():
            if str(find(record, path)) not in wanted:
                return f"not a model call: {path} is {str(find(record, path))[:40]!r}"
        for path, unwanted in self.records.get("except", {}).items():
            if str(find(record, path)) in unwanted:
                return f"not a model call: {path} is {str(find(record, path))[:40]!r}"
        needed = self.records.get("needs", [])
        if needed and all(find(record, p) in (None, "", "-") for p in needed):
            return f"not a model call: no {needed[0]}"
        return ""

    def ties_of(self, record: Any) -> Iterator[str]:
        """Further ids by which records of one event know each other, as "space:value"."""
        for space, spec in self.ties.items():
            value = column_value(record, spec, self.nulls)
            if value is not None:
                yield f"{space}:{value}"


def _present(record: Any, path: str) -> bool:
    return find(record, path, missing=_ABSENT) is not _ABSENT


_ABSENT = object()


def _explode(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    many, optional = "[]" in steps[0], steps[0].endswith("?")
    names = steps[0].removesuffix("?").removesuffix("[]").split("|")
    inner = next((i for n in names if (i := parsed(find(value, n))) is not None), None)
    if optional and not isinstance(inner, list | dict):
        yield from _explode(value, steps[1:])
        return
    for one in inner if many and isinstance(inner, list) else [inner] if inner is not None else []:
        yield from _explode({**one, "^": value} if isinstance(one, dict) else one, steps[1:])


def _identifier_rows(record: Any, spec: dict[str, Any], nulls: frozenset[str]) -> Iterator[tuple[str, Row]]:
    account = column_value(record, spec["account_id"], nulls)
    seen = column_value(record, spec["seen_at"], nulls) if "seen_at" in spec else None
    if account is None:
        return
    for id_type, path in spec["values"].items():
        for one in path["each"] if isinstance(path, dict) and "each" in path else [path]:
            value = column_value(record, one, nulls)
            if value is not None:
                row = {"account_id": account, "id_type": id_type, "id_value": value}
                yield "identifiers", {**row, "first_seen": seen, "last_seen": seen, "n_events": 1}


def _add_content(row: Row, record: Any, content: dict[str, Any]) -> None:
    """Fill from the bodies what the columns did not say."""
    found: Row = {}
    for part, read in (("usage", read_usage), ("response", read_response), ("request", read_request)):
        paths = content.get(part, [])
        for path in [paths] if isinstance(paths, str) else paths:
            body = find(record, path) if path else record
            fields = read(body) if body not in (None, "", "{}", "[]", {}, []) else {}
            for name, value in fields.items():
                # a count may leave out cached tokens that another names: the larger one has them
                found[name] = max(found.get(name, 0), value) if name in TOKENS else found.get(name, value)
            if is_cut_json(body):
                found.setdefault("content_state", "truncated")
    for paths, state in (
        (content.get("elsewhere", []), "external_ref"),
        (content.get("encrypted", []), "encrypted"),
    ):
        if any(find(record, p) not in (None, "", False) for p in paths):
            found["content_state"] = state
    for name, value in found.items():
        row.setdefault(name, value)


def read_format(file: Path | Any, name: str) -> Format:
    """The format a TOML file describes. Raises LoadError if the file is not such a file."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        head = data.pop("format")
        parent = format_named(head["extends"]) if "extends" in head else None
        unknown = set(data) - TABLES
        if unknown:
            raise KeyError(f"unknown table [{sorted(unknown)[0]}]")
        kind = head.get("kind", "requests")
        if kind not in KINDS:
            raise KeyError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        return Format(
            name=name,
            title=head["title"],
            kind=kind,
            rank=int(head.get("rank", 20)),
            recognise=data.get("recognise", {}),
            records=data.get("records", {}),
            columns={**(parent.columns if parent else {}), **data.get("columns", {})},
            content=data.get("content", parent.content if parent else {}),
            identifiers=data.get("identifiers", parent.identifiers if parent else {}),
            ties=data.get("ties", parent.ties if parent else {}),
            nulls=frozenset(head.get("nulls", [])),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as e:
        raise LoadError(f"{file} is not a mapping file ({e}); see docs/reference/mapping-files.md.") from e


@cache
def formats() -> dict[str, Format]:
    """Every format the kit knows, by name."""
    folder = resources.files("kit") / "formats"
    names = sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    return {name: format_named(name) for name in names}


@cache
def format_named(name: str) -> Format:
    """A format by its name. Raises LoadError if there is none."""
    file = resources.files("kit") / "formats" / f"{name}.toml"
    if not name.replace("_", "").isalnum() or not file.is_file():
        raise LoadError(f"There is no format {name!r}; choose auto or one of {', '.join(formats())}.")
    return read_format(file, name)


def recognise(values: Sequence[Any], file_name: str) -> Format | None:
    """The format most of whose sampled top-level values, or the records in them, fit; None if none fits.

    A format with more recognition keys wins over one with fewer, a file-name hint decides between equals.
    """
    best: tuple[float, int, int, str] | None = None
    for name, fmt in formats().items():
        if fmt.records.get("lines"):
            continue
        records = [r for v in values[:200] for r in _at_most(fmt.records_in(v), 20)]
        share = sum(fmt.matches(r) for r in records) / len(records) if records else 0
        if share == 0 or (share < 0.5 and not fmt.recognise.get("few")):
            continue
        keys = len(fmt.recognise.get("has", [])) + 2 * len(fmt.recognise.get("equals", {}))
        hint = any(fnmatch.fnmatch(file_name.lower(), p) for p in fmt.recognise.get("names", []))
        if best is None or (round(share, 1), keys, hint, name) > best:
            best = (round(share, 1), keys, int(hint), name)
    return formats()[best[3]] if best else None


def recognise_lines(lines: Sequence[str]) -> Format | None:
    """The format of a plain-text log, by the share of its first lines that one of the format's patterns reads."""
    best: tuple[float, str] | None = None
    for name, fmt in formats().items():
        patterns = [re.compile(p) for p in fmt.records.get("lines", [])]
        if patterns and lines:
            share = sum(any(p.match(line) for p in patterns) for line in lines) / len(lines)
            if share >= fmt.records.get("share", 0.5) and (best is None or share > best[0]):
                best = (share, name)
    return formats()[best[1]] if best else None


def _at_most(items: Iterator[Any], n: int) -> Iterator[Any]:
    for _, item in zip(range(n), items, strict=False):
        yield item
