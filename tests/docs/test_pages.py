"""The docs hold: their code runs and prints what they show, their links lead somewhere, made pages are current."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import run_pages  # noqa: E402

PAGES = sorted(f for f in DOCS.rglob("*.md"))


def names(files: list[Path]) -> list[str]:
    return [f.relative_to(DOCS).as_posix() for f in files]


@pytest.mark.parametrize("page", run_pages.pages(), ids=names(run_pages.pages()))
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(
    page: Path, sample_folder: Path, tmp_path: Path
) -> None:
    running = run_pages.Page(page, run_pages.prepare(tmp_path, sample_folder))
    for _, right in running.run():
        raise run_pages.Differs(running.name, running.block, right)


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    missing = []
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]+)?\)", text):
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor[1:] not in headings(file)):
            missing.append(target + anchor)
    assert missing == []


def test_no_page_is_without_a_link_to_it() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in [*PAGES, ROOT / "README.md"]
        for target in re.findall(r"\]\(([^)#:\s]+)", page.read_text(encoding="utf-8"))
    }
    assert [f for f in names(PAGES) if (DOCS / f).resolve() not in linked and "decisions" not in f] == []


def test_a_block_that_is_not_run_says_why() -> None:
    for page in PAGES:
        for reason in re.findall(r"<!-- not run(.*?)-->", page.read_text(encoding="utf-8")):
            assert re.fullmatch(r": \S.{8,}", reason.rstrip()), f"{page.name}: {reason!r}"


def test_the_pages_made_from_the_code_are_current() -> None:
    done = subprocess.run([sys.executable, DOCS / "make_reference.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def headings(file: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in found}
