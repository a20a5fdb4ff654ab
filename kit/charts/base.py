"""The one way a chart is drawn: a Figure with its Result, its alternative text, and a budget of marks.

A chart function aggregates in SQL, calls `rows` for its data and returns `figure(...)`:

    def over_time(result: Result) -> Figure:
        import altair as alt                      # altair is slow to import: only when a chart is drawn
        line = alt.Chart(rows(result)).mark_line()
        line = line.encode(x=time_axis("hour_at"), y="requests:Q", **series("account_id"))
        return figure(line, result, title="Requests per hour", alt="Requests per hour of six accounts; ...")

JupyterLab draws the Vega-Lite picture with what it ships itself: no network, no extension, and it still draws when
the notebook is opened again without a kernel. Beside it every output holds a still SVG for exports and readers of
other tools. Lab ships Vega-Lite 5.6, so charts keep to what that version knows.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import polars as pl

from kit.errors import KitError
from kit.result import Result, plain, visible

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "DASHES",
    "MARK_BUDGET",
    "PALETTE",
    "SHAPES",
    "ChartError",
    "Figure",
    "bars",
    "events",
    "figure",
    "lines",
    "nothing",
    "rows",
    "series",
    "time_axis",
    "time_tip",
]

NOTE_CHARS = 105  # of a note on one line: a longer one would be wider than a notebook at 1280 pixels
MARK_BUDGET = 5_000
LABEL_CHARS = 60
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
VEGA_MIME = "application/vnd.vegalite.v5+json"

# Six steps from dark to light that stay apart in greyscale and in the common colour blindnesses; each also has
# its dash and its shape, so hue never carries a meaning alone. The lightest keeps 3:1 contrast on white.
PALETTE = ("#12284c", "#7a1f04", "#1b6478", "#b06018", "#5f8f3f", "#8f8f8f")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [1, 4])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
# On an axis of time: the hour as on a log line, the day, and the year where it begins.
TIME_LABEL = (
    "utchours(datum.value) || utcminutes(datum.value) ? utcFormat(datum.value, '%H:%M') : "
    "utcmonth(datum.value) || utcdate(datum.value) > 1 ? utcFormat(datum.value, '%d %b') : "
    "utcFormat(datum.value, '%Y')"
)
ALTAIR_DEFAULTS = {"view": {"continuousWidth": 300, "continuousHeight": 300}}
HEAT = ("#f4f1ec", "#12284c")

THEME: dict[str, Any] = {
    "background": "white",
    "font": "sans-serif",
    "view": {"stroke": "#bbbbbb", "continuousWidth": 700, "continuousHeight": 240},
    "axis": {
        "labelColor": "#222222",
        "titleColor": "#222222",
        "domainColor": "#888",
        "tickColor": "#888",
        "gridColor": "#e4e4e4",
        "labelLimit": 260,
        "titlePadding": 8,
    },
    "axisTemporal": {"labelExpr": TIME_LABEL},
    # Below the plot: a chart fits the width of a notebook at 1280 pixels, with nothing to scroll sideways.
    "legend": {
        "orient": "bottom",
        "columns": 3,
        "labelLimit": 260,
        "labelColor": "#222222",
        "titleColor": "#222222",
    },
    # Every colour is said: in Lab's dark theme what is left open is drawn white, on this paper.
    "title": {
        "anchor": "start",
        "color": "#000",
        "fontSize": 14,
        "subtitleFontSize": 11,
        "subtitleColor": "#444444",
    },
    "header": {"labelColor": "#000", "titleColor": "#000"},
    "range": {
        "category": list(PALETTE),
        "symbol": list(SHAPES),
        "ramp": list(HEAT),
        "heatmap": list(HEAT),
        "ordinal": list(HEAT),
    },
    "line": {"strokeWidth": 1.6, "color": PALETTE[0]},
    "bar": {"color": PALETTE[0]},
    "point": {"color": PALETTE[0], "size": 40},
    "rule": {"color": "#222222"},
}


class ChartError(KitError):
    """A chart was asked to draw what it should not: too many marks, a missing column, no alternative text."""


@dataclass(frozen=True)
class Figure:
    """A chart that shows itself: interactive in JupyterLab, a still SVG with alternative text everywhere.

    chart   the altair chart
    table   the Result behind it, to cite and to read as numbers
    title   what it shows, as a heading
    alt     what a reader sees in it, in words: axes, extent, and the point it makes
    note    a line or two under the title: what is drawn and what is left out, how to read the marks
    """

    chart: alt.TopLevelMixin
    table: Result
    title: str
    alt: str
    note: str = ""

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification with its data inside."""
        found: dict[str, Any] = self.chart.to_dict(validate=False)
        found["$schema"] = SCHEMA
        found["config"] = _over_theme(found.get("config", {}))
        found["description"] = self.alt
        note = wrap(self.note, NOTE_CHARS)
        found.setdefault("title", {"text": self.title, "subtitle": note} if note else self.title)
        _filter_by_legend(list(_units(found)))
        return found

    @property
    def marks(self) -> int:
        """How many marks it draws: rows of data, once per layer."""
        return _marks(self.spec, self.spec.get("datasets", {}), None)

    def svg(self) -> str:
        """A still picture: no script, no network, role img with title and description."""
        import vl_convert

        drawn = str(vl_convert.vegalite_to_svg(self.spec, vl_version="5.21"))
        name = f"chart-{self.table.digest[:8]}-{len(self.alt)}"
        head = (
            f' role="img" aria-labelledby="{name}-title {name}-desc">'
            f'<title id="{name}-title">{html.escape(self.title)}</title>'
            f'<desc id="{name}-desc">{html.escape(self.alt)}</desc>'
        )
        # Clip paths are numbered from zero in every picture; two pictures in one page must not share them.
        drawn = re.sub(r'(id="|url\(#)(clip\d+|gradient_\d+)', rf"\1{name}-\2", drawn)
        # One image with one description: a screen reader should not walk through thousands of marks.
        drawn = re.sub(r"<[^>]+>", lambda m: re.sub(r' (?:role|aria-\w+)="[^"]*"', "", m[0]), drawn)
        return re.sub(r"(<svg\b[^>]*?)>", lambda m: m[1] + head, drawn, count=1)

    def png(self, scale: float = 2) -> bytes:
        """The still picture as PNG, for formats that take no SVG."""
        import vl_convert

        return bytes(vl_convert.vegalite_to_png(self.spec, vl_version="5.21", scale=scale))

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {VEGA_MIME: self.spec, "image/svg+xml": self.svg(), "text/plain": f"{self.title}. {self.alt}"}
        options = {"renderer": "canvas", "actions": False}  # one picture with one description, not a mark each
        return data, {VEGA_MIME: {"embed_options": options}, "image/svg+xml": {"alt": self.alt}}

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        from kit.widgets.table import still_html

        data, metadata = self._repr_mimebundle_()
        publish_display_data(data, metadata)  # type: ignore[no-untyped-call]
        table = f"<details><summary>Numbers behind this chart</summary>{still_html(self.table)}</details>"
        shown = {"text/html": table, "text/plain": repr(self.table.frame)}
        publish_display_data(shown)  # type: ignore[no-untyped-call]


