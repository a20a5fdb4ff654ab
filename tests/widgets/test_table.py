"""The table of an answer: pages, order and filter are asked of the database; large answers are never held."""

from __future__ import annotations

import json
from functools import partial

import pytest

from kit import create_case, findings, open_case
from kit.database import build_database
from kit.load import build_side_tables, load
from kit.widgets.table import HELD_ROWS, Answer, Held, table_widget

HOSTILE = "<img src=x onerror=alert(1)>\u202e=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = create_case(tmp_path_factory.mktemp("t") / "INC-1")
    rows = [
        {"request_id": f"r{i:03d}", "account_id": f"acct_{i % 7}", "occurred_at": "2026-05-01T06:00:00Z"}
        for i in range(120)
    ] + [{"request_id": HOSTILE, "account_id": "acct_x", "occurred_at": "2026-05-01T06:00:00Z"}]
    (folder.parent / "e.ndjson").write_text("\n".join(map(json.dumps, rows)) + "\n")
    load(folder, [str(folder.parent / "e.ndjson")])
    build_database(folder, [partial(build_side_tables, folder)])
    return open_case(folder)


def ask(case, sql, **parameters):
    return Answer.of(case, sql, "rows", parameters)


def test_a_page_says_which_rows_of_how_many(case):
    answer = ask(case, "SELECT request_id FROM requests ORDER BY request_id DESC -- newest first")
    assert answer.page().caption == "rows 1 to 50 of 121"
    assert answer.page(100).caption == "rows 101 to 121 of 121"
    assert answer.page(0, ("request_id", False)).rows["request_id"][1] == "r000"
    assert answer.page(0, None, ("request_id", "R00")).caption == "rows 1 to 10 of 10"
    assert answer.page(0, None, ("request_id", "%")).caption == "no rows"


def test_an_answer_is_the_same_result_as_case_sql(case):
    query = (
        "SELECT request_id, account_id FROM requests WHERE account_id <> $a ORDER BY account_id DESC, request_id;"
    )
    assert ask(case, query, a="acct_3").digest == case.sql(query, a="acct_3").digest


def test_of_a_large_answer_only_the_page_is_read(case):
    answer = ask(case, "SELECT i AS n FROM range(1204331) t(i) ORDER BY n")
    assert not answer.held
    assert answer.page(50).caption == "rows 51 to 100 of 1,204,331"
    assert answer.page(0, ("n", True)).rows["n"][0] == 1204330
    assert not answer.held
    assert answer["n"].len() == 1204331
    assert HELD_ROWS < 1204331


def test_the_widget_sends_only_a_page_and_answers_clicks(case):
    answer = ask(case, "SELECT i AS n FROM range(100000) t(i) ORDER BY n")
    table = table_widget(answer)
    assert len(table.page["rows"]) == 50
    table.asked = {"first": 0, "order": "n", "descending": True}
    assert table.page["rows"][0] == ["99,999"]
    assert "ORDER BY" in table.page["sql"]
    table.asked = {"first": 0, "column": "n", "text": "9999"}
    assert table.page["caption"].endswith("of 19")
    assert table.page["parameters"] == {"page_filter": "9999"}
    table.asked = {"first": 0, "order": 'n" DESC; DROP TABLE accounts; --'}
    assert table.page["caption"] == "rows 1 to 50 of 100,000"


def test_the_whole_row_is_shown_on_request_with_the_text_that_the_table_cuts(case):
    query = "SELECT i, i = 1 AS odd, repeat('x', 1000 * i) AS text FROM range(3) t(i) ORDER BY i DESC"
    table = table_widget(ask(case, query))
    assert table.page["rows"][0][1] == "no"
    assert len(table.page["rows"][0][2]) == 300
    table.asked = {"row": 0}
    assert table.row == [["i", "2"], ["odd", "no"], ["text", "x" * 2000]]


def test_a_large_answer_is_asked_twice_for_its_first_page_and_its_size_and_no_more(case, monkeypatch):
    asked, answer = [], type(case).sql
    monkeypatch.setattr(type(case), "sql", lambda *a, **k: asked.append(a[1]) or answer(*a, **k))
    ask(case, "SELECT i AS n FROM range(100000) t(i) ORDER BY n")._repr_mimebundle_()
    assert len(asked) == 2


def test_save_as_exhibit_records_the_rows(case):
    answer = ask(case, "SELECT account_id, count(*) AS requests FROM requests GROUP BY 1 ORDER BY 1")
    table = table_widget(answer)
    table.asked = {"save": True}
    assert table.saved.startswith("Saved as exhibit-rows (8 rows)")
    recorded = findings.all(case)[-1]
    assert recorded["claim"] == "The query rows gives 8 rows."


def test_hostile_values_are_text_in_the_still_table_and_in_the_widget(case, monkeypatch):
    answer = ask(
        case, 'SELECT request_id, request_id AS "<script>" FROM requests WHERE account_id = $a', a="acct_x"
    )
    monkeypatch.setenv("KIT_HEADLESS", "1")
    still = answer._repr_mimebundle_()["text/html"]
    assert "<img" not in still
    assert "<script>" not in still
    assert "\u202e" not in still
    assert "\u202e" not in json.dumps(table_widget(answer).page, ensure_ascii=False)


def test_a_column_with_a_quote_in_its_name_can_be_sorted(case):
    answer = ask(case, 'SELECT i AS "a""b" FROM range(3) t(i) ORDER BY 1')
    assert answer.page(0, ('a"b', True)).rows['a"b'].to_list() == [2, 1, 0]


def test_any_result_is_paged_sorted_and_filtered_in_memory(case):
    result = case.sql(
        "SELECT i AS n, CASE WHEN i % 2 = 0 THEN 'even' END AS kind FROM range(120) t(i) ORDER BY n", "r"
    )
    held = Held(result, case)
    assert held.page(100).caption == "rows 101 to 120 of 120"
    assert held.page(0, ("n", True)).rows["n"][0] == 119
    assert held.page(0, None, ("kind", "EVE")).caption == "rows 1 to 50 of 60"
    assert held.page(0, ("kind", True)).rows["kind"][0] == "even"
    assert held.page(0, ("n", True), ("kind", "even")).sql.endswith("contains $page_filter\n-- by n, descending")
    table = table_widget(held)
    table.asked = {"first": 50, "order": "n", "descending": True}
    assert table.page["rows"][0][0] == "69"
    assert held.save().startswith("Saved as exhibit-r (120 rows)")
    assert "no open case" in Held(result, None).save()
