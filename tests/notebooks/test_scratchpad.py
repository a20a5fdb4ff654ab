"""The twenty suggestions of the scratchpad: each is one SELECT that a case answers, with a total order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit import open_case
from kit.magic import bind, parse_line

FILE = Path(__file__).parents[2] / "notebooks" / "sql_scratchpad.ipynb"
CELLS = [("".join(c["source"]), c["metadata"].get("tags", [])) for c in json.loads(FILE.read_text())["cells"]]
QUERIES = [text for text, _ in CELLS if text.startswith("%%sql")]


def split(cell):
    line, _, query = cell.partition("\n")
    return *parse_line(line.removeprefix("%%sql")), query


def test_there_are_twenty_questions_beside_the_list_of_tables():
    assert len(QUERIES) == 21
    assert sum(text.startswith("### ") for text, _ in CELLS) == 20
    assert len({split(q)[0] for q in QUERIES}) == 21
    assert all("suggestion" in tags for text, tags in CELLS if text.startswith("%%sql"))


@pytest.mark.parametrize("cell", QUERIES, ids=lambda c: split(c)[0])
def test_a_case_answers_it_in_a_total_order(cell, small_folder):
    name, given, query = split(cell)
    case = open_case(small_folder)
    answer = case.sql(query, name, **bind(query, given, {}))
    assert answer.frame.width >= 2
    assert "ORDER BY" in query.rpartition(")")[2] or "ORDER BY" in query.splitlines()[-2] + query.splitlines()[-1]
