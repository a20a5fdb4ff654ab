"""When accounts were active, in windows of two minutes: who acts together is seen here, and nowhere coarser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import duckdb
import numpy as np
import polars as pl

from kit.database import named_query
from kit.linkage.meetings import SLOTS, Whole, in_company
from kit.linkage.town import Ints

T = TypeVar("T")
R = TypeVar("R")
WINDOW_S = 3600 // SLOTS  # seconds within which two accounts count as active together
SHARD = 20_000_000  # requests gathered at a time
BLOCK = 20_000  # accounts looked at at a time, so that what is worked on stays in the processor's memory


@dataclass(frozen=True)
class Windows:
    """In which windows each account was active, or each group had a burst; ascending within each.

    ends    where each one's windows begin in `window`, and where the last one's end
    window  counted from the first hour that anybody was seen in
    width   how many windows there are in all, whole hours
    """

    ends: Ints
    window: Whole
    width: int

    def __len__(self) -> int:
        return self.ends.size - 1

    def count(self, who: Ints) -> Ints:
        """In how many windows each of these was."""
        return self.ends[who + 1] - self.ends[who]


def fill_windows(con: duckdb.DuckDBPyConnection) -> None:
    """Fill account_windows from `requests`, some of the accounts at a time so that memory stays bounded."""
    ((rows,),) = con.execute("SELECT count(*) FROM requests").fetchall()
    query, shards = named_query("linkage/windows_of_shard"), 1 + rows // SHARD
    for shard in range(shards):
        bound = {"seconds": WINDOW_S, "shards": shards, "shard": shard}
        con.execute(f"INSERT INTO account_windows {query}", bound)


def account_windows(con: duckdb.DuckDBPyConnection) -> Windows:
    """The windows of every account, in the order of account_id, without those that it owes to a clock."""
    known = pl.DataFrame(con.sql(named_query("linkage/account_windows")))
    if not known["account_id"].is_sorted():  # to sort 300,000 lists takes longer than to read them
        known = known.sort("account_id")
    window = known["windows"].explode(empty_as_null=False, keep_nulls=False).to_numpy()
    ends = np.concatenate([[0], np.cumsum(known["windows"].list.len().to_numpy(), dtype=np.int64)])
    first = int(window.min()) // SLOTS * SLOTS if window.size else 0
    width = (int(window.max()) - first) // SLOTS * SLOTS + SLOTS if window.size else SLOTS

    def block(at: int) -> tuple[Whole, Ints]:
        bounds = ends[at : at + BLOCK + 1]
        return in_company(bounds, window[bounds[0] : bounds[-1]], first)

    kept, left = zip(*in_threads(block, range(0, max(known.height, 1), BLOCK)), strict=True)
    return Windows(np.concatenate([[0], np.cumsum(np.concatenate(left))]), np.concatenate(kept), width)


def in_threads(work: Callable[[T], R], parts: Iterable[T]) -> list[R]:
    """The result for each part, in their order; compiled loops let two threads work at the same time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, parts))
