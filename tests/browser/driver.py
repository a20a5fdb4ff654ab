"""Drives real JupyterLab in a headless browser whose network is cut: for tests, for pictures, for timings."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kit import lab, open_case

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The network is cut: no name is looked up but this machine's own.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CHARTS = f"{PANEL} .jp-RenderedVegaCommon5, {PANEL} .jp-RenderedSVG"
OUTPUTS = f"{PANEL} .jp-Notebook .jp-OutputArea"
IDLE = "() => /\\|\\s*Idle/.test(document.querySelector('#jp-main-statusbar')?.textContent || '')"
PROMPTS = f"[...document.querySelectorAll('{PANEL} .jp-CodeCell .jp-InputPrompt')]"
WAITING = f"{PROMPTS}.some(p => p.textContent.includes('*'))"
VEGA = f"[...document.querySelectorAll('{PANEL} .jp-RenderedVegaCommon5')]"
DRAWN = f"() => {VEGA}.every(c => c.querySelector('canvas, svg'))"
SAVED = "() => !document.querySelector('#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current.jp-mod-dirty')"
HEIGHT = f"""() => {{ const cells = [...document.querySelectorAll("{PANEL} .jp-Cell")];
  document.querySelectorAll('{PANEL} .jp-WindowedPanel-outer').forEach(e => {{ e.scrollTop = 0; }});
  if (!cells.length) return 840;
  return Math.ceil(cells.at(-1).getBoundingClientRect().bottom - cells[0].getBoundingClientRect().top); }}"""
# One button of a row of them is a stop, the others are a matter of the arrow keys.
STOPS = "button:not(:disabled, [tabindex='-1']), input, select, summary, textarea, [tabindex='0']"
# What Tab has not yet come to among the outputs; the first call puts the focus on the first of them.
UNREACHED = f"""first => {{
  const all = [...document.querySelectorAll("{PANEL} .jp-OutputArea-output :is({STOPS})")]
    .filter(e => e.checkVisibility() && !e.closest('.jp-RenderedMarkdown'));
  if (first) {{ window.reached = new Set(); all[0].focus(); }}
  window.reached.add(document.activeElement);
  return all.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 120)); }}"""
# What the charts of the cells that hold a text say of themselves.
SAID = f"""[...document.querySelectorAll('{PANEL} .jp-CodeCell')]
  .filter(c => c.querySelector('.jp-InputArea').textContent.includes(of))
  .map(c => c.querySelector('.vega-embed')?.getAttribute('aria-label') ?? '')"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Share of dark pixels and number of colours in each box of a picture: what a person sees, whatever the page says.
INK = """async ([data, boxes]) => {
  const image = new Image(); image.src = 'data:image/png;base64,' + data; await image.decode();
  return boxes.map(({ x, y, width, height }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d'); context.drawImage(image, -x, -y);
    const pixels = context.getImageData(0, 0, width, height).data;
    let ink = 0; const colours = new Set();
    for (let i = 0; i < pixels.length; i += 4) {
      if (pixels[i] + pixels[i + 1] + pixels[i + 2] < 640) ink += 1;
      colours.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]);
    }
    return [ink / (pixels.length / 4), colours.size];
  });
}"""


