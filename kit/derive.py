"""Rebuild case.duckdb: the side tables of the exports, then every derived table, in one swap."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb
from tqdm import tqdm

from kit import linkage, load, prompts, volume
from kit.database import Step, build_database, build_id, read_build


def rebuild(folder: Path, *, threads: int | None = None) -> str:
    """Rebuild the case in `folder` from its parts and return the new build id.

    Each step reads `requests` and the tables of the steps before it; a notebook that is open keeps the old build.
    """
    steps: dict[str, Step] = {
        "duplicates": partial(load.build_side_tables, folder),
        "volume": volume.build,
        "prompts": prompts.build,
        "linkage": linkage.build,
    }
    shown = "derived tables: {desc}, step {n_fmt} of {total_fmt}, {elapsed}"
    with tqdm(
        total=len(steps), desc="starting", disable=None, leave=False, bar_format=shown
    ) as bar:  # None: silent in a pipe

        def said(name: str, step: Step, con: duckdb.DuckDBPyConnection) -> None:
            bar.n += 1
            bar.set_description_str(name)
            step(con)

        return build_database(folder, [partial(said, *step) for step in steps.items()], threads=threads)


def is_current(folder: Path) -> bool:
    """Whether the build in case.duckdb is the one its parts, parameters and this kit would give."""
    return (folder / "case.duckdb").is_file() and read_build(folder) == build_id(folder)
