"""Each format's sample, loaded with no option given, gives exactly the rows that its expected.json pins."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kit.case import create_case, open_case
from kit.database import build_database
from kit.formats import formats
from kit.load import build_side_tables, load
from kit.result import plain

HERE = Path(__file__).parent
SAMPLES = sorted(d for d in HERE.iterdir() if d.is_dir() and list(d.glob("sample*")))
TABLES = ("requests", "identifiers", "accounts", "usage_buckets", "model_releases", "rejects")
KEYED = {"source_id", "dup_group"}  # depend on the file's bytes


def rows_of(sample: Path, case: Path) -> dict[str, Any]:
    """Everything a sample put into a case: what was read, and every non-empty value of every table."""
    create_case(case)
    (case / "case.key").write_text("00" * 32)
    loaded = load(case, sorted(sample.glob("sample*")))
    build_database(case, [partial(build_side_tables, case)])
    opened = open_case(case)
    found: dict[str, Any] = {
        "read": [[one.format, one.kind, one.lines, one.loaded, one.rejected, one.blank] for one in loaded]
    }
    for table in TABLES:
        rows = opened.sql(f"SELECT * FROM {table} ORDER BY ALL").rows()
        kept = [{k: plain(v) for k, v in row.items() if v is not None and k not in KEYED} for row in rows]
        if kept:
            found[table] = sorted(kept, key=lambda r: (r.get("line", 0), json.dumps(r, sort_keys=True)))
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda d: d.name)
def test_a_sample_gives_the_rows_that_are_pinned(sample: Path, tmp_path: Path) -> None:
    expected = json.loads((sample / "expected.json").read_text(encoding="utf-8"))
    assert rows_of(sample, tmp_path / "case") == expected


def test_every_format_has_a_sample() -> None:
    assert set(formats()) - {d.name for d in SAMPLES} == set()


def test_no_sample_column_failed_to_be_read(tmp_path: Path) -> None:
    case = create_case(tmp_path / "case")
    load(case, [f for d in SAMPLES for f in d.glob("sample*")])
    failed = {f.stem: json.loads(f.read_text())["failed"] for f in (case / "exports").glob("*.json")}
    assert {k: v for k, v in failed.items() if v} == {}
