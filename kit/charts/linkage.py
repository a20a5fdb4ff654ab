"""Charts of account linkage: the aggregated graph, accounts by evidence, the timeline, the ranking and its
calibration."""

from __future__ import annotations

from typing import Any

import polars as pl

from kit.charts.base import MARK_BUDGET, PALETTE, Figure, figure, rows, time_axis, time_tip
from kit.result import Result

__all__ = ["calibration_curve", "cluster_graph", "cluster_timeline", "membership_matrix", "ranking"]

GRAPH_NODES = 300
EVENTS = ("active accounts", "sign-ups", "first uses", "closures")


def membership_matrix(result: Result) -> Figure:
    """Accounts by evidence (from linkage.matrix): the darker, the rarer such a fit among ordinary accounts."""
    import altair as alt

    shown = result.frame.head(MARK_BUDGET - 500)
    order = (
        result.frame.group_by("account_id")
        .agg(pl.col("bits").sum())
        .sort("bits", "account_id", descending=[True, False])
    )
    chart = (
        alt.Chart(rows(shown))
        .mark_rect()
        .encode(
            x=alt.X(
                "measure:N",
                title=None,
                sort=shown["measure"].unique(maintain_order=True).to_list(),
                axis=alt.Axis(labelAngle=-35),
            ),
            y=alt.Y(
                "account_id:N",
                title="Account",
                sort=order["account_id"].to_list(),
                axis=alt.Axis(labels=order.height <= 40),
            ),
            color=alt.Color("bits:Q", title="Bits", scale=alt.Scale(range=["#f4f1ec", PALETTE[0]])),
            tooltip=["account_id:N", "family:N", "measure:N", "bits:Q"],
        )
        .properties(width=560, height=min(12 * order.height + 20, 600))
    )
    strong = (
        shown.filter(pl.col("bits") >= 4.3)
        .group_by("measure")
        .agg(pl.len())
        .sort("len", "measure", descending=[True, False])
    )
    said = ", ".join(f"{m} {n}" for m, n in strong.head(4).iter_rows()) or "none"
    alt_text = (
        f"{order.height} accounts by measure; accounts that fit as at most one in twenty ordinary ones: {said}."
    )
    return figure(chart, result, title="Which account shows which evidence", alt=alt_text)


def cluster_timeline(result: Result) -> Figure:
    """Sign-ups, first uses, closures and active accounts of a cluster per day (from linkage.timeline)."""
    import altair as alt

    chart = (
        alt.Chart(rows(result))
        .mark_bar()
        .encode(
            x=time_axis("day_at"),
            y=alt.Y("accounts:Q", title=None),
            row=alt.Row(
                "event:N", title=None, sort=list(EVENTS), header=alt.Header(labelAngle=0, labelAlign="left")
            ),
            tooltip=[time_tip("day_at"), "event:N", "accounts:Q"],
        )
        .properties(height=70, width=600)
        .resolve_scale(y="independent")
    )
    peaks = result.frame.sort("accounts", "day_at", descending=[True, False]).unique("event", maintain_order=True)
    said = "; ".join(
        f"{e}: most on {d:%d %b %Y} ({n})" for d, e, n in peaks.select("day_at", "event", "accounts").iter_rows()
    )
    return figure(
        chart,
        result,
        title="Sign-ups, use and closures of the cluster by day",
        alt=f"Bars per day. {said or 'No cluster was examined'}.",
    )


