"""Charts of the volume analyses: each takes the Result of one and reads without colour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from kit.charts.base import (
    DASHES,
    HEAT,
    MARK_BUDGET,
    PALETTE,
    ChartError,
    Figure,
    events,
    figure,
    rows,
    series,
    time_axis,
    time_tip,
)
from kit.result import Result

if TYPE_CHECKING:
    import altair as alt

__all__ = ["account_ranking", "event_study", "heat_map", "over_time", "ramp_curves", "small_multiples"]

LADDER = (1, 2, 3, 4, 6, 12, 24, 72, 168, 336, 720)
UTC = pl.Datetime("us", "UTC")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def over_time(result: Result, marks: Result | None = None, *, y: str = "requests") -> Figure:
    """Requests over time from `volume.requests`: lines for up to six series, small multiples for more.

    One series shows the range expected from the other weeks, and what lies outside it beyond chance: a triangle up
    for a burst, down for a drop. `marks` (from `volume.events`) draws releases, bans and blocks.
    """
    n = result["series"].n_unique() if len(result) else 0
    if n > len(DASHES):
        return small_multiples(result, y=y)
    import altair as alt

    frame, width = _within_budget(result, y, MARK_BUDGET // 3)
    base = alt.Chart(rows(frame)).encode(x=time_axis("bucket_at"))
    tips = [time_tip("bucket_at"), alt.Tooltip("series:N"), alt.Tooltip(f"{y}:Q", format=",")]
    line = base.mark_line(interpolate="step-after").encode(y=alt.Y(f"{y}:Q", title=_said(y)), tooltip=tips)
    band = _band(base, frame, y) if n == 1 else []
    layers: list[Any] = [line.encode(**series("series", title=_by(result)))] if n > 1 else [*band, line]
    if y == "requests":
        layers += _outside(frame)
    if marks is not None:
        marks = _within(frame, marks)
    if marks:
        layers.insert(0, events(marks, over=_span(frame), deep=8))  # beneath: a name hides no peak
    return figure(
        alt.layer(*layers).properties(width=720, height=260),
        result,
        title=f"{_said(y)} per {width}",
        alt=_described(frame, y, width, marks),
        note="Grey: where the other weeks lead to expect it." if band else "",
    )


def small_multiples(result: Result, *, y: str = "requests") -> Figure:
    """One small panel per series, each with its own scale, in order of size."""
    import altair as alt

    if not len(result):
        raise ChartError("There is nothing to draw: the result has no rows; widen the time or the accounts.")
    order = result.frame.group_by("series").agg(pl.col(y).sum())
    rest = pl.col("series").is_in(["(other)", "(none)"])  # no series of its own, so not the largest either
    order = order.sort(rest, y, "series", descending=[False, True, False])
    shown = order["series"].to_list()[:24]
    kept = result.with_frame(result.frame.filter(pl.col("series").is_in(shown)))
    frame, width = _within_budget(kept, y, MARK_BUDGET // 2)
    panels = []
    for name in shown:
        data = frame.filter(pl.col("series") == name)
        base = alt.Chart(rows(data, "bucket_at", y)).mark_area(interpolate="step-after", color=PALETTE[2])
        panel = base.encode(
            x=time_axis("bucket_at", title=""),
            # Room above the top, or an account that never rests is a full box; minExtent aligns the panels.
            y=alt.Y(
                f"{y}:Q",
                title="",
                axis=alt.Axis(tickCount=3, minExtent=36),
                scale=alt.Scale(domainMin=0, domainMax=1.25 * max(float(data[y].max() or 0), 1)),  # type: ignore[arg-type]
            ),
            tooltip=[time_tip("bucket_at"), alt.Tooltip(f"{y}:Q", format=",")],
        )
        panels.append(
            panel.properties(width=330, height=60, title=alt.Title(name[:40], fontSize=11, frame="group"))
        )
    cut = "" if len(shown) == order.height else f" (the largest {len(shown)} of {order.height})"
    largest = order.row(0)
    say = f"One panel for each of {len(shown)} series{cut}: {_said(y).lower()} per {width}, UTC, own scales. "
    say += f"The largest is {largest[0]} with {largest[1]:,} in all."
    return figure(
        alt.concat(*panels, columns=2),
        result,
        title=f"{_said(y)} per {width}, one panel each{cut}",
        alt=say,
        note="Times in UTC. Each panel has its own scale.",
    )


def heat_map(result: Result) -> Figure:
    """Hour of the day by weekday, UTC, from `volume.hour_of_week`: darker is more."""
    import altair as alt

    frame = result.frame.with_columns(
        day=pl.col("weekday").replace_strict(dict(enumerate(WEEKDAYS)), return_dtype=pl.String)
    )
    cells = alt.Chart(rows(frame)).mark_rect(stroke="white", strokeWidth=0.5)
    chart = cells.encode(
        x=alt.X("hour:O", title="Hour of the day (UTC)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("day:N", sort=list(WEEKDAYS), title="Weekday (UTC)"),
        color=alt.Color("requests:Q", title="Requests", scale=alt.Scale(range=list(HEAT), domainMin=0)),
        tooltip=[
            alt.Tooltip("day:N"),
            alt.Tooltip("hour:O"),
            alt.Tooltip("requests:Q", format=","),
            alt.Tooltip("days:Q"),
        ],
    )
    total = max(int(frame["requests"].sum()), 1)
    top = frame.sort(["requests", "weekday", "hour"], descending=[True, False, False]).row(0, named=True)
    idle = frame.group_by("hour").agg(pl.col("requests").sum()).filter(pl.col("requests") == 0).height
    weekend = int(frame.filter(pl.col("weekday") >= 5)["requests"].sum()) / total
    say = f"Requests by weekday and hour, UTC. Most on {top['day']} at {top['hour']}:00 with {top['requests']:,}. "
    say += (
        f"{idle} of 24 hours of the day are empty; {weekend:.0%} fall on Saturday and Sunday (29 % would be even)."
    )
    return figure(chart.properties(width=620, height=190), result, title="When in the week", alt=say)


def account_ranking(result: Result, *, top: int = 30) -> Figure:
    """The busiest accounts per active day from `volume.profiles`; the grey band holds 90 % of each one's cohort."""
    import altair as alt

    frame = result.frame.sort(["requests_per_day", "account_id"], descending=[True, False]).head(top)
    base = alt.Chart(
        rows(
            frame,
            "account_id",
            "requests_per_day",
            "cohort",
            "cohort_n",
            "cohort_low",
            "cohort_median",
            "cohort_high",
        )
    )
    y = alt.Y("account_id:N", sort=frame["account_id"].to_list(), title="Account")
    scale = alt.Scale(type="log", nice=False, padding=8)
    title = "Requests per active day (log scale)"
    band = base.mark_bar(color="#d9d9d9", height=10).encode(
        y=y, x=alt.X("cohort_low:Q", scale=scale, title=title), x2="cohort_high:Q"
    )
    middle = base.mark_tick(color="#555555", thickness=2, height=12).encode(y=y, x="cohort_median:Q")
    tips = [
        alt.Tooltip(f"{c}:{k}")
        for c, k in (("account_id", "N"), ("requests_per_day", "Q"), ("cohort", "N"), ("cohort_n", "Q"))
    ]
    point = base.mark_point(filled=True, size=55, color=PALETTE[1]).encode(
        y=y, x="requests_per_day:Q", tooltip=tips
    )
    above = frame.filter(pl.col("requests_per_day") > pl.col("cohort_high")).height
    say = f"The {frame.height} accounts with most requests per active day, a dot each, over a band that holds 90 % "
    say += (
        f"of the accounts of the same plan and age (tick: their median). {above} lie above the band of their cohort"
    )
    bare = frame["cohort_high"].null_count()
    say += f"; {bare} have no band: too few comparable accounts." if bare else "."
    note = "Dot: the account. Band: 90 % of the accounts of the same plan and age. Tick: their median."
    chart = alt.layer(band, middle, point).properties(width=560)
    return figure(chart, result, title="The busiest accounts beside their cohort", alt=say, note=note)


