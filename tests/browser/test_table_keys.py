"""The table by keyboard, in a browser without JupyterLab: few stops for Tab, arrows inside."""

from __future__ import annotations

import base64

import pytest

from kit.widgets.pickers import program

driver = pytest.importorskip("driver", reason="the browser tests need the extra [test]")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        driver.chromium() is None, reason="no Chromium: apt-get install chromium, or set KIT_CHROMIUM"
    ),
]
DRAW = """async (source) => {
  const { default: table } = await import(`data:text/javascript;base64,${source}`);
  const means = { plan: "What <b>it</b> pays" };
  const columns = ["account_id", "requests", "plan"].map((c) => ({ name: c, shown: c, means: means[c] || "" }));
  const rows = [...Array(50).keys()].map((i) => [`acct_${i}`, "7", "team"]);
  const said = { caption: "rows 51 to 100 of 200", sql: "SELECT 1", parameters: {} };
  const page = { first: 50, rows, size: 50, total: 200, ...said };
  const values = { name: "busy", columns, page, saved: "", row: [] };
  window.sent = [];
  const model = { get: (n) => values[n], set: (n, v) => window.sent.push(v), on: () => 0, save_changes: () => 0 };
  table.render({ model, el: document.body.appendChild(document.createElement("div")) });
  document.querySelector("select").focus(); }"""
HERE = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"


def test_tab_passes_a_table_of_fifty_rows_in_few_stops_and_arrows_come_to_every_row_and_column():
    with driver.browser() as opened:
        page = opened.new_page()
        page.evaluate(DRAW, base64.b64encode(program("table").encode()).decode())

        def press(*keys: str) -> str:
            for key in keys:
                page.keyboard.press(key)
            return str(page.evaluate(HERE))

        stops = [
            "Text that the column contains",
            "Previous",
            "Next",
            "Rows of busy",
            "account_id",
            "Show the whole row 51",
        ]
        assert [press("Tab") for _ in stops] == stops
        assert press("ArrowDown", "ArrowDown") == "Show the whole row 53"
        assert press("End") == "Show the whole row 100"
        assert press("ArrowDown") == "Show the whole row 100"
        press("Enter")
        assert page.evaluate("window.sent.at(-1).row") == 49
        assert press("Shift+Tab") == "account_id"
        assert press("ArrowRight", "ArrowRight") == "plan"
        press("Enter")
        assert page.evaluate("window.sent.at(-1).order") == "plan"
        assert press("Tab") == "Show the whole row 100"
        assert press("Tab") == "Save as exhibit"
        assert press("Tab") == "What the columns mean"
        assert page.locator("dl:visible").count() == 0
        press("Enter")
        assert page.locator("dl:visible").inner_text().split("\n") == ["plan", "What <b>it</b> pays"]
        assert driver.serious(page, "body") == []
        assert press("Tab") == "The SQL of what is shown"