def figure(chart: alt.TopLevelMixin, result: Result, *, title: str, alt: str, note: str = "") -> Figure:
    """The Figure of an altair chart. Raises ChartError over 5,000 marks or without alternative text."""
    if len(alt.strip()) < 20:
        raise ChartError(f"The chart {title!r} has no alternative text; say in words what it shows.")
    made = Figure(chart, result, visible(title), visible(alt), visible(note))
    if made.marks > MARK_BUDGET:
        raise ChartError(
            f"The chart {title!r} would draw {made.marks:,} marks, more than {MARK_BUDGET:,}; "
            "aggregate in the query first: a longer bucket, fewer series (top=), or GROUP BY what the axis shows."
        )
    return made


def nothing(result: Result, *, title: str, said: str) -> Figure:
    """A title and a sentence in place of empty axes."""
    import altair as alt

    bare = alt.Chart(alt.InlineData(values=[])).mark_point().properties(width=720, height=20)
    return figure(bare, result, title=title, alt=f"Nothing is drawn. {said}", note=said)


def rows(result: Result | pl.DataFrame, *columns: str) -> alt.InlineData:
    """The rows as Vega data: times in UTC, decimals as numbers, text with every character shown and cut short.

    Raises ChartError if a column is not there.
    """
    import altair as alt

    frame = result.frame if isinstance(result, Result) else result
    if missing := [c for c in columns if c not in frame.columns]:
        raise ChartError(
            f"The chart needs a column {missing[0]!r}; the result has {', '.join(frame.columns) or 'none'}."
        )
    picked = frame.select(columns) if columns else frame
    return alt.InlineData(values=[{c: _value(v) for c, v in row.items()} for row in picked.to_dicts()])


