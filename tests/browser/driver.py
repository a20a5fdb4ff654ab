"""Drives real JupyterLab in a headless browser whose network is cut, for tests and for pictures."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
IDLE = "() => /\\|\\s*Idle/.test(document.querySelector('#jp-main-statusbar')?.textContent || '')"

PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
HEIGHT = f"""() => {{ const cells = [...document.querySelectorAll("{PANEL} .jp-Cell")];
  if (!cells.length) return 840;
  return cells.at(-1).getBoundingClientRect().bottom - cells[0].getBoundingClientRect().top; }}"""
TO_TOP = f"() => document.querySelectorAll('{PANEL} .jp-WindowedPanel-outer').forEach(e => {{ e.scrollTop = 0; }})"


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
            server.wait(timeout=30)


def _address(log: Any, server: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        log.seek(0)
        said = log.read()
        if found := re.search(r"(http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=\w+)", said):
            return found[1]
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start: {said[-2000:]}")


class Lab:
    """One tab on JupyterLab."""

    def __init__(self, opened: Any, address: str, width: int = 1280) -> None:
        self.address, self.width = address, width
        self.context = opened.new_context(viewport={"width": width, "height": 1000})
        self.page = self.context.new_page()
        self.page.set_default_timeout(45_000)
        self.outside: list[str] = []
        self.page.on("request", self._note)
        self.page.goto(f"{address}&reset")  # no tabs of the test before
        self.page.wait_for_selector(".jp-MarkdownViewer h1")

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, notebook: str) -> None:
        """Open a notebook of the case and wait for its kernel."""
        base = self.address.split("/lab/")[0]
        self.page.goto(f"{base}/lab/tree/notebooks/{notebook}")
        self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
        self.page.wait_for_function(IDLE)

    def run_all(self, seconds: float = 180) -> None:
        """Run > Run All Cells, and wait until all is done."""
        self.menu("Run", "Run All Cells")
        cells = "document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .jp-InputPrompt')"
        none_waits = f"() => [...{cells}].every(p => !p.textContent.includes('*'))"
        self.page.wait_for_timeout(500)
        self.page.wait_for_function(none_waits, timeout=seconds * 1000)
        self.page.wait_for_function(IDLE, timeout=seconds * 1000)
        self.page.wait_for_timeout(500)

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of the menu bar."""
        self.page.get_by_role("menuitem", name=name, exact=True).first.click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def save(self) -> None:
        """Save the notebook, and wait until the tab says so."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(1500)

    def restart(self) -> None:
        """Kernel > Restart Kernel, and say yes."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Restart Kernel…$")).click()
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.wait_for_timeout(1500)
        self.page.wait_for_function(IDLE)

    def errors(self) -> list[str]:
        """The text of every error output."""
        found = self.page.locator(
            "[data-mime-type='application/vnd.jupyter.error'], .jp-OutputArea-output [role=alert]"
        )
        return [t for t in found.all_inner_texts() if t]

    def shoot(self, name: str) -> Path:
        """A picture of the whole notebook, not only of what fits the window."""
        ARTEFACTS.mkdir(exist_ok=True)
        file = ARTEFACTS / f"{name}-{self.width}.png"
        for _ in range(2):  # the first measure is of a page that was partly not laid out
            height = int(self.page.evaluate(HEIGHT))
            self.page.set_viewport_size({"width": self.width, "height": max(1000, min(height + 160, 16_000))})
            self.page.wait_for_timeout(500)
        self.page.evaluate(TO_TOP)
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=file)
        self.page.set_viewport_size({"width": self.width, "height": 1000})
        return file
