"""Pickers give keywords, SQL and parameters; cards show texts safely and keep decisions. Restart loses nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from kit import open_case, reviews, volume, widgets
from kit.database import build_database
from kit.errors import ParameterError
from kit.magic import bind
from kit.parameters import check_names
from kit.widgets.cards import examples
from kit.widgets.pickers import histogram

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m" + "x" * 1_000_000


@pytest.fixture
def case(small_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_REVIEWER", "ada")
    folder = Path(shutil.copytree(small_folder, tmp_path / "INC-1"))

    def templates(con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "INSERT INTO templates (template_id, part, skeleton, requests, accounts, rarity_bits, verdict) VALUES "
            "('t1', 'prompt', 'What is {…}?', 120, 7, 3.0, 'harvest'), ('t2', 'prompt', $h, 1, 1, 9.0, 'unclear'), "
            "('t3', 'prompt', 'hello', 9, 9, 1.0, 'harmless')",
            {"h": HOSTILE},
        )
        con.execute(
            "INSERT INTO request_templates (source_id, line, account_id, part, template_id) "
            "SELECT source_id, line, account_id, 'prompt', 't1' FROM requests"
        )
        con.execute(
            "INSERT INTO clusters (cluster_id, proposed, reason, exchanges) VALUES ('c1', true, $h, 5)",
            {"h": HOSTILE},
        )
        con.execute(
            "INSERT INTO clusters (cluster_id, proposed, reason, exchanges) VALUES ('c2', false, 'class', 9)"
        )

    build_database(folder, [volume.build, templates])
    return open_case(folder)


def test_the_window_starts_at_the_parameters_and_moves(case):
    p = check_names(case, {"CASE": str(case.folder), "SINCE": "2026-05-02"}, {})
    window = widgets.time_window(case, p)
    assert window.keywords == {"since": "2026-05-02T00:00:00Z", "until": None}
    window.set("2026-05-02T00:00:00Z", "2026-05-03T00:00:00Z")
    count = case.sql(f"SELECT count(*) FROM requests WHERE {window.sql}").scalar()
    assert count == 24
    assert window.parameters == 'SINCE = "2026-05-02T00:00:00Z"\nUNTIL = "2026-05-03T00:00:00Z"'
    assert reviews.recall(open_case(case.folder), "time_window")["until"] == "2026-05-03T00:00:00Z"


def test_the_brush_in_the_browser_moves_the_window_and_every_view_that_follows(case, monkeypatch):
    monkeypatch.delenv("KIT_HEADLESS", raising=False)
    from kit.widgets.pickers import _window_widget

    window, seen = widgets.time_window(case), []
    widget = _window_widget(case, window)
    window._views.append(lambda: seen.append(window.keywords))
    widget.since = "2026-05-03T00:00:00Z"
    assert seen == [{"since": "2026-05-03T00:00:00Z", "until": None}]
    assert _window_widget(case, window).last == {"since": "2026-05-03T00:00:00Z"}
    with pytest.raises(ValueError, match="Invalid isoformat"):
        widget.until = "' OR true --"


def test_the_histogram_counts_every_request_in_few_buckets(case):
    start, step, counts = histogram(case)
    assert sum(counts) == 120
    assert len(counts) <= 240
    assert (start % step, step) == (0, 1800) or step in (900, 3600)


def test_headless_a_picker_is_a_line_of_text_and_its_views_are_drawn_once(case, monkeypatch, capsys):
    monkeypatch.setenv("KIT_HEADLESS", "1")
    widgets.time_window(case).follow(lambda since, until: print("drawn", since, until))
    assert "drawn None None" in capsys.readouterr().out


def test_a_choice_reads_as_sql_and_as_a_parameter(case):
    choice = widgets.pick(case, "accounts")
    assert choice.values is None
    assert choice.sql == "true"
    assert choice.matches("ACCT_3") == ["acct_3"]
    choice.choose(["acct_3", "o'brien"])
    assert choice.parameters == "ACCOUNTS = ['acct_3', \"o'brien\"]"
    assert case.sql(f"SELECT count(*) FROM requests WHERE {choice.sql}").scalar() == 17
    with pytest.raises(ParameterError, match="choose one of accounts, models, clusters"):
        widgets.pick(case, "countries")


def test_a_choice_is_brought_back_after_a_restart_and_its_views_follow(case, monkeypatch):
    monkeypatch.delenv("KIT_HEADLESS", raising=False)
    widgets.pick(case, "accounts").choose(["acct_3"])
    choice, seen = widgets.pick(open_case(case.folder), "accounts"), []
    choice._views.append(lambda: seen.append(choice.keywords))
    buttons = {b.description: b for row in choice._widget().children[2:3] for b in row.children}
    buttons["As last time"].click()
    buttons["All accounts"].click()
    assert seen == [{"accounts": ["acct_3"]}, {"accounts": None}]


def test_a_threshold_reads_as_sql_as_a_parameter_and_is_bound_in_a_query(case):
    requests = widgets.threshold(case, "requests", 15, 0, 40)
    requests.set(18)
    assert (requests.sql, requests.parameters) == ("requests >= 18", "REQUESTS = 18")
    assert bind("SELECT $requests", {}, {"requests": requests}) == {"requests": 18}
    assert reviews.recall(case, "requests") == {"requests": 18}
    with pytest.raises(ParameterError, match="requests is 50; give a number from 0 to 40"):
        requests.set(50)
    with pytest.raises(ParameterError, match="requests is -1"):
        widgets.threshold(case, "requests", -1, 0, 40)
    with pytest.raises(ParameterError, match="is no name of a column"):
        widgets.threshold(case, "1=1 OR x", 1, 0, 40)


def test_templates_to_review_come_harvest_first_and_leave_out_the_harmless(case):
    deck = widgets.review_templates(case)
    assert deck.ids == ["t1", "t2"]
    assert len(examples(case, "t1")) == 12
    assert len(set(examples(case, "t1")[:7])) == 7


def test_hostile_text_is_shown_escaped_and_cut(case):
    for card in (widgets.review_templates(case).card("t2"), widgets.review_clusters(case).card("c1")):
        assert "<script" not in card
        assert "\u202e" not in card
        assert "\x1b" not in card
        assert len(card) < 20_000


def test_a_decision_is_kept_at_once_and_found_by_another_notebook(case, monkeypatch):
    deck = widgets.review_templates(case)
    deck.decide("t1", "harvest", "asks the same of many")
    widgets.review_clusters(case).decide("c1", "split", "two rhythms", accounts=["acct_1"])
    again = open_case(case.folder)
    assert widgets.review_templates(again).decisions["verdict"].to_list() == ["harvest"]
    assert widgets.review_clusters(again).decisions.select("verdict", "accounts").rows() == [("split", ["acct_1"])]
    monkeypatch.setenv("KIT_REVIEWER", "grace")
    widgets.review_templates(again).decide("t1", "harmless", "course")
    assert "Reviewers differ on 1" in widgets.review_templates(again).standing("t1")


def test_the_buttons_decide(case):
    from kit.widgets.cards import _deck_widget

    deck = widgets.review_templates(case)
    box = _deck_widget(deck)
    texts = {w.description: w for w in box.children if hasattr(w, "description")}
    buttons = {b.description: b for row in box.children if hasattr(row, "children") for b in row.children}
    buttons["Harvest"].click()
    assert deck.decisions.is_empty()
    texts["Reason"].value = "asks the same of many"
    buttons["Harvest"].click()
    buttons["Next"].click()
    texts["Reason"].value = "no idea"
    buttons["Unsure"].click()
    assert deck.decisions.select("id", "verdict").rows() == [("t1", "harvest"), ("t2", "unsure")]
