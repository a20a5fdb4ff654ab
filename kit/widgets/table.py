"""A Result as a table that is sorted, filtered and paged where the rows are, never in the browser.

A small answer is held as a frame; of a large one the database is asked for the page on show and nothing more.
"""

from __future__ import annotations

import html
import os
import re
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from kit import findings
from kit.case import Case
from kit.result import SHOWN_ROWS, Result, counted, plain, shown, visible
from kit.widgets.means import explained, means

HELD_ROWS = 20_000
CELL_CHARS = 300
ROW_CHARS = 20_000


def program(name: str) -> str:
    """The program of a widget in the browser: what all share, then its own file."""
    folder = Path(__file__).parent
    return "".join((folder / f"{part}.js").read_text(encoding="utf-8") for part in ("shared", name))


def headless() -> bool:
    """Whether nobody can click: a run without a screen."""
    return os.environ.get("KIT_HEADLESS") == "1"


class Answer(Result):
    """A Result whose rows are fetched when somebody needs them all; on show only a page of them is read."""

    case: Case
    first_rows: pl.DataFrame

    @classmethod
    def of(cls, case: Case, sql: str, name: str, parameters: dict[str, Any]) -> Answer:
        """Ask; up to 20,000 rows are held, of more only the first page."""
        answer = cls(pl.DataFrame(), sql.strip(), parameters, case.build, name)
        window = sql if _refused(sql) else f"SELECT * FROM (\n{_bare(sql)}\n) LIMIT {HELD_ROWS + 1}"  # noqa: S608
        first = case.sql(window, name, **parameters).frame
        answer.__dict__ |= {"case": case, "first_rows": first.head(SHOWN_ROWS), "frame": first}
        if first.height > HELD_ROWS:
            # Without the attribute `__getattr__` below fetches the rows on first use.
            del answer.__dict__["frame"]
        return answer

    def __getattr__(self, name: str) -> Any:
        if name != "frame" or "case" not in self.__dict__:
            raise AttributeError(name)
        frame = self.case.sql(self.sql, self.name, **self.parameters).frame
        self.__dict__["frame"] = frame
        return frame

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.first_rows.columns

    @property
    def held(self) -> bool:
        """Whether the rows are in memory."""
        return "frame" in self.__dict__

    def __len__(self) -> int:
        return self.total

    @cached_property
    def total(self) -> int:
        """How many rows the answer has."""
        return int(self.frame.height) if self.held else self._count(_bare(self.sql), self.parameters)

    def _count(self, query: str, parameters: dict[str, Any]) -> int:
        return int(self.case.sql(f"SELECT count(*) FROM (\n{query}\n)", **parameters).scalar())  # noqa: S608

    def with_frame(self, frame: pl.DataFrame, **changes: Any) -> Result:
        """A plain Result with these rows."""
        kept = {f.name: getattr(self, f.name) for f in fields(Result) if f.name != "frame"}
        return Result(frame, **{**kept, **changes})

    def page(
        self, first: int = 0, order: tuple[str, bool] | None = None, where: tuple[str, str] | None = None
    ) -> Page:
        """Fifty rows from `first` on, by an order (column, descending) and a filter (column, text it contains)."""
        where = where if where and where[1] else None
        query, parameters = view_sql(_bare(self.sql), order, where, len(self.columns)), dict(self.parameters)
        if where:
            parameters["page_filter"] = where[1]
        total = self._count(query, parameters) if where else self.total
        if not (order or where or first):
            rows = self.first_rows
        elif not (order or where) and self.held:
            rows = self.frame.slice(first, SHOWN_ROWS)
        else:
            window = f"SELECT * FROM ({query}\n) LIMIT {SHOWN_ROWS} OFFSET {int(first)}"  # noqa: S608
            rows = self.case.sql(window, **parameters).frame
        return Page(rows, first, total, query, parameters)

    def save(self) -> str:
        """Fetch every row and record them as an exhibit."""
        return _record(self.case, self.with_frame(self.frame))

    def _repr_mimebundle_(self, **_: Any) -> Any:
        head = self.page()
        still = still_html(self.with_frame(head.rows))
        still = re.sub(
            r"(?<=<caption style='text-align:left'>).*?(?=</caption>)",
            lambda _: html.escape(visible(f"{self.name}: {head.caption}")),
            still,
            count=1,
        )
        if headless():
            return {"text/html": still, "text/plain": f"{self.name}: {head.caption}"}
        view = table_widget(self)
        bundle = view._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/html": still}, metadata


