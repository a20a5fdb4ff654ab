"""Pickers: a time window to brush, accounts, models, clusters, a threshold. A headless run needs none of them.

What a picker holds can be read as keywords of an analysis, as SQL, and as a line for the parameters cell. It is
remembered for this reviewer the moment it changes; after a restart of the kernel "As last time" brings it back.
"""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kit import reviews
from kit.case import Case
from kit.errors import KitError, ParameterError
from kit.parameters import Parameters
from kit.result import counted, visible
from kit.widgets.table import headless, program

BUCKETS = 240
MATCHES = 200
SOURCES = {
    "accounts": ("account_id", "SELECT account_id AS id, count(*) AS n FROM requests GROUP BY id"),
    "models": ("request_model", "SELECT request_model AS id, count(*) AS n FROM requests GROUP BY id"),
    "clusters": ("cluster_id", "SELECT cluster_id AS id, exchanges AS n FROM clusters"),
}


class Picker(ABC):
    """Something a person chooses, and the views that follow the choice."""

    def __init__(self, case: Case, name: str) -> None:
        self._case, self._name, self._views = case, name, list[Callable[[], None]]()

    @property
    @abstractmethod
    def keywords(self) -> dict[str, Any]:
        """The choice as keywords of an analysis."""

    @property
    @abstractmethod
    def sql(self) -> str:
        """The choice as a condition to paste into a query."""

    @property
    @abstractmethod
    def parameters(self) -> str:
        """The choice as lines for the parameters cell."""

    @abstractmethod
    def _widget(self) -> Any: ...

    def follow(self, view: Callable[..., Any]) -> None:
        """Show view(**keywords) here, and anew whenever the choice changes."""
        from IPython.display import display

        if headless():
            display(view(**self.keywords))  # type: ignore[no-untyped-call]
            return
        import ipywidgets
        from IPython.utils.capture import capture_output

        place = ipywidgets.Output()

        def draw() -> None:
            # What was drawn stays until the new is there, so that the page does not jump.
            try:
                shown = view(**self.keywords)
            except KitError as e:
                place.outputs = ({"output_type": "stream", "name": "stdout", "text": visible(str(e))},)
                return
            with capture_output() as made:
                display(shown)  # type: ignore[no-untyped-call]
            place.outputs = tuple(
                {"output_type": "display_data", "data": o.data, "metadata": o.metadata or {}}
                for o in made.outputs
                if not o.transient  # the line that counts the seconds
            )

        self._views.append(draw)
        draw()
        display(place)  # type: ignore[no-untyped-call]

    def _changed(self) -> None:
        reviews.remember(self._case, self._name, self.keywords)
        for draw in self._views:
            draw()

    def _last(self) -> dict[str, Any]:
        """What this reviewer chose last, in this notebook or another; empty if nothing."""
        return {k: v for k, v in (reviews.recall(self._case, self._name) or {}).items() if v}

    def _said(self) -> str:
        shown = (html.escape(visible(text)) for text in (self.sql, self.parameters))
        return "As SQL: <code>{}</code><br>For the parameters cell: <code>{}</code>".format(*shown)

    def _ipython_display_(self) -> None:
        from IPython.display import display, publish_display_data

        if not headless():
            display(self._widget())  # type: ignore[no-untyped-call]
            return
        shown = f"<p>{self._name.replace('_', ' ').capitalize()}: {html.escape(visible(self.sql))}</p>"
        publish_display_data({"text/html": shown, "text/plain": self.sql})  # type: ignore[no-untyped-call]


class TimeWindow(Picker):
    """A window of time; `**window.keywords` gives an analysis since= and until=, ISO 8601 text in UTC or None."""

    def __init__(self, case: Case, since: str | None, until: str | None) -> None:
        super().__init__(case, "time_window")
        self.since, self.until = since, until
        self._shown: Any = None

    @property
    def keywords(self) -> dict[str, Any]:
        """since= and until=; None stands for the start and for the end, which is not included."""
        return {"since": self.since, "until": self.until}

    @property
    def sql(self) -> str:
        """The window as a condition."""
        parts = [f"occurred_at >= TIMESTAMPTZ '{self.since}'"] if self.since else []
        parts += [f"occurred_at < TIMESTAMPTZ '{self.until}'"] if self.until else []
        return " AND ".join(parts) or "true"

    @property
    def parameters(self) -> str:
        """SINCE and UNTIL."""
        return f'SINCE = "{self.since or ""}"\nUNTIL = "{self.until or ""}"'

    def set(self, since: str | None, until: str | None) -> None:
        """Move the window, as a brush does."""
        self.since, self.until = since or None, until or None
        if self._shown is not None:
            self._shown.sql, self._shown.parameters = self.sql, self.parameters.replace("\n", "; ")
        self._changed()

    def _widget(self) -> Any:
        self._shown = _window_widget(self._case, self)
        return self._shown


