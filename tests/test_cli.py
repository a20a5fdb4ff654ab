"""The command line: exit codes, one clear line, and a case that stays as it was when something is wrong."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kit import open_case
from kit.__main__ import main

REQUEST = {"request_id": "r1", "occurred_at": "2026-05-01T00:00:00Z", "account_id": "a", "request_model": "m"}


def tree(folder: Path) -> dict[str, str]:
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def write_requests(file: Path, n: int, start: int = 0) -> Path:
    rows = [{**REQUEST, "request_id": f"r{start + i}", "prompt_text": f"question {i}"} for i in range(n)]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return file


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "INC-1"
    assert main(["new", str(folder)]) == 0
    assert main(["load", str(folder), str(write_requests(tmp_path / "first.ndjson", 50))]) == 0
    return folder


def bad_exports(folder: Path) -> dict[str, Path]:
    """One of each kind of export that cannot be loaded as a whole."""
    folder.mkdir()
    empty = folder / "empty.ndjson"
    empty.touch()
    torn = folder / "torn.ndjson.gz"
    whole = gzip.compress(write_requests(folder / "x.ndjson", 5000).read_bytes())
    torn.write_bytes(whole[: len(whole) // 2])
    unknown = folder / "unknown.ndjson"
    unknown.write_text('{"colour": "red", "shape": "round"}\n' * 3)
    return {"missing": folder / "nowhere.ndjson", "empty": empty, "torn": torn, "unknown": unknown}


@pytest.mark.parametrize("kind", ["missing", "empty", "torn", "unknown"])
def test_a_bad_export_ends_in_one_line_and_the_case_as_it_was(
    kind: str, case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(case)
    file = bad_exports(tmp_path / "bad")[kind]
    capsys.readouterr()
    assert main(["load", str(case), str(file)]) == 1
    err = capsys.readouterr().err.strip()
    assert len(err.splitlines()) == 1
    assert file.name in err
    assert tree(case) == before


def test_one_bad_export_among_good_ones_adds_nothing(case: Path, tmp_path: Path) -> None:
    before = tree(case)
    good = write_requests(tmp_path / "good.ndjson", 10, start=100)
    assert main(["load", str(case), str(good), str(bad_exports(tmp_path / "bad")["torn"])]) == 1
    assert open_case(case).sql("SELECT count(*) AS n FROM requests").scalar() == 50
    assert {k: v for k, v in tree(case).items() if k in before} == before


@pytest.mark.parametrize("command", [["load"], ["run"], ["sql"], ["export"], ["log"], ["lab"]])
def test_a_folder_that_is_no_case_is_named_in_one_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = {"sql": ["SELECT 1"], "export": ["--to", str(tmp_path / "out")]}.get(command[0], [])
    assert main([*command, str(tmp_path), *extra]) == 1
    err = capsys.readouterr().err.strip()
    assert len(err.splitlines()) == 1
    assert "not a case" in err
    assert "incident new" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["sql"], ["export", "x"], ["export", "x", "--to", "y", "--profile", "z"]]
)
def test_wrong_usage_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert "usage: incident" in capsys.readouterr().err


def test_loading_the_same_export_again_changes_nothing_and_says_so(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(case)
    assert main(["load", str(case), str(tmp_path / "first.ndjson")]) == 0
    assert "Nothing new" in capsys.readouterr().out
    assert tree(case) == before


def test_a_wrong_query_is_answered_in_one_line(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for query in ("SELECT nope FROM requests", "DROP TABLE accounts", "SELEC 1"):
        assert main(["sql", str(case), query]) == 1
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_rows_come_as_table_csv_json_or_parquet(case: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    query = "SELECT request_id, occurred_at FROM requests ORDER BY request_id LIMIT 1"
    outs = {}
    capsysbinary.readouterr()
    for format in ("table", "csv", "json", "parquet"):
        assert main(["sql", str(case), query, "--format", format]) == 0
        outs[format] = capsysbinary.readouterr().out
    assert b"(1 row)" in outs["table"]
    assert outs["csv"].startswith(b"request_id,occurred_at\n")
    assert json.loads(outs["json"]) == [{"request_id": "r0", "occurred_at": "2026-05-01T00:00:00Z"}]
    assert outs["parquet"].startswith(b"PAR1")
    assert main(["sql", str(case), "SELECT '=1+1' AS a, chr(27) || '[31m' AS b", "--format", "csv"]) == 0
    assert capsysbinary.readouterr().out == b"a,b\n'=1+1,\\u001b[31m\n"
    hidden = "\x9b\u202e\U000e0041字"
    assert main(["sql", str(case), f"SELECT '{hidden}' AS a", "--format", "json"]) == 0
    said = capsysbinary.readouterr().out.decode()
    assert json.loads(said) == [{"a": hidden}]
    assert [c for c in said if not c.isprintable() and c != "\n"] == []
    assert "字" in said


def test_a_terminal_is_not_driven_by_what_a_log_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = tmp_path / "hostile.ndjson"
    hostile.write_text(json.dumps({**REQUEST, "prompt_text": "\x1b]0;owned\x07\x1b[2J\u202e"}) + "\n")
    case = tmp_path / "c"
    assert main(["new", str(case)]) == 0
    assert main(["load", str(case), str(hostile)]) == 0
    assert main(["sql", str(case), "SELECT prompt_text FROM requests"]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


ASKER = """
import sys, warnings
from kit import open_case
warnings.simplefilter("ignore")
case = open_case(sys.argv[1])
print("open", flush=True)
for line in sys.stdin:
    print(case.sql("SELECT count(*) AS n FROM requests").scalar(), flush=True)
"""


def test_two_open_notebooks_answer_while_an_export_is_loaded(case: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASKER, str(case)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    readers = [subprocess.Popen(command, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]

    def ask(reader: subprocess.Popen[str]) -> str:
        assert reader.stdin
        assert reader.stdout
        reader.stdin.write("?\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    assert [r.stdout.readline().strip() for r in readers] == ["open", "open"]
    more = write_requests(tmp_path / "more.ndjson", 20_000, start=1000)
    loader = subprocess.Popen(
        [sys.executable, "-m", "kit", "load", str(case), str(more)], stdout=subprocess.DEVNULL
    )
    asked = 0
    while loader.poll() is None:
        assert [ask(r) for r in readers] == ["50", "50"]
        asked += 1
    assert loader.returncode == 0
    assert asked > 0
    assert [ask(r) for r in readers] == ["50", "50"]
    for r in readers:
        r.communicate()
    assert open_case(case).sql("SELECT count(*) AS n FROM requests").scalar() == 20_050


def test_the_log_tells_who_did_what(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["log", str(case)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[2] for line in lines] == ["new", "load"]


def test_a_part_that_was_lost_is_named_and_comes_back_with_its_export(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    next((case / "requests").glob("*.parquet")).unlink()
    assert main(["load", str(case)]) == 1
    assert "first.ndjson is missing" in capsys.readouterr().err
    assert main(["load", str(case), str(tmp_path / "first.ndjson")]) == 0
    assert open_case(case).sql("SELECT count(*) AS n FROM requests").scalar() == 50