def ramp_curves(result: Result) -> Figure:
    """How fast accounts get going, from `volume.ramp`: median and middle half, by days since first use."""
    import altair as alt

    base = alt.Chart(rows(result)).encode(x=alt.X("days:Q", title="Days since the first request"))
    band = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title="Share of the requests of this time", axis=alt.Axis(format="%")),
        y2="high:Q",
        color=alt.Color("who:N", scale=alt.Scale(range=list(PALETTE)), legend=None),
    )
    tips = [
        alt.Tooltip("who:N"),
        alt.Tooltip("days:Q"),
        alt.Tooltip("median:Q", format=".0%"),
        alt.Tooltip("accounts:Q"),
    ]
    line = base.mark_line(strokeWidth=2.2).encode(y="median:Q", tooltip=tips, **series("who", title="Median of"))
    first = {r["who"]: r for r in result.rows() if r["days"] == 1}
    say = "Cumulative share of an account's first requests, by days since first use: median, and bands that hold "
    say += "the middle half of accounts. " + " ".join(
        f"After one day {who} ({r['accounts']}) stand at {r['median']:.0%}." for who, r in sorted(first.items())
    )
    return figure(
        alt.layer(band, line)
        .resolve_scale(color="independent", strokeDash="independent")
        .properties(width=620, height=240),
        result,
        title="Ramp after first use",
        alt=say,
        note="Line: median account. Band: the middle half of accounts.",
    )


