"""Real JupyterLab on a fresh case, driven in headless Chromium with the network cut, by one person in one tab.

The tests of this file are one walk through the notebooks as they are copied into the case, in the order in which an
investigator opens them; they share the case, the server and the tab. Pictures of every page are left in artefacts/,
at 1280 and 1920 pixels.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kit import findings, open_case, reviews
from kit.notebooks import copy_templates

driver = pytest.importorskip("driver", reason="the browser tests need the extra [test]")
PANEL = driver.PANEL
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        driver.chromium() is None, reason="no Chromium: apt-get install chromium, or set KIT_CHROMIUM"
    ),
]
NOTEBOOKS = ["00_intake", "01_volume_analysis", "02_prompt_patterns", "03_account_linkage", "04_evidence_summary"]
HARVEST = "asks many accounts the same, for answers to train on"
ONE_OPERATION = "the families agree, and no harmless explanation holds"
JUDGEMENT = "We judge that the accounts of the proposed cluster are one operation."


@pytest.fixture(scope="module")
def case(sample_folder, tmp_path_factory):
    folder = Path(shutil.copytree(sample_folder, tmp_path_factory.mktemp("lab") / "INC-2026-001"))
    copy_templates(folder)
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


@pytest.mark.parametrize("name", NOTEBOOKS[:4])
def test_a_notebook_opened_from_the_one_before_runs_and_paints_its_charts(lab, name):
    lab.open(f"{name}.ipynb")
    lab.run_all()
    check(lab, name)
    lab.save()


@pytest.mark.parametrize("name", NOTEBOOKS[:4])
def test_every_control_of_a_notebook_is_reached_with_the_tab_key(lab, name):
    lab.open(f"{name}.ipynb")
    assert lab.unreached() == []


def drag(lab, picture: str, start: float, end: float) -> None:
    """Drag over a picture, from one share of its width to another."""
    seen = lab.page.locator(f"{PANEL} {picture}")
    seen.scroll_into_view_if_needed()
    box = seen.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] * start, box["y"] + 50)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] * end, box["y"] + 50, steps=8)
    lab.page.mouse.up()


def test_the_charts_of_01_follow_the_time_that_is_brushed_and_the_accounts_that_are_chosen(lab):
    lab.open("01_volume_analysis.ipynb")
    here = lab.page.locator(PANEL)
    was = lab.charts_of("window.follow")
    assert len(was) == 3
    drag(lab, ".kit-window svg", 0.55, 0.90)
    lab.until_changed("window.follow", was)
    assert "occurred_at >= TIMESTAMPTZ '2026-05-" in here.locator(".kit-window code").nth(2).inner_text()

    was = lab.charts_of("window.follow")
    here.get_by_role("slider", name="From (UTC)").press("PageUp")
    lab.until_changed("window.follow", was)

    was = lab.charts_of("few.follow")
    here.get_by_role("listbox", name="Found").select_option(index=0)
    here.get_by_role("button", name="Add to choice").press("Enter")
    lab.until_changed("few.follow", was)
    here.get_by_text("Chosen: 1 account").wait_for()
    check(lab, "01_brushed")


def test_a_template_is_labelled_in_02_and_a_cluster_accepted_in_03(lab, case):
    for notebook, verdict, reason in (("02", "Harvest", HARVEST), ("03", "Accept", ONE_OPERATION)):
        lab.open(next(f"{n}.ipynb" for n in NOTEBOOKS if n.startswith(notebook)))
        here = lab.page.locator(PANEL)
        here.get_by_role("textbox", name="Reason").fill(reason)
        here.get_by_role("button", name=verdict, exact=True).press("Enter")
        here.get_by_text(f"Kept in reviews: {verdict.lower()}.").wait_for()
        lab.save()
    assert set(reviews.current(open_case(case)).select("verdict", "reason").rows()) == {
        ("harvest", HARVEST),
        ("accept", ONE_OPERATION),
    }


def test_the_scratchpad_answers_its_questions(lab):
    lab.open("04_evidence_summary.ipynb")
    lab.open("sql_scratchpad.ipynb")
    lab.run_all()
    check(lab, "sql_scratchpad", charts=False)


def test_an_answer_is_sorted_filtered_paged_read_and_saved_as_an_exhibit(lab, case):
    table = lab.page.locator(f"{PANEL} .kit-table", has=lab.page.get_by_text("busiest", exact=True))
    table.get_by_text("rows 1 to 50 of 789").wait_for()
    table.get_by_role("button", name="Next").press("Enter")
    table.get_by_text("rows 51 to 100 of 789").wait_for()
    table.get_by_role("button", name="account_id").click()
    table.locator("th[aria-sort=ascending]").wait_for()
    table.get_by_label("Text that the column contains").fill("acct_0")
    table.locator("pre", has_text='"account_id"::VARCHAR').wait_for(state="attached")
    table.get_by_role("button", name="Show the whole row 1", exact=True).click()
    table.locator("dl").get_by_text("output_tokens").wait_for()
    table.get_by_role("button", name="Save as exhibit").press("Enter")
    table.get_by_text("Saved as exhibit-busiest (789 rows)").wait_for()
    assert "exhibit-busiest" in {f["slug"] for f in findings.all(open_case(case))}


def test_a_query_is_completed_corrected_and_interrupted(lab):
    lab.run("%%sql last_one\nSELECT count(*), sum(reasoning_t")
    cell = lab.page.locator(f"{PANEL} .jp-CodeCell", has_text="%%sql last_one")
    cell.get_by_text("correct the query and ask again").wait_for()
    cell.locator(".cm-content").click()
    lab.page.keyboard.press("Control+End")
    found = lab.page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item", has_text="reasoning_tokens")
    lab.page.keyboard.press("Tab")
    found.wait_for()
    lab.page.keyboard.press("Escape")

    lab.run("%%sql last_one\nSELECT acount_id FROM requests", instead_of="%%sql last_one")
    cell.get_by_text("did you mean account_id").wait_for()
    lab.run(
        "%%sql last_one\nSELECT count(*) FROM requests a, requests b, requests c "
        "WHERE a.request_id || b.request_id < c.request_id",
        instead_of="%%sql last_one",
    )
    cell.get_by_text("The square in the toolbar above stops it.").wait_for()
    lab.menu("Kernel", "Interrupt Kernel")
    cell.get_by_text("Stopped. Nothing in the case has changed.").wait_for()
    lab.run("%%sql last_one\nSELECT 42 AS answer", instead_of="%%sql last_one")
    cell.get_by_text("rows 1 to 1 of 1").wait_for()


def test_a_judgement_is_recorded_in_04_by_a_person_and_not_by_a_run(lab, case):
    lab.open("04_evidence_summary.ipynb")
    lab.run_all()
    check(lab, "04_evidence_summary")
    assert lab.unreached() == []
    assert "our-judgement" not in {f["slug"] for f in findings.all(open_case(case))}
    source = lab.source("our-judgement")
    for name, text in (
        ("judgement", JUDGEMENT),
        ("against", "No record of payments."),
        ("looked_into", "Asked sales."),
    ):
        source = source.replace(f'{name} = ""', f'{name} = "{text}"')
    lab.run(source, instead_of="our-judgement")
    lab.settle()
    assert lab.errors() == []
    recorded = {f["slug"]: f for f in findings.all(open_case(case))}
    assert recorded["our-judgement"]["claim"] == JUDGEMENT
    lab.save()


def test_all_of_it_is_found_again_after_the_kernel_is_restarted(lab):
    kept = {"01_volume_analysis": (), "02_prompt_patterns": (HARVEST,), "03_account_linkage": (ONE_OPERATION,)}
    for name, texts in kept.items():
        lab.open(f"{name}.ipynb")
        lab.restart_and_run_all()
        assert lab.errors() == []
        assert [t for t in (*texts, "exhibit-busiest", "our-judgement") if t not in lab.text()] == []
    lab.open("01_volume_analysis.ipynb")
    was = lab.charts_of("window.follow")
    lab.page.locator(f"{PANEL} .kit-window").get_by_role("button", name="As last time").press("Enter")
    lab.until_changed("window.follow", was)


def test_what_was_done_is_sealed_in_04_and_the_summary_says_it(lab, opened, case):
    lab.open("04_evidence_summary.ipynb")
    lab.restart_and_run_all()
    assert "bundles/internal-2: verified." in lab.text()
    page = opened.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto((case / "bundles" / "internal-2" / "data" / "summary.html").as_uri())
    said = page.locator("body").inner_text()
    assert [t for t in (JUDGEMENT, ONE_OPERATION) if t not in said] == []
    assert [u for u in asked if not u.startswith(("file:", "data:"))] == []
    assert driver.serious(page, "html") == []
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 1000})
        page.screenshot(path=driver.ARTEFACTS / f"summary-{width}.png", full_page=True)
