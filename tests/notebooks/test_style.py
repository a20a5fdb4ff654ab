"""Every notebook is bare, thin and in the one style that notebooks/README.md describes."""

from __future__ import annotations

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBERED = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
STYLED = [*NUMBERED, Path(__file__).parent / "template.ipynb"]
ALL = [*STYLED, *(ROOT / "notebooks").glob("sql_scratchpad.ipynb")]
PARTS = ("**Question.**", "**What to look for.**", "**Harmless explanations.**", "**Known gaps.**", "*About ")


def cells(file: Path, kind: str = "") -> list[dict]:
    found = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return [
        {**c, "text": "".join(c["source"]), "tags": c["metadata"].get("tags", [])}
        for c in found
        if not kind or c["cell_type"] == kind
    ]


def python(cell: dict) -> str:
    """The Python of a cell; an SQL cell has none."""
    return "" if cell["text"].startswith("%%") else re.sub(r"^%.*$", "", cell["text"], flags=re.M)


by_name = pytest.mark.parametrize("file", ALL, ids=lambda f: f.stem)
by_name_styled = pytest.mark.parametrize("file", STYLED, ids=lambda f: f.stem)


@by_name
def test_committed_without_outputs(file):
    assert [c["id"] for c in cells(file, "code") if c["outputs"] or c["execution_count"]] == []
    assert set(json.loads(file.read_text(encoding="utf-8"))["metadata"]) <= {"kernelspec", "language_info"}


@by_name
def test_thin_no_definitions_no_loops_and_only_the_kit(file):
    for cell in cells(file, "code"):
        assert len(cell["text"].splitlines()) <= 16, cell["text"]
        tree = ast.parse(python(cell))
        banned = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.AsyncFor, ast.Try)
        assert not [n for n in ast.walk(tree) if isinstance(n, banned)], cell["text"]
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert all(n == "kit" or n.startswith("kit.") for n in names), cell["text"]


@by_name
def test_one_title_that_is_a_question_and_headings_in_order(file):
    prose = re.sub(r"```.*?```", "", "\n".join(c["text"] for c in cells(file, "markdown")), flags=re.S)
    levels = [(len(m[1]), m[2]) for m in re.finditer(r"^(#+) (.+)$", prose, re.M)]
    assert levels[0][0] == 1
    assert levels[0][1].endswith("?")
    assert [level for level, _ in levels].count(1) == 1
    assert all(b - a <= 1 for (a, _), (b, _) in pairwise(levels)), levels


@by_name_styled
def test_opens_with_question_summary_parameters_case_and_check(file):
    first = cells(file)[:5]
    assert [c["cell_type"] for c in first] == ["markdown", "markdown", "code", "code", "code"]
    assert "<details><summary>Details</summary>" in first[0]["text"]
    assert "](" in first[0]["text"].split("<details>")[0], "a line that leads to the next notebook"
    assert first[1]["text"].startswith("**In short.**")
    assert first[2]["tags"] == ["parameters"]
    assert [c["tags"] for c in cells(file) if "parameters" in c["tags"]] == [["parameters"]]
    assert first[2]["text"].startswith('CASE = ".."')
    for node in ast.parse(first[2]["text"]).body:
        assert isinstance(node, ast.Assign), ast.unparse(node)
        assert ast.literal_eval(node.value) is not None
    assert "case = open_case(CASE)" in first[3]["text"]
    assert first[4]["text"].startswith("p = parameters.check(case")
    assert first[4]["text"].rstrip().endswith("\np")


@by_name_styled
def test_every_numbered_section_asks_says_what_to_look_for_and_what_else_it_could_be(file):
    sections = [c["text"] for c in cells(file, "markdown") if re.match(r"## \d+\. ", c["text"])]
    assert sections
    assert [int(re.match(r"## (\d+)\.", s)[1]) for s in sections] == list(range(1, len(sections) + 1))
    for text in sections:
        at = [text.find(part) for part in PARTS]
        assert -1 not in at, f"{text.splitlines()[0]} lacks {[p for p, i in zip(PARTS, at, strict=True) if i < 0]}"
        assert at == sorted(at), text.splitlines()[0]
        assert re.search(r"\*About \d+(\.\d)? s on the sample\.\*\s*$", text), text.splitlines()[0]


@by_name_styled
def test_ends_in_where_this_leaves_us(file):
    last = cells(file)[-2:]
    assert last[0]["text"].startswith("## Where this leaves us")


@by_name
def test_links_lead_to_files_that_are_there(file):
    for cell in cells(file, "markdown"):
        for target in re.findall(r"\]\(([^)#]+)", cell["text"]):
            if file.parent.name == "notebooks" and file.parent.parent == ROOT:
                made_in_the_case = target == "../START_HERE.md"
                assert made_in_the_case or (file.parent / target).exists(), target
