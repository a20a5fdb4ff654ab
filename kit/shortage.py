"""What ran out, when memory or a disk did: DuckDB, Polars, numpy and Python each say it in their own way."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

import duckdb
import polars as pl

FULL = re.compile(r"no space left on device|disk quota exceeded|not enough space on the disk", re.IGNORECASE)
WRITERS = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
    duckdb.InternalException,
    pl.exceptions.PolarsError,
)
FILE = re.compile(r"file \\*\"([^\"\\]+)")
USED = re.compile(r"\(([\d.]+ [A-Za-z]+)/([\d.]+ [A-Za-z]+) used\)")


@dataclass(frozen=True)
class Shortage:
    """`said` is what ran out, `remedy` what to do about it, both clauses without full stop.

    `limited`: what ran out is the memory that DuckDB was allowed, of which the machine may have more.
    """

    said: str
    remedy: str
    limited: bool = False


def shortage(error: BaseException) -> Shortage | None:
    """What ran out, or None if the error is about another thing."""
    text = str(error)
    found = USED.search(text)
    used = f" ({found[1]} of {found[2]} used)" if found else ""
    if isinstance(error, duckdb.OutOfMemoryException):
        # a disk without room for temporary files is reported as a want of memory
        if "max_temp_directory_size" in text:
            return Shortage(f"the disk ran out of room for temporary files{used}", "free some room on it")
        return Shortage(f"memory ran out{used}", "close other programs or use a machine with more", limited=True)
    if isinstance(error, MemoryError):
        return Shortage("memory ran out", "close other programs or use a machine with more")
    if isinstance(error, OSError):
        full, file = error.errno in (errno.ENOSPC, errno.EDQUOT), error.filename
    else:
        full, named = isinstance(error, WRITERS) and FULL.search(text) is not None, FILE.search(text)
        file = named[1] if named else None
    if full:
        unwritten = f", {file} could not be written" if file else ""
        return Shortage(f"the disk is full{unwritten}", "free some room on it")
    return None