def chromium() -> str | None:
    """The browser to drive: KIT_CHROMIUM, else Debian's, else none."""
    return os.environ.get("KIT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browser() -> Iterator[Any]:
    """Headless Chromium, with nowhere to go but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield opened
        opened.close()


@contextmanager
def served(case: Path) -> Iterator[str]:
    """JupyterLab on a case; gives the address of its start page."""
    lab.start_page(open_case(case))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments, environment = lab.command(case, port=port, open_browser=False)
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)
        try:
            yield _address(log, server)
        finally:
            server.terminate()
            try:
                server.wait(timeout=60)  # it waits for its kernels
            except subprocess.TimeoutExpired:  # how Lab itself ends is not what is tested
                server.kill()
                server.wait()


def _address(log: Any, server: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        log.seek(0)
        said = log.read()
        if found := re.search(r"(http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=\w+)", said):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start: {said[-2000:]}")


def serious(page: Any, where: str) -> list[str]:
    """What axe-core finds serious or critical in a part of the page."""
    script = Path(find_spec("axe_playwright_python").origin).with_name("axe.min.js")
    page.evaluate(script.read_text(encoding="utf-8"))
    found = page.evaluate("where => axe.run(where, {resultTypes: ['violations']})", where)
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:200]}"
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
    ]


class Lab:
    """One tab on JupyterLab, 1280 pixels wide."""

    def __init__(self, opened: Any, address: str) -> None:
        self.address = address
        self.context = opened.new_context(viewport={"width": 1280, "height": 1000})
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.outside: list[str] = []
        self.page.on("request", self._note)
        self.page.goto(f"{address}&reset")  # no tabs of the test before
        self.page.wait_for_selector(".jp-MarkdownViewer h1")

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, notebook: str) -> None:
        """Open a notebook by its tab, else by the link on the page in front, and wait for its kernel."""
        tab = self.page.locator(f"#jp-main-dock-panel .lm-TabBar-tab[title*='{notebook}']")
        link = self.page.locator(
            f"#jp-main-dock-panel .lm-DockPanel-widget:not(.lm-mod-hidden) a[href*='{notebook}']"
        )
        if tab.count() or link.count():
            (tab if tab.count() else link).first.click()
        else:
            self.page.goto(f"{self.address.split('/lab/')[0]}/lab/tree/notebooks/{notebook}")
        self.page.locator(f".lm-TabBar-tab.lm-mod-current[title*='{notebook}']").wait_for()
        self.page.wait_for_selector(f"{PANEL} .jp-Cell")
        self.page.wait_for_function(IDLE)

    def run_all(self) -> None:
        """Run > Run All Cells, and wait until all is done and drawn."""
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(f"() => {WAITING}")
        self.settle()

    def settle(self) -> None:
        """Wait until no cell waits for the kernel and every chart is drawn."""
        self.page.wait_for_function(f"() => !{WAITING}", timeout=240_000)
        self.page.wait_for_function(IDLE)
        self.page.wait_for_function(DRAWN)

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of the menu bar."""
        self.page.get_by_role("menuitem", name=name, exact=True).first.click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def save(self) -> None:
        """Save the notebook, and wait until the tab says so."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function(SAVED)

    def restart_and_run_all(self) -> None:
        """Kernel > Restart Kernel and Run All Cells, and say yes."""
        self.menu("Kernel", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.wait_for_function(f"() => {WAITING}")
        self.settle()

    def run(self, source: str, instead_of: str = "") -> None:
        """Run a cell with this source: a new last one, or the one that holds a text, which it replaces."""
        self.page.wait_for_function(IDLE)
        self.page.wait_for_timeout(300)  # a kernel drops what comes right behind an error
        cells = self.page.locator(f"{PANEL} .jp-CodeCell")
        cell = cells.filter(has_text=instead_of).first if instead_of else cells.last
        cell.locator(".cm-content").click()
        if not instead_of:
            self.page.keyboard.press("Escape")
            self.page.keyboard.press("b")
            self.page.keyboard.press("Enter")
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Shift+Enter")

    def source(self, of: str) -> str:
        """The source of the code cell that holds a text."""
        lines = self.page.locator(f"{PANEL} .jp-CodeCell", has_text=of).first.locator(".cm-line")
        return "\n".join(lines.all_inner_texts())

    def charts_of(self, cells: str) -> list[str]:
        """What the charts of the code cells that hold a text say, in words."""
        return list(self.page.evaluate(f"of => {SAID}", cells))

    def until_changed(self, cells: str, was: list[str]) -> None:
        """Wait until every chart of the code cells that hold a text says something else than it did."""
        changed = f"([of, was]) => {SAID}.every((now, i) => now && now !== was[i])"
        self.page.wait_for_function(changed, arg=[cells, was])

    def unreached(self) -> list[str]:
        """The controls of all outputs that the Tab key does not come to."""
        left = self.page.evaluate(UNREACHED, True)
        for _ in range(len(left) + 60):
            if not left:
                break
            self.page.keyboard.press("Tab")
            left = self.page.evaluate(UNREACHED, False)
        return list(left)

    def errors(self) -> list[str]:
        """The text of every error output of the notebook in front."""
        found = self.page.locator(
            f"{PANEL} [data-mime-type='application/vnd.jupyter.error'], {PANEL} .jp-OutputArea-output [role=alert]"
        )
        return [t for t in found.all_inner_texts() if t]

    def text(self) -> str:
        """What the notebook in front says."""
        return str(self.page.locator(f"{PANEL} .jp-Notebook").inner_text())

    def shoot(self, name: str) -> list[tuple[float, int]]:
        """Pictures of the whole page in front, 1280 and 1920 wide; gives share of ink and colours of each chart."""
        ARTEFACTS.mkdir(exist_ok=True)
        inks: list[tuple[float, int]] = []
        for width in (1920, 1280):
            self._unroll(width)
            picture = self.page.screenshot(path=ARTEFACTS / f"{name}-{width}.png")
            boxes = [b for c in self.page.locator(CHARTS).all() if (b := c.bounding_box())]
            whole = [{k: int(v) for k, v in b.items()} for b in boxes]
            inks += map(tuple, self.page.evaluate(INK, [base64.b64encode(picture).decode(), whole]))
        self.page.set_viewport_size({"width": 1280, "height": 1000})
        return inks

    def _unroll(self, width: int) -> None:
        """Make the window as high as the notebook."""
        height = 0
        for _ in range(4):
            self.page.set_viewport_size({"width": width, "height": max(1000, min(height + 160, 16_000))})
            self.page.evaluate(TWO_FRAMES)
            if (now := self.page.evaluate(HEIGHT)) == height:
                return
            height = now
