"""The statistics find what was planted, stay silent on what was not, and refuse small samples."""

from __future__ import annotations

import numpy as np
import pytest

from kit import stats

DAY = 86_400
START = 1_776_816_000 + 5 * DAY  # Monday 27 April 2026


def pool(
    n: int, seed: int, *, days: int = 28, turns: bool = True, length_s: int = 5_000
) -> tuple[np.ndarray, np.ndarray]:
    """A pool of `n` accounts that serve one queue: sessions at random hours, each request to the next account."""
    rng = np.random.default_rng(seed)
    who, when = [], []
    for day in range(days):
        for _ in range(2):
            begin = START + day * DAY + rng.integers(0, DAY - length_s)
            at = begin + np.sort(rng.uniform(0, length_s, n * 6))
            who.append((np.arange(at.size) + rng.integers(n)) % n if turns else rng.integers(0, n, at.size))
            when.append(at)
    return np.concatenate(who), np.concatenate(when)


def people(n: int, seed: int, *, days: int = 28, zone: int = 14, per_day: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Accounts of one time zone, each asking in the same working hours, on its own."""
    rng = np.random.default_rng(seed)
    who, when = [], []
    for a in range(n):
        for day in range(days):
            if day % 7 < 5 and rng.random() < 0.8:
                k = rng.poisson(per_day)
                who.append(np.full(k, a))
                when.append(START + day * DAY + zone * 3600 + rng.normal(0, 2.5 * 3600, k))
    return np.concatenate(who), np.concatenate(when)


@pytest.mark.parametrize("n", [10, 50, 300])
def test_a_round_robin_pool_is_found_among_thirty_percent_unrelated_traffic(n: int) -> None:
    who, when = pool(n, seed=n)
    noise = int(0.3 / 0.7 * who.size)  # the accounts' own unrelated requests, at any time
    rng = np.random.default_rng(1)
    who = np.concatenate([who, rng.integers(0, n, noise)])
    when = np.concatenate([when, START + rng.uniform(0, 28 * DAY, noise)])
    found = stats.synchrony(who, when, rounds=40)
    assert (found.verdict, found.n_accounts, found.n_events) == ("together", n, who.size)
    assert found.p < 1e-6


@pytest.mark.parametrize("n", [10, 50, 300])
def test_a_pool_is_found_when_thirty_percent_of_the_set_are_strangers(n: int) -> None:
    who, when = pool(n, seed=n)
    strangers, at = people(max(4, int(0.3 / 0.7 * n)), seed=2)
    found = stats.synchrony(np.concatenate([who, strangers + n]), np.concatenate([when, at]), rounds=40)
    assert found.verdict == "together"


def test_turns_alone_give_a_steady_pool_away() -> None:
    rng = np.random.default_rng(3)
    at = np.sort(START + rng.uniform(0, 28 * DAY, 20_000))  # no sessions at all: requests at one rate day and night
    found = stats.synchrony(np.arange(at.size) % 20, at, rounds=40)
    turns = {m["measure"]: m["p"] for m in found.measures}
    assert found.verdict == "together"
    assert turns["regularity of turns"] < 1e-6


def test_cron_jobs_at_the_same_minute_are_not_together() -> None:
    rng = np.random.default_rng(4)
    days, hours = np.arange(28), np.array([0, 6, 12, 18])
    at = (START + days[:, None] * DAY + hours * 3600).ravel()
    who = np.repeat(np.arange(30), at.size)
    when = np.tile(at, 30) + rng.uniform(0, 20, who.size)  # all thirty within twenty seconds of the hour
    assert stats.synchrony(who, when, rounds=40).verdict == "not beyond their own rhythms"


@pytest.mark.parametrize("seed", range(6))
def test_people_of_one_time_zone_are_not_together(seed: int) -> None:
    assert stats.synchrony(*people(60, seed), rounds=40).verdict == "not beyond their own rhythms"


def test_a_launch_day_that_doubles_everybody_is_not_togetherness() -> None:
    who, when = people(60, 7)
    launch = (when >= START + 8 * DAY) & (when < START + 9 * DAY)
    rng = np.random.default_rng(8)
    who = np.concatenate([who, who[launch]])
    when = np.concatenate([when, when[launch] + rng.normal(0, 2 * 3600, launch.sum())])
    assert stats.synchrony(who, when, rounds=40).verdict == "not beyond their own rhythms"


def test_a_class_that_meets_every_week_is_not_together_and_one_that_met_once_is_too_little_data() -> None:
    rng = np.random.default_rng(9)
    meetings = START + np.array([0, 7, 14, 21]) * DAY + 10 * 3600
    who = np.repeat(np.arange(30), 4 * 8)
    weekly = np.tile(np.repeat(meetings, 8), 30) + rng.uniform(0, 5400, who.size)
    assert stats.synchrony(who, weekly, rounds=40).verdict == "not beyond their own rhythms"
    once = rng.uniform(START, START + 5400, who.size)
    found = stats.synchrony(who, once)
    assert found.verdict == stats.TOO_LITTLE
    assert np.isnan(found.p)


def test_synchrony_of_nothing_is_too_little_data() -> None:
    assert stats.synchrony([], []).verdict == stats.TOO_LITTLE


def test_equal_shares_tell_a_dealer_from_a_lot_and_from_people() -> None:
    rng = np.random.default_rng(1)
    dealt, _, n = stats.equal_shares(np.full(40, 500) + rng.integers(-3, 4, 40))
    lot, p_lot, _ = stats.equal_shares(rng.multinomial(20_000, np.full(40, 1 / 40)))
    folk, _, _ = stats.equal_shares(rng.lognormal(5, 1, 40))
    assert n == 40
    assert dealt < 0.05 < 0.5 < lot < 1.6 < 10 < folk
    assert 0.01 < p_lot < 0.99
    assert np.isnan(stats.equal_shares([1, 2])[0])


def test_benjamini_hochberg_matches_the_paper() -> None:
    # Benjamini and Hochberg 1995, section 3.3: four of these fifteen are called at 0.05
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    q = stats.benjamini_hochberg([*p, float("nan")])
    assert int((q[:15] <= 0.05).sum()) == 4
    assert np.isnan(q[15])


def test_the_tails_are_those_of_the_textbook() -> None:
    assert stats.poisson_tail(3, 1.0) == pytest.approx(1 - 2.5 * np.exp(-1))
    assert stats.binomial_tail(2, 3, 0.5) == pytest.approx(0.5)
    high, low = stats.count_p([10.0], [10.0], [3.0])
    assert high[0] + low[0] > 1  # the observed count is in both
    assert stats.count_p([30.0], [10.0], [5.0])[0][0] > stats.count_p([30.0], [10.0], [1.0])[0][0]


def test_a_change_of_share_is_dated_to_the_hour() -> None:
    rng = np.random.default_rng(5)
    totals = rng.poisson(24, 336)
    share = np.where(np.arange(336) < 200, 0.0, 0.3)
    change = stats.binomial_change(rng.binomial(totals, share), totals)
    assert change.index == 200
    assert change.low <= 200 <= change.high <= 202
    assert change.after == pytest.approx(0.3, abs=0.03)
    assert stats.binomial_change(rng.binomial(totals, 0.3), totals).p > 0.01
    assert stats.binomial_change([0, 1, 0, 0], [1, 1, 1, 1]).verdict == stats.TOO_LITTLE


def test_the_rhythm_of_the_day_is_zero_when_flat_and_one_when_always_the_same_hour() -> None:
    noon = np.zeros(24)
    noon[12] = 50
    strength, p = stats.resultant(np.stack([noon, np.full(24, 10)]))
    assert strength == pytest.approx([1.0, 0.0], abs=1e-6)
    assert p[0] < 1e-20 < 0.99 < p[1]
