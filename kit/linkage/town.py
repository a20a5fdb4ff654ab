"""The accounts of a case as arrays: what each was seen with and when, read from per-account tables only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
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
TOPICS = 128
HABIT = 0.02
OWN = "(own)"  # stands for all the addresses that no other account used; its count is their number


@dataclass
class Sharing:
    """Accounts x values of one kind, holding requests; values sorted by their text."""

    names: list[str]
    table: sparse.csr_matrix

    @cached_property
    def held(self) -> sparse.csr_matrix:
        """The same with 1 for every value an account has, without the stand-in for own addresses."""
        t = self.table
        ones = sparse.csr_matrix((np.ones(t.nnz), t.indices, t.indptr), t.shape)
        if OWN in self.names:
            keep = np.array([n != OWN for n in self.names], dtype=float)
            ones = sparse.csr_matrix(ones.multiply(keep[None, :]))
            ones.eliminate_zeros()
        return ones

    @cached_property
    def by_value(self) -> sparse.csc_matrix:
        return self.held.tocsc()

    @cached_property
    def reach(self) -> Floats:
        """How many accounts have each value."""
        return np.diff(self.by_value.indptr).astype(np.float64)

    def holders(self, j: int) -> Ints:
        """The accounts that have value `j`, in ascending order."""
        m = self.by_value
        return np.sort(m.indices[m.indptr[j] : m.indptr[j + 1]]).astype(np.int64)

    def count(self, who: Ints) -> Floats:
        """How many of the accounts `who` have each value."""
        flags = np.zeros(self.held.shape[0])
        flags[who] = 1.0
        return np.asarray(self.turned @ flags, dtype=np.float64)

    @cached_property
    def turned(self) -> sparse.csr_matrix:
        """Values x accounts."""
        return sparse.csr_matrix(self.held.T)


@dataclass
class Counts:
    """Accounts x bins (hours, days, topics), holding requests."""

    table: sparse.csr_matrix

    @cached_property
    def total(self) -> Floats:
        return np.asarray(self.table.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def share(self) -> sparse.csr_matrix:
        """Every account's requests as shares of its own total, so that each counts once, however busy."""
        return sparse.csr_matrix(sparse.diags(1 / np.maximum(self.total, 1)).dot(self.table))

    @cached_property
    def across(self) -> sparse.csr_matrix:
        """The shares, bins x accounts."""
        return sparse.csr_matrix(self.share.T)


