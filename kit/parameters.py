"""The parameters of a notebook: plain capital names in one cell, checked by the next before anything is asked.

CASE = ".."                     # the cell tagged `parameters`
SINCE = "2026-05-01"
PER = "1 hour"

case = open_case(CASE)          # the cell after it
p = parameters.check(case, PER=parameters.one_of("15 minutes", "1 hour", "1 day"))
p                               # p.since, p.per: what the sections below use
"""

from __future__ import annotations

import html
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kit.case import Case
from kit.errors import ParameterError
from kit.result import visible

Read = Callable[[str, Any], tuple[Any, str]]


@dataclass(frozen=True)
class Parameters:
    """The checked parameters, by lower-case name: p.since, p.until, p.accounts, ...

    Times are ISO 8601 text in UTC or None, lists are lists or None; None means all. Shows itself as a table.
    """

    values: Mapping[str, Any]
    notes: Mapping[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        raise AttributeError(f"There is no parameter {name!r}; this notebook has {', '.join(self.values)}.")

    @property
    def window(self) -> dict[str, Any]:
        """The time window as keywords: analyses take **p.window."""
        return {"since": self.values.get("since"), "until": self.values.get("until")}

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        lines = "".join(
            f"<tr><th scope='row' {left}>{html.escape(name.upper())}</th><td {left}>{_shown(value)}</td>"
            f"<td {left}>{html.escape(self.notes.get(name, ''))}</td></tr>"
            for name, value in self.values.items()
        )
        head = "".join(f"<th scope='col' {left}>{h}</th>" for h in ("Parameter", "In effect", "Note"))
        head, caption = f"<tr>{head}</tr>", f"<caption {left}>Parameters in effect</caption>"
        return f"<table>{caption}<thead>{head}</thead><tbody>{lines}</tbody></table>"

    def __repr__(self) -> str:
        return "\n".join(f"{n.upper():<14} {visible(repr(v))}" for n, v in self.values.items())


def one_of(*choices: Any) -> Read:
    """One of the values listed."""

    def read(name: str, value: Any) -> tuple[Any, str]:
        if not any(value == c and type(value) is type(c) for c in choices):
            near = get_close_matches(str(value), [str(c) for c in choices], 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            listed = ", ".join(repr(c) for c in choices)
            raise ParameterError(f"{name} is {value!r}{hint}; choose one of {listed}.")
        return value, ""

    return read


def between(low: float, high: float) -> Read:
    """A number from `low` to `high`, both included; whole if both are whole."""
    whole = isinstance(low, int) and isinstance(high, int)

    def read(name: str, value: Any) -> tuple[Any, str]:
        kind = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
            what = "a whole number" if whole else "a number"
            raise ParameterError(f"{name} is {value!r}; give {what} from {low} to {high}.")
        if not low <= value <= high:
            raise ParameterError(f"{name} is {value!r}; give a number from {low} to {high}.")
        return value, ""

    return read


def text(name: str, value: Any) -> tuple[Any, str]:
    """Any text."""
    if not isinstance(value, str):
        raise ParameterError(f"{name} is {value!r}; write it as text in quotes.")
    return value, ""


def yes_no(name: str, value: Any) -> tuple[Any, str]:
    """True or False."""
    if not isinstance(value, bool):
        raise ParameterError(f"{name} is {value!r}; write True or False.")
    return value, ""


def time(name: str, value: Any) -> tuple[str | None, str]:
    """A moment as ISO 8601 text; "" for no bound. Text without a zone is read as UTC."""
    if value is None or value == "":
        return None, "no bound"
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ParameterError(
            f'{name} is {value!r}; write a time like "2026-05-01" or "2026-05-01T06:30Z".'
        ) from None
    note = "" if moment.tzinfo else "no zone was given: read as UTC"
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return moment.isoformat().replace("+00:00", "Z"), note


def check(case: Case, /, **kinds: Read) -> Parameters:
    """Check every capital name of the calling notebook and return the parameters in effect.

    CASE, SINCE, UNTIL, ACCOUNTS, MODELS and CLUSTERS are known and held against the case; the notebook declares
    the others: PER=one_of(...), TOP=between(1, 50), NOTE=text, STRICT=yes_no. Raises ParameterError for a name
    nobody declared (with the nearest that is), one that is missing, of the wrong kind, or impossible for this case.
    """
    return check_names(case, sys._getframe(1).f_globals, kinds)


def check_names(case: Case, names: Mapping[str, Any], kinds: Mapping[str, Read]) -> Parameters:
    """`check` for the names of a mapping."""
    known: dict[str, Read] = {**_common(case), **kinds}
    given = {n: v for n, v in names.items() if n.isupper() and not n.startswith("_")}
    _refuse_unknown(names, given, known, kinds)
    values: dict[str, Any] = {}
    notes: dict[str, str] = {}
    for name in [n for n in known if n in given]:
        values[name.lower()], notes[name.lower()] = known[name](name, given[name])
    _refuse_empty_window(case, values)
    return Parameters(values, notes)


def _refuse_unknown(
    names: Mapping[str, Any], given: Mapping[str, Any], known: Mapping[str, Read], kinds: Mapping[str, Read]
) -> None:
    odd = [n for n in given if n not in known] + [
        n for n in names if n != n.lower() and n not in known and n.upper() in known
    ]
    if odd:
        near = get_close_matches(odd[0].upper(), list(known), 1)
        hint = f"did you mean {near[0]}? Rename it" if near else "remove it"
        raise ParameterError(
            f"{odd[0]} is not a parameter of this notebook; {hint}, or choose from {', '.join(known)}; "
            "then restart the kernel and run again."
        )
    if missing := [n for n in ("CASE", *kinds) if n not in given]:
        raise ParameterError(
            f"The parameter {missing[0]} is not set; write it in the parameters cell and run that cell."
        )


def _refuse_empty_window(case: Case, values: Mapping[str, Any]) -> None:
    since, until = values.get("since"), values.get("until")
    if since and until and datetime.fromisoformat(since) >= datetime.fromisoformat(until):
        raise ParameterError(f"SINCE {since} is not before UNTIL {until}; choose a window that has a length.")
    if not (since or until):
        return
    first, last = span(case)
    if first is None or last is None:
        return
    if (since and datetime.fromisoformat(since) > last) or (until and datetime.fromisoformat(until) <= first):
        raise ParameterError(
            f"The window from {since or 'the start'} to {until or 'the end'} holds no request; "
            f"this case runs from {first:%Y-%m-%dT%H:%MZ} to {last:%Y-%m-%dT%H:%MZ}."
        )


def span(case: Case) -> tuple[datetime | None, datetime | None]:
    """The first and the last moment of the case's requests; None, None when it has none."""
    row = case.sql("SELECT min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM requests").rows()[0]
    return row["first_at"], row["last_at"]


def _common(case: Case) -> dict[str, Read]:
    return {
        "CASE": _folder(case),
        "SINCE": time,
        "UNTIL": time,
        "ACCOUNTS": _listed(case, "accounts", "account_id", "account"),
        "MODELS": _listed(case, "account_hours", "request_model", "model"),
        "CLUSTERS": _listed(case, "clusters", "cluster_id", "cluster"),
    }


def _folder(case: Case) -> Read:
    def read(name: str, value: Any) -> tuple[Any, str]:
        if not isinstance(value, str) or Path(value).resolve() != case.folder.resolve():
            raise ParameterError(f"{name} is {value!r} but the open case is another; run open_case({name}) again.")
        return value, f"case {case.id}, build {case.build}"

    return read


def _listed(case: Case, table: str, column: str, noun: str) -> Read:
    def read(name: str, value: Any) -> tuple[list[str] | None, str]:
        if value is None or value == [] or value == "":
            return None, f"no {noun} named: its comment above says what that means"
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ParameterError(f"{name} is {value!r}; write a list of {noun} ids in quotes, or [] for all.")
        query = f"SELECT DISTINCT {column} AS id FROM {table} WHERE {column} IS NOT NULL ORDER BY id"  # noqa: S608
        there = set(case.sql(query)["id"].to_list())
        if missing := [v for v in value if v not in there]:
            near = get_close_matches(missing[0], sorted(there), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"[] stands for all {len(there):,} {noun}s."
            raise ParameterError(f"{name} names {missing[0]!r}, which this case does not hold; {hint}")
        return value, f"{len(value):,} of {len(there):,} {noun}s"

    return read


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list):
        listed = ", ".join(html.escape(visible(str(v))) for v in value[:8])
        return listed + (f" and {len(value) - 8:,} more" if len(value) > 8 else "")
    return html.escape(visible(str(value)))
