"""Run the code blocks of the docs in order, page by page, each page in a folder of its own.

    python docs/run_pages.py CASE [--write] [PAGE...]

CASE is a case with the sample incident loaded; a page finds a copy of it at cases/INC-2026-001, and the sample data
at sample_data. What differs from what a page shows is printed; with --write the page is corrected. In a page,

    <!-- not run: reason -->     above a block: the block is left alone
    <!-- file: NAME -->          above a block: its text is saved as NAME
    <!-- output -->              above a text block: what the block before printed; ... as last line is the rest

bash blocks run as they stand, python blocks share one namespace, sql blocks are asked of the case.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
CASE = "cases/INC-2026-001"
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>not run|file|output)(?:: (?P<say>[^>]*?))? -->\n+)?"
    r"```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


@dataclass
class Differs(Exception):
    """A block of a page that does not do what the page says."""

    page: str
    block: str
    said: str

    def __str__(self) -> str:
        return (
            f"{self.page}: {self.block.strip()}\n--- does not give what the page says, but\n{self.said}\n"
            "If the page is what is wrong: python docs/run_pages.py CASE --write"
        )


@dataclass
class Page:
    """A page being run: the namespace of its python blocks and what the last block printed."""

    file: Path
    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    block: str = ""
    printed: str = ""

    @property
    def name(self) -> str:
        return self.file.relative_to(ROOT).as_posix()

    def run(self) -> Iterator[tuple[re.Match[str], str]]:
        """Run every block; gives each output block that shows other than was printed, with the text it should have.

        Raises Differs for a block that fails.
        """
        for found in FENCE.finditer(self.file.read_text(encoding="utf-8")):
            mark, text = found["mark"], found["text"]
            if mark == "output":
                right = shortened(self.printed, text)
                if text != right:
                    yield found, right
            elif mark == "file":
                target = self.folder / found["say"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            elif mark is None and found["language"] in RUNNERS:
                self.block = text
                self.printed = RUNNERS[found["language"]](self, text)


def shortened(printed: str, shown: str) -> str:
    """What was printed, cut to as many lines as the page shows when the page's last line is three dots."""
    lines, page = printed.rstrip("\n").split("\n"), shown.rstrip("\n").split("\n")
    if page[-1] == "..." and len(lines) >= len(page):
        lines = [*lines[: len(page) - 1], "..."]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _bash(page: Page, text: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=page.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Differs(page.name, text, done.stdout + done.stderr)
    return done.stdout


def _python(page: Page, text: str) -> str:
    said = io.StringIO()
    try:
        with chdir(page.folder), redirect_stdout(said):
            exec(compile(text, page.name, "exec"), page.names)
    except Exception as e:
        raise Differs(page.name, text, f"{said.getvalue()}{type(e).__name__}: {e}") from e
    return said.getvalue()


def _sql(page: Page, text: str) -> str:
    """A SELECT, or the cell of a notebook that begins with %%sql."""
    from kit import open_case
    from kit.errors import KitError
    from kit.magic import bind, parse_line

    first, _, rest = text.partition("\n")
    line, query = (first.removeprefix("%%sql"), rest) if first.startswith("%%sql") else ("", text)
    try:
        name, given = parse_line(line)
        answer = open_case(page.folder / CASE).sql(query, name or "answer", **bind(query, given, page.names))
    except KitError as e:
        raise Differs(page.name, text, str(e)) from e
    page.names[name or "answer"] = answer
    return ""


RUNNERS = {"bash": _bash, "python": _python, "sql": _sql}


def pages() -> list[Path]:
    """The pages whose blocks are run."""
    kept = [f for f in sorted(DOCS.rglob("*.md")) if f.parent.name != "decisions"]
    return [f for f in kept if FENCE.search(f.read_text(encoding="utf-8"))]


def prepare(folder: Path, case: Path) -> Path:
    """A folder with the sample data and a copy of the loaded case, where a page can run."""
    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    shutil.copytree(case, folder / CASE)
    return folder


def main() -> int:
    """Run the pages named, else all."""
    wanted = [Path(a).resolve() for a in sys.argv[2:] if a != "--write"] or pages()
    wrong = 0
    for file in wanted:
        with tempfile.TemporaryDirectory() as scratch:
            page = Page(file, prepare(Path(scratch), Path(sys.argv[1])))
            text, corrected = file.read_text(encoding="utf-8"), ""
            done = 0
            try:
                for found, right in page.run():
                    wrong += 1
                    print(Differs(page.name, page.block, right))
                    corrected += text[done : found.start("text")] + right
                    done = found.end("text")
            except Differs as e:
                wrong += 1
                print(e)
            if "--write" in sys.argv and done:
                file.write_text(corrected + text[done:], encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # as in kit/__main__.py: no leak warnings of DuckDB's bindings at the end
