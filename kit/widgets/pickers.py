"""Pickers: a time window to brush, accounts, models, clusters, a threshold. A headless run needs none of them.

What a picker holds can be read as keywords of an analysis, as SQL, and as a line for the parameters cell.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kit import reviews
from kit.case import Case
from kit.errors import KitError, ParameterError
from kit.parameters import Parameters
from kit.result import visible
from kit.widgets.table import headless

BUCKETS = 240
MATCHES = 200
SOURCES = {
    "accounts": ("account_id", "SELECT account_id AS id, count(*) AS n FROM requests GROUP BY id"),
    "models": ("request_model", "SELECT request_model AS id, count(*) AS n FROM requests GROUP BY id"),
    "clusters": ("cluster_id", "SELECT cluster_id AS id, exchanges AS n FROM clusters"),
}


class TimeWindow:
    """A window of time; `**window.keywords` gives an analysis since= and until=, ISO 8601 text in UTC or None."""

    def __init__(self, case: Case, since: str | None, until: str | None) -> None:
        self._case, self._views = case, list[Callable[[], None]]()
        self._since, self._until = since or "", until or ""
        self._widget: Any = None

    @property
    def since(self) -> str | None:
        """First moment, or None for the start."""
        return self._since or None

    @property
    def until(self) -> str | None:
        """End, not included, or None for the end."""
        return self._until or None

    @property
    def keywords(self) -> dict[str, str | None]:
        """The window as keywords."""
        return {"since": self.since, "until": self.until}

    @property
    def sql(self) -> str:
        """The window as a condition to paste into a query."""
        parts = [f"occurred_at >= TIMESTAMPTZ '{self._since}'"] if self._since else []
        parts += [f"occurred_at < TIMESTAMPTZ '{self._until}'"] if self._until else []
        return " AND ".join(parts) or "true"

    @property
    def parameters(self) -> str:
        """The window as lines for the parameters cell."""
        return f'SINCE = "{self._since}"\nUNTIL = "{self._until}"'

    def set(self, since: str | None, until: str | None) -> None:
        """Move the window, as a brush does."""
        self._since, self._until = since or "", until or ""
        reviews.remember(self._case, "time_window", {"since": self._since, "until": self._until})
        if self._widget is not None:
            self._widget.sql = self.sql
        for draw in self._views:
            draw()

    def follow(self, view: Callable[..., Any]) -> None:
        """Show view(since=, until=) here, and anew whenever the window moves."""
        from IPython.display import display

        if headless():
            display(view(**self.keywords))  # type: ignore[no-untyped-call]
            return
        import ipywidgets

        place = ipywidgets.Output()

        def draw() -> None:
            place.clear_output(wait=True)
            with place:
                try:
                    display(view(**self.keywords))  # type: ignore[no-untyped-call]
                except KitError as e:
                    print(visible(str(e)))

        self._views.append(draw)
        draw()
        display(place)  # type: ignore[no-untyped-call]

    def _ipython_display_(self) -> None:
        from IPython.display import display, publish_display_data

        if headless():
            shown = f"<p>Time window: {html.escape(self.sql)}</p>"
            publish_display_data({"text/html": shown, "text/plain": self.sql})  # type: ignore[no-untyped-call]
            return
        self._widget = _window_widget(self._case, self)
        display(self._widget)  # type: ignore[no-untyped-call]


def time_window(case: Case, p: Parameters | None = None) -> TimeWindow:
    """A histogram of the case to brush; starts at the window of the parameters cell."""
    given = p.window if p is not None else {}
    return TimeWindow(case, given.get("since"), given.get("until"))


def histogram(case: Case) -> tuple[float, float, list[int]]:
    """Start (seconds since 1970), bucket length (seconds) and requests per bucket, at most 240 buckets."""
    span = case.sql("SELECT epoch(min(occurred_at)) AS a, epoch(max(occurred_at)) AS b FROM requests").rows()[0]
    if span["a"] is None:
        raise ParameterError("This case holds no request with a time; load an export first.")
    length = max(span["b"] - span["a"], 1.0)
    steps = (60, 300, 900, 3600, 7200, 10800, 21600, 43200, 86400)
    step = next((s for s in steps if length / s <= BUCKETS), 86400 * (int(length / 86400 / BUCKETS) + 1))
    start = span["a"] // step * step
    query = (
        "SELECT CAST(floor((epoch(occurred_at) - $start) / $step) AS INTEGER) AS bucket, count(*) AS n "
        "FROM requests WHERE occurred_at IS NOT NULL GROUP BY bucket ORDER BY bucket"
    )
    filled = {row["bucket"]: row["n"] for row in case.sql(query, start=float(start), step=float(step)).rows()}
    return float(start), float(step), [filled.get(i, 0) for i in range(max(filled) + 1)]


def _window_widget(case: Case, window: TimeWindow) -> Any:
    import anywidget
    import traitlets

    class Histogram(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("window.js")
        counts: Any = traitlets.List().tag(sync=True)
        start = traitlets.Float().tag(sync=True)
        step = traitlets.Float().tag(sync=True)
        since = traitlets.Unicode().tag(sync=True)
        until = traitlets.Unicode().tag(sync=True)
        sql = traitlets.Unicode().tag(sync=True)
        last: Any = traitlets.Dict().tag(sync=True)

    start, step, counts = histogram(case)
    kept = reviews.recall(case, "time_window") or {}
    widget = Histogram(
        counts=counts,
        start=start,
        step=step,
        since=window.since or "",
        until=window.until or "",
        sql=window.sql,
        last={k: v for k, v in kept.items() if v},
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


class Choice:
    """Some accounts, models or clusters; `choice.values` is a list, or None for all."""

    def __init__(self, case: Case, kind: str, values: list[str] | None) -> None:
        self._case, self.kind, self._chosen = case, kind, list(values or [])

    @property
    def values(self) -> list[str] | None:
        """The chosen ids, or None for all."""
        return list(self._chosen) or None

    @property
    def sql(self) -> str:
        """The choice as a condition to paste into a query."""
        column = SOURCES[self.kind][0]
        listed = ", ".join("'" + v.replace("'", "''") + "'" for v in self._chosen)
        return f"{column} IN ({listed})" if listed else "true"

    @property
    def parameters(self) -> str:
        """The choice as a line for the parameters cell."""
        return f"{self.kind.upper()} = {self._chosen!r}"

    def matches(self, text: str = "") -> list[str]:
        """Ids that contain `text`, those with most requests first, at most 200."""
        inner = SOURCES[self.kind][1]
        query = (
            f"SELECT id FROM ({inner}) WHERE contains(lower(id), lower($text)) ORDER BY n DESC, id LIMIT {MATCHES}"  # noqa: S608
        )
        return [str(v) for v in self._case.sql(query, text=text)["id"].to_list()]

    def choose(self, values: list[str]) -> None:
        """Replace the choice and remember it for this reviewer."""
        self._chosen = sorted(values)
        reviews.remember(self._case, self.kind, {"values": self._chosen})

    def _ipython_display_(self) -> None:
        from IPython.display import display, publish_display_data

        if headless():
            shown = f"<p>{self.kind.capitalize()}: {html.escape(visible(self.sql))}</p>"
            publish_display_data({"text/html": shown, "text/plain": self.sql})  # type: ignore[no-untyped-call]
            return
        display(_choice_widget(self))  # type: ignore[no-untyped-call]


def pick(case: Case, kind: str, p: Parameters | None = None) -> Choice:
    """A picker of "accounts", "models" or "clusters"; starts at the parameters cell. Raises ParameterError."""
    if kind not in SOURCES:
        raise ParameterError(f"{kind!r} cannot be picked; choose one of {', '.join(SOURCES)}.")
    return Choice(case, kind, p.values.get(kind) if p is not None else None)


def _choice_widget(choice: Choice) -> Any:
    import ipywidgets as w

    search = w.Text(description="Search", placeholder="part of an id", continuous_update=False)
    found = w.SelectMultiple(options=_labels(choice.matches()), description="Found", rows=8)
    add, clear = w.Button(description="Add to choice"), w.Button(description="Choose all")
    shown = w.HTML()

    def say() -> None:
        now = html.escape(visible(choice.sql))
        shown.value = (
            f"<p role='status'>Chosen: {len(choice.values or []) or 'all'}. As SQL: <code>{now}</code></p>"
        )

    def searched(change: Any) -> None:
        found.options = _labels(choice.matches(change["new"]))

    def added(_: Any) -> None:
        choice.choose(sorted({*(choice.values or []), *found.value}))
        say()

    def cleared(_: Any) -> None:
        choice.choose([])
        say()

    search.observe(searched, names="value")
    add.on_click(added)
    clear.on_click(cleared)
    say()
    return w.VBox([w.Label(f"Pick {choice.kind}"), search, found, w.HBox([add, clear]), shown, keys_stay_here()])


def keys_stay_here() -> Any:
    """An empty widget that keeps JupyterLab from taking arrow keys and Enter away from the widgets around it.

    JupyterLab leaves them alone only where the element in focus itself says so.
    """
    import anywidget

    class Keys(anywidget.AnyWidget):
        _esm = """export default { render({ el }) {
          const begin = () => {
            const box = el.closest(".widget-vbox");
            if (!box) { requestAnimationFrame(begin); return; }
            const mark = () => box.querySelectorAll("button, input, select, summary, [tabindex]")
              .forEach((e) => { e.dataset.lmSuppressShortcuts = "true"; });
            new MutationObserver(mark).observe(box, { childList: true, subtree: true });
            mark();
          };
          begin(); } };"""

    return Keys()


def _labels(values: list[str]) -> list[tuple[str, str]]:
    return [(visible(v), v) for v in values]


def threshold(name: str, value: float, low: float, high: float) -> Any:
    """A slider with a name; `slider.value` is the number. Headless it is the value given."""
    import ipywidgets as w

    if not low <= value <= high:
        raise ParameterError(f"{name} is {value}; give a number from {low} to {high}.")
    return w.FloatSlider(value=value, min=low, max=high, step=(high - low) / 100, description=name)
