"""How well a cluster holds when requests are missing, and which pool a member belongs to."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from kit.linkage.families import Group
from kit.linkage.pools import pools
from kit.linkage.stability import _thinned, stabilities
from kit.linkage.town import DAY_S, Town, read_town


@pytest.fixture
def habit(town) -> tuple[Town, np.ndarray, float]:
    """A town, its one proposed cluster, and the stability in the table."""
    con, _ = town("habit_only", 2, 0.3)
    read = read_town(con)
    ((cluster, stability),) = con.execute("SELECT cluster_id, stability FROM clusters WHERE proposed").fetchall()
    rows = con.execute("SELECT account_id FROM cluster_accounts WHERE cluster_id = ?", [cluster]).fetchall()
    return read, np.flatnonzero(np.isin(read.ids, [a for (a,) in rows])), stability


def test_a_clear_campaign_is_stable_and_a_dismissed_group_has_no_number(town, habit):
    con, _ = town("habit_only", 2, 0.3)
    assert 0.9 <= habit[2] <= 1.0
    dismissed = "SELECT count(*), count(stability) FROM clusters WHERE NOT proposed"
    ((count, measured),) = con.execute(dismissed).fetchall()
    assert count > 0
    assert measured == 0


def test_accounts_added_to_a_cluster_without_evidence_lower_its_stability_by_their_share(habit):
    read, members, _ = habit
    padded = np.union1d(members, read.others(members)[: members.size])
    assert stabilities(read, [Group(members)], kept=1.0) == [1.0]
    assert stabilities(read, [Group(padded)], kept=1.0) == [0.5]


def test_stability_falls_to_nothing_with_the_evidence_and_asks_about_each_cluster_apart(habit):
    read, members, stability = habit
    strangers = read.others(members)[: members.size]
    assert stabilities(read, [Group(members)], kept=0.0005) == [0.0]
    assert stabilities(read, [Group(members), Group(strangers)]) == [stability, 0.0]
    assert stabilities(read, []) == []


def test_what_all_requests_of_an_account_have_stays_with_every_one_that_is_left(habit):
    read, _, _ = habit
    fewer = _thinned(read, np.random.default_rng(1), 0.8)
    assert fewer.requests.sum() == pytest.approx(0.8 * read.requests.sum(), rel=0.02)
    for before, after in ((read.hours, fewer.hours), (read.days, fewer.days), (read.topics, fewer.topics)):
        assert (after.total <= before.total).all()
        whole = (before.table.max(axis=1).toarray().ravel() == read.requests) & (fewer.requests > 0)
        assert whole.any()
        assert after.total[whole].tolist() == fewer.requests[whole].tolist()


def a_town(first: list[float], closed: list[float]) -> Town:
    """Accounts that make their first request and are closed on these days; NaN where never."""
    ids = [f"a{i:03}" for i in range(len(first))]
    at = {"first_s": np.multiply(first, DAY_S), "closed_s": np.multiply(closed, DAY_S)}
    accounts = pl.DataFrame({"account_id": ids, **at})
    none: dict = dict.fromkeys(("hours", "days", "topics", "pivot"))
    return Town(accounts=accounts, kinds={}, **none)


NEVER = float("nan")


def test_pools_follow_each_other_through_two_waves_of_closures():
    first = [0, 1, 2, 2, 10.2, 11, 12.9, 20.5, 21, 22, 13.6, 9.9]
    closed = [10, 10, 10.5, 20, 20, 20.1, 20, *[NEVER] * 5]
    found = pools(a_town(first, closed), np.arange(12))
    assert [found.get(i) for i in range(12)] == ["pool 1"] * 4 + ["pool 2"] * 3 + ["pool 3"] * 3 + [None, None]


def test_single_closures_and_closures_nobody_follows_make_no_pool():
    alone = a_town([0, 1, 2, 10.5, 10.6, 10.7], [10, NEVER, NEVER, NEVER, NEVER, NEVER])
    unanswered = a_town([0, 1, 2, 14, 14, 14], [10, 10, 10, NEVER, NEVER, NEVER])
    assert pools(alone, np.arange(6)) == {}
    assert pools(unanswered, np.arange(6)) == {}
    assert pools(a_town([0.0, 1.0], [NEVER, NEVER]), np.arange(2)) == {}


def test_pools_are_those_of_the_members_only():
    read = a_town([0, 1, 2, 10.2, 10.3, 10.4, 0, 10.1], [10, 10, 10, NEVER, NEVER, NEVER, 10, NEVER])
    found = pools(read, np.arange(6))
    assert found == {0: "pool 1", 1: "pool 1", 2: "pool 1", 3: "pool 2", 4: "pool 2", 5: "pool 2"}


def test_a_ban_splits_the_members_into_the_closed_pool_and_the_one_that_took_over(town):
    con, _ = town("fixed_prompt", 1, 0.3)
    rows = con.execute("""SELECT c.proposed, m.pool, a.closed_at IS NOT NULL AS closed, count(*)
        FROM cluster_accounts m JOIN clusters c USING (cluster_id) JOIN accounts a USING (account_id)
        WHERE c.proposed OR m.pool IS NOT NULL GROUP BY ALL ORDER BY ALL""").fetchall()
    assert rows == [(True, "pool 1", True, 13), (True, "pool 2", False, 10)]


def test_without_succession_no_pool_is_told_apart(town):
    con, _ = town("habit_only", 2, 0.3)
    assert con.execute("SELECT DISTINCT pool FROM cluster_accounts").fetchall() == [(None,)]


def test_the_first_claim_says_where_its_requests_are_listed_in_words_a_lawyer_reads(town):
    con, _ = town("habit_only", 2, 0.3)
    claim = con.execute("SELECT DISTINCT basis FROM cluster_claims WHERE claim = 'A'").fetchall()
    assert claim == [("Counted in the logs received, request by request.",)]
