"""The summary in headless Chromium with the network off: no request, no script, nothing axe-core objects to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=["internal", "public"])
def page(browser: Browser, request: pytest.FixtureRequest, sealed: Callable[[str], Path]) -> Iterator[Page]:
    context = browser.new_context(offline=True, bypass_csp=True)  # axe-core itself needs to run
    page = context.new_page()
    page.requested = []  # type: ignore[attr-defined]
    page.said = []  # type: ignore[attr-defined]
    page.on("request", lambda r: page.requested.append(r.url))  # type: ignore[attr-defined]
    page.on("dialog", lambda d: (page.said.append(d.message), d.dismiss()))  # type: ignore[attr-defined]
    page.goto((sealed(request.param) / "data" / "summary.html").as_uri())
    yield page
    context.close()


def test_the_page_asks_for_nothing_and_runs_nothing(page: Page) -> None:
    page.wait_for_timeout(300)
    assert len(page.requested) == 1  # type: ignore[attr-defined]
    assert page.said == []  # type: ignore[attr-defined]
    assert page.locator("h1").inner_text().startswith("Evidence summary")
    assert page.evaluate("document.scripts.length") == 0


def test_axe_core_finds_no_violation(page: Page) -> None:
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    page.evaluate(Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []


def test_the_first_page_on_paper_holds_what_comes_first(page: Page, tmp_path: Path) -> None:
    import pypdf

    page.pdf(path=tmp_path / "print.pdf", prefer_css_page_size=True)
    pages = pypdf.PdfReader(tmp_path / "print.pdf").pages
    first = pages[0].extract_text()
    assert "In short" in first
    assert "What this export cannot show" in first
    assert "What this export cannot show" not in pages[1].extract_text()
