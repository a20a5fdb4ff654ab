"""JupyterLab on a case: a start page, this machine only, a token, and nothing that asks the network."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from kit import findings, reviews
from kit.case import Case, open_case, record_activity
from kit.notebooks import copy_templates, in_order
from kit.result import counted, visible

START = "START_HERE.md"
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
    # Every cell stays in the page: for the browser's search, for print, for readers by keyboard. Long lines wrap.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "codeCellConfig": {"lineWrap": True}},
    # Names of columns come from the kernel, which may be busy for longer than Lab would wait.
    "@jupyterlab/completer-extension:manager": {"providerTimeout": 5000},
    # What a person clicks waits for the cell that runs. In a thread of its own it ran beside the cell and out of
    # order: a verdict before its reason, a chart into the output of another cell.
    "@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"},
    # Tables and pickers are drawn as they were left when a notebook is opened again.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}

# Lab centres tables and headings; ours start where the text above them starts. In the dark theme a chart, and a
# summary, stays the paper that goes into the bundle, so that "darker" and "grey" stay true: a dimmed card.
# What the keyboard is on has a ring to be seen: the widgets' own is a light blue line.
STYLE = """.jp-RenderedHTMLCommon table { margin-left: 0 !important; margin-right: 0 !important; }
.jp-RenderedMarkdown th:not([align]) { text-align: left; }
[data-jp-theme-light="false"] .jp-OutputArea-output :is(canvas, iframe, img) {
  border-radius: 8px; filter: brightness(0.85); }
.jp-OutputArea .jp-OutputArea-output :focus-visible {
  outline: 2px solid var(--jp-brand-color1) !important; outline-offset: 1px; }
