"""Charts of account linkage: the aggregated graph, accounts by evidence, the timeline, the ranking and its
calibration."""

from __future__ import annotations

from typing import Any

import polars as pl

from kit.charts.base import MARK_BUDGET, PALETTE, Figure, figure, nothing, rows, time_axis, time_tip
from kit.result import Result, counted

__all__ = ["calibration_curve", "cluster_graph", "cluster_timeline", "membership_matrix", "ranking"]

GRAPH_NODES = 300
STRONGEST = 2  # links drawn of every account besides the spanning forest
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
                title="Measure",
                sort=shown["measure"].unique(maintain_order=True).to_list(),
                axis=alt.Axis(labelAngle=-35),
            ),
            y=alt.Y(
                "account_id:N",
                title="Account",
                sort=order["account_id"].to_list(),
                axis=alt.Axis(labels=order.height <= 40, ticks=order.height <= 40),
            ),
            color=alt.Color(
                "bits:Q", title="Bits (darker is rarer)", scale=alt.Scale(range=["#f4f1ec", PALETTE[0]])
            ),
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
            x=time_axis("day_at", timeUnit="utcyearmonthdate"),
            y=alt.Y("accounts:Q", title="Accounts", axis=alt.Axis(tickCount=4, format="d")),
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
        alt=f"Bars of accounts per UTC day. {said or 'No cluster was examined'}.",
    )


def calibration_curve(result: Result) -> Figure:
    """Said against observed probability (from linkage.calibration); on the diagonal, the numbers mean what they
    say."""
    import altair as alt

    title = "Do the probabilities come true?"
    if not len(result):
        return nothing(result, title=title, said="Too few seeds: half of them cannot be hidden and looked for.")
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
        title=title,
        alt=f"Calibration with half of the seeds hidden: {pairs}.",
    )


def ranking(result: Result, top: int = 60) -> Figure:
    """The accounts ranked by their link to the seeds (from linkage.grow), and where the cut falls."""
    import altair as alt

    title = "Who else may belong"
    if not len(result):
        return nothing(result, title=title, said="No account outside the seeds has a link to them to be ranked by.")
    inside = int(result.frame["within"].sum())
    drawn = result.frame.head(top).with_columns(
        within=pl.when(pl.col("within").cast(pl.Boolean)).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    chart = (
        alt.Chart(rows(drawn))
        .mark_bar()
        .encode(
            x=alt.X(
                "probability:Q",
                title="Probability that it belongs",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(tickCount=5),
            ),
            y=alt.Y("account_id:N", sort=None, title="Account"),
            opacity=alt.Opacity(
                "within:N", title="Within the cut", scale=alt.Scale(domain=["yes", "no"], range=[1.0, 0.35])
            ),
            tooltip=["rank:Q", "account_id:N", "probability:Q", "expected_wrong:Q", "evidence:N"],
        )
        .properties(height=min(16 * min(top, len(result)) + 20, 700))
    )
    text = (
        f"{counted(len(result), 'account')} ranked by probability; {inside} within the cut for wrong accusations."
    )
    if len(result) > top:
        text += f" The first {top} are drawn."
    return figure(chart, result, title=title, alt=text, note=text)


def cluster_graph(links: Result) -> Figure:
    """The accounts of a cluster (from linkage.links), joined by their strongest links; laid out once for all.

    Drawn is what holds the cluster together, the spanning forest of the strongest links, and the two strongest of
    each account: the whole of a cluster in which all share with all is a black square. Beyond 300 accounts a dot is
    a group of accounts. A dot grows with the bits of all its links, drawn or not; a line with the bits of one.
    """
    import altair as alt

    title = "The cluster as a graph"
    if not len(links):
        said = "No two accounts of this cluster are linked by two or more families of evidence."
        return nothing(links, title=title, said=said)
    nodes, edges, every, folded = _laid_out(links.frame)
    unit = "groups of accounts" if folded else "accounts"
    lines = alt.Chart(rows(edges)).mark_rule(color=PALETTE[5]).encode(
        x=alt.X("x:Q", axis=None), y=alt.Y("y:Q", axis=None), x2="x2:Q", y2="y2:Q",
        strokeWidth=alt.StrokeWidth("bits:Q", title="Bits of a link", scale=alt.Scale(range=[0.8, 4])),
        tooltip=["between:N", "bits:Q"],
    )  # fmt: skip
    dots = alt.Chart(rows(nodes)).mark_circle(color=PALETTE[0], opacity=1, stroke="white", strokeWidth=1.5).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(padding=30)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(padding=20)),
        size=alt.Size("bits:Q", title=f"Bits of all links of {'a group' if folded else 'an account'}",
                      scale=alt.Scale(range=[60, 500] if nodes.height <= 40 else [30, 220])),
        tooltip=["node:N", "accounts:Q", "links:Q", "bits:Q"],
    )  # fmt: skip
    left = every - edges.height
    note = (
        f"{nodes.height} {unit} with links{'' if folded else ' of two or more families'}. "
        f"Of {every:,} links {edges.height:,} are drawn: "
    )
    note += f"the strongest that hold them together and the {STRONGEST} strongest of each. {left:,} are left out."
    say = (
        f"Network. {note} Among links of equal bits the choice is arbitrary; accounts of the cluster without such "
    )
    say += "a link are not in it. Dots grow with the bits of all their links, lines with those of one link; places "
    say += "mean nothing by themselves."
    chart: Any = (lines + dots).properties(width=720, height=480)
    most = nodes.sort("bits", "node", descending=[True, False]).row(0, named=True)
    say += f" The most bits has {most['node']}, with {most['links']:,} links."
    return figure(chart, links, title=title, alt=say, note=note)


