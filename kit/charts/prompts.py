"""Charts about prompts: which templates reach far, when they are used, what the answers would teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kit.charts.base import DASHES, PALETTE, Figure, figure, rows, series, time_axis, time_tip
from kit.result import Result

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "capability_mix",
    "coverage_growth",
    "mixture_power",
    "phase_strip",
    "template_reach",
    "template_timeline",
]

VERDICTS = ("harvest", "unclear", "harmless")
KINDS = {
    "elicitation": "elicitation",
    "look_alike": "look-alike",
    "probing": "probing",
    "relay": "relay",
    "": "no rule",
}
# Dark for what speaks for a harvest, light for what does not: far apart in greyscale as well.
SHADES = dict(zip(KINDS.values(), (PALETTE[0], PALETTE[4], PALETTE[2], PALETTE[3], "#c4c4c4"), strict=True))


def template_reach(result: Result, *, top: int = 60) -> Figure:
    """Accounts against fillings of templates(case), both on log axes; shape and colour say the verdict."""
    import altair as alt

    shown = result.frame.head(top).with_columns(pl.col("fillings").clip(1), pl.col("accounts").clip(1))
    wanted = ("template_id", "accounts", "fillings", "requests", "verdict", "reach_bits", "skeleton")
    chart = (
        alt.Chart(rows(shown, *wanted))
        .mark_point(filled=True, size=70, opacity=0.8)
        .encode(
            x=alt.X("accounts:Q", scale=alt.Scale(type="log"), title="Accounts that use it"),
            y=alt.Y("fillings:Q", scale=alt.Scale(type="log"), title="Different fillings"),
            tooltip=[
                alt.Tooltip("template_id:N"), alt.Tooltip("requests:Q", format=","), alt.Tooltip("verdict:N"),
                alt.Tooltip("reach_bits:Q", title="reach"), alt.Tooltip("skeleton:N"),
            ],
            **series("verdict", title="Verdict of the rules", points=True, order=VERDICTS),
        )
    )  # fmt: skip
    say = f"Scatter of {shown.height} templates: accounts across, different fillings up, both logarithmic."
    if shown.height:
        first = shown.sort("reach_bits", descending=True).row(0, named=True)
        say += (
            f" The widest rarity-weighted reach has {first['template_id']} ({first['verdict']}): "
            f"{first['accounts']:,} accounts, {first['fillings']:,} fillings."
        )
    return figure(chart, result, title="Templates by reach and fillings", alt=say)


def template_timeline(result: Result) -> Figure:
    """Requests per day of up to six templates, from template_days(case)."""
    import altair as alt

    few = result.frame["template_id"].unique(maintain_order=True).to_list()[: len(DASHES)]
    used = result.frame.filter(pl.col("template_id").is_in(few)).select(
        "day_at", "template_id", "requests", "accounts"
    )
    # A day without a row is a day without use: drawn as zero, not bridged.
    every = result.frame.select("day_at").unique().join(pl.DataFrame({"template_id": few}), how="cross")
    shown = every.join(used, on=["day_at", "template_id"], how="left").fill_null(0).sort("template_id", "day_at")
    chart = (
        alt.Chart(rows(shown, "day_at", "template_id", "requests", "accounts"))
        .mark_line(interpolate="step-after")
        .encode(
            x=time_axis("day_at"),
            y=alt.Y("requests:Q", title="Requests per day"),
            tooltip=[time_tip("day_at"), "template_id:N", "requests:Q", "accounts:Q"],
            **series("template_id", title="Template"),
        )
    )
    say = f"Requests per UTC day of {len(few)} templates, one stepped line each."
    if shown.height:
        peak = shown.sort(["requests", "template_id"], descending=[True, False]).row(0, named=True)
        say += f" The highest day is {peak['day_at']:%Y-%m-%d}:"
        say += f" {peak['requests']:,} requests in {peak['template_id']}."
    return figure(chart, result, title="Use of templates over time", alt=say)


def capability_mix(result: Result) -> Figure:
    """Share of requests per capability, from capabilities(case); a request may count under several."""
    import altair as alt

    shown = result.frame.with_columns(kind=pl.col("kind").replace(KINDS))
    kinds = [k for k in KINDS.values() if k in shown["kind"].to_list()]
    shades = alt.Scale(domain=kinds, range=[SHADES[k] for k in kinds])
    chart = (
        alt.Chart(rows(shown, "capability", "kind", "requests", "share", "accounts"))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", axis=alt.Axis(format="%"), title="Share of requests"),
            y=alt.Y("capability:N", sort="-x", title="Capability"),
            color=alt.Color("kind:N", title="Kind of rule", scale=shades),
            tooltip=["capability:N", "kind:N", alt.Tooltip("requests:Q", format=","), "accounts:Q"],
        )
    )
    say = (
        "Bars of the share of requests by what the answers would teach, longest first; shade says the kind of rule."
    )
    if len(result):
        say += (
            " "
            + "; ".join(f"{r['capability']} {r['share']:.0%} ({r['kind']})" for r in shown.head(4).rows(named=True))
            + "."
        )
    return figure(chart, result, title="What the answers would teach", alt=say)


def coverage_growth(result: Result) -> Figure:
    """Requests and different prompts so far, from coverage(case): parallel lines mean ever new ground."""
    import altair as alt

    # Not a column called count: Vega counts the rows of each line under that name, and all but one line vanish.
    frame = result.frame.sort("day_at").with_columns(pl.col("requests").cum_sum().alias("requests so far"))
    frame = frame.rename({"prompts_so_far": "different prompts so far"}).unpivot(
        ["requests so far", "different prompts so far"], index="day_at", variable_name="line", value_name="n"
    )
    chart = (
        alt.Chart(rows(frame))
        .mark_line()
        .encode(
            x=time_axis("day_at"),
            y=alt.Y("n:Q", title="Number so far"),
            tooltip=[time_tip("day_at"), "line:N", alt.Tooltip("n:Q", format=",")],
            **series("line", title="Line"),
        )
    )
    say = "Two lines over time: all requests so far, and different prompts so far."
    if len(result):
        total, different = int(result["requests"].sum()), int(result["prompts_so_far"].max() or 0)  # type: ignore[arg-type]
        say += f" At the end {different:,} different prompts in {total:,} requests ({different / total:.0%})."
    return figure(chart, result, title="New ground covered", alt=say)


def phase_strip(result: Result) -> Figure:
    """New templates, refusals and the top template's share per day, from phases(case), one above the other."""
    import altair as alt

    def strip(column: str, title: str, kind: str = ",d") -> alt.Chart:
        # Nothing in any day is a flat zero, not an axis without numbers.
        nothing = not len(result) or not (result[column].max() or 0)
        high = alt.Scale(domain=[0, 1]) if nothing else alt.Undefined
        made: alt.Chart = (
            alt.Chart(rows(result, "day_at", column, "top_template"), height=90)
            .mark_bar()
            .encode(
                x=time_axis(
                    "day_at", title="Time (UTC)" if column == "top_share" else "", timeUnit="utcyearmonthdate"
                ),
                y=alt.Y(
                    f"{column}:Q",
                    title=title,
                    axis=alt.Axis(format=kind, tickCount=4, tickMinStep=1 if kind == ",d" else alt.Undefined),
                    scale=high,
                ),
                tooltip=[time_tip("day_at"), alt.Tooltip(f"{column}:Q"), "top_template:N"],
            )
        )
        return made

    chart = alt.vconcat(
        strip("new_templates", "New templates"),
        strip("refused_share", "Refused share", "%"),
        strip("top_share", "Top template share", "%"),
    )
    say = "Three rows of daily bars: templates seen for the first time, share of refused requests, "
    say += "share of the top template."
    if len(result):
        say += f" Most new templates in one day: {max(result['new_templates'].to_list())}."
    return figure(chart, result, title="New templates, refusals and the top template", alt=say)


