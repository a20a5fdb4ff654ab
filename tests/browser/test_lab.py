"""Real JupyterLab on a fresh case, driven in headless Chromium with the network cut, by one person in one tab.

The tests of this file are one walk and share the case, the server and the tab. Pictures of everything are left in
artefacts/, at 1280 and 1920 pixels.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kit import findings, open_case, reviews
from kit.notebooks import copy_templates

driver = pytest.importorskip("driver", reason="the browser tests need the extra [test]")
HERE = Path(__file__).parent
PANEL = driver.PANEL
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        driver.chromium() is None, reason="no Chromium: apt-get install chromium, or set KIT_CHROMIUM"
    ),
]
FOLLOWER = f"{PANEL} .jp-RenderedVegaCommon5 [aria-label*=Highest]"
ALT_CHANGED = f"""was => {{ const seen = document.querySelector("{FOLLOWER}");
  return seen && seen.getAttribute('aria-label') !== was; }}"""
TEXT_CHANGED = f"was => document.querySelector('{PANEL} .kit-window code').textContent !== was"
STOPS = "button:not(:disabled), input, select, summary, textarea, [tabindex='0']"
REACHED = f"""() => {{
  const all = [...document.querySelectorAll("{PANEL} .jp-OutputArea-output :is({STOPS})")]
    .filter(e => e.checkVisibility() && !e.closest('.jp-RenderedMarkdown'));
  if (!window.reached) {{ window.reached = new Set(); all[0].focus(); }}
  window.reached.add(document.activeElement);
  return all.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 120)); }}"""


@pytest.fixture(scope="module")
def case(sample_folder, tmp_path_factory):
    folder = Path(shutil.copytree(sample_folder, tmp_path_factory.mktemp("lab") / "INC-2026-001"))
    copy_templates(folder)
    shutil.copy(HERE / "workbench.ipynb", folder / "notebooks")
    return folder


@pytest.fixture(scope="module")
def opened():
    with driver.browser() as one:
        yield one


@pytest.fixture(scope="module")
def lab(opened, case):
    with driver.served(case) as address:
        yield driver.Lab(opened, address)


def check(lab, name: str, charts: bool = True) -> None:
    """What holds on every page: no error, ink in every chart, nothing serious for axe-core, nothing fetched."""
    assert lab.errors() == []
    blank = [ink for ink in lab.shoot(name) if ink[0] <= 0.005 or ink[1] <= 3]
    assert blank == [], f"charts of {name} are blank"
    assert bool(lab.page.locator(driver.CHARTS).count()) == charts
    assert driver.serious(lab.page, driver.OUTPUTS) == []
    assert lab.outside == []


def test_lab_opens_on_the_start_page_of_the_case(lab):
    page = lab.page.locator(".jp-MarkdownViewer").inner_text()
    assert "37,789 requests of 789 accounts" in page
    assert "Next: 00_intake" in page
    assert lab.page.get_by_text("Would you like to").count() == 0
    lab.shoot("start")
    assert driver.serious(lab.page, ".jp-MarkdownViewer") == []
    assert lab.outside == []


@pytest.mark.parametrize("name", ["00_intake", "01_volume_analysis", "02_prompt_patterns", "03_account_linkage"])
def test_a_notebook_opened_from_the_one_before_runs_and_paints_its_charts(lab, name):
    lab.open(f"{name}.ipynb")
    lab.run_all()
    check(lab, name)
    lab.save()


def brush(lab, start: float, end: float) -> None:
    """Drag over the histogram, from one share of its width to another."""
    histogram = lab.page.locator(f"{PANEL} .kit-window svg")
    histogram.scroll_into_view_if_needed()
    box = histogram.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] * start, box["y"] + 50)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] * end, box["y"] + 50, steps=8)
    lab.page.mouse.up()


def test_a_person_picks_reviews_records_restarts_and_finds_it_again(lab, case):
    page = lab.page
    lab.open("workbench.ipynb")
    lab.run_all()

    followed = page.locator(FOLLOWER).first
    before = followed.get_attribute("aria-label")
    brush(lab, 0.60, 0.75)
    page.wait_for_function(ALT_CHANGED, arg=before)
    chosen = page.locator(f"{PANEL} .kit-window code")
    assert "occurred_at >= TIMESTAMPTZ '2026-" in chosen.nth(2).inner_text()
    was, before = chosen.first.inner_text(), page.locator(FOLLOWER).first.get_attribute("aria-label")
    page.locator(PANEL).get_by_role("slider", name="From (UTC)").press("ArrowRight")
    page.wait_for_function(TEXT_CHANGED, arg=was)
    page.wait_for_function(ALT_CHANGED, arg=before)

    here = page.locator(PANEL)
    reason = here.get_by_label("Reason")
    reason.first.fill("asks the same of many accounts")
    here.get_by_role("button", name="Harvest", exact=True).press("Enter")
    here.get_by_text("Kept in reviews: harvest.").wait_for()
    reason.nth(1).fill("five families agree, harmless explanations ruled out")
    here.get_by_role("button", name="Accept", exact=True).click()
    here.get_by_text("Kept in reviews: accept.").wait_for()

    table = here.locator(".kit-table")
    table.get_by_role("button", name="account_id").click()
    table.locator("th[aria-sort=ascending]").wait_for()
    table.get_by_label("Text that the column contains").fill("acct_0")
    table.locator("pre", has_text='"account_id"::VARCHAR').wait_for(state="attached")
    table.get_by_role("button", name="Save as exhibit").click()
    table.get_by_text("Saved as exhibit-busy").wait_for()
    check(lab, "workbench")

    lab.restart_and_run_all()
    assert lab.errors() == []
    assert here.get_by_role("button", name="As last time").is_visible()
    for kept in ("asks the same of many accounts", "five families agree", "busy-accounts"):
        assert kept in lab.text()
    again = open_case(case)
    assert set(reviews.current(again)["verdict"]) == {"harvest", "accept"}
    assert {f["slug"] for f in findings.all(again)} >= {"busy-accounts", "exhibit-busy"}


def test_every_widget_is_reached_with_the_tab_key(lab):
    left = lab.page.evaluate(REACHED)
    for _ in range(len(left) + 60):
        if not left:
            break
        lab.page.keyboard.press("Tab")
        left = lab.page.evaluate(REACHED)
    assert left == []


def test_tab_completes_the_columns_of_a_query(lab):
    page = lab.page
    cell = page.locator(f"{PANEL} .jp-CodeCell", has_text="%%sql busy").locator(".cm-content")
    cell.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(", reasoning_t")
    found = page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item", has_text="reasoning_tokens")
    page.keyboard.press("Tab")
    found.wait_for()
    page.keyboard.press("Escape")


def test_what_was_done_is_exported_by_the_last_notebook_and_the_summary_opens(lab, opened, case):
    lab.open("04_evidence_summary.ipynb")
    lab.run_all()
    check(lab, "04_evidence_summary")
    assert "bundles/internal-1: verified." in lab.text()
    assert "our-judgement" not in {f["slug"] for f in findings.all(open_case(case))}, "a judgement is a person's"
    page = opened.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto((case / "bundles" / "internal-1" / "data" / "summary.html").as_uri())
    assert "ten requests or more" in page.content()
    assert [u for u in asked if not u.startswith(("file:", "data:"))] == []
    assert driver.serious(page, "html") == []
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 1000})
        page.screenshot(path=driver.ARTEFACTS / f"summary-{width}.png", full_page=True)


def test_the_scratchpad_answers_its_questions(lab):
    lab.open("sql_scratchpad.ipynb")
    lab.run_all()
    check(lab, "sql_scratchpad", charts=False)
