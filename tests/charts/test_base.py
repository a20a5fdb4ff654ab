"""The chart helper: pictures without script, words for every picture, a budget, and text that stays text."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest

from kit import charts
from kit.charts.base import DASHES, PALETTE, ChartError, Figure, events, figure, rows, series
from kit.result import Result

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m&\"' ]]>"


def result(n: int, label: str = "acct_1") -> Result:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "hour_at": [start + timedelta(hours=i) for i in range(n)],
            "requests": [i % 7 for i in range(n)],
            "account_id": [label] * n,
        },
        schema_overrides={"hour_at": pl.Datetime("us", "UTC")},
    )
    return Result(frame, "SELECT 1", {}, "b", "hours")


def test_every_output_holds_an_interactive_chart_and_a_still_one_with_words():
    data, metadata = charts.lines(result(48), "hour_at", "requests")._repr_mimebundle_()
    assert data["application/vnd.vegalite.v5+json"]["description"].startswith("Line of requests over time in UTC")
    assert "Highest 6, lowest 0" in metadata["image/svg+xml"]["alt"]
    picture = ET.fromstring(data["image/svg+xml"])
    assert picture.get("role") == "img"
    assert picture[0].text == "requests over time"
    assert "Highest 6, lowest 0" in (picture[1].text or "")
    assert picture.get("aria-labelledby") == f"{picture[0].get('id')} {picture[1].get('id')}"


def test_a_click_in_the_legend_fades_the_other_series_and_a_still_picture_shows_all():
    chart = charts.lines(result(5), "hour_at", "requests", by="account_id")
    assert chart.spec["params"][-1] == {
        "name": "legend",
        "select": {"type": "point", "fields": ["account_id"]},
        "bind": "legend",
    }
    assert chart.spec["encoding"]["opacity"]["condition"] == {"param": "legend", "value": 1}
    assert 'opacity="0.12"' not in chart.svg()
    assert "params" not in charts.lines(result(5), "hour_at", "requests").spec


def test_data_in_a_chart_stays_text():
    chart = charts.lines(result(5, HOSTILE), "hour_at", "requests", by="account_id")
    drawn = chart.svg()
    assert "<script" not in drawn
    assert "\u202e" not in drawn
    assert "\x1b" not in drawn
    assert "\\u202e" in "".join(ET.fromstring(drawn).itertext())


def test_svg_asks_for_nothing_and_two_in_a_page_share_no_id():
    first = charts.lines(result(5), "hour_at", "requests").svg()
    second = charts.lines(result(9), "hour_at", "requests").svg()
    ids = [e.get("id") for s in (first, second) for e in ET.fromstring(s).iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert "href" not in first.replace("xmlns:xlink", "")
    assert "<script" not in first


@pytest.mark.parametrize(("n", "fits"), [(5_000, True), (5_001, False)])
def test_a_chart_draws_at_most_five_thousand_marks(n, fits):
    if fits:
        assert charts.lines(result(n), "hour_at", "requests").marks == n
    else:
        with pytest.raises(ChartError, match=r"5,001 marks.*GROUP BY"):
            charts.lines(result(n), "hour_at", "requests")


def test_layers_count_their_marks_each():
    import altair as alt

    base = alt.Chart(rows(result(30))).encode(x="hour_at:T", y="requests:Q")
    say = "A line with a point on every hour."
    assert figure(alt.layer(base.mark_line(), base.mark_point()), result(30), title="t", alt=say).marks == 60
    both = alt.hconcat(
        base.mark_line(), alt.layer(base.mark_point(), events(pl.DataFrame({"at": [], "label": []})))
    )
    assert figure(both, result(30), title="t", alt=say).marks == 60


def test_times_are_drawn_in_utc_whatever_the_zone_of_the_machine(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    spec = charts.lines(result(3), "hour_at", "requests").spec
    assert spec["encoding"]["x"]["scale"] == {"type": "utc"}
    assert next(iter(spec["datasets"].values()))[0]["hour_at"] == "2026-05-01T00:00:00Z"


def test_a_chart_without_words_or_with_a_missing_column_is_refused():
    chart = charts.lines(result(3), "hour_at", "requests")
    with pytest.raises(ChartError, match="no alternative text"):
        figure(chart.chart, result(3), title="t", alt=" ")
    with pytest.raises(ChartError, match=r"needs a column 'tokens'.*has hour_at, requests, account_id"):
        charts.lines(result(3), "hour_at", "tokens")


@pytest.mark.parametrize("order", [None, ["c", "a", "b"]])
@pytest.mark.parametrize("points", [True, False])
def test_a_series_has_one_legend_for_colour_and_dash_or_shape(order, points):
    import altair as alt

    data = rows(pl.DataFrame({"x": [1, 2, 3], "y": [1, 2, 3], "name": ["a", "b", "c"]}))
    chart = alt.Chart(data).mark_point() if points else alt.Chart(data).mark_line()
    drawn = chart.encode(x="x:Q", y="y:Q", **series("name", title="Legend", points=points, order=order))
    texts = "".join(figure(drawn, result(1), title="t", alt="A chart with a legend.").svg().split(">Legend<")[1:])
    assert texts
    assert ">Legend<" not in texts


def test_bars_of_what_is_no_number_are_refused():
    with pytest.raises(ChartError, match=r"'account_id' holds no numbers; name the number first"):
        charts.bars(result(3), "account_id", "requests")


def test_more_series_than_dashes_are_refused():
    frame = pl.concat([result(2, f"acct_{i}").frame for i in range(len(DASHES) + 1)])
    with pytest.raises(ChartError, match="7 lines cannot be told apart"):
        charts.lines(result(1).with_frame(frame), "hour_at", "requests", by="account_id")


def test_colours_differ_in_greyscale_and_stand_out_from_white():
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    shades = [luminance(c) for c in PALETTE]
    assert all(1.05 / (s + 0.05) >= 3 for s in shades)
    assert all((b + 0.05) / (a + 0.05) > 1.12 for a, b in pairwise(shades))


def test_an_empty_result_draws_an_empty_chart():
    chart = charts.bars(result(0), "requests", "account_id")
    assert isinstance(chart, Figure)
    assert chart.svg().startswith("<svg")


def test_bars_say_in_every_title_that_some_are_left_out():
    result = Result(
        pl.DataFrame({"share": [i / 50 for i in range(50)], "name": [f"n{i}" for i in range(50)]}), "", {}, "b"
    )
    made = charts.bars(result, "share", "name", title="Shares", top=40)
    assert made.title == "Shares (the largest 40 of 50)"
    assert made.spec["encoding"]["x"]["axis"]["format"] == ".1~%"


def test_no_colour_of_text_or_axis_is_left_to_the_dark_theme_of_the_reader():
    config = charts.lines(result(48), "hour_at", "requests").spec["config"]
    assert config["background"] == "white"
    for part, colours in {
        "title": ("color", "subtitleColor"),
        "header": ("labelColor", "titleColor"),
        "legend": ("labelColor", "titleColor"),
        "axis": ("labelColor", "titleColor", "domainColor", "tickColor", "gridColor"),
    }.items():
        assert [c for c in colours if c not in config[part]] == []


def test_a_long_note_goes_on_in_a_second_line_so_that_the_chart_fits_the_page():
    note = "34 accounts with links of two or more families. Of 561 links 47 are drawn: the strongest of all."
    lines = replace(charts.lines(result(5), "hour_at", "requests"), note=f"{note} {note}").spec["title"]["subtitle"]
    assert len(lines) == 2
    assert max(map(len, lines)) <= 105
    assert " ".join(lines) == f"{note} {note}"
