"""What a load promises: nothing twice, nothing lost when killed, secrets hashed, events told twice joined."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import Case, intake, open_case
from kit.case import create_case
from kit.database import build_database, read_exports
from kit.errors import LoadError
from kit.formats.secrets import SCREEN, mask_secrets
from kit.load import build_side_tables, load
from kit.mapping import dry_run, propose

FORMATS = Path(__file__).parent.parent / "formats"


def built(folder: Path, *paths: Path, **options: Any) -> Case:
    """A case with these exports and its side tables, opened."""
    if not (folder / "case.toml").exists():
        create_case(folder)
    load(folder, list(paths), **options)
    build_database(folder, [partial(build_side_tables, folder)])
    return open_case(folder)


def ndjson(file: Path, *records: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return file


def row(i: int, **more: Any) -> dict[str, Any]:
    at = f"2026-05-01T00:00:{i % 60:02d}Z"
    return {"request_id": f"r{i}", "occurred_at": at, "account_id": f"a{i % 7}", "prompt_text": f"p{i}", **more}


def test_an_export_loaded_by_a_relative_path_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ndjson(tmp_path / "x.ndjson", row(1))
    monkeypatch.chdir(tmp_path)
    case = built(tmp_path / "case", Path("x.ndjson"))
    monkeypatch.chdir("/")
    (path,) = intake.sources(case)["path"]
    assert path == "x.ndjson"
    assert intake.export_file(case, path) == file.resolve()


def test_the_same_export_twice_is_a_no_op_that_says_so(tmp_path: Path) -> None:
    file = ndjson(tmp_path / "x.ndjson", *(row(i) for i in range(5)))
    case = create_case(tmp_path / "case")
    assert load(case, [file])[0].new
    copy = tmp_path / "copy.ndjson"
    copy.write_bytes(file.read_bytes())
    again = load(case, [file, copy])
    assert [one.new for one in again] == [False, False]
    assert "already in the case" in str(again[0])
    assert len(list((case / "requests").glob("*.parquet"))) == 1


def test_a_changed_file_under_the_same_name_is_a_new_source_and_is_said(tmp_path: Path) -> None:
    file = ndjson(tmp_path / "x.ndjson", row(1))
    case = create_case(tmp_path / "case")
    (first,) = load(case, [file])
    ndjson(file, row(1), row(2))
    (second,) = load(case, [file])
    assert second.new
    assert f"changed since source {first.source_id}" in str(second)
    opened = built(case)
    assert opened.sql("SELECT count(*) AS n, count(*) FILTER (is_primary) AS p FROM requests").rows() == [
        {"n": 3, "p": 2}
    ]


def test_duplicates_do_not_depend_on_order_or_splitting(tmp_path: Path) -> None:
    records = [row(i) for i in range(6)] + [row(3), row(4, prompt_text="another try")]
    one = built(tmp_path / "one", ndjson(tmp_path / "all.ndjson", *records))
    halves = [ndjson(tmp_path / "b.ndjson", *records[4:]), ndjson(tmp_path / "a.ndjson", *records[:4])]
    two = built(tmp_path / "two", *halves)
    query = "SELECT request_id, prompt_text, dup_group FROM requests WHERE is_primary ORDER BY 1, 2"
    assert one.sql(query).rows() == two.sql(query).rows()
    assert len(one.sql(query)) == 7


def test_cloudtrail_gives_the_invocation_log_its_address_and_client(tmp_path: Path) -> None:
    case = built(tmp_path / "case", FORMATS / "aws_cloudtrail/sample.json", FORMATS / "aws_bedrock/sample.jsonl")
    rows = case.sql(
        "SELECT client_ip, user_agent, prompt_text, is_primary FROM requests WHERE request_id = $r "
        "ORDER BY is_primary DESC",
        r="0b6f0c55-4a4e-4a50-9d1c-000000000001",
    ).rows()
    assert rows[0] == {
        "client_ip": "203.0.113.44",
        "user_agent": "Boto3/1.38 md/Botocore#1.38",
        "prompt_text": "And one in Spain?",
        "is_primary": True,
    }
    assert [r["is_primary"] for r in rows] == [True, False]


def test_two_batches_with_the_same_custom_ids_are_not_mixed_up(tmp_path: Path) -> None:
    def batch(name: str, ids: list[str]) -> list[Path]:
        asked, told = [], []
        for i in ids:
            body = {"model": "m", "messages": [{"role": "user", "content": f"{name} {i}"}]}
            asked.append({"custom_id": i, "method": "POST", "url": "/v1/chat/completions", "body": body})
            answer = {"id": f"c{name}{i}", "created": 1777700000, "model": "m", "choices": []}
            reply = {"status_code": 200, "request_id": name + i, "body": answer}
            told.append({"id": f"b{name}{i}", "custom_id": i, "response": reply, "error": None})
        return [ndjson(tmp_path / f"{name}-in.jsonl", *asked), ndjson(tmp_path / f"{name}-out.jsonl", *told)]

    files = batch("first", ["1", "2", "3"]) + batch("second", ["1", "2", "3", "4", "5"])
    case = built(tmp_path / "case", *files)
    rows = case.sql("SELECT request_id, prompt_text FROM requests WHERE is_primary ORDER BY request_id").rows()
    assert {r["request_id"]: r["prompt_text"] for r in rows} == {
        f"{name}{i}": f"{name} {i}" for name, n in (("first", 3), ("second", 5)) for i in map(str, range(1, n + 1))
    }


SECRETS = [
    "sk-ant-api03-AbCdEf0123456789AbCdEf0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA-0123456789abcdefghijklmnopqrstuv",
    "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    "xoxb-123456789012-abcdefghijkl",
]


def test_keys_are_never_stored_in_clear_but_stay_joinable(tmp_path: Path) -> None:
    records = [row(i, api_key_id=s, prompt_text=f"use {s} please", end_user_id=s) for i, s in enumerate(SECRETS)]
    records += [row(9, api_key_id=SECRETS[0], prompt_text="risk-management-and-task-planning")]
    file = ndjson(tmp_path / "x.ndjson", *records, {"torn": 1})
    file.write_text(file.read_text() + '{"api_key_id": "' + SECRETS[0] + '", "pro\n')
    case = built(tmp_path / "case", file)
    keys = case.sql("SELECT api_key_id FROM requests WHERE api_key_id IS NOT NULL ORDER BY line")[
        "api_key_id"
    ].to_list()
    assert all(re.fullmatch(r"key_[0-9a-f]{24}", k) for k in keys)
    assert keys[0] == keys[-1]
    assert len(set(keys)) == len(SECRETS)
    assert (
        case.sql("SELECT prompt_text FROM requests WHERE line = 6").scalar() == "risk-management-and-task-planning"
    )
    for part in (tmp_path / "case").rglob("*.parquet"):
        text = str(pl.read_parquet(part).to_dicts())
        assert not [s for s in SECRETS if s in text]


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_ordinary_text_is_never_changed_unless_it_holds_a_long_token(text: str) -> None:
    if not re.search(r"[A-Za-z0-9_./+~-]{10,}|PRIVATE KEY", text):
        assert mask_secrets(text, b"k") == text


@given(
    st.lists(
        st.sampled_from([*SECRETS, "a ", "\n", '"', "é", "Bearer ", "\\n", "\\u0022", "%20", "-", "x"]), max_size=6
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_masked_is_noticed_before_in_the_value_and_in_its_json(words: list[str]) -> None:
    text = "".join(words)
    if mask_secrets(text, b"k") != text:
        seen = pl.Series([text, json.dumps(text), json.dumps(text, ensure_ascii=False)])
        assert seen.str.contains(SCREEN).all()


@pytest.mark.parametrize("before", ["", " ", "\n", "\\n", "=", "\\u0022", "%20", "é"])
def test_a_key_is_masked_whatever_stands_before_it(before: str) -> None:
    masked = [mask_secrets(f"{before}{secret} end", b"k") for secret in SECRETS]
    assert all(re.fullmatch(re.escape(before) + "key_[0-9a-f]{24} end", m) for m in masked)


@pytest.mark.parametrize("content", ["full", "excerpt", "hash"])
def test_content_is_kept_as_far_as_asked(content: str, tmp_path: Path) -> None:
    long = "x" * 500
    file = ndjson(
        tmp_path / "x.ndjson", row(1, prompt_text=long), row(2, prompt_text=long), row(3, prompt_text="short")
    )
    rows = (
        built(tmp_path / "case", file, content=content)
        .sql("SELECT prompt_text, content_state FROM requests ORDER BY line")
        .rows()
    )
    texts = [r["prompt_text"] for r in rows]
    assert texts[0] == texts[1] != texts[2]
    if content == "full":
        assert texts[0] == long
    if content == "excerpt":
        assert texts[0] == "x" * 200
        assert [r["content_state"] for r in rows] == ["truncated", "truncated", "full"]
    if content == "hash":
        assert "xx" not in texts[0]
        assert {r["content_state"] for r in rows} == {"redacted"}


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.lists(st.integers(), max_size=2)
)


@given(records=st.lists(st.fixed_dictionaries({}, optional={
    "request_id": cells, "occurred_at": cells, "prompt_text": cells, "input_tokens": cells, "stream": cells,
    "temperature": cells, "cost_usd": cells, "account_id": cells}), min_size=1, max_size=4))  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_and_the_exact_reader_agree(
    records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("agree")
    lines = "".join(json.dumps(r) + "\n" for r in [row(0), row(1), *records])
    parts = []
    for name, text in (("fast", lines), ("exact", lines + "torn {\n")):
        file = home / f"{name}.ndjson"
        file.write_text(text, encoding="utf-8")
        case = create_case(home / name)
        load(case, [file])
        parts.append(pl.read_parquet(next((case / "requests").glob("*.parquet"))).drop("source_id"))
    assert parts[0].equals(parts[1])


LONG = ["9223372036854775808", "-9223372036854775809", *("1" + "0" * n + "7" for n in (36, 399, 4999))]


@pytest.mark.parametrize("number", LONG, ids=lambda n: f"{len(n)} characters")
def test_a_torn_file_keeps_every_digit_of_a_long_number(number: str, tmp_path: Path) -> None:
    file = tmp_path / "wide.ndjson"
    file.write_text(f'{json.dumps(row(0))[:-1]}, "seed": {number}, "user_id": [{number}]}}\ntorn {{\n')
    kept = built(tmp_path / "case", file).sql("SELECT seed, user_id FROM requests").rows()
    assert [(k["seed"], k["user_id"].strip('[]"')) for k in kept] == [(number, number)]


def test_a_load_killed_at_any_moment_and_repeated_gives_the_same_rows(tmp_path: Path) -> None:
    from kit.database import parts

    files = [
        ndjson(tmp_path / f"{n}.ndjson", *(row(i, request_id=f"{n}-{i}") for i in range(4000))) for n in range(3)
    ]
    code = (
        "import sys, os; from pathlib import Path; from kit.load import load; import kit.load.container as c; "
        "c.PIECE = 40_000; load(Path(sys.argv[1]), sys.argv[2:]); os._exit(0)"
    )
    whole = built(tmp_path / "whole", *files).sql("SELECT * FROM requests ORDER BY source_id, line")
    folder = create_case(tmp_path / "killed")
    chance = random.Random(5)
    for _ in range(int(os.environ.get("KILLS", "4"))):  # KILLS=30 for a long look
        process = subprocess.Popen([sys.executable, "-c", code, str(folder), *map(str, files)])
        time.sleep(0.5 + chance.random() * 1.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(parts(folder)) in (0, 3)
    after = built(folder, *files).sql("SELECT * FROM requests ORDER BY source_id, line")
    assert after.digest == whole.digest
    assert not [*folder.rglob("*.partial"), *folder.glob(".spill/*-*.*")]


def folder_with_strangers(folder: Path) -> Path:
    """Two exports, two files that are none, and a marker, in one folder."""
    (folder / "day").mkdir(parents=True)
    ndjson(folder / "day/one.ndjson", row(1))
    ndjson(folder / "two.ndjson", row(2))
    (folder / "day/notes.txt").write_text("call Ann about the keys\n")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04")
    (folder / "_SUCCESS").write_text("")
    return folder


def test_one_error_names_every_file_that_cannot_be_read_and_nothing_is_loaded(tmp_path: Path) -> None:
    exports = folder_with_strangers(tmp_path / "exports")
    case = create_case(tmp_path / "case")
    with pytest.raises(LoadError) as refused:
        load(case, [exports])
    head, *named = str(refused.value).splitlines()
    assert head.startswith("2 of 4 files cannot be read, so nothing was loaded")
    assert "--leave-out" in head
    assert ["broken.zip" in named[0], "notes.txt" in named[1]] == [True, True]
    assert len(named) == 2
    assert read_exports(case) == []


def test_files_are_left_out_by_name_or_path_and_each_that_is_passed_over_is_said(tmp_path: Path) -> None:
    exports = folder_with_strangers(tmp_path / "exports")
    loaded = load(create_case(tmp_path / "case"), [exports], leave_out=["*.zip", f"{exports.as_posix()}/day/*.txt"])
    said = {Path(one.path).name: (one.new, one.note) for one in loaded}
    assert {name for name, (new, _) in said.items() if new} == {"one.ndjson", "two.ndjson"}
    assert said["broken.zip"] == (False, "passed over: left out by *.zip")
    assert "left out by" in said["notes.txt"][1]
    assert "taken for a marker" in said["_SUCCESS"][1]


def test_a_glob_that_leaves_out_nothing_or_everything_is_refused(tmp_path: Path) -> None:
    exports = folder_with_strangers(tmp_path / "exports")
    case = create_case(tmp_path / "case")
    with pytest.raises(LoadError, match=r"--leave-out \*\.gz fits none of the files"):
        load(case, [exports], leave_out=["*.gz"])
    with pytest.raises(LoadError, match="No file is left to load"):
        load(case, [exports], leave_out=["*"])


def test_a_marker_is_read_when_it_is_named_itself(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    marked = ndjson(tmp_path / "exports/_part.ndjson", row(1))
    case = create_case(tmp_path / "case")
    with pytest.raises(LoadError, match="taken for a marker"):
        load(case, [marked.parent])
    assert load(case, [marked])[0].loaded == 1


def test_a_mapping_is_proposed_written_tried_and_loaded(tmp_path: Path) -> None:
    usage = {"tokens_in": 3, "tokens_out": 4}
    texts = {"model": "m", "question": "What?", "answer": "That."}
    own = [
        {"ts": 1777700000123 + i, "reqId": f"q{i}", "customer": {"id": f"c{i}"}, "peer": "203.0.113.5", **texts,
         "usage": usage, "shard": 1}
        for i in range(9)
    ]  # fmt: skip
    file = ndjson(tmp_path / "own.ndjson", *own)
    with pytest.raises(LoadError, match="incident map"):
        load(create_case(tmp_path / "none"), [file])
    proposal = propose(file)
    found = {g.column: g.path for g in proposal.guesses}
    assert found == {
        "request_id": "reqId",
        "occurred_at": "ts",
        "account_id": "customer.id",
        "client_ip": "peer",
        "request_model": "model",
        "prompt_text": "question",
        "response_text": "answer",
        "input_tokens": "usage.tokens_in",
        "output_tokens": "usage.tokens_out",
    }
    assert [path for path, _ in proposal.unmapped] == ["shard"]
    mapping = tmp_path / "own.toml"
    mapping.write_text(proposal.toml(), encoding="utf-8")
    assert dry_run(file, mapping)[0]["occurred_at"] == "2026-05-02T05:33:20.123000Z"
    rows = built(tmp_path / "case", file, mapping=mapping).sql("SELECT * FROM requests ORDER BY line").rows()
    assert len(rows) == 9
    assert (rows[0]["account_id"], rows[0]["input_tokens"], rows[0]["time_quality"]) == ("c0", 3, "utc")
    assert rows[0]["occurred_at_raw"] == "1777700000123"


def test_times_in_every_spelling_become_utc_with_their_quality(tmp_path: Path) -> None:
    spelt = {
        "2026-05-01T10:00:00Z": ("10:00:00", "utc"),
        "2026-05-01T12:00:00.1234567+02:00": ("10:00:00.123456", "offset"),
        "2026-05-01 10:00:00": ("10:00:00", "naive_assumed"),
        "1777629600": ("10:00:00", "utc"),
        "1777629600123": ("10:00:00.123000", "utc"),
        "1777629600123456789": ("10:00:00.123456", "utc"),
        "01/May/2026:12:00:00 +0200": ("10:00:00", "offset"),
        "soon": (None, "none"),
    }
    file = ndjson(tmp_path / "x.ndjson", *(row(i, occurred_at=t) for i, t in enumerate(spelt)))
    rows = (
        built(tmp_path / "case", file)
        .sql("SELECT occurred_at, occurred_at_raw, time_quality FROM requests ORDER BY line")
        .rows()
    )
    assert {
        r["occurred_at_raw"]: (r["occurred_at"] and r["occurred_at"].time().isoformat(), r["time_quality"])
        for r in rows
    } == spelt
