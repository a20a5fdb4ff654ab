"""The ledger: append-only, chained, one revision per content, nothing lost when two write at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit import Case, create_case, findings, open_case, reviews
from kit.case import read_activity
from kit.errors import CaseError, ParameterError

GOOD = {"confidence": "moderate", "other_explanations": "A class would look alike."}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return open_case(create_case(tmp_path / "INC-2"))


def ledger(case: Case) -> list[dict[str, object]]:
    file = case.folder / "findings" / "ledger.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_the_same_content_again_is_no_new_revision_and_other_content_is(case: Case) -> None:
    one = case.sql("SELECT 1 AS x", "one")
    first = findings.record(case, "a", claim="One is one.", supports=one, **GOOD)
    again = findings.record(case, "a", claim="One is one.", supports=[one], **GOOD)
    other = findings.record(case, "a", claim="One is still one.", supports=[one], **GOOD)
    assert (first["revision"], again, other["revision"]) == (1, first, 2)
    assert len(ledger(case)) == 2
    assert [f["claim"] for f in findings.all(case)] == ["One is still one."]
    assert json.loads((case.folder / "findings" / "a.json").read_text()) == other


def test_a_finding_keeps_the_rows_sql_and_digest_behind_it(case: Case) -> None:
    result = case.sql("SELECT $n::INTEGER AS x", "numbered", n=4)
    stored = findings.record(case, "n", claim="It is four.", supports=result, contradicts=["Or five."], **GOOD)
    reference = stored["supports"][0]
    assert (reference["sql"], reference["parameters"], reference["rows"]) == (result.sql, {"n": 4}, 1)
    assert findings.rows_of(case, reference).equals(result.frame)
    assert findings.ask_again(case, reference).digest == reference["digest"] == result.digest
    assert stored["contradicts"] == [{"text": "Or five."}]


@pytest.mark.parametrize("edit", ["change", "remove", "swap", "garble"])
def test_a_ledger_that_was_edited_is_refused(case: Case, edit: str) -> None:
    for n in range(3):
        findings.record(case, f"f{n}", claim=f"Claim {n}.", supports=case.sql("SELECT 1 AS x"), **GOOD)
    file = case.folder / "findings" / "ledger.jsonl"
    lines = file.read_text().splitlines()
    if edit == "change":
        lines[1] = lines[1].replace("Claim 1", "Claim 9")
    elif edit == "remove":
        del lines[1]
    elif edit == "swap":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines[1] = lines[1][:-5]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(CaseError, match="restore the ledger"):
        findings.all(case)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"confidence": "sure"}, "is no confidence"),
        ({"likelihood": "maybe"}, "is no ICD 203 term"),
        ({"sources": "G7"}, "is no Admiralty grade"),
        ({"families": ["nationality"]}, "is no family"),
        ({"claim": "  "}, "claims nothing"),
        ({"supports": []}, "rests on no Result"),
        ({"other_explanations": [{"explanation": "A class.", "result": "none"}]}, "has explanation, result; give"),
        ({"contradicts": ["We are confident that it is unlikely."]}, "in one sentence"),
        ({"claim": "We have high confidence that it is likely one operation."}, "in one sentence"),
    ],
)
def test_what_is_no_sound_finding_is_refused(case: Case, changed: dict[str, object], message: str) -> None:
    given = {"claim": "One is one.", "supports": [case.sql("SELECT 1 AS x")], **GOOD, **changed}
    with pytest.raises(ParameterError, match=message):
        findings.record(case, "a", **given)  # type: ignore[arg-type]
    assert findings.all(case) == []


def test_a_slug_cannot_leave_the_folder(case: Case) -> None:
    with pytest.raises(ParameterError, match="is no slug"):
        findings.record(case, "../evil", claim="x", supports=[case.sql("SELECT 1 AS x")], **GOOD)


def test_the_custody_log_tells_who_did_what_and_keeps_a_torn_line(case: Case) -> None:
    findings.record(case, "a", claim="One is one.", supports=case.sql("SELECT 1 AS x"), **GOOD)
    reviews.dispose(case, "cluster-a", "reject", reason="one declared reseller")
    with (case.folder / "activity.jsonl").open("a") as f:
        f.write('{"at": "2026-')
    rows = read_activity(case.folder)
    assert [r["action"] for r in rows] == ["new", "finding", "review", "torn line"]
    assert (rows[1]["slug"], rows[2]["verdict"], rows[3]["line"]) == ("a", "reject", '{"at": "2026-')
    assert all(r["by"] and r["at"].endswith("Z") for r in rows[:3])


def test_two_processes_that_record_at_once_lose_nothing(case: Case) -> None:
    script = (
        "import sys; from kit import open_case, findings\n"
        "case = open_case(sys.argv[1]); one = case.sql('SELECT 1 AS x')\n"
        "for n in range(15):\n"
        "    findings.record(case, f'{sys.argv[2]}-{n}', claim=f'Claim {n}.', supports=one, confidence='low',"
        " other_explanations='')\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, case.folder, who]) for who in ("ann", "bob")]
    assert [p.wait(60) for p in running] == [0, 0]
    assert len(findings.all(case)) == len(ledger(case)) == 30


def test_a_lock_that_is_let_go_while_its_age_is_asked_is_taken(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, stat = case.folder / "findings" / ".ledger.lock", Path.stat

    def let_go(path: Path, **options: bool) -> os.stat_result:
        if path == lock:
            os.unlink(lock)
        return stat(path, **options)

    monkeypatch.setattr(Path, "exists", os.path.exists)
    monkeypatch.setattr(Path, "stat", let_go)
    lock.touch()
    findings.record(case, "a", claim="One is one.", supports=case.sql("SELECT 1 AS x", "one"), **GOOD)
    assert len(ledger(case)) == 1


def test_recheck_says_which_results_still_come_out(case: Case) -> None:
    one = case.sql("SELECT 1 AS x", "one")
    findings.record(
        case, "a", claim="One is one.", supports=one, contradicts=[one.with_frame(one.frame * 2)], **GOOD
    )
    assert findings.recheck(case)["outcome"].to_list() == ["same", "changed since"]
