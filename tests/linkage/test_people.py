"""People keep hours of their own at few lines; a dispatcher deals hours alike, and its proxies are many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from kit.linkage.people import are_people, own_hours
from kit.linkage.places import fixed_lines
from kit.linkage.town import Counts, Ints, Sharing, Town

DAYS, MEMBERS = 20, 30
Hours = Callable[[np.random.Generator, int], Ints]


def person(rng: np.random.Generator, account: int) -> Ints:
    """Three hours a day around noon, five o'clock, ten, ...: an hour of the account's own."""
    return (12 + 5 * account + rng.integers(-2, 3, 3)) % 24


def dealt(rng: np.random.Generator, _account: int) -> Ints:
    """Three jobs a day at any hour."""
    return rng.integers(0, 24, 3)


def shift(rng: np.random.Generator, _account: int) -> Ints:
    """Three jobs a day in the working hours of whoever deals them."""
    return rng.integers(8, 17, 3)


def a_town(hours: Hours) -> Town:
    """Thirty accounts that are active on every other day or so."""
    rng = np.random.default_rng(2)
    table = np.zeros((MEMBERS, DAYS * 24))
    for account in range(MEMBERS):
        for day in rng.permutation(DAYS)[:12]:
            table[account, day * 24 + hours(rng, account)] = 1.0
    accounts = pl.DataFrame({"account_id": [f"a{k:02}" for k in range(MEMBERS)], "requests": table.sum(axis=1)})
    none = Counts(sparse.csr_matrix((MEMBERS, 1)))
    return Town(
        accounts=accounts, kinds={}, hours=none, days=none, topics=none,
        pivot=np.full(MEMBERS, np.nan), hourly=sparse.csr_matrix(table),
    )  # fmt: skip


@pytest.mark.parametrize(("hours", "people"), [(person, True), (dealt, False), (shift, False)])
def test_people_keep_hours_of_their_own_and_accounts_that_are_dealt_their_work_do_not(
    hours: Hours, people: bool
) -> None:
    read = a_town(hours)
    own, of = own_hours(read, np.arange(MEMBERS))
    assert of == MEMBERS
    assert own >= 0.9 * MEMBERS if people else own <= 0.1 * MEMBERS
    assert are_people(read, np.arange(MEMBERS)) is people


def test_of_accounts_that_were_active_on_two_days_nobody_can_say_what_is_usual() -> None:
    read = a_town(person)
    read.hourly = sparse.csr_matrix(read.hourly[:, :48])
    assert own_hours(read, np.arange(MEMBERS))[1] == 0
    assert not are_people(read, np.arange(MEMBERS))


def at_addresses(*of_account: list[int]) -> Town:
    """Accounts with ten requests from each of their addresses."""
    who = np.repeat(np.arange(len(of_account)), [len(a) for a in of_account])
    where = np.concatenate(of_account).astype(np.int64)
    n = len(of_account)
    table = sparse.csr_matrix((np.full(who.size, 10.0), (who, where)), (n, int(where.max()) + 1))
    accounts = pl.DataFrame(
        {"account_id": [f"a{k:02}" for k in range(n)], "requests": [10.0 * len(a) for a in of_account]}
    )
    none = Counts(sparse.csr_matrix((n, 1)))
    kinds = {"ip": Sharing([f"ip{k:02}" for k in range(table.shape[1])], table)}
    return Town(accounts=accounts, kinds=kinds, hours=none, days=none, topics=none, pivot=np.full(n, np.nan))


@pytest.mark.parametrize(
    ("of_account", "lines"),
    [
        ([[0, 1, 2]] * 8, [0, 1, 2]),  # an office
        ([[0, 1]] * 8 + [[2, 3]] * 8, [0, 1, 2, 3]),  # two regions of a service
        ([[0]] * 4 + [[1]] * 4 + [[2]] * 4 + [[3]] * 4 + [[4]] * 4, []),  # five servers with accounts of their own
        ([[k % 12, (k + 1) % 12, (k + 5) % 12] for k in range(24)], []),  # a pool
        ([[0, 1, 2, 3, 4]] * 8, []),  # more lines than a place has
    ],
)
def test_most_accounts_of_a_place_use_each_of_its_few_lines(of_account: list[list[int]], lines: list[int]) -> None:
    assert fixed_lines(at_addresses(*of_account), np.arange(len(of_account))).tolist() == lines
