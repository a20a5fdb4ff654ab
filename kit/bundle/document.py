"""A document as plain blocks: HTML, PDF, DOCX and Markdown say the same. Text is text, nothing in it is markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from kit.result import plain, visible

if TYPE_CHECKING:
    import polars as pl

    from kit.charts import Figure

CELL_CHARS = 240
LINE_CHARS = 118  # of a table, across a page


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; `lead` sets it larger, `note` smaller."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Items:
    """A bulleted list."""

    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Terms and what is said of them."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """A table with a caption; `numeric` columns are set flush right."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    figure: Figure

    @property
    def caption(self) -> str:
        return visible(f"{self.figure.title}. {self.figure.alt}")


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Break:
    """What follows begins on a new page where there are pages."""


Block = Heading | Text | Items | Facts | Table | Picture | Code | Break


@dataclass(frozen=True)
class Document:
    """A title, a line under it, a mark that stands on every page (TLP), and the blocks.

    Every character in it is shown: controls and overrides of the writing direction become \\u escapes, once, here.
    """

    title: str
    subtitle: str
    mark: str
    blocks: Sequence[Block]

    def __post_init__(self) -> None:
        for f in fields(self):
            object.__setattr__(self, f.name, _shown(getattr(self, f.name)))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list | tuple):
        return [_shown(v) for v in value]
    if is_dataclass(value) and isinstance(value, Block):
        return replace(value, **{f.name: _shown(getattr(value, f.name)) for f in fields(value)})
    return value


def table(frame: pl.DataFrame, caption: str, columns: Sequence[str], rows: int) -> Table:
    """The first `rows` rows of a frame as a table of text."""
    picked = frame.select(columns).head(rows)
    numeric = frozenset(i for i, t in enumerate(picked.dtypes) if t.is_numeric())
    heads = [c.replace("_", " ") for c in columns]
    return Table(caption, heads, [[words(v) for v in row] for row in picked.iter_rows()], numeric)


def column_widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """Widths in characters: each column has room for its longest word, the rest goes where the long texts are."""
    columns = list(zip(*rows, strict=True))
    # The first row is the heading, in bold: its letters are wider.
    longest = [
        2
        + min(
            24, max(len(word) * (1.25 if i == 0 else 1) for i, text in enumerate(c) for word in [*text.split(), ""])
        )
        for c in columns
    ]
    wanted = [min(200, max(len(text) for text in column) + 2) for column in columns]
    more = [max(0, w - least) for w, least in zip(wanted, longest, strict=True)]
    spare = max(0, LINE_CHARS - sum(longest))
    share = min(1.0, spare / sum(more)) if sum(more) else 0.0
    return [least + share * m for least, m in zip(longest, more, strict=True)]


def words(value: Any, limit: int = CELL_CHARS) -> str:
    """A value as a reader wants it: thousands marked, times to the second, long text cut with an ellipsis."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e5 or value == int(value) else f"{value:.3g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return words(", ".join(str(plain(v)) for v in value), limit)
    text = visible(" ".join(str(plain(value)).split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"
