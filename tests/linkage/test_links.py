"""Which pairs of accounts are linked, which groups they join, and that shared proxies glue nobody to anybody."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest

from kit.database import create_tables, named_query
from kit.linkage.activity import Windows, account_windows, fill_windows
from kit.linkage.bursts import linked_groups
from kit.linkage.meetings import DAILY, SLOTS
from kit.linkage.pairs import fill_rare_values, text_and_identity, together

HOURS = 30 * 24


def windows(*each: list[int]) -> Windows:
    """The windows of each account."""
    ends = np.cumsum([0, *[len(e) for e in each]])
    return Windows(ends, np.concatenate([sorted(e) for e in each]).astype(np.int32), HOURS * SLOTS)


def held(*rows: tuple[int, str, int]) -> pl.DataFrame:
    """Rare values: value, family, account."""
    return pl.DataFrame(list(rows), schema=["value", "family", "account"], orient="row")


JOBS = [(37 * i + 5) * SLOTS + (7 * i) % SLOTS for i in range(12)]


def test_two_who_share_a_card_and_act_in_the_same_minutes_are_linked_and_those_who_share_the_hours_are_not():
    same_hour = [w // SLOTS * SLOTS + (w + 11) % SLOTS for w in JOBS]
    rare = held((0, "identity", 0), (0, "identity", 1), (0, "identity", 2))
    a, b, bits = together(rare, windows(JOBS, JOBS, same_hour), np.arange(3))
    assert list(zip(a, b, strict=True)) == [(0, 1)]
    assert bits[0] > 40


def test_nobody_is_linked_by_timing_alone_or_within_one_organisation():
    apart = held((0, "identity", 0), (1, "identity", 1))
    assert together(apart, windows(JOBS, JOBS), np.arange(2))[0].size == 0
    shared = held((0, "identity", 0), (0, "identity", 1))
    assert together(shared, windows(JOBS, JOBS), np.array([7, 7]))[0].size == 0


def test_jobs_at_the_same_time_every_day_are_one_coincidence():
    nightly = [day * DAILY + 3 * SLOTS + 4 for day in range(30)]
    rare = held((0, "identity", 0), (0, "identity", 1))
    assert together(rare, windows(nightly, nightly), np.arange(2))[0].size == 0


def test_a_household_shares_card_and_address_and_is_not_linked_but_a_card_and_a_rare_text_link():
    home = held((0, "identity", 0), (0, "identity", 1), (1, "infrastructure", 0), (1, "infrastructure", 1))
    assert text_and_identity(home, np.arange(2))[0].size == 0
    both = held((0, "identity", 0), (0, "identity", 1), (1, "content", 0), (1, "content", 1))
    assert [x.tolist() for x in text_and_identity(both, np.arange(2))[:2]] == [[0], [1]]


@pytest.fixture(scope="module")
def proxied() -> tuple[duckdb.DuckDBPyConnection, np.ndarray]:
    """Two operations of 80 that rotate over the same 120 homes, in which 120 of 1,500 ordinary people live."""
    rng = np.random.default_rng(1)
    side = np.concatenate([np.repeat([0, 1], 80), np.full(1_500, -1)])
    own = [(a, rng.integers(0, 30) * 86_400 + rng.integers(8, 22) * 3_600 + rng.integers(0, 3_600))
           for a in range(side.size) for _ in range(rng.integers(10, 60))]  # fmt: skip
    timers = [(a, day * 86_400 + 7_200) for a in range(400, 450) for day in range(30)]
    start = rng.integers(0, 30 * 86_400, (2, 40))
    jobs = [(a, start[side[a], j] + rng.integers(0, 30)) for a in range(160) for j in rng.permutation(40)[:12]]
    who, second = np.array(own + timers + jobs).T
    exits = [(a, int(e)) for a in range(160) for e in rng.permutation(120)[:4]]
    exits += [(160 + e, e) for e in range(120)]
    con = duckdb.connect()
    con.execute("SET timezone = 'UTC'")
    create_tables(con)
    con.execute("DROP TABLE requests")
    con.execute("INSERT INTO accounts (account_id) SELECT printf('a%04d', i) FROM range($n) t(i)", {"n": side.size})
    con.execute(
        """INSERT INTO account_values (account_id, kind, value)
           SELECT printf('a%04d', unnest($who::BIGINT[])), 'ip', printf('exit %d', unnest($exit::BIGINT[]))""",
        {"who": [a for a, _ in exits], "exit": [e for _, e in exits]},
    )
    con.execute(
        """CREATE TEMP TABLE requests AS
           SELECT printf('a%04d', unnest($who::BIGINT[])) AS account_id, true AS is_primary,
           to_timestamp(1767225600 + unnest($second::BIGINT[])) AS occurred_at""",
        {"who": who.tolist(), "second": second.tolist()},
    )
    fill_windows(con)
    fill_rare_values(con)
    return con, side


def test_rotating_proxies_shared_with_innocent_people_glue_nobody_together(proxied):
    con, side = proxied
    _, groups = linked_groups(con)
    assert [np.unique(side[g]).tolist() for g in groups] in ([[0], [1]], [[1], [0]])
    assert min(g.size for g in groups) >= 76


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_groups_do_not_depend_on_the_number_of_threads(proxied, threads):
    con, _ = proxied
    before = [g.tolist() for kind in linked_groups(con) for g in kind]
    con.execute(f"SET threads = {threads}")
    assert [g.tolist() for kind in linked_groups(con) for g in kind] == before


def test_who_keeps_a_clock_keeps_no_company(proxied):
    con, _ = proxied
    active = account_windows(con)
    of_timers = active.window[active.ends[400] : active.ends[450]]
    assert of_timers.size > 0
    assert not (of_timers % DAILY == 60).any()


def test_windows_are_the_same_and_in_order_when_few_accounts_are_gathered_at_a_time(proxied, monkeypatch):
    con, side = proxied
    whole = con.execute("FROM account_windows").fetchall()
    monkeypatch.setattr("kit.linkage.activity.SHARD", 5_000)
    con.execute("BEGIN; DELETE FROM account_windows")
    fill_windows(con)
    parts = con.execute("FROM account_windows").fetchall()
    con.execute("ROLLBACK")
    assert parts == whole
    assert [a for a, _ in whole] == [f"a{i:04d}" for i in range(side.size)]


def test_a_town_without_requests_or_shared_values_has_no_groups():
    con = duckdb.connect()
    create_tables(con)
    con.execute("ALTER TABLE requests ADD COLUMN is_primary BOOLEAN")
    assert linked_groups(con) == ([], [])


def test_a_masked_address_ties_nobody():
    con = duckdb.connect()
    create_tables(con)
    con.execute("ALTER TABLE requests ADD COLUMN is_primary BOOLEAN")
    for account, address in (("a", "203.0.113.***"), ("b", "203.0.113.***"), ("b", "203.0.113.7")):
        con.execute(
            "INSERT INTO requests (account_id, client_ip, is_primary) VALUES ($a, $i, true)",
            {"a": account, "i": address},
        )
    rows = con.execute(named_query("linkage/account_values")).fetchall()
    assert [(r[0], r[2]) for r in rows if r[1] == "ip"] == [("b", "203.0.113.7")]
