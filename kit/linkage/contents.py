"""Whether what a cluster asks, taken together, differs from what ordinary accounts of the case ask."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl

from kit.database import named_query
from kit.stats import Pooled, pooled_difference

LEAST = 5  # distinct prompts below which an account is left out


def pooled_tests(con: duckdb.DuckDBPyConnection, groups: Sequence[Sequence[str]]) -> list[Pooled]:
    """One test per group of accounts (kit.stats.pooled_difference), against accounts of no group in `clusters`.

    An account alone says too little: Liu, Guo and Dong (2026) saw a mixture of 5 % in 1,500 prompts, not in 100.
    """
    if not groups:
        return []
    known = pl.DataFrame(con.sql(named_query("prompts/contents"), params={"least": LEAST}))
    content = np.array(known["content"].to_list() or np.zeros((0, 1)), float)
    unit, sampled = known["unit"].to_numpy(), known["sampled"].to_numpy()
    found = []
    for who in groups:
        tested = known["account_id"].is_in(list(who)).to_numpy()
        free = known["ordinary"].to_numpy() & ~np.isin(unit, unit[tested])
        sums, counts = [], []
        for chosen in (tested, free):
            names, place = np.unique(unit[chosen].astype(str), return_inverse=True)
            total = np.zeros((names.size, content.shape[1]))
            np.add.at(total, place, content[chosen])
            sums.append(total)
            counts.append(np.bincount(place, sampled[chosen], minlength=names.size))
        mark = np.arange(sum(c.size for c in counts)) < counts[0].size
        found.append(pooled_difference(np.concatenate(sums), np.concatenate(counts), mark))
    return found