def _laid_out(links: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int, bool]:
    """Nodes with places, the links drawn with both ends, how many links there are, and whether accounts are
    folded into groups."""
    import random

    import igraph

    pairs = links.group_by("account_a", "account_b").agg(bits=pl.col("bits").sum()).sort("account_a", "account_b")
    names = sorted(set(pairs["account_a"]) | set(pairs["account_b"]))
    place = {n: i for i, n in enumerate(names)}
    graph = igraph.Graph(
        len(names), [(place[a], place[b]) for a, b in pairs.select("account_a", "account_b").iter_rows()]
    )
    graph.es["bits"] = pairs["bits"].to_list()
    igraph.set_random_number_generator(random.Random(7))  # the same picture every time
    part = list(range(len(names)))
    if folded := len(names) > GRAPH_NODES:
        part = graph.community_leiden("modularity", weights="bits", n_iterations=5).membership
        graph.contract_vertices(part)
        graph.simplify(combine_edges={"bits": "sum"})
    every, weight, degree = graph.ecount(), graph.strength(weights="bits"), graph.degree()
    size = [part.count(k) for k in range(graph.vcount())]
    label = names if not folded else [f"group {k + 1} of {n} accounts" for k, n in enumerate(size)]
    kept = _strongest(graph)
    graph = graph.subgraph_edges(kept, delete_vertices=False)
    layout = graph.layout_kamada_kawai if graph.vcount() <= 100 else graph.layout_fruchterman_reingold
    spots: Any = layout().coords if graph.vcount() else []
    nodes = pl.DataFrame(
        {
            "node": label,
            "accounts": size,
            "links": degree,
            "bits": [round(w, 2) for w in weight],
            "x": [round(p[0], 4) for p in spots],
            "y": [round(p[1], 4) for p in spots],
        },
        schema={"node": pl.String, "accounts": pl.Int64, "links": pl.Int64}
        | dict.fromkeys(("bits", "x", "y"), pl.Float64),
    )
    ends = [
        {
            "between": f"{label[e.source]} and {label[e.target]}",
            "x": spots[e.source][0],
            "y": spots[e.source][1],
            "x2": spots[e.target][0],
            "y2": spots[e.target][1],
            "bits": round(e["bits"], 2),
        }
        for e in sorted(graph.es, key=lambda e: -e["bits"])
    ]
    shape: dict[str, Any] = {"between": pl.String} | dict.fromkeys(("x", "y", "x2", "y2", "bits"), pl.Float64)
    return nodes, pl.DataFrame(ends, schema=shape), every, folded


def _strongest(graph: Any) -> list[int]:
    """The edges of the spanning forest of the strongest links, and the strongest few of every node."""
    import random

    # Ties are drawn by lot, always the same: by name, the first account would look like a hub.
    order = list(range(graph.ecount()))
    random.Random(7).shuffle(order)
    order.sort(key=lambda e: -graph.es[e]["bits"])
    root = list(range(graph.vcount()))
    held = [0] * graph.vcount()
    kept = []
    for edge in order:
        a, b = graph.es[edge].tuple
        tops = [a, b]
        for i, node in enumerate(tops):
            while root[node] != node:
                root[node] = node = root[root[node]]
            tops[i] = node
        if tops[0] != tops[1] or held[a] < STRONGEST or held[b] < STRONGEST:
            root[tops[0]] = tops[1]
            kept.append(edge)
        held[a] += 1
        held[b] += 1
    return sorted(kept)
