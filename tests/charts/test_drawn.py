"""What is drawn is what is said: every series, one legend without empty entries, names that do not meet."""

import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import polars as pl

from kit import charts
from kit.charts.base import PALETTE, Figure, _placed, events, figure, rows, time_axis
from kit.result import Result

START = datetime(2026, 5, 1, tzinfo=UTC)


def made(frame: pl.DataFrame) -> Result:
    return Result(frame, "SELECT 1", {}, "b", "made")


def texts(drawn: Figure) -> list[str]:
    return [e.text or "" for e in ET.fromstring(drawn.svg()).iter() if e.tag.endswith("}text")]


def test_requests_and_different_prompts_are_both_drawn():
    days = [START + timedelta(days=i) for i in range(4)]
    drawn = charts.coverage_growth(
        made(pl.DataFrame({"day_at": days, "requests": [10] * 4, "prompts_so_far": [9, 15, 18, 20]}))
    )
    paths = [e for e in ET.fromstring(drawn.svg()).iter() if (e.get("d") or "").count("L") == 3 and e.get("stroke")]
    assert {e.get("stroke") for e in paths} == set(PALETTE[:2])
    assert {"requests so far", "different prompts so far"} <= set(texts(drawn))


def test_a_share_without_a_rule_has_a_name_in_the_legend():
    frame = pl.DataFrame(
        {
            "capability": ["reasoning", "not said by any rule"],
            "kind": ["elicitation", ""],
            "requests": [9, 1],
            "share": [0.9, 0.1],
            "accounts": [3, 1],
        }
    )
    assert {"elicitation", "no rule"} <= set(texts(charts.capability_mix(made(frame))))
    assert "no rule)" in charts.capability_mix(made(frame)).alt


def test_a_template_not_used_on_a_day_falls_to_zero():
    days = [START + timedelta(days=i) for i in range(3)]
    used = {"day_at": [*days, days[1]], "template_id": ["a", "a", "a", "b"], "requests": [5] * 4}
    spec = charts.template_timeline(made(pl.DataFrame(used | {"accounts": [1] * 4}))).spec
    drawn = next(iter(spec["datasets"].values()))
    assert [r["requests"] for r in drawn if r["template_id"] == "b"] == [0, 5, 0]


def test_the_verdicts_of_templates_have_one_legend():
    few = {"template_id": ["a", "b"], "accounts": [3, 9], "fillings": [40, 2], "requests": [50, 9]}
    more = {"verdict": ["harvest", "harmless"], "reach_bits": [8.0, 1.0], "skeleton": ["x", "y"]}
    assert Counter(texts(charts.template_reach(made(pl.DataFrame(few | more)))))["harvest"] == 1


def test_names_of_close_events_stand_on_lines_of_their_own():
    at = [START + timedelta(hours=h) for h in (0, 1, 2, 400, 719)]
    marks = pl.DataFrame({"at": at, "label": [f"release model-{i}" for i in range(5)]})
    placed = _placed(marks, "at", "label", (START, START + timedelta(hours=720)), 720, 2)
    assert placed["line"].to_list() == [0, 1, -1, 0, 0]
    assert placed["name"].to_list()[1] == "release model-1 +1"
    assert placed["left"].to_list() == [
        True,
        True,
        True,
        True,
        False,
    ]  # at the right edge it stands before its rule
    every = _placed(marks, "at", "label", None, 720, 6)
    assert every["line"].to_list() == [0, 1, 2, 3, 4]


def test_names_of_events_do_not_overlap_in_the_picture():
    import altair as alt

    at = [START + timedelta(hours=3 * i) for i in range(5)]
    marks = made(pl.DataFrame({"at": at, "label": ["19 accounts closed"] * 5}))
    layer = events(marks, over=(START, START + timedelta(days=30)))
    base = alt.Chart(rows(made(pl.DataFrame({"at": [START, START + timedelta(days=30)], "n": [1, 2]}))))
    line = base.mark_line().encode(x=time_axis("at"), y="n:Q")
    drawn = figure(alt.layer(line, layer), marks, title="t", alt="A line with five events.")
    places = [e.get("transform") for e in ET.fromstring(drawn.svg()).iter() if e.text == "19 accounts closed"]
    heights = sorted({float(str(p).split(",")[1].split(")")[0]) for p in places})
    assert len(heights) == 5
    assert all(b - a >= 12 for a, b in pairwise(heights))


def linked(n: int, bits: float = 10.0) -> Result:
    pairs = list(combinations([f"acct_{i:03}" for i in range(n)], 2))
    return made(
        pl.DataFrame(
            {"account_a": [a for a, _ in pairs], "account_b": [b for _, b in pairs], "bits": [bits] * len(pairs)},
            schema={"account_a": pl.String, "account_b": pl.String, "bits": pl.Float64},
        )
    )


def test_a_cluster_where_all_share_with_all_is_drawn_without_a_hub_and_says_what_is_left_out():
    drawn = charts.cluster_graph(linked(34))
    lines = [r["between"] for d in drawn.spec["datasets"].values() for r in d if "between" in r]
    assert 33 <= len(lines) <= 33 + 2 * 34
    ends = Counter(name for line in lines for name in line.split(" and "))
    assert len(ends) == 34
    assert max(ends.values()) <= 10
    assert f"Of 561 links {len(lines)} are drawn" in drawn.note
    assert f"{561 - len(lines)} are left out" in drawn.alt
    assert drawn.spec == charts.cluster_graph(linked(34)).spec


def test_a_cluster_without_links_is_said_to_be_empty():
    assert charts.cluster_graph(linked(1)).note.startswith("No two accounts of this cluster are linked")


def test_beyond_three_hundred_accounts_a_dot_is_a_group():
    drawn = charts.cluster_graph(linked(301))
    assert "groups of accounts" in drawn.note
    assert drawn.marks < 300


def test_nobody_ranked_is_a_sentence_and_no_empty_axis():
    shape = {"rank": pl.Int64, "account_id": pl.String, "probability": pl.Float64, "within": pl.Boolean}
    drawn = charts.ranking(made(pl.DataFrame(schema=shape)))
    assert texts(drawn) == [
        "Who else may belong",
        "No account outside the seeds has a link to them to be ranked by.",
    ]


def test_events_of_other_days_do_not_stretch_a_chart_of_a_chosen_time():
    hours = [START + timedelta(hours=i) for i in range(48)] * 2
    two = {"bucket_at": hours, "series": ["a"] * 48 + ["b"] * 48, "requests": list(range(96))}
    at = [START - timedelta(days=5), START + timedelta(hours=47, minutes=30)]
    marks = made(
        pl.DataFrame({"at": at, "kind": ["ban", "release"], "label": ["19 accounts closed", "release orca"]})
    )
    drawn = charts.over_time(made(pl.DataFrame(two)), marks)
    assert "19 accounts closed" not in drawn.alt
    assert "release orca" in drawn.alt
    assert not [t for t in texts(drawn) if "closed" in t or "Apr" in t]
