"""Running notebooks headless: the template runs, a failure is named, suggestions wait, outputs are kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from kit import notebooks, open_case
from kit.lab import start_page

TEMPLATE = Path(__file__).parent / "template.ipynb"


@pytest.fixture
def case(small_folder, tmp_path):
    return Path(shutil.copytree(small_folder, tmp_path / "INC-1"))


def put(case: Path, name: str, *sources: str, tag: str = "") -> Path:
    cells = [nbformat.v4.new_code_cell(s, metadata={"tags": [tag]} if tag else {}) for s in sources]
    file = case / "notebooks" / name
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    return file


def test_the_template_runs_and_keeps_its_outputs(case):
    file = case / "notebooks" / "00_template.ipynb"
    file.write_text(TEMPLATE.read_text())
    ran = notebooks.run_one(file)
    assert (ran.name, ran.cells) == ("00_template.ipynb", 6)
    outputs = [o for c in nbformat.read(file, 4).cells if c.cell_type == "code" for o in c.outputs]
    kinds = {kind for o in outputs for kind in o.get("data", {})}
    assert {"text/html", "image/svg+xml", "application/vnd.vegalite.v5+json"} <= kinds
    assert "error" not in {o.output_type for o in outputs}


def test_a_failure_names_notebook_cell_section_and_reason_in_one_line(case):
    put(case, "00_x.ipynb", "1", "from kit import open_case\nopen_case('..').sql('SELECT acount_id FROM requests')")
    with pytest.raises(notebooks.NotebookError) as e:
        notebooks.run_one(case / "notebooks" / "00_x.ipynb")
    assert str(e.value).startswith("00_x.ipynb stopped at cell 2, in the opening cells: ")
    assert "acount_id" in str(e.value)
    assert "\n" not in str(e.value)
    assert "account_id" in str(nbformat.read(case / "notebooks" / "00_x.ipynb", 4).cells[1].outputs)


def test_suggestions_are_kept_but_not_run(case):
    file = put(case, "00_s.ipynb", "open('ran', 'w').close()", tag="suggestion")
    notebooks.run_one(file)
    cell = nbformat.read(file, 4).cells[0]
    assert (cell.cell_type, cell.source) == ("code", "open('ran', 'w').close()")
    assert not (file.parent / "ran").exists()
    nbformat.validate(nbformat.read(file, 4))


def test_run_goes_in_order_and_leaves_the_scratchpad(case):
    for f in (case / "notebooks").glob("*.ipynb"):
        f.unlink()
    for name in ("01_b.ipynb", "00_a.ipynb", "sql_scratchpad.ipynb"):
        put(case, name, f"print({name!r}, file=open('order', 'a'))")
    shipped = {f.name for f in notebooks.shipped_folder("notebooks").glob("[0-9]*.ipynb")}
    for name in shipped:
        put(case, name, "1")
    list(notebooks.run(case))
    assert (case / "notebooks" / "order").read_text().split() == ["00_a.ipynb", "01_b.ipynb"]


def test_copying_leaves_what_is_there(case):
    mine = put(case, "sql_scratchpad.ipynb", "'mine'")
    notebooks.copy_templates(case)
    assert "mine" in mine.read_text()


def test_a_damaged_notebook_does_not_keep_the_start_page_from_opening(case):
    put(case, "00_good.ipynb", "1")
    (case / "notebooks" / "01_torn.ipynb").write_text('{"cells": [')
    page = start_page(open_case(case)).read_text(encoding="utf-8")
    assert "[01_torn](notebooks/01_torn.ipynb) | *cannot be read" in page
    assert "| [00_good](notebooks/00_good.ipynb) |  | not yet |" in page