def time_axis(field: str, *, channel: str = "x", title: str = "Time (UTC)", **more: Any) -> Any:
    """A time axis in UTC, whatever the zone of the machine that draws it."""
    import altair as alt

    kind = {"x": alt.X, "y": alt.Y, "x2": alt.X}[channel]
    return kind(field=field, type="temporal", scale=alt.Scale(type="utc"), title=title, **more)


def time_tip(field: str, title: str = "Time (UTC)") -> Any:
    """A tooltip line with a time in UTC."""
    import altair as alt

    return alt.Tooltip(field=field, type="temporal", timeUnit="utcyearmonthdatehoursminutes", title=title)


def series(
    field: str, *, title: str = "", points: bool = False, order: Sequence[str] | None = None
) -> dict[str, Any]:
    """Encodings that tell up to six series apart by colour and by dash (or shape), with one legend."""
    import altair as alt

    legend = alt.Legend(title=title or _spoken(field))
    common: dict[str, Any] = {"field": field, "type": "nominal", "legend": legend}
    # An explicit domain rather than a sort: with a sort Vega-Lite draws a legend for each of the two encodings.
    domain: dict[str, Any] = {"domain": [_label(o) for o in order]} if order else {}
    second = (
        alt.Shape(scale=alt.Scale(range=list(SHAPES), **domain), **common)
        if points
        else alt.StrokeDash(scale=alt.Scale(range=[list(d) for d in DASHES], **domain), **common)
    )
    return {
        "color": alt.Color(scale=alt.Scale(range=list(PALETTE), **domain), **common),
        "shape" if points else "strokeDash": second,
    }


def events(
    marks: Result | pl.DataFrame,
    *,
    at: str = "at",
    label: str = "label",
    over: tuple[datetime, datetime] | None = None,
    width: int = 720,
    deep: int = 6,
) -> Any:
    """A layer of dated events (releases, bans, blocks): a dashed rule with its name, told apart by words.

    `marks` has one row per event, `at` a time and `label` a text. Lay it over a chart with a time axis. Names that
    would meet are put on lines under each other, at most `deep`; an event with no room left keeps its rule and its
    tooltip, and the name before it says how many follow (+2). `over` is the first and last time of the axis and
    `width` its pixels; without `over` every name is taken to meet every other.
    """
    import altair as alt

    rows(marks, at, label)
    frame = marks.frame if isinstance(marks, Result) else marks
    placed = _placed(frame.sort(at, label), at, label, over, width, deep)
    rule = alt.Chart(rows(placed, at, label)).mark_rule(strokeDash=[4, 3], opacity=0.8)
    layers: list[Any] = [
        rule.encode(x=time_axis(at), tooltip=[time_tip(at), alt.Tooltip(field=label, type="nominal")])
    ]
    named = placed.filter(pl.col("line") >= 0)
    for (line, left), part in named.group_by("line", "left", maintain_order=True):
        name = alt.Chart(rows(part, at, "name")).encode(
            x=time_axis(at), y=alt.value(2 + 12 * int(str(line))), text=alt.Text(field="name", type="nominal")
        )
        side: dict[str, Any] = {"align": "left", "dx": 3} if left else {"align": "right", "dx": -3}
        side |= {"baseline": "top", "fontSize": 10, "color": "#222222"}
        # A white rim under the letters: a name stays readable where it crosses data.
        layers += [name.mark_text(stroke="white", strokeWidth=3, opacity=0.85, **side), name.mark_text(**side)]
    return alt.layer(*layers)


