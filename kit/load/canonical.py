"""Text whose columns bear the canonical names: how DuckDB reads a piece of it, and how to read one exactly."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from kit.formats.secrets import SCREEN
from kit.load.records import Read, Shape, after_header, csv_rows, json_lines
from kit.load.writer import marks, text_lines

LONGEST = 4 << 20  # longer CSV records are left to the exact reader


class Ndjson:
    """One object a line."""

    quoted = False  # whether a record may run over several lines, in quotes

    def __init__(self, names: frozenset[str]) -> None:
        columns = ", ".join(f"{n}: 'VARCHAR'" for n in sorted(names))
        self.reader = f"read_json('{{file}}', format='newline_delimited', columns={{{columns}}})"

    def bodies(self, texts: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces as they are."""
        return texts

    def rows(self, text: bytes) -> str:
        """One character for each row of a piece, 1 where it may hold a secret; "" where only the exact reader can
        tell the rows apart."""
        lines = text_lines(text)
        if lines is None or not lines.str.starts_with("{").all():
            return ""
        return marks(lines.str.contains(SCREEN))

    def again(self, text: bytes, _: Iterator[bytes], first: int) -> Iterator[Read | int]:
        """The records of a piece one by one."""
        return json_lines(text, first)


class Csv:
    """A header and rows, whose fields may hold line ends in double quotes."""

    quoted = True

    def __init__(self, names: frozenset[str], shape: Shape) -> None:
        self.shape = shape
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(shape.names)))
        picked = ", ".join(f"c{i} AS {n}" for i, n in enumerate(shape.names) if n in names)
        options = (
            f"columns={{{columns}}}, header=false, auto_detect=false, delim='{shape.delimiter}', quote='\"', "
            f"escape='\"', strict_mode=true, max_line_size={LONGEST}, buffer_size={4 * LONGEST}"
        )  # DuckDB 2.0 misreads files when new_line is given beside strict_mode
        self.reader = f"(SELECT {picked} FROM read_csv('{{file}}', {options}))"  # noqa: S608

    def bodies(self, texts: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces without the header."""
        return after_header(texts)

    def rows(self, text: bytes) -> str:
        """As Ndjson.rows: a line within quotes belongs to the row of the line before."""
        lines = text_lines(text)
        if lines is None:
            return ""
        piece = pl.DataFrame({"line": lines}).select(
            "line",
            suspect=pl.col("line").str.contains(SCREEN),
            ends=pl.col("line").str.count_matches('"', literal=True).cum_sum() % 2 == 0,
        )
        piece = piece.with_columns(begins=pl.col("ends").shift(1, fill_value=True))
        odd = piece.filter("begins").filter(
            (pl.col("line").str.strip_chars(" \t\r") == "") | (pl.col("line") == self.shape.header)
        )
        if odd.height or not piece["ends"][-1]:
            return ""
        rows = piece.group_by(pl.col("begins").cum_sum(), maintain_order=True).agg(pl.col("suspect").any())
        return marks(rows["suspect"])

    def again(self, text: bytes, later: Iterator[bytes], first: int) -> Iterator[Read | int]:
        """The records of a piece one by one; one that runs over its end goes on in `later`."""
        return csv_rows(text, later, self.shape, first)
