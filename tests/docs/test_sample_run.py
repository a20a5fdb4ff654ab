"""The twin of the sample run: whole, small, of these notebooks, and free of this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TWIN = ROOT / "docs" / "sample_run"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
LOADS = re.compile(r"""src\s*=\s*\\?["'](?:https?:)?//|<link[^>]+href\s*=\s*\\?["'](?:https?:)?//|@import""", re.I)


def cells(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return found


def sections(file: Path) -> list[str]:
    text = "\n".join("".join(c["source"]) for c in cells(file) if c["cell_type"] == "markdown")
    return re.findall(r"^#+ .+$", text, re.M)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda f: f.stem)
def test_each_notebook_is_there_as_run_with_its_sections_and_without_errors(notebook: Path) -> None:
    twin = TWIN / notebook.name
    assert twin.is_file(), "run: python docs/make_sample_run.py"
    assert sections(twin) == sections(notebook), "run: python docs/make_sample_run.py"
    code = [c for c in cells(twin) if c["cell_type"] == "code"]
    outputs = [o for c in code for o in c["outputs"]]
    assert len(outputs) >= 5
    assert [o for o in outputs if o["output_type"] == "error"] == []


def test_the_twin_is_small_and_loads_nothing() -> None:
    files = [f for f in TWIN.iterdir() if f.suffix in (".ipynb", ".html")]
    sizes = {f.name: f.stat().st_size for f in files}
    assert max(sizes.values()) < 1_400_000
    assert sum(sizes.values()) < 3_000_000
    assert [f.name for f in files if LOADS.search(f.read_text(encoding="utf-8").replace("w3.org", ""))] == []


def test_the_twin_and_the_pages_name_no_folder_of_a_machine() -> None:
    named = re.compile(r"/(?:home|root|tmp|Users|work|private|var/folders)/\w|[A-Z]:\\\\Users")
    texts = [f for f in (ROOT / "docs").rglob("*") if f.suffix in (".md", ".ipynb", ".html")]
    found = {f.name: hit[0] for f in texts if (hit := named.search(f.read_text(encoding="utf-8")))}
    assert found == {}