def time_window(case: Case, p: Parameters | None = None) -> TimeWindow:
    """A histogram of the case to brush; starts at the window of the parameters cell."""
    given = p.window if p is not None else {}
    return TimeWindow(case, given.get("since"), given.get("until"))


def histogram(case: Case) -> tuple[float, float, list[int]]:
    """Start (seconds since 1970), bucket length (seconds) and requests per bucket, at most 240 buckets."""
    span = case.sql("SELECT epoch(min(first_at)) AS a, epoch(max(last_at)) AS b FROM source_hours").rows()[0]
    if span["a"] is None:
        raise ParameterError("This case holds no request with a time; load an export first.")
    length = max(span["b"] - span["a"], 1.0)
    steps = (60, 300, 900, 3600, 7200, 10800, 21600, 43200, 86400)
    step = next((s for s in steps if length / s <= BUCKETS), 86400 * (int(length / 86400 / BUCKETS) + 1))
    start = span["a"] // step * step
    hours = "SELECT hour_at AS moment, requests AS n FROM source_hours"
    each = "SELECT occurred_at AS moment, 1 AS n FROM requests WHERE is_primary AND occurred_at IS NOT NULL"
    query = (
        "SELECT CAST(floor((epoch(moment) - $start) / $step) AS INTEGER) AS bucket, CAST(sum(n) AS BIGINT) AS n "  # noqa: S608
        f"FROM ({hours if step >= 3600 else each}) GROUP BY bucket ORDER BY bucket"
    )
    filled = {row["bucket"]: row["n"] for row in case.sql(query, start=float(start), step=float(step)).rows()}
    return float(start), float(step), [filled.get(i, 0) for i in range(max(filled) + 1)]


def _window_widget(case: Case, window: TimeWindow) -> Any:
    import anywidget
    import traitlets

    class Histogram(anywidget.AnyWidget):
        _esm = program("window")
        counts: Any = traitlets.List().tag(sync=True)
        start = traitlets.Float().tag(sync=True)
        step = traitlets.Float().tag(sync=True)
        since = traitlets.Unicode().tag(sync=True)
        until = traitlets.Unicode().tag(sync=True)
        sql = traitlets.Unicode().tag(sync=True)
        parameters = traitlets.Unicode().tag(sync=True)
        last: Any = traitlets.Dict().tag(sync=True)

    start, step, counts = histogram(case)
    widget = Histogram(
        counts=counts,
        start=start,
        step=step,
        since=window.since or "",
        until=window.until or "",
        sql=window.sql,
        parameters=window.parameters.replace("\n", "; "),
        last=window._last(),
    )

    def moved(_: Any) -> None:
        now = _checked(widget.since), _checked(widget.until)
        if now != (window.since, window.until):
            window.set(*now)

    widget.observe(moved, names=["since", "until"])
    return widget


def _checked(text: str) -> str | None:
    """A time from the browser, written again by us: it ends up in SQL that people paste."""
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")


class Choice(Picker):
    """Some accounts, models or clusters; `choice.values` is a list, or None for all."""

    def __init__(self, case: Case, kind: str, values: list[str] | None) -> None:
        super().__init__(case, kind)
        self._chosen = sorted(values or [])

    @property
    def values(self) -> list[str] | None:
        """The chosen ids, or None for all."""
        return list(self._chosen) or None

    @property
    def keywords(self) -> dict[str, Any]:
        """accounts=, models= or clusters=."""
        return {self._name: self.values}

    @property
    def sql(self) -> str:
        """The choice as a condition."""
        listed = ", ".join("'" + v.replace("'", "''") + "'" for v in self._chosen)
        return f"{SOURCES[self._name][0]} IN ({listed})" if listed else "true"

    @property
    def parameters(self) -> str:
        """ACCOUNTS, MODELS or CLUSTERS."""
        return f"{self._name.upper()} = {self._chosen!r}"

    def matches(self, text: str = "") -> list[str]:
        """Ids that contain `text`, those with most requests first, at most 200."""
        inner = SOURCES[self._name][1]
        query = (
            f"SELECT id FROM ({inner}) WHERE contains(lower(id), lower($text)) ORDER BY n DESC, id LIMIT {MATCHES}"  # noqa: S608
        )
        return [str(v) for v in self._case.sql(query, text=text)["id"].to_list()]

    def choose(self, values: list[str]) -> None:
        """Replace the choice; an empty list stands for all."""
        self._chosen = sorted(values)
        self._changed()

    def _widget(self) -> Any:
        return _choice_widget(self)


