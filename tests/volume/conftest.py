"""Cases made of rows, loaded as an export would be, with only the volume tables derived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kit import Case, create_case, open_case, volume
from kit.database import build_database
from kit.load import build_side_tables, load

Rows = Sequence[dict[str, Any]]
Steps = Sequence[Callable[..., None]]


def made_case(
    folder: Path, requests: Rows, accounts: Rows = (), releases: Rows = (), name: str = "case", steps: Steps = ()
) -> Case:
    """An open case of those rows in `folder`; steps are further steps of its build."""
    case, exports = create_case(folder / name), folder / f"{name}-exports"
    exports.mkdir()
    pl.DataFrame(requests, infer_schema_length=None).write_parquet(exports / "requests.parquet")
    for table, rows in (("accounts", accounts), ("model_releases", releases)):
        if rows:
            pl.DataFrame(list(rows), infer_schema_length=None).write_csv(exports / f"{table}.csv")
    load(case, [str(exports)])
    build_database(case, [partial(build_side_tables, case), volume.build, *steps])
    return open_case(case)


@pytest.fixture
def case_of(tmp_path: Path) -> Callable[..., Case]:
    """case_of(requests, accounts, releases): as `made_case`; name= for a second one in a test."""
    return partial(made_case, tmp_path)
