"""The hostile case, and its bundles, made once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hostile_case import PAYLOADS, fill_linkage, record_findings, write_exports

from kit import Case, bundle, load, open_case
from kit.case import create_case
from kit.database import build_database


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_exports(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory, exports: list[Path]) -> Case:
    """A case with filled linkage tables and two findings; nobody may write to it."""
    folder = create_case(tmp_path_factory.mktemp("cases") / "INC-1", title=PAYLOADS[0])
    load.load(folder, exports)
    build_database(folder, [partial(load.build_side_tables, folder), fill_linkage])
    case = open_case(folder)
    record_findings(case)
    return case


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, hostile: Case) -> Callable[[str], Path]:
    """A bundle of the hostile case for a profile, sealed once."""
    made: dict[str, Path] = {}

    def get(profile: str) -> Path:
        if profile not in made:
            to = tmp_path_factory.mktemp("bundles") / profile
            made[profile] = bundle.seal(hostile, to, profile=profile)
        return made[profile]

    return get