def calibration_curve(result: Result) -> Figure:
    """Said against observed probability (from linkage.calibration); on the diagonal, the numbers mean what they
    say."""
    import altair as alt

    points = (
        alt.Chart(rows(result))
        .mark_line(point=True)
        .encode(
            x=alt.X("probability:Q", title="Probability said", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("observed:Q", title="Share that were hidden members", scale=alt.Scale(domain=[0, 1])),
            tooltip=["probability:Q", "observed:Q", "accounts:Q"],
        )
    )
    diagonal = alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(
        strokeDash=[4, 4], color=PALETTE[5]
    )
    chart = (diagonal.encode(x="x:Q", y="y:Q") + points).properties(width=360, height=360)
    pairs = ", ".join(f"{r['probability']:.2f} said and {r['observed']:.2f} seen" for r in result.rows()[-3:])
    return figure(
        chart,
        result,
        title="Do the probabilities come true?",
        alt=f"Calibration with half of the seeds hidden: {pairs or 'too few seeds'}.",
    )


def ranking(result: Result, top: int = 60) -> Figure:
    """The accounts ranked by their link to the seeds (from linkage.grow), and where the cut falls."""
    import altair as alt

    inside = int(result.frame["within"].sum()) if len(result) else 0
    chart = (
        alt.Chart(rows(result.frame.head(top)))
        .mark_bar()
        .encode(
            x=alt.X("probability:Q", title="Probability that it belongs", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("account_id:N", sort=None, title=None),
            opacity=alt.Opacity(
                "within:N", title="Within the cut", scale=alt.Scale(domain=[True, False], range=[1.0, 0.35])
            ),
            tooltip=["rank:Q", "account_id:N", "probability:Q", "expected_wrong:Q", "evidence:N"],
        )
        .properties(height=min(16 * min(top, max(len(result), 1)) + 20, 700))
    )
    text = f"{len(result)} accounts ranked by probability; {inside} lie within the cut for wrong accusations."
    return figure(chart, result, title="Who else belongs", alt=text)


def cluster_graph(links: Result) -> Figure:
    """Accounts (or, beyond 300, groups of them that share the same partners) joined by their links, laid out
    once for all."""
    import altair as alt

    nodes, edges, folded = _laid_out(links.frame)
    budget = MARK_BUDGET - nodes.height - 10
    lines = alt.Chart(rows(edges.head(budget))).mark_rule(color=PALETTE[5]).encode(
        x=alt.X("x:Q", axis=None), y=alt.Y("y:Q", axis=None), x2="x2:Q", y2="y2:Q",
        strokeWidth=alt.StrokeWidth("bits:Q", title="Bits", scale=alt.Scale(range=[0.2, 2])),
        opacity=alt.value(0.35),
    )  # fmt: skip
    by_size = alt.Size("accounts:Q", title="Accounts", scale=alt.Scale(range=[40, 900]))
    size = by_size if folded else alt.value(120)
    dots = alt.Chart(rows(nodes)).mark_circle(color=PALETTE[0]).encode(
        x="x:Q", y="y:Q", size=size,
        tooltip=["node:N", "accounts:Q", "links:Q"],
    )  # fmt: skip
    what = "groups of accounts" if folded else "accounts"
    text = f"{nodes.height} {what} joined by {edges.height} links of two or more families of evidence."
    return figure((lines + dots).properties(width=560, height=460), links, title="The cluster as a graph", alt=text)


def _laid_out(links: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, bool]:
    """Nodes with places, edges with both ends, and whether accounts were folded into groups."""
    import random

    import igraph

    edges = links.group_by("account_a", "account_b").agg(bits=pl.col("bits").sum()).sort("account_a", "account_b")
    names = sorted(set(edges["account_a"]) | set(edges["account_b"]))
    place = {n: i for i, n in enumerate(names)}
    graph = igraph.Graph(
        len(names), [(place[a], place[b]) for a, b in edges.select("account_a", "account_b").iter_rows()]
    )
    graph.es["bits"] = edges["bits"].to_list()
    igraph.set_random_number_generator(random.Random(7))  # the same picture every time
    part = list(range(len(names)))
    if folded := len(names) > GRAPH_NODES:
        part = graph.community_leiden("modularity", weights="bits", n_iterations=5).membership
        graph.contract_vertices(part)
        graph.simplify(combine_edges={"bits": "sum"})
    spots: Any = graph.layout_fruchterman_reingold(niter=300).coords if graph.vcount() else []
    size = [part.count(k) for k in range(graph.vcount())]
    label = [names[i] if not folded else f"group of {size[i]}" for i in range(graph.vcount())]
    nodes = pl.DataFrame(
        {
            "node": label,
            "accounts": size,
            "links": graph.degree(),
            "x": [round(p[0], 4) for p in spots],
            "y": [round(p[1], 4) for p in spots],
        },
        schema={"node": pl.String, "accounts": pl.Int64, "links": pl.Int64, "x": pl.Float64, "y": pl.Float64},
    )
    ends = [
        {
            "x": spots[e.source][0],
            "y": spots[e.source][1],
            "x2": spots[e.target][0],
            "y2": spots[e.target][1],
            "bits": e["bits"],
        }
        for e in sorted(graph.es, key=lambda e: -e["bits"])
    ]
    return nodes, pl.DataFrame(ends, schema=dict.fromkeys(("x", "y", "x2", "y2", "bits"), pl.Float64)), folded
