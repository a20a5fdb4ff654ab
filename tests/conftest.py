"""What tests share: the sample incident, loaded once per session."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kit import Case, create_case, open_case
from kit.derive import rebuild
from kit.load import load

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_data" / "incident"


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample incident as a loaded case; read it, never change it (copy it with `own_case`)."""
    folder = create_case(tmp_path_factory.mktemp("sample") / "case", "Sample incident")
    load(folder, [str(SAMPLE / "exports")])
    rebuild(folder)
    return folder


@pytest.fixture
def sample_case(sample_folder: Path) -> Case:
    """The sample incident, open."""
    return open_case(sample_folder)


@pytest.fixture
def own_case(sample_folder: Path, tmp_path: Path) -> Path:
    """A copy of the sample case that a test may change."""
    return Path(shutil.copytree(sample_folder, tmp_path / "case"))



def pytest_unconfigure() -> None:
    """Close stderr when all is said: at exit DuckDB's bindings print leak warnings that are not ours to show."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
