"""Cases made of rows, loaded as an export would be, with only the volume tables derived."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kit import Case, create_case, open_case, volume
from kit.database import build_database
from kit.load import build_side_tables, load

Rows = list[dict[str, Any]]


@pytest.fixture
def case_of(tmp_path: Path) -> Callable[..., Case]:
    """case_of(requests, accounts, releases): an open case of those rows; name= for a second one in a test."""

    def make(requests: Rows, accounts: Rows = (), releases: Rows = (), name: str = "case") -> Case:
        folder, exports = create_case(tmp_path / name), tmp_path / f"{name}-exports"
        exports.mkdir()
        pl.DataFrame(requests, infer_schema_length=None).write_parquet(exports / "requests.parquet")
        for table, rows in (("accounts", accounts), ("model_releases", releases)):
            if rows:
                pl.DataFrame(list(rows), infer_schema_length=None).write_csv(exports / f"{table}.csv")
        load(folder, [str(exports)])
        build_database(folder, [partial(build_side_tables, folder), volume.build])
        return open_case(folder)

    return make