"""


def serve(case: Path, *, port: int = 8888, open_browser: bool = True) -> int:
    """Open JupyterLab on the start page of a case and wait until it ends; returns its exit code.

    Raises CaseError if the folder is no case.
    """
    copy_templates(case)
    start_page(open_case(case))
    record_activity(case, "lab", port=port)
    arguments, environment = command(case, port=port, open_browser=open_browser)
    server = subprocess.Popen(arguments, env=environment)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the server has its own answer to Ctrl-C
            return server.wait()


def command(case: Path, *, port: int, open_browser: bool) -> tuple[list[str], dict[str, str]]:
    """The command line and environment that start JupyterLab on a case; settings lie in CASE/.lab."""
    import zmq

    home = case.resolve() / ".lab"
    settings = home / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home / "workspaces", ignore_errors=True)  # the tabs of last time would cover the start page
    custom = home / "config" / "custom"
    custom.mkdir(parents=True, exist_ok=True)
    (custom / "custom.css").write_text(STYLE, encoding="utf-8")
    (settings / "overrides.json").write_text(json.dumps(SETTINGS, indent=1), encoding="utf-8")
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.open_browser": open_browser,
        "ServerApp.allow_remote_access": False,
        "ServerApp.allow_root": True,  # containers run as root; it is this machine and a token either way
        "ServerApp.root_dir": case.resolve(),
        "LabApp.custom_css": True,
        "LabApp.default_url": f"/lab/tree/{START}",
        "LabApp.app_settings_dir": settings,
        "LabApp.workspaces_dir": home / "workspaces",
        "LabApp.user_settings_dir": home / "user-settings",
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "KernelManager.transport_encryption": "auto" if zmq.has("curve") else "disabled",
    }
    # Whatever this person set up for other work (extensions, a server without a token) stays out of the case.
    own = {"JUPYTER_CONFIG_DIR": str(home / "config"), "IPYTHONDIR": str(home / "ipython")}
    line = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    return line, {**os.environ, **own}


def start_page(case: Case) -> Path:
    """Write START_HERE.md: what is loaded, what is done, which notebook is next."""
    notebooks = [(file, *_progress(file)) for file in in_order(case.folder)]
    waiting = [file for file, ran, of, _ in notebooks if ran < of]
    next_one = (
        f"**Next: [{waiting[0].stem}](notebooks/{waiting[0].name})**: {_question(waiting[0])}"
        if waiting
        else "Every notebook has run. **Next:** read [04_evidence_summary](notebooks/04_evidence_summary.ipynb), "
        f"then `incident export {_text(case.folder)} --to DIR`."
    )
    if not _count(case, "requests"):
        next_one = f"**Next:** `incident load {_text(case.folder)} EXPORT...` Nothing is loaded yet."
    lines = [
        f"# {_text(case.config['case'].get('title') or case.id)}",
        "",
        f"Case {_text(case.id)}, build {case.build}. {next_one}",
        "",
        "## What is loaded",
        "",
        *_loaded(case),
        "",
        "## What is done",
        "",
        "| notebook | asks | done | saved (UTC) |",
        "|---|---|---|---|",
        *(
            f"| [{file.stem}](notebooks/{file.name}) | {_question(file)} | {_extent(ran, of)} | {when} |"
            for file, ran, of, when in notebooks
        ),
        "| [sql_scratchpad](notebooks/sql_scratchpad.ipynb) | Whatever is not on the page | | |",
        "",
        "A notebook runs with *Run > Run All Cells*; its settings are the capital names in its first cell of code.",
        "",
        _done(case),
        "",
        f"*Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `incident lab`; made anew each time it starts.*",
        "",
    ]
    page = case.folder / START
    page.write_text("\n".join(lines), encoding="utf-8")
    return page


def _loaded(case: Case) -> list[str]:
    sources = case.sql(
        "SELECT path, format, lines, loaded, rejected, blank FROM sources ORDER BY path, source_id"
    ).rows()
    if not sources:
        return ["Nothing yet."]
    span = case.sql(
        "SELECT count(*) FILTER (is_primary) AS n, count(*) - n AS repeats, "
        "count(DISTINCT account_id) AS accounts, "
        "strftime(min(occurred_at), '%Y-%m-%d %H:%M') AS first_at, "
        "strftime(max(occurred_at), '%Y-%m-%d %H:%M') AS last_at FROM requests"
    ).rows()[0]
    head = f"{span['n']:,} requests of {span['accounts']:,} accounts, {span['first_at']} to {span['last_at']} UTC."
    head += (
        f" {counted(span['repeats'], 'more row')} repeat one of them; repeats are marked and not counted."
        if span["repeats"]
        else ""
    )
    table = ["| export | format | lines | loaded | rejected | blank |", "|---|---|---:|---:|---:|---:|"]
    shown = [
        f"| {_text(Path(s['path']).name)} | {_text(s['format'])} | {s['lines']:,} | {s['loaded']:,} "
        f"| {s['rejected']:,} | {s['blank']:,} |"
        for s in sources[:40]
    ]
    more = [f"| and {len(sources) - 40:,} more | | | | | |"] if len(sources) > 40 else []
    return [head, "", *table, *shown, *more]


def _done(case: Case) -> str:
    bundles = sum(f.is_dir() for f in (case.folder / "bundles").glob("*"))
    return (
        f"{counted(len(findings.all(case)), 'finding')} recorded, "
        f"{counted(reviews.current(case).height, 'verdict')} on templates and clusters, "
        f"{counted(bundles, 'bundle')} in the case."
    )


def _extent(ran: int, of: int) -> str:
    if not ran:
        return "not yet"
    return "all of it" if ran >= of else f"{ran} of {of} cells"


def _progress(file: Path) -> tuple[int, int, str]:
    """How many code cells have been run, of how many, and when the notebook was saved."""
    cells = _cells(file)
    code = [c for c in cells if c["cell_type"] == "code" and "suggestion" not in c["metadata"].get("tags", ())]
    ran = sum(bool(c.get("execution_count")) for c in code)
    saved = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return ran, len(code), f"{saved:%Y-%m-%d %H:%M}" if ran else ""


def _question(file: Path) -> str:
    cells = _cells(file)
    title = re.match(r"# (.+)", "".join(cells[0]["source"])) if cells else None
    return _text(title[1]) if title else "" if cells else "*cannot be read; restore it or delete it*"


def _cells(file: Path) -> list[dict[str, Any]]:
    """The cells of a notebook; none if it is damaged, which must not keep anybody from opening the case."""
    try:
        return list(json.loads(file.read_text(encoding="utf-8"))["cells"])
    except (ValueError, KeyError, TypeError):
        return []


def _count(case: Case, table: str) -> int:
    return int(case.sql(f"SELECT count(*) FROM {table}").scalar())  # noqa: S608


def _text(value: Any) -> str:
    """A value in Markdown that can neither mark up nor end the cell of a table."""
    return re.sub(r"([\\`*_\[\]|#!~])", r"\\\1", escape(visible(str(value)).replace("\n", " "), quote=False))
