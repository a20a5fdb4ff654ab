"""A case answers SELECTs, and nothing asked through it changes it or reaches outside."""

from __future__ import annotations

import io
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kit import Case, create_case, open_case
from kit.database import build_database, read_build
from kit.derive import rebuild
from kit.errors import CaseError, QueryError


def test_a_new_case_opens_empty_and_knows_its_tables(tmp_path: Path) -> None:
    case = open_case(create_case(tmp_path / "INC-1", 'A "quoted" title'))
    assert case.id == "INC-1"
    assert case.config["case"]["title"] == 'A "quoted" title'
    assert case.sql("SELECT count(*) AS n FROM requests").scalar() == 0
    assert case.sql("SELECT count(*) AS n FROM clusters").scalar() == 0


def test_a_folder_with_something_in_it_never_becomes_a_case(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(CaseError, match="choose a new folder"):
        create_case(tmp_path)
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_the_key_of_a_case_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    create_case(tmp_path / "c")
    assert (tmp_path / "c" / "case.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts",
        "CREATE TABLE t AS SELECT 1",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "SET threads = 1",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "",
    ],
)
def test_only_a_single_select_reaches_the_case(sample_case: Case, statement: str) -> None:
    with pytest.raises(QueryError, match="SELECT"):
        sample_case.sql(statement)


def test_a_select_cannot_read_a_file_outside_the_case(sample_case: Case) -> None:
    for path in ("/etc/hostname", f"{sample_case.folder}/case.key", f"{sample_case.folder}/requests/../case.key"):
        with pytest.raises(QueryError, match=r"disabled|not access"):
            sample_case.sql(f"SELECT * FROM read_text('{path}')")


def test_values_are_bound_and_never_read_as_sql(sample_case: Case) -> None:
    hostile = "x'; DROP TABLE accounts; --"
    assert sample_case.sql("SELECT $v AS v", v=hostile).scalar() == hostile


def test_a_missing_or_unused_parameter_is_refused_by_name(sample_case: Case) -> None:
    with pytest.raises(QueryError, match=r"\$since"):
        sample_case.sql("SELECT count(*) FROM requests WHERE occurred_at >= $since")
    with pytest.raises(QueryError, match="sicne"):
        sample_case.sql("SELECT count(*) FROM requests", sicne="2026-01-01")


def test_times_come_back_in_utc_and_equal_questions_have_equal_digests(sample_case: Case) -> None:
    query = "SELECT occurred_at FROM requests WHERE occurred_at IS NOT NULL ORDER BY ALL LIMIT 5"
    first, second = sample_case.sql(query), sample_case.reopen().sql(query)
    assert str(first.frame.schema["occurred_at"]) == "Datetime(time_unit='us', time_zone='UTC')"
    assert first.digest == second.digest
    assert first.digest != sample_case.sql(query.replace("LIMIT 5", "LIMIT 4")).digest


def test_a_widget_and_a_cell_that_ask_at_once_are_both_answered(sample_case: Case) -> None:
    with ThreadPoolExecutor(4) as people:
        asked = [people.submit(sample_case.sql, "SELECT * FROM requests ORDER BY ALL LIMIT 9") for _ in range(8)]
    assert len({answer.result().digest for answer in asked}) == 1


def test_an_open_case_answers_on_while_it_is_rebuilt_and_says_so_once(own_case: Path) -> None:
    case = open_case(own_case)
    before = case.sql("SELECT count(*) AS n FROM requests").scalar()
    settings = own_case / "case.toml"
    settings.write_text(settings.read_text().replace("\n[parameters]\n", "\n[parameters]\nk = 1\n"))
    build_database(own_case, [])
    with pytest.warns(UserWarning, match=r"case = case.reopen\(\)"):
        assert case.sql("SELECT count(*) AS n FROM requests").scalar() == before
    assert case.build != case.reopen().build == read_build(own_case)


def test_a_failed_rebuild_leaves_the_case_as_it_was(own_case: Path) -> None:
    build, size = read_build(own_case), (own_case / "case.duckdb").stat().st_size

    def fail(_: object) -> None:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        build_database(own_case, [fail])
    assert (read_build(own_case), (own_case / "case.duckdb").stat().st_size) == (build, size)
    assert not list(own_case.glob("*.building*"))
    open_case(own_case).sql("SELECT 1 AS one")


def test_a_part_that_went_missing_is_named(own_case: Path) -> None:
    part = next((own_case / "requests").glob("*.parquet"))
    part.unlink()
    with pytest.raises(CaseError, match=part.name):
        open_case(own_case)


def test_a_terminal_shows_which_derived_tables_are_rebuilt_and_a_pipe_stays_silent(
    small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {}
    for terminal in (True, False):
        stream = io.StringIO()
        monkeypatch.setattr(stream, "isatty", lambda answer=terminal: answer, raising=False)
        monkeypatch.setattr(sys, "stderr", stream)
        rebuild(Path(shutil.copytree(small_folder, tmp_path / str(terminal))))
        said[terminal] = stream.getvalue()
    assert "derived tables: volume, step 2 of 4" in said[True]
    assert said[False] == ""