def _placed(
    frame: pl.DataFrame, at: str, label: str, over: tuple[datetime, datetime] | None, width: int, deep: int
) -> pl.DataFrame:
    """Each event with the line its name goes to (-1: no room), the side of its rule, and the name as drawn."""
    free = [float("-inf")] * deep  # where each line is free from, in pixels
    last: dict[int, int] = {}  # the event named last on each line
    lines, sides, more = [], [], [0] * frame.height
    start, span = (over[0], max((over[1] - over[0]).total_seconds(), 1.0)) if over else (None, 1.0)
    for i, (when, text) in enumerate(frame.select(at, label).iter_rows()):
        x = (when - start).total_seconds() / span * width if start is not None else 0.0
        long = 5.4 * (min(len(text), LABEL_CHARS) + 4)  # with room for a count of what follows
        left = x + long <= width or x < long
        begin, end = (x, x + long) if left else (x - long, x)
        line = next((k for k in range(deep) if free[k] <= begin), -1)
        if line >= 0:
            free[line], last[line] = end if start is not None else float("inf"), i
        else:
            more[max(last.values())] += 1
        lines.append(line)
        sides.append(left)
    names = [_label(t) + (f" +{n}" if n else "") for t, n in zip(frame[label].to_list(), more, strict=True)]
    return frame.with_columns(
        pl.Series("line", lines, pl.Int64),
        pl.Series("left", sides, pl.Boolean),
        pl.Series("name", names, pl.String),
    )


def bars(result: Result, x: str, y: str, *, title: str = "", alt: str = "", top: int = 40) -> Figure:
    """Bars of a number `x` for each `y`, longest first, at most `top` of them: for a quick look at any Result."""
    import altair as alt_

    rows(result, x, y)
    if len(result) and not result.frame.schema[x].is_numeric():
        raise ChartError(f"The column {x!r} holds no numbers; name the number first: bars(result, number, name).")
    shown = result.frame.sort([x, y], descending=[True, False]).head(top) if len(result) else result.frame
    kind = ".1~%" if x.endswith("share") else ",.12~g"
    chart = (
        alt_.Chart(rows(shown, x, y))
        .mark_bar()
        .encode(
            x=alt_.X(field=x, type="quantitative", title=_spoken(x), axis=alt_.Axis(tickCount=8, format=kind)),
            y=alt_.Y(field=y, type="nominal", sort="-x", title=_spoken(y)),
            tooltip=[alt_.Tooltip(f"{y}:N"), alt_.Tooltip(f"{x}:Q", format=kind)],
        )
        .properties(width=560, height=alt_.Step(20 if shown.height <= 20 else 14))
    )
    cut = "" if shown.height == len(result) else f" (the largest {shown.height} of {len(result)})"
    say = f"{alt}{cut}" if alt else f"Bars of {x} for each {y}{cut}, longest first."
    if not alt and shown.height:
        say += f" The longest is {shown[y][0]} with {shown[x][0]:,}."
    return figure(chart, result, title=(title or f"{x} by {y}") + cut, alt=say)


