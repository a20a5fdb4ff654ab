"""The README's commands and code run as they stand, from exports to verified evidence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


def test_every_file_the_readme_links_to_exists() -> None:
    missing = [t for t in re.findall(r"\]\(([^)#:]+)\)", README) if not (ROOT / t).exists()]
    assert missing == []


def test_every_command_is_in_the_table_and_has_help() -> None:
    from kit.commands import COMMANDS

    named = set(re.findall(r"^\| `incident (\w+)", README, re.MULTILINE)) | {"demo"}
    assert named == set(COMMANDS)
    for name in COMMANDS:
        done = subprocess.run([sys.executable, "-m", "kit", name, "--help"], capture_output=True, text=True)
        assert done.returncode == 0
        assert f"incident {name}" in done.stdout


@pytest.mark.filterwarnings("ignore")
def test_the_blocks_of_the_readme_run_in_order(tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    first, *more = [b for b in blocks("bash") if not b.startswith("make ")]
    (python,) = blocks("python")
    for command in first.splitlines():
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "evidence/INC-2026-001/data/evidence.json").is_file()
    subprocess.run([sys.executable, "-c", python], cwd=tmp_path, check=True)
    for command in more:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "rows)" in done.stdout
