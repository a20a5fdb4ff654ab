"""When accounts were active, in windows of two minutes: who acts together is seen here, and nowhere coarser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import duckdb
import numpy as np
import polars as pl
from scipy import sparse

from kit.database import named_query
from kit.linkage.meetings import SLOTS, in_company
from kit.linkage.town import Flags, Ints

T = TypeVar("T")
R = TypeVar("R")
WINDOW_S = 3600 // SLOTS  # seconds within which two accounts count as active together
SHARD = 20_000_000  # requests gathered at a time
BLOCK = 20_000  # accounts looked at at a time, so that what is worked on stays in the processor's memory


def fill_windows(con: duckdb.DuckDBPyConnection) -> None:
    """Fill account_windows from `requests`, some of the accounts at a time so that memory stays bounded."""
    ((rows,),) = con.execute("SELECT count(*) FROM requests").fetchall()
    query, shards = named_query("linkage/windows_of_shard"), 1 + rows // SHARD
    for shard in range(shards):
        bound = {"seconds": WINDOW_S, "shards": shards, "shard": shard}
        con.execute(f"INSERT INTO account_windows {query}", bound)


def account_windows(con: duckdb.DuckDBPyConnection) -> sparse.csr_matrix:
    """Accounts x windows of two minutes, 1 where the account was active; the first hour is the first seen."""
    known = pl.DataFrame(con.sql(named_query("linkage/account_windows")))
    window = known["windows"].explode(empty_as_null=False, keep_nulls=False).to_numpy()
    ends = np.concatenate([[0], np.cumsum(known["windows"].list.len().fill_null(0).to_numpy(), dtype=np.int64)])
    first = int(window.min()) // SLOTS * SLOTS if window.size else 0
    width = (int(window.max()) - first) // SLOTS * SLOTS + SLOTS if window.size else SLOTS

    def block(at: int) -> tuple[Flags, Ints]:
        bounds = ends[at : at + BLOCK + 1]
        return in_company(window[bounds[0] : bounds[-1]], bounds)

    kept, left = zip(*in_threads(block, range(0, max(known.height, 1), BLOCK)), strict=True)
    ends = np.concatenate([[0], np.cumsum(np.concatenate(left))])
    window = window[np.concatenate(kept)] - np.int32(first)
    return sparse.csr_matrix((np.ones(window.size, dtype=np.int32), window, ends), (known.height, width))


def in_threads(work: Callable[[T], R], parts: Iterable[T]) -> list[R]:
    """The result for each part, in their order; numpy and scipy let two threads work at the same time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, parts))


def hours_of(active: sparse.csr_matrix) -> sparse.csr_matrix:
    """Accounts x hours: in how many windows of the hour the account was active."""

    def block(at: int) -> sparse.csr_matrix:
        part = active[at : at + BLOCK]
        found = sparse.csr_matrix(
            (part.data.copy(), part.indices // SLOTS, part.indptr.copy()), (part.shape[0], part.shape[1] // SLOTS)
        )
        found.sum_duplicates()
        return found

    found = in_threads(block, range(0, max(active.shape[0], 1), BLOCK))
    return sparse.csr_matrix(sparse.vstack(found))
