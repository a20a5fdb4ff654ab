"""What a person sees in a table or on a card: numbers, times and paths as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from kit.result import Result, shown
from kit.widgets.cards import _facts
from kit.widgets.table import Held, show, table_widget


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (37789, "37,789"),
        (Decimal("1234.500000"), "1,234.500000"),
        (20_110.4, "20,110"),  # never 2.011e+04
        (0.8651, "0.8651"),
        (6.8e-209, "< 0.0001"),
        (-8.3e-05, "-8.3e-05"),
        (datetime(2026, 5, 4, 7, tzinfo=UTC), "2026-05-04 07:00Z"),
        (datetime(2026, 5, 4, 7, 0, 3, 97000, tzinfo=UTC), "2026-05-04 07:00:03Z"),
        (["a", "b"], "a, b"),
        ("x\u202ey", "x\\u202ey"),
    ],
)
def test_a_value_is_shown_as_people_write_it(value, text):
    assert shown(value) == text


def table(frame: pl.DataFrame):
    return table_widget(Held(Result(frame, "SELECT 1", {}, "b"), None))


def test_paths_lose_the_folder_they_share_and_the_whole_row_keeps_it():
    folder = "/evidence/2026/received/from-the-gateway-team"
    paths = [f"{folder}/a/one.csv", f"{folder}/b/one.csv", None]
    made = table(pl.DataFrame({"path": paths}))
    assert [r[0] for r in made.page["rows"]] == ["…/a/one.csv", "…/b/one.csv", ""]
    made.asked = {"row": 1}
    assert made.row == [["path", paths[1]]]


def test_a_text_that_is_no_path_is_left_alone():
    texts = ["/a prompt that begins with a slash, and is long", "another text, as long as the first of them is"]
    assert [r[0] for r in table(pl.DataFrame({"text": texts})).page["rows"]] == texts


def test_the_whole_row_is_exact_where_the_page_rounds():
    at = datetime(2026, 5, 4, 7, 0, 3, 97000, tzinfo=UTC)
    made = table(pl.DataFrame({"p": [6.8e-209], "at": [at]}))
    made.asked = {"row": 0}
    assert made.page["rows"] == [["< 0.0001", "2026-05-04 07:00:03Z"]]
    assert made.row == [["p", "6.8e-209"], ["at", "2026-05-04T07:00:03.097000Z"]]


def test_a_heading_of_statistics_says_what_it_means():
    columns = table(pl.DataFrame({"p_value": [0.01], "account_id": ["a"]})).columns
    assert columns[0]["means"].startswith("How often chance alone")
    assert columns[1]["means"] == ""


def test_a_heading_is_explained_in_the_kits_own_tables_and_left_alone_where_a_person_chose_the_name():
    frame = pl.DataFrame({"spread": [1.0]})
    own = Result(frame, "SELECT 1", {}, "b", call="kit.volume.release_pivot")
    assert "moved as one" in table_widget(Held(own, None)).columns[0]["means"]
    assert table(frame).columns[0]["means"] == ""


def test_what_a_heading_means_also_stands_below_the_table_for_those_without_a_mouse(monkeypatch):
    frame = pl.DataFrame({"spread": [1.0], "q": [0.1], "account_id": ["a"]})
    own = Result(frame, "SELECT 1", {}, "b", call="kit.volume.release_pivot")
    monkeypatch.setenv("KIT_HEADLESS", "1")
    below = show(own, None)["text/html"].split("</table>")[1]
    assert below.startswith("<details><summary>What the columns mean</summary><dl><dt>spread</dt><dd>1 means")
    assert "<dt>q</dt><dd>As p" in below
    assert "account_id" not in below
    assert "spread" not in show(Result(frame, "SELECT 1", {}, "b"), None)["text/html"].split("</table>")[1]
    plainly_named = Result(frame.select("account_id"), "SELECT 1", {}, "b")
    assert show(plainly_named, None)["text/html"].endswith("</table>")


def test_relative_paths_lose_the_folder_they_share_and_other_texts_with_strokes_stay_whole():
    folder = "sample_data/incident/exports/of-may"
    links = ["https://one.example/a/long/enough/path", "https://two.example/a/long/enough/path"]
    made = table(pl.DataFrame({"path": [f"{folder}/one.csv", f"{folder}/two.csv"], "link": links}))
    assert made.page["rows"] == [["…/one.csv", links[0]], ["…/two.csv", links[1]]]


def test_a_still_table_puts_numbers_right_and_texts_left_and_escapes_both():
    made = Result(pl.DataFrame({"<b>": ["<script>"], "n": [1000]}), "SELECT 1", {}, "b")._repr_html_()
    assert "<td style='text-align:left'>&lt;script&gt;</td><td style='text-align:right'>1,000</td>" in made
    assert "<script>" not in made
    assert "&lt;b&gt;" in made


def test_facts_of_a_card_are_named_in_words_and_empty_ones_left_out():
    made = _facts({"first_at": datetime(2026, 5, 4, tzinfo=UTC), "note": "", "rules": ["a", "<b>"]})
    assert "First at" in made
    assert "2026-05-04 00:00Z" in made
    assert "a, &lt;b&gt;" in made
    assert "Note" not in made


def test_a_long_list_of_arguments_stands_shortened_over_the_sql_and_whole_in_the_result():
    ids = [f"acct_{i}" for i in range(106)]
    made = Result(
        pl.DataFrame({"n": [1]}), "SELECT 1", {}, "b", call="kit.x.y", arguments={"accounts": ids, "top": 3}
    )
    assert made.asked == "-- kit.x.y(accounts=['acct_0', 'acct_1', 'acct_2', … 106 in all], top=3)\nSELECT 1"
    assert made.arguments["accounts"] == ids


def test_a_heading_keeps_its_word_and_the_longest_text_gets_the_room():
    from kit.bundle.document import column_widths

    explanation, test, outcome = column_widths(
        [["Explanation", "Test", "Outcome"], ["e" * 60, "t t " * 50, "holds"]]
    )
    assert test > explanation > outcome >= 7 * 1.25