@dataclass(frozen=True)
class Page:
    """The rows on show and the question that gives them."""

    rows: pl.DataFrame
    first: int
    total: int
    sql: str
    parameters: dict[str, Any]

    @property
    def caption(self) -> str:
        """Which rows of how many: "rows 1 to 50 of 1,204,331"."""
        if not self.rows.height:
            return "no rows"
        return f"rows {self.first + 1:,} to {self.first + self.rows.height:,} of {self.total:,}"


def view_sql(query: str, order: tuple[str, bool] | None, where: tuple[str, str] | None, width: int) -> str:
    """The question behind a table as it is sorted and filtered now; the filter text is $page_filter."""
    text = f"SELECT * FROM (\n{query}\n)"  # noqa: S608
    if where:
        text += f"\nWHERE contains(lower({_name(where[0])}::VARCHAR), lower($page_filter))"
    if order:
        text += f"\nORDER BY {_name(order[0])} {'DESC' if order[1] else 'ASC'} NULLS LAST"
        text += "".join(f", {i}" for i in range(1, width + 1))  # a total order: pages neither overlap nor miss
    return text if (order or where) else query


class Held:
    """The rows of any Result, paged where they are: in memory."""

    def __init__(self, result: Result, case: Case | None) -> None:
        self.result, self.case, self.name, self.columns = result, case, result.name, result.frame.columns

    def page(
        self, first: int = 0, order: tuple[str, bool] | None = None, where: tuple[str, str] | None = None
    ) -> Page:
        """As Answer.page; what is done to the rows after the query stands under it as a remark."""
        frame, remarks, bound = self.result.frame, "", dict(self.result.parameters)
        if where and where[1]:
            texts = pl.Series([str(plain(v)).lower() for v in frame[where[0]]], dtype=pl.String)
            frame = frame.filter(texts.str.contains(where[1].lower(), literal=True))
            remarks += f"\n-- rows whose {visible(where[0])} contains $page_filter"
            bound["page_filter"] = where[1]
        if order:
            frame = frame.sort(order[0], descending=order[1], nulls_last=True, maintain_order=True)
            remarks += f"\n-- by {visible(order[0])}{', descending' if order[1] else ''}"
        return Page(frame.slice(first, SHOWN_ROWS), first, frame.height, self.result.asked + remarks, bound)

    def save(self) -> str:
        """Record the whole Result as an exhibit."""
        if self.case is None:
            return "There is no open case in the variable case; run case = open_case(CASE) first."
        return _record(self.case, self.result)


def still_html(result: Result) -> str:
    """The first rows of a Result, and what its columns mean, as a page keeps them without a kernel."""
    return result._repr_html_() + explained(result.frame.columns, result.call)


def show(result: Result, case: Case | None) -> Any:
    """The mimebundle of any Result in a notebook: the paged table, with a still one beside it."""
    still = {"text/html": still_html(result), "text/plain": f"{result.name}: {len(result):,} rows"}
    if headless() or not result.frame.width:
        return still
    bundle = table_widget(Held(result, case))._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return {**data, **still}, metadata


