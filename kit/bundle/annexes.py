"""Annexes: every row of every exhibit, as CSV that a spreadsheet opens safely and as its Parquet twin."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kit.bundle.exhibits import Exhibit
from kit.result import visible, write_rows

GUARD = "'"
STARTERS = "=+-@\t\r\n'"  # a cell that begins so could be run as a formula; the guard itself is guarded too
ODD = r"^[=+\-@']|[^ -~]"  # what needs a look; most ids and numbers do not
README = """\
Annexes: one CSV and one Parquet file for each exhibit, complete; index.csv states the rows of each.

CSV is UTF-8 with a byte order mark, quoted where needed, times in UTC (ISO 8601). A text cell that begins with
= + - @ a tab, a line break or an apostrophe is written with one apostrophe before it, so that no spreadsheet runs
it; take that one apostrophe away to have the value back. Characters that cannot be shown (controls, overrides of
the writing direction) are written as \\uXXXX. Lists and structures are JSON. The Parquet twin holds every value
unchanged.
"""


def write(folder: Path, exhibits: list[Exhibit]) -> None:
    """Write the annexes of all exhibits and an index into `folder`."""
    folder.mkdir(parents=True)
    index = []
    for e in exhibits:
        write_rows(e.result.frame, folder / f"{e.file}.parquet")
        (folder / f"{e.file}.csv").write_bytes(spreadsheet_csv(e.result.frame))
        index.append(
            {
                "exhibit": e.number,
                "title": e.title,
                "file": e.file,
                "rows": len(e.result),
                "columns": e.result.frame.width,
                "sha256_of_rows": e.result.digest,
            }
        )
    (folder / "index.csv").write_bytes(spreadsheet_csv(pl.DataFrame(index)))
    (folder / "README.txt").write_text(README, encoding="utf-8")


def spreadsheet_csv(frame: pl.DataFrame) -> bytes:
    """A frame as CSV in which no cell is a formula and every character is shown."""
    return guarded_cells(frame).write_csv(include_bom=True, line_terminator="\r\n").encode("utf-8")


def guarded_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text cell and every name guarded."""
    return pl.DataFrame([_column(frame[name]).alias(guarded(name)) for name in frame.columns])


def guarded(text: str) -> str:
    """A text cell with its characters shown and, where a spreadsheet could run it, one apostrophe before it."""
    return GUARD + visible(text) if text.startswith(tuple(STARTERS)) else visible(text)


def _column(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric() or values.dtype == pl.Boolean or values.dtype == pl.Date:
        return values
    if isinstance(values.dtype, pl.Datetime):
        zone = "Z" if values.dtype.time_zone else ""
        return values.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.6f{zone}")
    if values.dtype.is_nested():
        nested = pl.DataFrame({"v": values})
        lines = [line[5:-1] for line in nested.write_ndjson().splitlines()]
        return pl.Series(values.name, [None if t == "null" else guarded(t) for t in lines], dtype=pl.String)
    texts = values.cast(pl.String)
    odd = texts.filter(texts.str.contains(ODD)).unique()
    return texts.replace(odd, pl.Series([guarded(t) for t in odd], dtype=pl.String)) if len(odd) else texts