def mixture_power(result: Result) -> Figure:
    """How likely the pooled test sees a mixture, from pooled_test(case)."""
    import altair as alt

    row = result.rows()[0]
    points = [(int(k.removeprefix("power_")), v) for k, v in row.items() if k.startswith("power_")]
    frame = pl.DataFrame(points, schema={"mixture": pl.Int64, "power": pl.Float64}, orient="row").drop_nulls()
    base = alt.Chart(rows(frame)).encode(
        x=alt.X("mixture:Q", title="Share of such prompts in a pool of this size, %"),
        y=alt.Y("power:Q", title="Chance of being seen", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        tooltip=["mixture:Q", alt.Tooltip("power:Q", format=".0%")],
    )
    if not frame.height:
        told = alt.Chart(rows(pl.DataFrame({"note": [row["note"]]}))).mark_text(align="left", x=0, limit=500)
        return figure(told.encode(text="note:N"), result, title="What the pooled test can see", alt=row["note"])
    say = f"Line with points: chance that the test sees a mixture, for {row['prompts']:,} prompts."
    say += " " + "; ".join(f"{m} %: {p:.0%}" for m, p in frame.rows()) + "."
    return figure(
        base.mark_line() + base.mark_point(filled=True, size=60),
        result,
        title="What the pooled test can see",
        alt=say,
    )