def event_study(result: Result, *, event: str = "release") -> Figure:
    """Before and after an event, a set beside all others, from `volume.uptake`; the rule at 0 is the event."""
    import altair as alt

    hours = [int(h) for h in result["hours_after"]] or [0]
    days = list(range(min(hours) // 24 * 24, max(hours) + 25, 24))
    x = alt.X(
        "hours_after:Q",
        title=f"Hours after the {event}",
        scale=alt.Scale(nice=False),
        axis=alt.Axis(values=days),
    )
    base = alt.Chart(rows(result)).encode(x=x)
    tips = [
        alt.Tooltip("who:N"),
        alt.Tooltip("hours_after:Q"),
        alt.Tooltip("share:Q", format=".1%"),
        alt.Tooltip("requests:Q"),
    ]
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        y=alt.Y("share:Q", title="Share of requests on the new model", axis=alt.Axis(format="%")),
        tooltip=tips,
        **series("who", title="Share among"),
    )
    rule = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(strokeDash=[4, 3]).encode(x="x:Q")
    mean = result.frame.group_by("who", pl.col("hours_after") >= 0).agg(
        share=pl.col("on_model").sum() / pl.col("requests").sum()
    )
    said = {(w, after): s for w, after, s in mean.rows()}
    say = f"Share of requests on the new model every six hours around the {event} at 0. " + " ".join(
        f"{w.capitalize()}: {said.get((w, False), 0):.0%} before, {said.get((w, True), 0):.0%} after."
        for w in sorted({k[0] for k in said})
    )
    return figure(
        alt.layer(line, rule).properties(width=620, height=240), result, title=f"Around the {event}", alt=say
    )


# --- what they share ----------------------------------------------------------------------------------------------


def _within_budget(result: Result, y: str, budget: int) -> tuple[pl.DataFrame, str]:
    """The rows in windows as wide as it takes to stay within `budget` marks, and that width in words."""
    frame = result.frame
    if not frame.height:
        raise ChartError("There is nothing to draw: the result has no rows; widen the time or the accounts.")
    times = frame["bucket_at"].unique().sort()
    step = int((times[1] - times[0]).total_seconds()) if times.len() > 1 else 3600
    times_wider = next((k for k in LADDER if frame.height / k <= budget), LADDER[-1])
    if times_wider > 1:
        kept = [pl.col(c).sum() for c in (y, "expected", "low", "high") if c in frame.columns]
        wider = frame.group_by_dynamic(
            "bucket_at", every=f"{step * times_wider}s", group_by="series", start_by="window"
        )
        frame = wider.agg(*kept).drop("low", "high", "expected", strict=False)
    return frame, _width(step * times_wider)


def _width(step: int) -> str:
    for size, word in ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if step % size == 0:
            return word if step == size else f"{step // size} {word}s"
    return f"{step} seconds"


def _said(column: str) -> str:
    return column.replace("_", " ").capitalize()


def _by(result: Result) -> str:
    return {"request_model": "Model", "account_id": "Account"}.get(str(result.arguments.get("by", "")), "Series")


def _band(base: alt.Chart, frame: pl.DataFrame, y: str) -> list[Any]:
    if y != "requests" or "low" not in frame.columns or frame["low"].null_count() == frame.height:
        return []
    return [base.mark_area(interpolate="step-after", color="#c9c9c9", opacity=0.7).encode(y="low:Q", y2="high:Q")]


def _outside(frame: pl.DataFrame) -> list[Any]:
    import altair as alt

    if "sign" not in frame.columns or not frame.filter(pl.col("sign") != "").height:
        return []
    found = frame.filter(pl.col("sign") != "").select("bucket_at", "series", "requests", "expected", "sign")
    shape = alt.Shape(
        "sign:N",
        title="Outside what is expected",
        scale=alt.Scale(domain=["burst", "drop"], range=["triangle-up", "triangle-down"]),
    )
    tips = [
        time_tip("bucket_at"),
        alt.Tooltip("series:N"),
        alt.Tooltip("requests:Q"),
        alt.Tooltip("expected:Q"),
        alt.Tooltip("sign:N"),
    ]
    point = alt.Chart(rows(found)).mark_point(filled=True, size=70, color=PALETTE[1])
    return [point.encode(x=time_axis("bucket_at"), y="requests:Q", shape=shape, tooltip=tips)]


def _span(frame: pl.DataFrame) -> tuple[datetime, datetime]:
    """When the first bucket begins and the last one ends."""
    begins = frame["bucket_at"].cast(UTC).unique().sort()
    wide = begins.diff().min() or timedelta(0)
    return begins[0], begins[-1] + cast("timedelta", wide)


def _within(frame: pl.DataFrame, marks: Result) -> Result:
    """The events of the time that is drawn; those of other days would stretch its axis."""
    return marks.with_frame(marks.frame.filter(pl.col("at").cast(UTC).is_between(*_span(frame))))


def _described(frame: pl.DataFrame, y: str, width: str, marks: Result | None) -> str:
    first, last = (_day(frame["bucket_at"].min()), _day(frame["bucket_at"].max()))
    peak = frame.sort([y, "bucket_at"], descending=[True, False]).row(0, named=True)
    n = frame["series"].n_unique()
    say = f"{_said(y)} per {width} from {first} to {last}, UTC, {n} series, {int(frame[y].sum()):,} in all. "
    say += f"The highest is {int(peak[y]):,} ({peak['series']}) on {_day(peak['bucket_at'])}."
    if "sign" in frame.columns:
        counted = dict(frame["sign"].value_counts().rows())
        say += f" Outside what the other weeks lead to expect: {counted.get('burst', 0)} windows above, "
        say += f"{counted.get('drop', 0)} below."
    if marks:
        say += " Marked: " + "; ".join(f"{m['label']} on {_day(m['at'])}" for m in marks.rows()[:6])
        say += f"; and {len(marks) - 6} more." if len(marks) > 6 else "."
    return say


def _day(at: Any) -> str:
    return at.strftime("%-d %B %Y %H:%M") if isinstance(at, datetime) else str(at)
