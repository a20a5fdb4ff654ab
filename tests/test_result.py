"""A Result shows hostile text as text, and its digest is a function of its rows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.result import Result, plain, visible, write_rows


def result(**columns: list[object]) -> Result:
    return Result(frame=pl.DataFrame(columns), sql="SELECT 1", parameters={}, build="b")


def test_markup_and_controls_in_values_and_names_are_shown_not_acted_on() -> None:
    html = result(**{"<b>name": ["<script>alert(1)</script>", "\x1b[31mred", "a\u202eb"]})._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html


def test_a_long_table_says_how_much_of_it_is_shown() -> None:
    assert "rows 1 to 50 of 1,234" in result(a=list(range(1234)))._repr_html_()


def test_the_digest_sees_order_names_types_and_values() -> None:
    base = result(a=[1, 2])
    others = [result(a=[2, 1]), result(b=[1, 2]), result(a=[1.0, 2.0]), result(a=[1, 3]), result(a=[1, 2, 3])]
    assert base.digest == result(a=[1, 2]).digest
    assert base.digest not in {o.digest for o in others}


@given(st.text())
def test_visible_text_has_no_character_that_a_terminal_or_browser_would_act_on(text: str) -> None:
    assert all(c in "\n\t" or c.isprintable() for c in visible(text))


def test_values_become_json_without_losing_digits() -> None:
    row = {"t": datetime(2026, 5, 1, tzinfo=UTC), "m": Decimal("0.000001"), "l": [1]}
    assert plain(row) == {"t": "2026-05-01T00:00:00Z", "m": "0.000001", "l": [1]}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to write to")
def test_rows_on_a_full_disk_are_an_error_of_the_disk_with_the_file_in_it() -> None:
    with pytest.raises(OSError, match="No space left") as full:
        write_rows(pl.DataFrame({"n": [1]}), Path("/dev/full"))
    assert full.value.filename == "/dev/full"
