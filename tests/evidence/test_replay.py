"""Numbers come out again from the exports, however they are cut; what differs is said exactly."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hostile_case import write_exports

from kit import bundle, derive, findings, load, open_case
from kit.case import create_case


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The exports of a case loaded on one thread, and its bundle."""
    folder = tmp_path_factory.mktemp("replay")
    write_exports(folder / "exports")
    case_folder = create_case(folder / "INC-3")
    load.load(case_folder, [folder / "exports"])
    derive.rebuild(case_folder, threads=1)
    case = open_case(case_folder)
    per_day = case.sql(
        "SELECT occurred_at::DATE AS day, count(*) AS requests, sum(output_tokens)::BIGINT AS tokens "
        "FROM requests WHERE input_tokens > $least GROUP BY day ORDER BY day",
        "per_day",
        least=120,
    )
    findings.record(
        case, "steady", claim="Requests came daily.", supports=per_day, confidence="high", other_explanations=""
    )
    return folder / "exports", bundle.seal(case, folder / "bundle")


def test_a_bundle_replays_from_the_paths_it_names(made: tuple[Path, Path]) -> None:
    outcome = bundle.verify(made[1])
    assert outcome.ok, outcome
    assert "Replay: 16 results made again and compared, 0 not comparable." in str(outcome)


def test_a_bundle_replays_from_shuffled_and_split_exports(made: tuple[Path, Path], tmp_path: Path) -> None:
    write_exports(tmp_path / "other", seed=99, parts=3)
    outcome = bundle.verify(made[1], exports=[tmp_path / "other"])
    assert outcome.ok, outcome
    assert "from other files than those the bundle names" in str(outcome)
    # What is left out is what tells how the exports were cut: received, refused and cited lines, whole examples.
    assert "12 results made again and compared, 4 not comparable" in str(outcome)


def test_an_export_with_one_changed_number_is_named_with_column_and_row(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(made[0], tmp_path / "other")
    file = tmp_path / "other" / "requests-0.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",250,350,", ",250,351,", 1), encoding="utf-8")
    differences = bundle.verify(made[1], exports=tmp_path / "other").differences
    steady = [d for d in differences if "per_day" in d]
    assert len(steady) == 1
    assert "1 row differs in tokens" in steady[0]


def test_an_export_that_was_changed_where_no_number_counts_it_is_found(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(made[0], tmp_path / "other")
    file = tmp_path / "other" / "requests-0.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("Answer 7. ", "Answer 8. ", 1), encoding="utf-8")
    outcome = bundle.verify(made[1], exports=tmp_path / "other")
    assert [d.split(":")[1].strip() for d in outcome.differences] == ["exhibit 4 (contents"]
    assert "1 row differs in sum_of_hashes" in outcome.differences[0]
    assert "requests-0.csv is another file" in str(outcome)


def test_a_changed_export_at_its_old_path_is_named(made: tuple[Path, Path]) -> None:
    file = made[0] / "accounts.csv"
    before = file.read_bytes()
    file.write_bytes(before.replace(b"free", b"team", 1))
    try:
        difference = bundle.verify(made[1]).differences[0]
    finally:
        file.write_bytes(before)
    assert "accounts.csv" in difference
    assert "is another file: SHA-256" in difference


def test_without_the_exports_only_fixity_can_succeed(made: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = bundle.verify(made[1], exports=[tmp_path / "empty"])
    assert not outcome.ok
    assert "Fixity checked; replay not possible." in outcome.checked
    assert "exports missing: accounts.csv, requests-0.csv" in outcome.differences[0]
    assert bundle.verify(made[1], exports=[tmp_path / "empty"], fixity_only=True).ok


def test_a_bundle_with_its_exports_replays_on_its_own(tmp_path: Path) -> None:
    write_exports(tmp_path / "exports")
    case_folder = create_case(tmp_path / "INC-4")
    load.load(case_folder, [tmp_path / "exports"])
    derive.rebuild(case_folder)
    folder = bundle.seal(open_case(case_folder), tmp_path / "bundle", exports="include")
    shutil.rmtree(tmp_path / "exports")
    shutil.rmtree(case_folder)
    outcome = bundle.verify(folder)
    assert outcome.ok, outcome


def test_a_finding_that_the_case_no_longer_gives_is_marked(tmp_path: Path) -> None:
    write_exports(tmp_path / "exports")
    case_folder = create_case(tmp_path / "INC-5")
    load.load(case_folder, [tmp_path / "exports"])
    derive.rebuild(case_folder)
    case = open_case(case_folder)
    worked = case.sql("SELECT count(*) AS n FROM requests", "doubled")
    doubled = worked.with_frame(worked.frame * 2)
    findings.record(case, "d", claim="800 requests.", supports=doubled, confidence="low", other_explanations="")
    folder = bundle.seal(case, tmp_path / "bundle")
    assert "the case gave other rows" in (folder / "data" / "summary.md").read_text(encoding="utf-8")
    assert "1 not comparable" in str(bundle.verify(folder))
