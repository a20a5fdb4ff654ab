"""Imports point down only, and importing the kit stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

KIT = Path(__file__).parent.parent / "kit"
FLOORS = {
    "errors": 0,
    "result": 1,
    "shortage": 1,
    "yaml_text": 1,
    "stats": 1,
    "compiled": 1,
    "database": 2,
    "case": 2,
    "formats": 2,
    "reviews": 2,
    "parameters": 2,
    "load": 3,
    "intake": 3,
    "mapping": 3,
    "volume": 3,
    "prompts": 3,
    "linkage": 3,
    "derive": 4,
    "findings": 4,
    "bundle": 5,
    "__init__": 6,
    "magic": 6,
    "notebooks": 6,
    "lab": 6,
    "commands": 7,
    "__main__": 8,
}
SIDE = {"charts", "widgets", "redact"}
SAME_FLOOR = {("case", "database"), ("parameters", "case"), ("reviews", "case"), ("formats", "database")}
SAME_FLOOR |= {("__init__", "magic"), ("mapping", "load"), ("mapping", "formats"), ("lab", "notebooks")}


def area(file: Path) -> str:
    """The module or package directly under kit/ that a file belongs to."""
    return file.relative_to(KIT).parts[0].removesuffix(".py")


def imported(file: Path) -> set[str]:
    """The areas of the kit that a file imports anywhere, lazily or not."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{a.name}" for a in node.names} if node.module == "kit" else {node.module}
    return {n.split(".")[1] for n in names if n.startswith("kit.")} - {area(file), "__version__"}


FILES = sorted(KIT.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(KIT).as_posix())
def test_a_module_imports_only_from_floors_below_it(file: Path) -> None:
    here = area(file)
    assert here in FLOORS or here in SIDE, f"give {here} a floor in tests/test_floors.py"
    for other in imported(file):
        if other not in FLOORS and other not in SIDE:  # a name exported by kit itself
            assert here in ("commands", "__main__", "magic", "lab", "notebooks"), f"{here} imports kit.{other}"
        elif here in SIDE or other in SIDE:
            assert other in SIDE or FLOORS[other] <= 4 or here not in SIDE, f"{here} (side) must not import {other}"
        else:
            below = FLOORS[other] < FLOORS[here] or (here, other) in SAME_FLOOR
            assert below, f"{here} (floor {FLOORS[here]}) must not import {other} (floor {FLOORS[other]})"


def test_importing_the_kit_does_not_import_the_heavy_libraries() -> None:
    code = (
        "import sys, kit; print(sorted({'altair', 'scipy', 'igraph', 'docx', 'typst', 'stix2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
