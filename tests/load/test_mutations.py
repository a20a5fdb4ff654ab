"""Exports damaged at random: each is refused in one line, or every one of its lines is accounted for.

MUTATIONS=500 for a long look.
"""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import polars as pl
import pytest

from kit.case import create_case
from kit.errors import LoadError
from kit.load import load

HEADER = b"request_id,occurred_at,account_id,prompt_text\n"
CSV = HEADER + b"".join(
    b'r%d,2026-05-01T00:%02d:00Z,a%d,"line one\nline ""two"""\n' % (i, i % 60, i % 5) for i in range(80)
)
NDJSON = b"".join(
    b'{"request_id":"r%d","occurred_at":"2026-05-01T00:%02d:00Z","account_id":"a","prompt_text":"p \\u00e9"}\n'
    % (i, i % 60)
    for i in range(80)
)
STRAY = (
    b"\r",
    b"\x00",
    b"\xff",
    b'"',
    b"\n",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"{",
    b"]",
    b",",
    b"\xed\xa0\x80",
    b"[" * 3000,
)


def damaged(text: bytes, rng: random.Random) -> bytes:
    """The text with one to six pieces dropped, doubled or turned round, or stray bytes put in."""
    for n in range(rng.randint(1, 6)):
        at = rng.randrange(60 if n == 0 and rng.random() < 0.5 else len(text))
        end = at + rng.choice((1, 3, 40, 400))
        piece = text[at:end]
        text = (
            rng.choice(
                (
                    text[:at] + text[end:],
                    text[:end] + piece + text[end:],
                    text[:at] + rng.choice(STRAY) + text[at:],
                    text[:at] + piece[::-1] + text[end:],
                    text[:end],
                )
            )
            or b"\n"
        )
    return text


@pytest.mark.parametrize("seed", range(int(os.environ.get("MUTATIONS", "30"))))
def test_a_damaged_export_is_refused_or_every_line_is_accounted_for(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    name, text = rng.choice((("x.csv", CSV), ("x.ndjson", NDJSON)))
    content = damaged(text, rng)
    file = tmp_path / name
    file.write_bytes(gzip.compress(content) if rng.random() < 0.3 else content)
    check(file, tmp_path / "case")


def test_a_lone_carriage_return_in_a_header_is_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(CSV.replace(b"request_id,", b"request_id,\r", 1))
    check(file, tmp_path / "case")


def check(file: Path, folder: Path) -> None:
    case = create_case(folder)
    refused = ""
    try:
        (one,) = load(case, [file])
    except LoadError as e:
        refused = str(e)
    if refused:
        assert "\n" not in refused
        assert not list((case / "requests").iterdir())
        return
    assert one.lines == one.loaded + one.rejected + one.blank
    rejects = sum(pl.read_parquet(f).height for f in (case / "rejects").glob("*.parquet"))
    rows = sum(pl.read_parquet(f).height for f in (case / "requests").glob("*.parquet"))
    assert rejects == one.rejected
    assert rows == one.loaded or one.kind != "requests"