def pick(case: Case, kind: str, p: Parameters | None = None) -> Choice:
    """A picker of "accounts", "models" or "clusters"; starts at the parameters cell. Raises ParameterError."""
    if kind not in SOURCES:
        raise ParameterError(f"{kind!r} cannot be picked; choose one of {', '.join(SOURCES)}.")
    return Choice(case, kind, p.values.get(kind) if p is not None else None)


def _choice_widget(choice: Choice) -> Any:
    import ipywidgets as w

    kind = choice._name
    search = w.Text(description="Search", placeholder="part of an id, then Enter", continuous_update=False)
    found = w.SelectMultiple(options=_labels(choice.matches()), description="Found", rows=6)
    add, clear = w.Button(description="Add to choice"), w.Button(description=f"All {kind}")
    again = w.Button(description="As last time")
    last, shown = choice._last(), w.HTML()
    if not last:
        again.layout.display = "none"

    def choose(values: list[str]) -> None:
        choice.choose(values)
        say()

    def say() -> None:
        number = counted(len(choice.values), kind[:-1]) if choice.values else f"all {kind}"
        shown.value = f"<p role='status'>Chosen: {number}<br>{choice._said()}</p>"

    def searched(change: Any) -> None:
        found.options = _labels(choice.matches(change["new"]))

    search.observe(searched, names="value")
    add.on_click(lambda _: choose(sorted({*(choice.values or []), *found.value})))
    clear.on_click(lambda _: choose([]))
    again.on_click(lambda _: choose(last[kind]))
    say()
    return w.VBox([search, found, w.HBox([add, clear, again]), shown, keys_stay_here()])


def keys_stay_here() -> Any:
    """An empty widget that keeps JupyterLab from taking arrow keys and Enter away from the widgets around it."""
    import anywidget

    class Keys(anywidget.AnyWidget):
        _esm = program("keys")

    return Keys()


def _labels(values: list[str]) -> list[tuple[str, str]]:
    return [(visible(v), v) for v in values]


class Threshold(Picker):
    """The least value of a column that counts; `$name` in a `%%sql` cell takes it from a variable of that name."""

    def __init__(self, case: Case, column: str, value: float, low: float, high: float) -> None:
        super().__init__(case, column)
        self.value, self.low, self.high = value, low, high

    @property
    def keywords(self) -> dict[str, Any]:
        """The value under the name of the column."""
        return {self._name: self.value}

    @property
    def sql(self) -> str:
        """The threshold as a condition."""
        return f"{self._name} >= {self.value!r}"

    @property
    def parameters(self) -> str:
        """The value under the name of the column in capitals."""
        return f"{self._name.upper()} = {self.value!r}"

    def set(self, value: float) -> None:
        """Move the threshold, as the field does. Raises ParameterError beyond its limits."""
        if not self.low <= value <= self.high:
            raise ParameterError(f"{self._name} is {value}; give a number from {self.low} to {self.high}.")
        self.value = value
        self._changed()

    def _widget(self) -> Any:
        import ipywidgets as w

        whole = isinstance(self.low, int) and isinstance(self.high, int)
        field = (w.BoundedIntText if whole else w.BoundedFloatText)(
            value=self.value,
            min=self.low,
            max=self.high,
            description=f"{self._name} at least",
            style={"description_width": "initial"},
        )
        again, shown = w.Button(description="As last time"), w.HTML(self._said())
        last = self._last()
        if not last:
            again.layout.display = "none"

        def moved(change: Any) -> None:
            self.set(change["new"])
            shown.value = self._said()

        def restored(_: Any) -> None:
            field.value = last[self._name]

        field.observe(moved, names="value")
        again.on_click(restored)
        return w.VBox([w.HBox([field, again]), shown, keys_stay_here()])


def threshold(case: Case, column: str, value: float, low: float, high: float) -> Threshold:
    """A field for the least value of a column. Raises ParameterError for a name or a value that cannot be."""
    if not column.isidentifier():
        raise ParameterError(f"{column!r} is no name of a column; write it as letters, digits and underscores.")
    if not low <= value <= high:
        raise ParameterError(f"{column} is {value}; give a number from {low} to {high}.")
    return Threshold(case, column, value, low, high)
