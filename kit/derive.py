"""Rebuild case.duckdb: the side tables of the exports, then every derived table, in one swap."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path

from kit import load
from kit.database import Step, build_database, build_id, read_build

MODULES = ("volume", "prompts", "linkage")


def rebuild(folder: Path, *, threads: int | None = None) -> str:
    """Rebuild the case in `folder` from its parts and return the new build id.

    Each step reads `requests` and the tables of the steps before it; a notebook that is open keeps the old build.
    """
    steps: list[Step] = [partial(load.build_side_tables, folder)]
    for name in MODULES:  # being written: each joins as soon as it is there
        try:
            steps.append(import_module(f"kit.{name}").build)
        except (ModuleNotFoundError, AttributeError):
            continue
    return build_database(folder, steps, threads=threads)


def is_current(folder: Path) -> bool:
    """Whether the build in case.duckdb is the one its parts, parameters and this kit would give."""
    return (folder / "case.duckdb").is_file() and read_build(folder) == build_id(folder)
