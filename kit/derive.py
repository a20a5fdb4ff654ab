"""Rebuild case.duckdb: the side tables of the exports, then every derived table, in one swap."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kit import linkage, load, prompts, volume
from kit.database import Step, build_database, build_id, read_build


def rebuild(folder: Path, *, threads: int | None = None) -> str:
    """Rebuild the case in `folder` from its parts and return the new build id.

    Each step reads `requests` and the tables of the steps before it; a notebook that is open keeps the old build.
    """
    steps: list[Step] = [partial(load.build_side_tables, folder), volume.build, prompts.build, linkage.build]
    return build_database(folder, steps, threads=threads)


def is_current(folder: Path) -> bool:
    """Whether the build in case.duckdb is the one its parts, parameters and this kit would give."""
    return (folder / "case.duckdb").is_file() and read_build(folder) == build_id(folder)
