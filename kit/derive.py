"""Rebuild case.duckdb: the side tables of the exports, then every derived table, in one swap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import duckdb

from kit import load
from kit.case import build_database

Step = Callable[[duckdb.DuckDBPyConnection], None]
MODULES = ("volume", "prompts", "linkage")


def rebuild(folder: Path) -> str:
    """Rebuild the case in `folder` from its parts and return the new build id."""
    steps: list[Step] = [partial(load.build_side_tables, folder)]
    for name in MODULES:
        try:
            steps.append(import_module(f"kit.{name}").build)
        except ModuleNotFoundError:
            continue
    return build_database(folder, steps)