@dataclass
class Town:
    """Every account of the case, sorted by account_id; the position in `ids` is its number everywhere else.

    accounts   one row per account, the columns of linkage/accounts_known
    kinds      for each kind of value (ip, build, parameters, template, id:payment_fingerprint, ...) who has which
    hours      accounts x 24, requests by UTC hour of the day
    days       accounts x days from `day0_s`, requests by day
    hourly     accounts x hours from `day0_s`, requests; None where it was not read
    topics     accounts x 128, requests by hashed opening words of the prompt
    releases   when models were released within the days of the logs, epoch seconds
    pivot      share of the requests in the two days after a release that went to the new model; NaN when inactive
    harvest    templates judged harvest; harmless: templates judged harmless or known
    """

    accounts: pl.DataFrame
    kinds: dict[str, Sharing]
    hours: Counts
    days: Counts
    topics: Counts
    pivot: Floats
    hourly: sparse.csr_matrix | None = None
    day0_s: int = 0
    releases: tuple[float, ...] = ()
    harvest: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()
    ids: list[str] = field(init=False)
    columns: dict[str, NDArray[Any]] = field(init=False, default_factory=dict)
    habits: dict[str, Sharing] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.ids = self.accounts["account_id"].to_list()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def org(self) -> Ints:
        """The number of each account's organisation; an account without one stands for itself."""
        pairs = zip(self.accounts["org_id"], self.ids, strict=True)
        names = pl.Series([f"org {o}" if o else f"account {i}" for o, i in pairs], dtype=pl.String)
        return np.asarray(names.rank("dense").to_numpy(), dtype=np.int64) - 1

    @cached_property
    def requests(self) -> Floats:
        return self.column("requests")

    @cached_property
    def active(self) -> Flags:
        return self.requests > 0

    def column(self, name: str) -> Floats:
        """A numeric column of `accounts`, NaN where unknown."""
        if name not in self.columns:
            numbers = self.accounts[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            self.columns[name] = np.asarray(numbers, dtype=np.float64)
        return self.columns[name]

    def text(self, name: str) -> NDArray[Any]:
        """A text column of `accounts`, empty where unknown."""
        if name not in self.columns:
            self.columns[name] = self.accounts[name].fill_null("").to_numpy()
        return self.columns[name]

    @cached_property
    def domains(self) -> tuple[NDArray[Any], Ints]:
        """The mail domains of the town, and the number of each account's; an unknown one is empty."""
        name, code = np.unique(self.text("email_domain"), return_inverse=True)
        return name, code.astype(np.int64)

    def sharing(self, kind: str) -> Sharing:
        """Who has which value of one kind; empty when the export has none."""
        return self.kinds.get(kind) or Sharing([], sparse.csr_matrix((len(self), 0)))

    def carried(self, kind: str) -> Sharing:
        """The same, where the value is in at least one in fifty of the account's requests.

        Who sends a thousand requests has met most prompts and settings once; that is no habit.
        """
        if kind not in self.habits:
            s, t = self.sharing(kind), self.sharing(kind).table.tocoo()
            keep = t.data >= HABIT * self.requests[t.row]
            often = sparse.csr_matrix((t.data[keep], (t.row[keep], t.col[keep])), t.shape)
            self.habits[kind] = Sharing(s.names, often)
        return self.habits[kind]

    def orgs(self, who: Ints) -> int:
        """How many organisations stand behind these accounts."""
        return int(np.unique(self.org[who]).size)

    def others(self, *groups: Ints, aside: Flags | None = None) -> Ints:
        """The active accounts that are in none of the groups, nor set aside as members of another cluster."""
        free = self.active.copy()
        for g in groups:
            free[g] = False
        if aside is not None and (free & ~aside).sum() >= 50:
            free &= ~aside
        return np.flatnonzero(free)


def read_town(con: duckdb.DuckDBPyConnection) -> Town:
    """Gather the accounts of the case from the per-account tables (accounts, identifiers, account_*)."""
    accounts = _ask(con, "accounts_known")
    n = accounts.height
    place = pl.DataFrame(
        {"account_id": accounts["account_id"], "account": np.arange(n)}, schema_overrides={"account_id": pl.String}
    )
    activity = _ask(con, "account_activity").join(place, on="account_id")
    topics = _ask(con, "account_topics").join(place, on="account_id")
    pivots = _ask(con, "account_pivots").join(place, on="account_id").filter(pl.col("requests") >= 5)
    values = _ask(con, "values_shared").join(place, on="account_id").sort("kind", "value", "account")
    day = activity["day_s"].to_numpy().astype(np.int64) // DAY_S
    day0 = int(day.min()) if day.size else 0
    days = int(day.max()) - day0 + 1 if day.size else 1
    hour = (day - day0) * 24 + activity["hour"].to_numpy()
    pivot = np.full(n, np.nan)
    pivot[pivots["account"].to_numpy()] = pivots["share"].to_numpy()
    judged = con.execute(
        "SELECT template_id, CASE WHEN known_as IS NOT NULL THEN 'harmless' ELSE verdict END FROM templates"
    ).fetchall()
    return Town(
        accounts=accounts,
        kinds={str(k[0]): _sharing(f, n) for k, f in values.group_by("kind", maintain_order=True)},
        hours=Counts(table(activity["account"], activity["hour"], activity["requests"], (n, 24))),
        days=Counts(table(activity["account"], day - day0, activity["requests"], (n, days))),
        hourly=table(activity["account"], hour, activity["requests"], (n, days * 24)),
        topics=Counts(table(topics["account"], topics["topic"], topics["requests"], (n, TOPICS))),
        pivot=pivot,
        day0_s=day0 * DAY_S,
        releases=tuple(
            float(r[0])
            for r in con.execute(
                "SELECT DISTINCT epoch(released_at) AS s FROM model_releases "
                "WHERE released_at IS NOT NULL ORDER BY s"
            ).fetchall()
            if r[0] >= day0 * DAY_S
        ),
        harvest=frozenset(t for t, v in judged if v == "harvest"),
        harmless=frozenset(t for t, v in judged if v == "harmless"),
    )


def table(
    rows: Iterable[int], columns: Iterable[int], weight: Iterable[float], shape: tuple[int, int]
) -> sparse.csr_matrix:
    """A sparse table of counts; repeated cells add up."""
    place = (np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64))
    return sparse.csr_matrix((np.asarray(weight, dtype=np.float64), place), shape=shape)


def _ask(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    return pl.DataFrame(con.sql(named_query(f"linkage/{name}")))


def _sharing(frame: pl.DataFrame, n: int) -> Sharing:
    names = frame["value"].unique().sort().to_list()
    code = frame["value"].rank("dense").to_numpy().astype(np.int64) - 1
    return Sharing(names, table(frame["account"], code, frame["requests"], (n, len(names))))
