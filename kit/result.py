"""A Result: a frame together with the SQL, parameters and build that made it, so that it can be made again."""

from __future__ import annotations

import hashlib
import html
import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

SHOWN_ROWS = 50
SHOWN_CHARS = 200


def write_rows(frame: pl.DataFrame, file: Path) -> None:
    """Write a frame as Parquet. Raises OSError with the file's name on a full disk, as Polars itself does not."""
    rows = BytesIO()
    frame.write_parquet(rows, compression="zstd")
    try:
        file.write_bytes(rows.getbuffer())
    except OSError as e:
        raise OSError(e.errno, e.strerror, str(file)) from e  # a failed write, unlike a failed open, names no file


@dataclass(frozen=True)
class Result:
    """Rows that were asked of a case, and how.

    frame       the rows, a Polars frame
    sql         the statement that made them
    parameters  the values bound into it
    build       the build of the case they were asked of
    name        a short name for exhibits
    units       what each column means, where it is not plain from its name
    call        the analysis that made it ("kit.volume.requests"), or "" when the SQL alone did
    arguments   what the analysis was called with, as JSON can hold it
    """

    frame: pl.DataFrame
    sql: str
    parameters: dict[str, Any]
    build: str
    name: str = "result"
    units: dict[str, str] = field(default_factory=dict)
    call: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over column names, types and every value in row order; equal rows give an equal digest."""
        header = json.dumps([[n, str(t)] for n, t in self.frame.schema.items()])
        body = self.frame.write_ndjson() if self.frame.width else ""
        return hashlib.sha256(f"{header}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, column: str) -> pl.Series:
        return self.frame[column]

    def rows(self) -> list[dict[str, Any]]:
        """Every row as a dictionary."""
        return self.frame.to_dicts()

    def scalar(self) -> Any:
        """The only value of a one-row, one-column result."""
        return self.frame.item()

    def with_frame(self, frame: pl.DataFrame, **changes: Any) -> Result:
        """The same question with a frame worked further in Python (the SQL and parameters stay)."""
        return replace(self, frame=frame, **changes)

    def _repr_html_(self) -> str:
        shown = self.frame.head(SHOWN_ROWS)
        head = "".join(f"<th scope='col'>{_cell(c)}</th>" for c in shown.columns)
        body = "".join("<tr>" + "".join(f"<td>{_cell(v)}</td>" for v in row) + "</tr>" for row in shown.rows())
        rows = f"rows 1 to {shown.height:,} of {self.frame.height:,}" if len(self) else "no rows"
        caption = f"{_cell(self.name)}: {rows}, digest {self.digest[:12]}"
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: times in ISO 8601 with Z, money as text, lists and frames element by element."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text.replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def visible(text: str) -> str:
    """Text with every character shown: controls, bidi overrides and lone surrogates become \\u escapes."""
    if text.isprintable():  # nearly every text is; isprintable is false for surrogates too
        return text
    return "".join(
        c if c in "\n\t" or (c.isprintable() and not "\ud800" <= c <= "\udfff") else f"\\u{ord(c):04x}"
        for c in text
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    text = visible(str(plain(value)))
    return html.escape(text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…")
