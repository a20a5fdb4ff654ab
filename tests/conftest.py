"""What tests share: the sample incident, loaded once per session."""

from __future__ import annotations

import atexit
import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from kit import Case, create_case, open_case
from kit.database import build_database
from kit.derive import rebuild
from kit.load import build_side_tables, load

# At exit DuckDB's bindings print leak warnings that are not ours to show; by then all else is said.
atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))

# In continuous integration the drawn examples are the same every time; by hand they are new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

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


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of 120 requests of seven accounts, an hour apart, without derived tables; never change it."""
    folder = create_case(tmp_path_factory.mktemp("small") / "INC-small")
    rows = [
        {
            "request_id": f"r{i:03d}",
            "account_id": f"acct_{i % 7}",
            "occurred_at": f"2026-05-{1 + i // 24:02d}T{i % 24:02d}:30:00Z",
            "prompt_text": f"What is {i}?",
        }
        for i in range(120)
    ]
    export = folder.parent / "small.ndjson"
    export.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    load(folder, [str(export)])
    build_database(folder, [partial(build_side_tables, folder)])
    return folder


@pytest.fixture
def own_case(sample_folder: Path, tmp_path: Path) -> Path:
    """A copy of the sample case that a test may change."""
    return Path(shutil.copytree(sample_folder, tmp_path / "case"))
