"""Torn, mixed, hostile inputs: every line is loaded, rejected with a reason, or blank; never a traceback."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from kit.case import create_case
from kit.errors import LoadError
from kit.load import Loaded, load

ROW = {"request_id": "r1", "occurred_at": "2026-05-01T00:00:00Z", "account_id": "a", "prompt_text": "hello"}


def rows(n: int, **more: Any) -> bytes:
    return b"".join(json.dumps({**ROW, "request_id": f"r{i}", **more}).encode() + b"\n" for i in range(n))


def staged(tmp_path: Path, name: str, content: bytes) -> tuple[Loaded, pl.DataFrame, pl.DataFrame]:
    """What became of an export, its rows and its rejects."""
    case = create_case(tmp_path / "case")
    file = tmp_path / name
    file.write_bytes(content)
    (one,) = load(case, [file])
    assert one.lines == one.loaded + one.rejected + one.blank
    part = pl.read_parquet(next((case / "requests").glob("*.parquet")))
    assert part.height == one.loaded
    assert part.select("source_id", "line").is_unique().all()
    rejects = [pl.read_parquet(f) for f in (case / "rejects").glob("*.parquet")]
    empty = pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String, "excerpt": pl.String})
    return one, part, rejects[0] if rejects else empty


BAD_LINES: dict[str, tuple[bytes, str]] = {
    "torn": (b'{"request_id": "x", "prompt_te', "cut short"),
    "not UTF-8": (b'{"request_id": "\xff\xfe"}', "not UTF-8"),
    "raw NUL": (b'{"request_id": "a\x00b"}', "NUL"),
    "text": (b"Traceback (most recent call last):", "not JSON"),
    "number": (b"17", "not an object"),
    "null": (b"null", "not an object"),
    "array of numbers": (b"[1, 2]", "not an object"),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_bad_line_is_a_reject_with_its_number_and_reason_and_its_neighbours_load(
    kind: str, tmp_path: Path
) -> None:
    bad, reason = BAD_LINES[kind]
    one, part, rejects = staged(tmp_path, "x.ndjson", rows(3) + bad + b"\n" + rows(2))
    assert (one.loaded, one.rejected, one.blank) == (5, 1, 0)
    assert rejects["line"].to_list() == [4]
    assert reason in rejects["reason"][0]
    assert part["line"].to_list() == [1, 2, 3, 5, 6]


def test_several_records_on_a_line_far_into_the_export_are_a_reject(tmp_path: Path) -> None:
    two = b'{"request_id": "y", "account_id": "a"} {"request_id": "z", "account_id": "a"}\n'
    one, part, rejects = staged(tmp_path, "x.ndjson", rows(300) + two + rows(1))
    assert (one.loaded, one.rejected) == (301, 1)
    assert rejects.row(0, named=True)["reason"] == "several records on one line"
    assert part["line"].to_list()[-1] == 302


GOOD_LINES: dict[str, tuple[bytes, str | None]] = {
    "lone surrogate": (rb'{"request_id": "x", "account_id": "a", "prompt_text": "a\ud800b"}', "a?b"),
    "escaped NUL": (rb'{"request_id": "x", "account_id": "a", "prompt_text": "a\u0000b"}', "a\0b"),
    "key twice": (b'{"request_id": "x", "account_id": "a", "prompt_text": "1", "prompt_text": "2"}', "2"),
    "20 MB": (
        b'{"request_id": "x", "account_id": "a", "prompt_text": "' + b"y" * (20 << 20) + b'"}',
        "y" * (20 << 20),
    ),
    "not a number": (b'{"request_id": "x", "account_id": "a", "prompt_text": "p", "temperature": NaN}', "p"),
    "nested": (b'{"request_id": "x", "prompt_text": "p", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "p"),
    "late key": (b'{"request_id": "x", "prompt_text": "p", "brand_new": {"a": [1, {"b": null}]}}', "p"),
    "object as text": (b'{"request_id": "x", "prompt_text": {"b": [1]}}', '{"b":[1]}'),
}


@pytest.mark.parametrize("kind", GOOD_LINES)
def test_an_odd_line_that_is_json_loads(kind: str, tmp_path: Path) -> None:
    line, text = GOOD_LINES[kind]
    one, part, _ = staged(tmp_path, "x.ndjson", rows(2) + line + b"\n" + rows(1))
    assert (one.loaded, one.rejected) == (4, 0)
    assert part["prompt_text"][2] == text


def packed(text: bytes) -> dict[str, bytes]:
    import bz2
    import lzma

    return {
        "plain.ndjson": text,
        "gzip without suffix": gzip.compress(text),
        "gzip named csv.csv": gzip.compress(text),
        "plain named gz.ndjson.gz": text,
        "several gzip members.gz": gzip.compress(text[:100]) + gzip.compress(text[100:]),
        "zstd.zst": zstandard.compress(text),
        "several zstd frames.zst": zstandard.compress(text[:100]) + zstandard.compress(text[100:]),
        "bzip2.bz2": bz2.compress(text),
        "xz.xz": lzma.compress(text),
        "utf-8 mark.ndjson": b"\xef\xbb\xbf" + text,
        "utf-16.ndjson": text.decode().encode("utf-16"),
        "utf-16 without mark.ndjson": text.decode().encode("utf-16-le"),
        "line ends of Windows.ndjson": text.replace(b"\n", b"\r\n"),
        "no line end at the end.ndjson": text.rstrip(b"\n"),
        "blank lines.ndjson": text.replace(b"\n", b"\n\n \t\n"),
        "array.json": b"[" + b",\n".join(text.splitlines()) + b"]",
        "array in one line.json": b"[" + b",".join(text.splitlines()) + b"]",
        "indented array.json": json.dumps([json.loads(x) for x in text.splitlines()], indent=2).encode(),
        "objects one after another.json": b"".join(text.splitlines()),
        "indented objects.json": b"\n".join(
            json.dumps(json.loads(x), indent=1).encode() for x in text.splitlines()
        ),
        "records.json": json.dumps({"records": [json.loads(x) for x in text.splitlines()]}).encode(),
    }


@pytest.mark.parametrize("kind", packed(rows(1)))
def test_packing_encoding_and_layout_do_not_change_the_rows(kind: str, tmp_path: Path) -> None:
    one, part, _ = staged(tmp_path, kind, packed(rows(40, prompt_text="grüße 你好"))[kind])
    assert one.loaded == 40
    assert part["request_id"].to_list() == [f"r{i}" for i in range(40)]
    assert set(part["prompt_text"]) == {"grüße 你好"}
    assert one.blank == (80 if kind == "blank lines.ndjson" else 0)


DAMAGED = {
    "cut gzip": gzip.compress(rows(5000))[:-2000],
    "cut zstd": zstandard.compress(rows(5000))[:-200],
    "flipped gzip": gzip.compress(rows(5000))[:3000] + b"\0" * 50 + gzip.compress(rows(5000))[3050:],
    "empty gzip": gzip.compress(b""),
    "blank": b"\n\n  \n",
    "zip": b"PK\x03\x04" + b"\0" * 30,
    "cut parquet": b"PAR1" + b"\0" * 100,
    "pictures": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_export_is_refused_in_one_line_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    case = create_case(tmp_path / "case")
    file = tmp_path / "export.bin"
    file.write_bytes(DAMAGED[kind])
    with pytest.raises(LoadError) as refused:
        load(case, [file])
    assert "\n" not in str(refused.value)
    assert "export.bin" in str(refused.value)
    assert not [f for f in case.rglob("*") if f.suffix in (".parquet", ".partial") or f.parent.name == ".spill"]


def table(*lines: str) -> bytes:
    return ("request_id,occurred_at,account_id,prompt_text\n" + "".join(line + "\n" for line in lines)).encode()


CSV: dict[str, tuple[bytes, list[str | None], int]] = {
    "plain": (table("r1,2026-05-01,a,hello"), ["hello"], 0),
    "line end in quotes": (table('r1,2026-05-01,a,"one\n\ntwo"', "r2,2026-05-01,a,x"), ["one\n\ntwo", "x"], 0),
    "quotes doubled": (table('r1,2026-05-01,a,"say ""hi"", twice"'), ['say "hi", twice'], 0),
    "too few fields": (table("r1,2026-05-01,a,x", "r2,2026-05-01", "r3,2026-05-01,a,z"), ["x", "z"], 1),
    "too many fields": (table("r1,2026-05-01,a,x,y,z", "r3,2026-05-01,a,z"), ["z"], 1),
    "stray quote": (table('r1,2026-05-01,a,5" disk', "r2,2026-05-01,a,x"), ['5" disk', "x"], 0),
    "torn at the end": (table("r1,2026-05-01,a,x")[:-1] + b"\nr2,2026-05", ["x"], 1),
    "Windows": (table("r1,2026-05-01,a,x", 'r2,2026-05-01,a,"b\nc"').replace(b"\n", b"\r\n"), ["x", None], 0),
    "mark": (b"\xef\xbb\xbf" + table("r1,2026-05-01,a,x"), ["x"], 0),
    "not UTF-8": (table("r1,2026-05-01,a,x") + b"r2,2026-05-01,a,\xff\n" + b"r3,2026-05-01,a,z\n", ["x", "z"], 1),
    "NUL": (table("r1,2026-05-01,a,x") + b"r2,2026-05-01,a,\x00\n" + b"r3,2026-05-01,a,z\n", ["x", "\0", "z"], 0),
    "header only": (table(), [], 0),
    "blank before the header": (b"\n \r\n" + table("r1,2026-05-01,a,x"), ["x"], 0),
    "two files in one": (table("r1,2026-05-01,a,x") + table("r2,2026-05-01,a,y"), ["x", "y"], 1),
    "empty fields too many": (table("r1,2026-05-01,a,x,,", "r2,2026-05-01,a,y"), ["x", "y"], 0),
    "column without a name": (b",request_id,account_id,prompt_text\n0,r1,a,x\n1,r2,a,y\n", ["x", "y"], 0),
    "semicolons": (table("r1,2026-05-01,a,x").replace(b",", b";"), ["x"], 0),
    "tabs": (table("r1,2026-05-01,a,x").replace(b",", b"\t"), ["x"], 0),
}


@pytest.mark.parametrize("kind", CSV)
def test_csv_as_spreadsheets_and_databases_write_it(kind: str, tmp_path: Path) -> None:
    content, texts, rejected = CSV[kind]
    one, part, _ = staged(tmp_path, "x.csv", content)
    assert one.rejected == rejected
    if kind == "Windows":
        assert part["prompt_text"][1].replace("\r", "") == "b\nc"
    else:
        assert part["prompt_text"].to_list() == texts


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda size: monkeypatch.setattr("kit.load.container.PIECE", size)


@pytest.mark.parametrize("size", [1, 60, 300, 5000])
def test_a_bad_row_costs_only_itself_wherever_the_pieces_are_cut(
    size: int, small_pieces: Callable[[int], None], tmp_path: Path
) -> None:
    small_pieces(size)
    good = [f'r{i},2026-05-01,a,"one ""{i}""\nline, two"' for i in range(60)]
    bad = {10: 'r,2026-05-01,a,5" disk', 25: "r,2026-05-01", 40: 'r,2026-05-01,a,"in "the" middle"'}
    lines = [line for i, one in enumerate(good) for line in ([bad[i], one] if i in bad else [one])]
    one, part, rejects = staged(tmp_path, "x.csv", table(*lines))
    assert (one.loaded, one.rejected) == (62, 1)
    assert rejects["line"].to_list() == [27]
    assert [t for t in part["prompt_text"] if "line" not in t] == ['5" disk', 'in the" middle"']
    assert part["line"].to_list() == [n for n in range(1, 64) if n != 27]
    assert part.filter(part["request_id"] != "r")["request_id"].to_list() == [f"r{i}" for i in range(60)]


@pytest.mark.parametrize("size", [1, 700, 5000])
def test_pieces_of_any_size_give_the_same_rows(
    size: int, small_pieces: Callable[[int], None], tmp_path: Path
) -> None:
    small_pieces(size)
    text = "\n".join(f'r{i},2026-05-01,a,"line one ""{i}""\nline, two"' for i in range(300))
    one, part, _ = staged(tmp_path, "x.csv", b"request_id,occurred_at,account_id,prompt_text\n" + text.encode())
    assert one.loaded == 300
    assert part["prompt_text"].to_list() == [f'line one "{i}"\nline, two' for i in range(300)]
    assert part["line"].to_list() == list(range(1, 301))