def table_widget(answer: Answer | Held) -> Any:
    """The table as JupyterLab shows it: sort by a heading, filter, page, read its SQL, save as exhibit."""
    import anywidget
    import traitlets

    class Table(anywidget.AnyWidget):
        _esm = program("table")
        name = traitlets.Unicode().tag(sync=True)
        columns: Any = traitlets.List().tag(sync=True)
        page = traitlets.Dict().tag(sync=True)
        asked = traitlets.Dict().tag(sync=True)
        row: Any = traitlets.List().tag(sync=True)
        saved = traitlets.Unicode().tag(sync=True)

    page = answer.page()
    analysis = answer.result.call if isinstance(answer, Held) else answer.call
    table = Table(name=answer.name, columns=_columns(page.rows, analysis), page=_shown(page))

    def turn(change: Any) -> None:
        nonlocal page
        asked = change["new"]
        if asked.get("save"):
            table.saved = answer.save()
        elif "row" in asked:
            values = page.rows.row(int(asked["row"]))
            # Emptied first: a row asked for twice is shown twice.
            table.row = []
            table.row = [[visible(n), _exact(v)] for n, v in zip(answer.columns, values, strict=True)]
        else:
            page = answer.page(max(int(asked.get("first", 0)), 0), *_view(answer.columns, asked))
            table.page = _shown(page)

    table.observe(turn, names="asked")
    return table


def _view(columns: list[str], asked: dict[str, Any]) -> tuple[tuple[str, bool] | None, tuple[str, str] | None]:
    """The order and the filter that the browser asks for; columns the answer does not have are not asked of it."""
    order = (asked["order"], bool(asked.get("descending"))) if asked.get("order") in columns else None
    return order, ((asked["column"], str(asked.get("text", ""))) if asked.get("column") in columns else None)


def _record(case: Case, result: Result) -> str:
    slug = "exhibit-" + (re.sub(r"[^a-z0-9]+", "-", result.name.lower()).strip("-") or "table")[:60]
    source = f"analysis {result.call}" if result.call else f"query {result.name}"
    findings.record(
        case,
        slug,
        claim=f"The {source} gives {len(result):,} rows.",
        supports=result,
        confidence="high",
        other_explanations="None tested: an exhibit says what the export holds, not what it means.",
    )
    return f"Saved as {slug} ({counted(len(result), 'row')}); it is an exhibit of the next export."


def _shown(page: Page) -> dict[str, Any]:
    columns = [_short_paths([shown(v, CELL_CHARS) for v in column]) for column in page.rows]
    rows = [list(row) for row in zip(*columns, strict=True)]
    bound = {k: str(plain(v)) for k, v in page.parameters.items()}
    return {
        "rows": rows,
        "first": page.first,
        "total": page.total,
        "size": SHOWN_ROWS,
        "caption": page.caption,
        "sql": page.sql,
        "parameters": bound,
    }


def _columns(frame: pl.DataFrame, analysis: str) -> list[dict[str, Any]]:
    return [
        {"name": n, "shown": visible(n), "number": t.is_numeric(), "means": means(n, analysis)}
        for n, t in frame.schema.items()
    ]


def _short_paths(texts: list[str]) -> list[str]:
    """Paths without the folder they have in common, which would push the other columns off the page."""
    paths = [t for t in texts if t]
    if not paths or not all(re.fullmatch(r"(?=.*/)(?!\w+://)\S{33,}", t) for t in paths):
        return texts
    folders = [os.path.dirname(t) for t in paths]
    folder = os.path.commonpath(folders) if len({f.startswith("/") for f in folders}) == 1 else ""
    return [f"…{t.removeprefix(folder)}" if t and folder else t for t in texts]


def _exact(value: Any) -> str:
    """A value of the whole row: nothing rounded, and of a text as much as a page can hold."""
    if isinstance(value, float | datetime):
        return str(plain(value))
    return shown(value, ROW_CHARS)


def _refused(sql: str) -> bool:
    """Whether it is anything but one SELECT: the case then says so in its own words (or explains, for EXPLAIN)."""
    try:
        return [s.type for s in duckdb.extract_statements(sql)] != [duckdb.StatementType.SELECT]
    except duckdb.Error:
        return True


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _bare(sql: str) -> str:
    """The statement without a final semicolon, so that it can stand in brackets."""
    return re.sub(r";\s*\Z", "", sql.strip())
