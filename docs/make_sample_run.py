"""Make the twin of the sample run: docs/sample_run/ and the picture of the summary in docs/images/.

    python docs/make_sample_run.py

Loads the sample incident into a case, runs every notebook headless, seals the evidence, keeps the notebooks with
their outputs and the summary. Refuses to write what names a folder of this machine. The picture needs the test
extra and chromium (or KIT_CHROMIUM); without them it stays as it is, and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
TWIN = DOCS / "sample_run"
PICTURE = DOCS / "images" / "summary.png"
LARGEST = 1_400_000
TOTAL = 3_000_000
SCOPE = "Requests to all models, 22 April to 21 May 2026, as the gateway exported them"


def run_sample(folder: Path) -> Path:
    """The sample as a case that was loaded, run and sealed in `folder`; returns the bundle."""
    from kit.__main__ import main

    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    os.chdir(folder)
    case = "cases/INC-2026-001"
    steps = [["new", case, "--title", "Unusual traffic on the large model"]]
    steps += [["load", case, "sample_data/incident/exports"], ["run", case]]
    steps += [["export", case, "--to", "evidence/INC-2026-001"]]
    for step in steps:
        if main(step):
            raise SystemExit(f"incident {' '.join(step)} failed; mend that first.")
        if step[0] == "new":
            settings = Path(case) / "case.toml"
            text = settings.read_text().replace('scope = ""', f'scope = "{SCOPE}"')
            settings.write_text(text.replace('requested_by = ""', 'requested_by = "Trust and Safety"'))
    return folder / "evidence" / "INC-2026-001"


def keep_notebooks(bundle: Path, folder: Path) -> dict[str, str]:
    """The notebooks as run, by name, without what is of no use to a reader."""
    kept = {}
    for file in sorted((bundle / "data" / "notebooks").glob("[0-9]*.ipynb")):
        notebook: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        notebook["metadata"].pop("widgets", None)
        for cell in notebook["cells"]:
            cell["metadata"].pop("execution", None)
            for output in cell.get("outputs", []):
                _only_for_readers(output.get("data", {}))
        kept[file.name] = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    kept["summary.html"] = (bundle / "data" / "summary.html").read_text(encoding="utf-8")
    here = {str(folder), str(folder.resolve()), str(ROOT), str(Path.home()), sys.prefix}
    for name, text in kept.items():
        if found := [path for path in here if len(path) > 1 and path in text]:
            raise SystemExit(f"{name} names {found[0]}, a folder of this machine; mend what prints it.")
        if len(text.encode()) > LARGEST:
            raise SystemExit(f"{name} has {len(text.encode()):,} bytes, more than {LARGEST:,}; show fewer rows.")
    if sum(len(t.encode()) for t in kept.values()) > TOTAL:
        raise SystemExit(f"The twin has more than {TOTAL:,} bytes; show fewer rows.")
    return kept


def _only_for_readers(data: dict[str, Any]) -> None:
    """Leave a picture or a table as the page shows it; the chart's own program and the plain text repeat it."""
    data.pop("application/vnd.vegalite.v5+json", None)
    if "text/html" in data or "image/svg+xml" in data:
        data.pop("text/plain", None)


def take_picture(summary: Path) -> bool:
    """The first page of the summary, 1280 wide; False where there is no browser."""
    browser = os.environ.get("KIT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return False
    if not browser:
        return False
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_page(viewport={"width": 1280, "height": 1500})
        page.goto(summary.resolve().as_uri())
        end = page.evaluate("document.querySelector('#findings, h2 ~ h2')?.getBoundingClientRect().top || 1500")
        height = min(max(int(end), 800), 1500)
        page.screenshot(path=PICTURE, clip={"x": 0, "y": 0, "width": 1280, "height": height})
        opened.close()
    return True


def main() -> int:
    """Make the twin anew."""
    os.environ["LOGNAME"] = "investigator"
    with tempfile.TemporaryDirectory(prefix="sample-") as scratch:
        bundle = run_sample(Path(scratch))
        kept = keep_notebooks(bundle, Path(scratch))
        TWIN.mkdir(exist_ok=True)
        for old in [*TWIN.glob("*.ipynb"), *TWIN.glob("*.html")]:
            old.unlink()
        for name, text in kept.items():
            (TWIN / name).write_text(text, encoding="utf-8")
            print(f"{name:<28} {len(text.encode()):>9,} bytes")
        print("picture taken" if take_picture(TWIN / "summary.html") else "no browser: the picture is as it was")
        os.chdir(DOCS)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