def lines(result: Result, x: str, y: str, *, by: str = "", title: str = "", alt: str = "") -> Figure:
    """A line of a number `y` over a time `x`, one for each value of `by`: for a quick look at any Result.

    Raises ChartError for more than six lines: what is told apart by dash must stay few.
    """
    import altair as alt_

    wanted = [x, y, *([by] if by else [])]
    data = rows(result, *wanted)
    if by and result[by].n_unique() > len(DASHES):
        raise ChartError(
            f"{result[by].n_unique():,} lines cannot be told apart; choose at most {len(DASHES)} values of {by}."
        )
    chart = (
        alt_.Chart(data)
        .mark_line(interpolate="step-after")
        .encode(
            x=time_axis(x),
            y=alt_.Y(field=y, type="quantitative", title=_spoken(y)),
            tooltip=[time_tip(x), alt_.Tooltip(f"{y}:Q", format=","), *([alt_.Tooltip(f"{by}:N")] if by else [])],
            **(series(by) if by else {}),
        )
    )
    say = alt or f"Line of {y} over time in UTC{f', one for each {by}' if by else ''}."
    if not alt and len(result):
        low, high = result.frame.select(pl.col(y).min().alias("low"), pl.col(y).max().alias("high")).row(0)
        say += f" Highest {high:,}, lowest {low:,}."
    return figure(chart, result, title=title or f"{y} over time", alt=say)


def _over_theme(own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(THEME)
    for key, value in own.items():
        theirs = (
            {k: v for k, v in value.items() if ALTAIR_DEFAULTS.get(key, {}).get(k) != v} if key == "view" else value
        )
        merged[key] = {**THEME.get(key, {}), **theirs} if isinstance(theirs, dict) else theirs
    return merged


def _spoken(column: str) -> str:
    """A column's name as an axis says it: request_model as Request model."""
    said = column.replace("_", " ")
    return visible(said[:1].upper() + said[1:])


def _label(text: str) -> str:
    shown = visible(text).replace("\n", " ")
    return shown if len(shown) <= LABEL_CHARS else shown[: LABEL_CHARS - 1] + "…"


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _label(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.isoformat() + "Z"
    return plain(value)


def _filter_by_legend(units: list[dict[str, Any]]) -> None:
    """In JupyterLab a click on a name in the legend fades the others; a still picture shows all."""
    coloured = [u for u in units if u.get("encoding", {}).get("color", {}).get("type") == "nominal"]
    if not coloured:
        return
    field = coloured[0]["encoding"]["color"]["field"]
    chosen = {"name": "legend", "select": {"type": "point", "fields": [field]}, "bind": "legend"}
    coloured[0].setdefault("params", []).append(chosen)
    for unit in coloured:
        if unit["encoding"]["color"]["field"] == field:
            mark = unit["mark"] if isinstance(unit["mark"], dict) else {}
            full = {"param": "legend", "value": mark.get("opacity", 1)}
            unit["encoding"].setdefault("opacity", {"condition": full, "value": 0.06})


def _units(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The single charts of a specification, however they are layered and put beside each other."""
    if "mark" in spec:
        yield spec
    for inner in [i for key in ("layer", "hconcat", "vconcat", "concat") for i in spec.get(key, ())]:
        yield from _units(inner)
    if isinstance(spec.get("spec"), dict):
        yield from _units(spec["spec"])


def _marks(spec: Mapping[str, Any], datasets: Mapping[str, Any], inherited: int | None) -> int:
    data = spec.get("data") or {}
    here = len(data["values"]) if "values" in data else len(datasets.get(data.get("name", ""), ())) or inherited
    nested = [
        *spec.get("layer", ()),
        *spec.get("hconcat", ()),
        *spec.get("vconcat", ()),
        *spec.get("concat", ()),
        *([spec["spec"]] if isinstance(spec.get("spec"), dict) else ()),
    ]
    return sum(_marks(s, datasets, here) for s in nested) + (here or 0 if "mark" in spec else 0)
