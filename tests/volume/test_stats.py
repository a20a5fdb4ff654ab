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


Acts = tuple[np.ndarray, np.ndarray]


def both(*parts: Acts) -> Acts:
    return np.concatenate([w for w, _ in parts]), np.concatenate([t for _, t in parts])


def unrelated(acts: Acts, share: float, seed: int) -> Acts:
    """With requests of the same accounts' own at any time: `share` of all."""
    rng = np.random.default_rng(seed)
    k = int(share / (1 - share) * acts[0].size)
    return both(acts, (rng.choice(np.unique(acts[0]), k), START + rng.uniform(0, 28 * DAY, k)))


@pytest.mark.parametrize("n", [10, 50, 300])
def test_a_round_robin_pool_is_found_among_thirty_percent_unrelated_traffic(n: int) -> None:
    who, when = unrelated(pool(n, seed=n), 0.3, seed=1)
    found = stats.synchrony(who, when, rounds=25)
    assert (found.verdict, found.n_accounts, found.n_events) == ("together", n, who.size)
    assert found.p < 1e-6


@pytest.mark.parametrize("n", [10, 50])
def test_a_pool_without_sessions_is_found_by_its_turns_among_thirty_percent_unrelated_traffic(n: int) -> None:
    at = np.sort(START + np.random.default_rng(n).uniform(0, 28 * DAY, 700 * n))
    found = stats.synchrony(*unrelated((np.arange(at.size) % n, at), 0.3, seed=2), rounds=25)
    assert found.verdict == "together"
    assert min(found.measures, key=lambda m: m["p"])["measure"] == "regularity of turns"


@pytest.mark.parametrize("n", [10, 50, 300])
def test_a_pool_is_found_when_thirty_percent_of_the_set_are_strangers(n: int) -> None:
    strangers, at = people(max(4, int(0.3 / 0.7 * n)), seed=2)
    found = stats.synchrony(*both(pool(n, seed=n, days=14), (strangers + n, at)), rounds=25)
    assert found.verdict == "together"


def outage(rng: np.random.Generator) -> Acts:
    """Three hours without service; everybody's requests of that time come in the minutes after it."""
    who, when = people(60, int(rng.integers(1000)))
    end = START + int(rng.integers(1, 26)) * DAY + 18 * 3600
    waited = (when >= end - 3 * 3600) & (when < end)
    return who, np.where(waited, end + rng.exponential(240, who.size), when)


def deadlines(rng: np.random.Generator) -> Acts:
    """A course with work due at midnight on four days that nobody else would guess."""
    due = [START + (d + 1) * DAY for d in rng.choice(27, 4, replace=False)]
    rush = [(rng.integers(0, 40, 400), end - rng.exponential(3600, 400)) for end in due]
    return both(people(40, int(rng.integers(1000)), per_day=3), *rush)


def busy_and_slow_days(rng: np.random.Generator) -> Acts:
    """All are busy on the same days and slow on the same days, as firms of one trade are."""
    who, when = people(60, int(rng.integers(1000)), per_day=16)
    busy = np.clip(np.exp(rng.normal(-1, 0.6, 30)), 0.05, 1)
    kept = rng.random(who.size) < busy[np.clip((when - START) // DAY, 0, 29).astype(int)]
    return who[kept], when[kept]


def cron_jobs(rng: np.random.Generator) -> Acts:
    """Forty schedules on the hour, every one, two, six or 24 hours."""
    jobs = []
    for a in range(40):
        hours = np.arange(rng.integers(0, 3), 28 * 24, rng.choice([1, 2, 6, 24]))
        jobs.append((np.full(hours.size, a), START + hours * 3600 + rng.uniform(0, 30, hours.size)))
    return both(*jobs)


def moved_lecture(rng: np.random.Generator) -> Acts:
    """A class on Tuesdays and Thursdays, and once on a Friday afternoon instead."""
    met = [START + d * DAY + 10 * 3600 for d in range(28) if d % 7 in (1, 3) and d != 17] + [
        START + 18 * DAY + 50_000
    ]
    heard = [(rng.integers(0, 40, 240), begin + rng.uniform(0, 5400, 240)) for begin in met]
    return both(people(40, int(rng.integers(1000)), per_day=2), *heard)


@pytest.mark.parametrize("seed", [2, 7])
@pytest.mark.parametrize("shared", [outage, deadlines, busy_and_slow_days, cron_jobs, moved_lecture])
def test_what_happens_to_everybody_on_some_days_or_on_the_hour_is_not_togetherness(shared, seed: int) -> None:
    found = stats.synchrony(*shared(np.random.default_rng(seed)), rounds=25)
    assert found.verdict == "not beyond their own rhythms"
    assert found.n_events > 1000


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


def test_tails_and_ranges_of_counts_are_those_of_scipy() -> None:
    from scipy.stats import nbinom, poisson

    rng = np.random.default_rng(5)
    mean = 10 ** rng.uniform(-9, 6, 5000)
    ratio = np.where(rng.random(5000) < 0.3, 1.0, 1 + 10 ** rng.uniform(-5, 4, 5000))
    wide, excess = ratio > 1, np.where(ratio > 1, ratio - 1, 1)
    size, share = mean / excess, 1 / (1 + excess)
    x = np.where(rng.random(5000) < 0.1, 0, np.floor(mean * 10 ** rng.uniform(-1, 1, 5000)))
    high, low = stats.count_p(x, mean, ratio)
    np.testing.assert_allclose(high, np.where(wide, nbinom.sf(x - 1, size, share), poisson.sf(x - 1, mean)), 1e-10)
    np.testing.assert_allclose(low, np.where(wide, nbinom.cdf(x, size, share), poisson.cdf(x, mean)), 1e-10)
    for q, value in zip((0.005, 0.995), stats.count_interval(mean, ratio, 0.99), strict=True):
        np.testing.assert_array_equal(value, np.where(wide, nbinom.ppf(q, size, share), poisson.ppf(q, mean)))
    np.testing.assert_allclose(stats.poisson_tail(5, 2.0), poisson.sf(4, 2.0), 1e-12)


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
