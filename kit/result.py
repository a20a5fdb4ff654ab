"""A Result: a frame together with the SQL, parameters and build that made it, so that it can be made again."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

SHOWN_ROWS = 50
WHOLE_CHARS = 24  # of a value that a still table keeps on one line
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

    @property
    def asked(self) -> str:
        """The question as a reader sees it: the analysis with what it was called with, then its SQL.

        Of a long list only the first values stand here; the record of a finding holds them all.
        """
        said = ", ".join(f"{name}={_brief(value)}" for name, value in self.arguments.items())
        return f"-- {self.call}({said})\n{self.sql}" if self.call else self.sql

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
        page = self.frame.head(SHOWN_ROWS)
        rows = f"rows 1 to {page.height:,} of {self.frame.height:,}" if len(self) else "no rows"
        return still_table(page, f"{self.name}: {rows}, digest {self.digest[:12]}")


def still_table(frame: pl.DataFrame, caption: str) -> str:
    """Rows as an HTML table that nothing in them can break out of: numbers to the right, all else to the left.

    A column is as wide as its values, up to the length of a time or an id; what is longer wraps.
    """
    sides = ["text-align:right" if dtype.is_numeric() else "text-align:left" for dtype in frame.dtypes]
    rows = [[shown(v) for v in row] for row in frame.rows()]
    wide = [min(max(map(len, column)), WHOLE_CHARS) for column in zip(*rows, strict=True)] or [0] * frame.width

    def cells(tag: str, texts: Iterable[str], styles: Iterable[str]) -> str:
        made = (
            f"<{tag} style='{s}'>{html.escape(t)}</{tag.split()[0]}>" for t, s in zip(texts, styles, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    widths = [f"{s};min-width:{n}ch" for s, n in zip(sides, wide, strict=True)]
    head = cells("th scope='col'", (visible(c) for c in frame.columns), widths)
    body = "".join(cells("td", row, sides) for row in rows)
    caption = f"<caption style='text-align:left'>{html.escape(visible(caption))}</caption>"
    return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"


def _brief(value: Any) -> str:
    if not isinstance(value, list) or len(value) <= 12:
        return repr(value)
    return f"[{', '.join(map(repr, value[:3]))}, … {len(value):,} in all]"


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


def counted(n: int, thing: str) -> str:
    """A number with its noun: "1 row", "2,400 rows"."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def visible(text: str) -> str:
    """Text with every character shown: controls, bidi overrides and lone surrogates become \\u escapes."""
    if text.isprintable():  # nearly every text is; isprintable is false for surrogates too
        return text
    return "".join(
        c if c in "\n\t" or (c.isprintable() and not "\ud800" <= c <= "\udfff") else f"\\u{ord(c):04x}"
        for c in text
    )


def shown(value: Any, longest: int = SHOWN_CHARS) -> str:
    """A value as a table shows it: numbers as people write them, times in UTC to the second, long texts cut."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        if 0 < value < 0.0001:
            return "< 0.0001"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, datetime):
        text = f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
        return text if value.tzinfo is None else text + "Z"
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        value = ", ".join(value)
    text = visible(str(plain(value)))
    return text if len(text) <= longest else text[: longest - 1] + "…"
