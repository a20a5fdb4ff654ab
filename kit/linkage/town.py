"""The accounts of a case as arrays: what each was seen with and when, read from per-account tables only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from kit.database import named_query

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DAY_S = 86_400
OWN = "(own)"  # stands for all the addresses that no other account used; its count is their number


@dataclass
class Town:
    """Every account of the case, sorted by account_id; the position in `ids` is its number everywhere else.

    accounts   one row per account: org, plan, verification, email_domain, created_s, closed_s (epoch seconds, NaN unknown)
    values     long: account (number), kind, value, requests, first_s, last_s
    hours      accounts x 24, requests by UTC hour of the day
    days       accounts x days, requests by day; the first column is `day0_s`
    topics     accounts x 128, requests by hashed opening words of the prompt
    """

    ids: list[str]
    accounts: pl.DataFrame
    values: pl.DataFrame
    hours: sparse.csr_matrix
    days: sparse.csr_matrix
    topics: sparse.csr_matrix
    day0_s: int

    @cached_property
    def org(self) -> Ints:
        """The number of each account's organisation; an account without one stands for itself."""
        names = (
            self.accounts["org_id"].fill_null("")
            + "/"
            + pl.Series([i if o is None else "" for i, o in zip(self.ids, self.accounts["org_id"], strict=True)])
        )
        return np.asarray(names.rank("dense").to_numpy(), dtype=np.int64) - 1

    @cached_property
    def requests(self) -> Floats:
        """Requests per account."""
        return np.asarray(self.hours.sum(axis=1)).ravel()

    def column(self, name: str) -> Floats:
        """A numeric column of `accounts`, NaN where unknown."""
        return np.asarray(self.accounts[name].cast(pl.Float64).fill_null(float("nan")).to_numpy())

    @cached_property
    def by_kind(self) -> dict[str, Sharing]:
        """For each kind of value: which accounts have which value."""
        return {str(k[0]): _sharing(f, len(self.ids)) for k, f in self.values.group_by("kind", maintain_order=True)}

    def sharing(self, kind: str) -> Sharing:
        return self.by_kind.get(kind) or Sharing([], sparse.csr_matrix((len(self.ids), 0)))


@dataclass
class Sharing:
    """Accounts x values of one kind, holding requests (or events); values sorted by text."""

    names: list[str]
    table: sparse.csr_matrix

    @cached_property
    def by_value(self) -> sparse.csc_matrix:
        return self.table.tocsc()

    def holders(self, j: int) -> Ints:
        """The accounts that have value `j`."""
        m = self.by_value
        return np.asarray(m.indices[m.indptr[j] : m.indptr[j + 1]], dtype=np.int64)

    @cached_property
    def reach(self) -> Ints:
        """How many accounts have each value."""
        return np.diff(self.by_value.indptr).astype(np.int64)


def read_town(con: duckdb.DuckDBPyConnection) -> Town:
    """Gather the case's accounts from `accounts`, `identifiers`, `account_values` and the requests' aggregates."""
    accounts = _frame(con, named_query("linkage/accounts_known"))
    ids = accounts["account_id"].to_list()
    place = pl.DataFrame(
        {"account_id": ids, "account": np.arange(len(ids))}, schema_overrides={"account_id": pl.String}
    )
    values = _frame(con, named_query("linkage/values_shared")).join(place, on="account_id").drop("account_id")
    activity = _frame(con, named_query("linkage/account_activity")).join(place, on="account_id")
    topics = _frame(con, named_query("linkage/account_topics")).join(place, on="account_id")
    n = len(ids)
    day = (activity["day_s"].to_numpy() // DAY_S).astype(np.int64)
    day0 = int(day.min()) if day.size else 0
    weight = activity["requests"].to_numpy().astype(float)
    who = activity["account"].to_numpy()
    width = int(day.max()) - day0 + 1 if day.size else 1
    return Town(
        ids=ids,
        accounts=accounts,
        values=values.sort("kind", "value", "account"),
        hours=_table(who, activity["hour"].to_numpy(), weight, (n, 24)),
        days=_table(who, day - day0, weight, (n, width)),
        topics=_table(
            topics["account"].to_numpy(), topics["topic"].to_numpy(), topics["requests"].to_numpy(), (n, 128)
        ),
        day0_s=day0 * DAY_S,
    )


def _frame(con: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return pl.DataFrame(con.sql(query))


def _table(rows: Any, columns: Any, weight: Any, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.asarray(weight, float), (rows, columns)), shape=shape)


def _sharing(frame: pl.DataFrame, n: int) -> Sharing:
    names = frame["value"].unique().sort().to_list()
    code = frame["value"].rank("dense").to_numpy().astype(np.int64) - 1
    return Sharing(names, _table(frame["account"].to_numpy(), code, frame["requests"].to_numpy(), (n, len(names))))
