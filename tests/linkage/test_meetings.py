"""The compiled loops over windows give what the same counted slowly, one account at a time, gives."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from kit.linkage.activity import Windows
from kit.linkage.bursts import WRONG
from kit.linkage.meetings import DAILY, MANY, SLOTS, came_to, come_back, compared, crowded, in_company, met_often
from kit.linkage.pairs import discoveries, least_hits, poisson_bits

WIDTH = 3 * DAILY


@pytest.fixture(params=range(3))
def town(request: pytest.FixtureRequest) -> list[list[int]]:
    """Forty accounts that are active in a few of the hours of three days; some were never active."""
    rng = np.random.default_rng(request.param)
    hours = rng.choice(WIDTH // SLOTS, 12, replace=False)
    return [
        sorted({int(rng.choice(hours)) * SLOTS + int(rng.integers(0, 6)) for _ in range(rng.integers(0, 60))})
        for _ in range(40)
    ]


def windows(each: list[list[int]]) -> Windows:
    ends = np.cumsum([0, *[len(e) for e in each]])
    return Windows(ends, np.array([w for e in each for w in e], dtype=np.int32), WIDTH)


def times(a: list[int], b: list[int]) -> int:
    return len({w % DAILY for w in set(a) & set(b)})


def chance(a: list[int], b: list[int]) -> int:
    mine, theirs = (Counter(w // SLOTS for w in x) for x in (a, b))
    return sum(mine[h] * theirs[h] for h in mine)


def test_two_accounts_meet_at_as_many_times_of_the_day_as_they_share_windows_and_chance_has_their_hours(town):
    active, pairs = windows(town), list(combinations(range(len(town)), 2))
    a, b = np.array(pairs).T.copy()
    often, product = compared(active.ends, active.window, a, active.ends, active.window, b)
    assert often.tolist() == [times(town[x], town[y]) for x, y in pairs]
    assert product.tolist() == [chance(town[x], town[y]) for x, y in pairs]


def test_holders_of_a_value_who_were_active_together_are_found_unless_they_are_of_one_organisation(town):
    active, org = windows(town), np.arange(len(town)) // 2
    held = [list(range(25)), list(range(10, 40))]
    values, who = np.cumsum([0, *map(len, held)]), np.array([k for v in held for k in v])
    found = met_often(active.ends, active.window, WIDTH, values, who, org, 3, len(town))
    expected = [
        (a * len(town) + b) * MANY + n
        for v in held
        for a, b in combinations(v, 2)
        if a // 2 != b // 2 and (n := len(set(town[a]) & set(town[b]))) >= 3
    ]
    assert sorted(found.tolist()) == sorted(expected)
    assert expected


def test_in_a_crowded_window_each_is_compared_with_the_nearest_holders_only():
    active = windows([[10, 70, 130]] * 30)
    org, values, who = np.arange(30), np.array([0, 30]), np.arange(30)
    found = met_often(active.ends, active.window, WIDTH, values, who, org, 3, 4) // MANY
    assert sorted((found % 30 - found // 30).tolist()) == sorted(k for k in (1, 2, 3, 4) for _ in range(30 - k))


def test_a_window_is_crowded_where_so_many_members_were_active_and_its_hour_counts_all_of_theirs(town):
    active, groups = windows(town), [list(range(15)), [], list(range(15, 40))]
    first, who = np.cumsum([0, *map(len, groups)]), np.arange(40)
    rows = zip(*crowded(active.ends, active.window, WIDTH, first, who, 3), strict=True)
    expected = []
    for g, members in enumerate(groups):
        often = Counter(w for m in members for w in town[m])
        hourly = Counter(w // SLOTS for m in members for w in town[m])
        expected += [(g, w, n, hourly[w // SLOTS]) for w, n in sorted(often.items()) if n >= 3]
    assert list(rows) == expected
    assert expected


def test_an_account_came_to_a_groups_bursts_as_often_as_they_share_windows(town):
    active, bursts = windows(town), [sorted(set(town[g]) | set(town[g + 1])) for g in range(0, 20, 2)]
    rows = sorted((w, g) for g, each in enumerate(bursts) for w in each)
    at = np.searchsorted([w for w, _ in rows], np.arange(WIDTH + 1))
    group = np.array([g for _, g in rows])
    found = came_to(active.ends, active.window, 5, 40, at, group, len(bursts), 4)
    expected = [
        (a, g, times(town[a], b), chance(town[a], b))
        for a in range(5, 40)
        for g, b in enumerate(bursts)
        if len(set(town[a]) & set(b)) >= 4
    ]
    assert sorted(zip(*found, strict=True)) == expected
    assert len(expected) > 20


@pytest.mark.parametrize("unit", [1, SLOTS])
def test_accounts_come_back_to_two_places_as_often_as_they_were_at_one_and_the_other(town, unit):
    active, place = windows(town), np.full(WIDTH // unit, -1)
    chosen = sorted({w // unit for each in town[:10] for w in each})[:20]
    place[chosen] = np.arange(len(chosen))
    seen = np.array([[sum(w // unit == c for w in each) for c in chosen] for each in town[:30]])
    both = come_back(active.ends, active.window, np.arange(30), unit, place, len(chosen))
    assert both.tolist() == (seen.T @ seen).tolist()


def test_an_account_at_the_same_minute_of_most_hours_keeps_a_clock_there_and_company_elsewhere():
    clock = [h * SLOTS + 7 for h in range(40)]
    active = windows([sorted([*clock, 12, 95, 603]), [w for w in clock if w < 150]])
    kept, left = in_company(active.ends, active.window + np.int32(SLOTS), SLOTS)
    assert (kept.tolist(), left.tolist()) == ([12, 95, 603, 7, 37, 67, 97, 127], [3, 5])


@pytest.mark.parametrize("seed", range(20))
def test_no_discovery_is_lost_to_what_is_passed_over_for_too_few_meetings(seed):
    rng = np.random.default_rng(seed)
    often = rng.poisson(rng.choice([1, 4, 9]), 500) + 1
    bits = poisson_bits(often, (often + rng.poisson(3, often.size)) / SLOTS)
    tests = float(rng.integers(500, 10_000_000))
    sure, likely = discoveries(bits, tests, WRONG), often >= least_hits(often, tests, WRONG)
    assert not (sure & ~likely).any()
    assert discoveries(bits[likely], tests, WRONG).tolist() == sure[likely].tolist()


@pytest.mark.parametrize(("visits", "kept"), [(5, 5), (6, 0)])
def test_six_windows_at_one_place_of_the_hour_are_a_clock_and_five_are_not(visits, kept):
    active = windows([[h * SLOTS + 7 for h in range(visits)]])
    assert in_company(active.ends, active.window, 0)[1].tolist() == [kept]
