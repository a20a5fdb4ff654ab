"""What is planted is found at every hour, what is not planted is not; gaps of the export are told apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kit import Case, stats, volume
from kit.errors import ParameterError, QueryError
from kit.volume.series import find_anomalies

START = 1_776_816_000  # Wednesday 22 April 2026
WEEKS = 6


def quiet(seed: int, kind: str = "poisson", scale: float = 40) -> np.ndarray:
    """Six weeks of hours with a day, a weekend, and the noise of `kind`."""
    rng = np.random.default_rng(seed)
    hour = (np.arange(WEEKS * 168) + 48) % 168
    mean = scale * (1 + 0.8 * np.sin(2 * np.pi * (hour % 24 - 9) / 24)) * np.where(hour // 24 >= 5, 0.5, 1.0)
    if kind == "overdispersed":
        mean = rng.gamma(5, mean / 5)
    if kind == "uneven days":
        mean = mean * np.repeat(np.exp(rng.normal(0, 0.15, mean.size // 24)), 24)
    return rng.poisson(mean).astype(float)


def covers(row: tuple, hour: int) -> bool:
    return row[1].timestamp() <= START + hour * 3600 < row[2].timestamp()


def test_the_same_burst_is_found_at_each_of_the_168_hours_of_the_week() -> None:
    missed, false = [], 0
    for hour in range(168):
        counts = quiet(1000 + hour)
        at = 2 * 168 + hour
        counts[at] += 150
        found = find_anomalies(counts, START)
        hits = [r for r in found if r[0] == "burst" and covers(r, at)]
        missed += [] if hits else [hour]
        false += len(found) - len(hits)
    assert missed == []
    assert false <= 168 * 0.05  # far under one a week: 168 series of six weeks


def test_a_total_outage_is_found_as_a_drop() -> None:
    for seed in range(10):
        counts = quiet(2000 + seed)
        counts[400:412] = 0
        assert any(r[0] == "drop" and covers(r, 405) for r in find_anomalies(counts, START))


def test_a_slow_ramp_is_found_and_says_how_much() -> None:
    for seed in range(10):
        rising = np.floor(quiet(3000 + seed) * np.linspace(1, 2, WEEKS * 168))
        slow = [r for r in find_anomalies(rising, START) if r[0] == "ramp"]
        assert len(slow) == 1
        assert 1.4 < slow[0][5] < 2.2


def test_a_lasting_change_of_level_is_dated_to_the_day() -> None:
    counts = quiet(4000)
    counts[21 * 24 :] = np.floor(counts[21 * 24 :] * 2.5)
    level = [r for r in find_anomalies(counts, START) if r[0] == "level"]
    assert [r[1] for r in level] == [datetime.fromtimestamp(START, UTC) + timedelta(days=21)]


def test_a_hundred_quiet_series_show_under_one_percent_false_windows() -> None:
    kinds = ["poisson", "overdispersed", "uneven days", "poisson"]
    scales = [40, 40, 400, 3]
    found = [find_anomalies(quiet(s, kinds[s % 4], scales[s % 4]), START) for s in range(100)]
    hours = sum(int((r[2] - r[1]).total_seconds() // 3600) for rows in found for r in rows)
    assert hours <= 0.01 * 100 * WEEKS * 168
    assert sum(map(bool, found)) <= 8  # at most 1 % of series by construction; 8 of 100 is beyond chance


def test_an_account_that_works_in_sessions_shows_at_most_one_false_window_a_week() -> None:
    """Some twenty requests at a time in office hours: counts far wider than by lot, and mostly nothing."""
    false = hours = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        at_work = (np.arange(WEEKS * 168) + 48) % 168 < 120
        at_work &= np.isin(np.arange(WEEKS * 168) % 24, range(8, 18))
        counts = np.zeros(WEEKS * 168 + 2)
        for hour in np.flatnonzero(at_work & (rng.random(at_work.size) < 0.45)):
            counts[hour : hour + 3] += rng.multinomial(rng.geometric(1 / 20), [0.6, 0.3, 0.1])
        found = [r for r in find_anomalies(counts[:-2], START) if r[0] in ("burst", "drop")]
        false += len(found)
        hours += sum(int((r[2] - r[1]).total_seconds() // 3600) for r in found)
    assert false <= 10 * WEEKS * 0.25
    assert hours <= 0.01 * 10 * WEEKS * 168


def test_traffic_that_drifts_up_and_down_is_no_change_of_level() -> None:
    changes = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drift = np.zeros(WEEKS * 7)
        for day in range(1, drift.size):
            drift[day] = 0.75 * drift[day - 1] + rng.normal(0, 0.2)
        counts = rng.poisson(quiet(seed) * np.repeat(np.exp(drift), 24)).astype(float)
        changes += len([r for r in find_anomalies(counts, START) if r[0] in ("level", "ramp")])
    assert changes <= 2  # Pettitt's test as published, for independent days, calls a change in about half of them


def test_three_weeks_with_free_days_on_friday_and_saturday_show_no_drops() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        hour = (np.arange(3 * 168) + 48) % 168
        office = np.isin(hour % 24, range(8, 18)) & ~np.isin(hour // 24, (4, 5))
        counts = rng.poisson(np.where(office, 40, 0.5)).astype(float)
        assert [r for r in find_anomalies(counts, START) if r[0] == "drop"] == []


def test_four_days_or_a_handful_of_requests_are_too_little_data() -> None:
    assert [r[0] for r in find_anomalies(quiet(1)[:96], START)] == [stats.TOO_LITTLE]
    few = np.zeros(WEEKS * 168)
    few[[5, 300, 301, 700]] = 9
    assert not [r for r in find_anomalies(few, START) if r[0] in ("burst", "drop")]


def test_an_hour_is_never_part_of_its_own_expectation() -> None:
    counts = quiet(6)
    spoiled = counts.copy()
    spoiled[500] += 100_000
    clean, after = stats.seasonal_baseline(counts, START), stats.seasonal_baseline(spoiled, START)
    assert after.expected[500] == clean.expected[500]
    assert set(clean.n.tolist()) == {5}


# --- on a case ----------------------------------------------------------------------------------------------------


def town(seed: int = 1, hole: range | None = None, silent: range | None = None) -> list[dict]:
    """Forty accounts for five weeks; all missing in the hours of `hole`, three of them in those of `silent`."""
    rng = np.random.default_rng(seed)
    rows = []
    for hour in range(5 * 168):
        at = datetime.fromtimestamp(START + hour * 3600, UTC)
        for a in range(40):
            if (hole and hour in hole) or (silent and a < 3 and hour in silent):
                continue
            rows += [
                {"account_id": f"a{a:02}", "occurred_at": at + timedelta(seconds=float(s)), "request_model": "m"}
                for s in rng.uniform(0, 3600, rng.poisson(1.5))
            ]
    return rows


def test_a_hole_in_the_export_is_told_from_silent_accounts(case_of: Callable[..., Case]) -> None:
    case = case_of(town(hole=range(300, 306), silent=range(500, 560)))
    gaps = volume.gaps(case)
    hole = datetime.fromtimestamp(START + 300 * 3600, UTC)
    assert [(g["kind"], g["start_at"], g["hours"]) for g in gaps.rows()] == [
        ("no export: inside an export", hole, 6)
    ]
    assert volume.anomalies(case).rows() == []
    quiet_three = volume.anomalies(case, accounts=["a00", "a01", "a02"])
    silence = datetime.fromtimestamp(START + 500 * 3600, UTC)
    found = [(r["kind"], r["start_at"], r["end_at"]) for r in quiet_three.rows()]
    assert found == [("drop", silence, silence + timedelta(hours=60))]
    series = volume.requests(case, per="1 hour", accounts=["a00", "a01", "a02"])
    assert series.frame.filter(coverage="no export").height == 6
    assert series["coverage"].to_list()[:2] == ["first or last", "exported"]
    assert series.frame.filter(coverage="no export")["sign"].unique().to_list() == [""]


def test_series_hold_every_request_once_and_every_window(case_of: Callable[..., Case]) -> None:
    rows = town()[:4000]
    case = case_of(rows)
    by_account = volume.requests(case, per="6 hours", by="account_id", top=3)
    assert sorted(by_account["series"].unique()) == ["(other)", *sorted(by_account["series"].unique())[1:]]
    assert by_account["requests"].sum() == 4000
    counts = by_account.frame.group_by("series").len()["len"].unique().to_list()
    assert len(counts) == 1
    whole = volume.requests(case, per="1 day")
    assert whole["series"].unique().to_list() == ["all"]
    assert whole["requests"].sum() == 4000


@pytest.mark.parametrize("accounts", [None, ["a01", "a02"]])
@pytest.mark.parametrize(("since", "until"), [(None, None), ("2026-04-23T05:00:00Z", "2026-04-24 02:00:00+02:00")])
@pytest.mark.parametrize("per", ["1 hour", "6 hours", "1 week"])
def test_windows_of_whole_hours_count_what_a_scan_of_the_requests_counts(
    case_of: Callable[..., Case], per: str, since: str | None, until: str | None, accounts: list[str] | None
) -> None:
    fates = [{"http_status": 403}, {"http_status": 429}, {"outcome": "blocked"}, {"input_tokens": 7}, {}]
    rows = [{**row, **fates[i % 5], "request_id": f"r{i}"} for i, row in enumerate(town()[:3000])]
    rows += [{**row, "account_id": None, "request_id": f"n{i}"} for i, row in enumerate(rows[:40])]  # no account
    case = case_of([*rows, *rows[:25]])  # lines written twice
    where = {"per": per, "accounts": accounts, "since": since, "until": until}
    scanned = case.query("volume/requests_over_time", columns={"by": "operation"}, top=0, **where).frame
    counted = case.query("volume/requests_by_hours", **where).frame
    assert counted.drop("series").equals(scanned.drop("series"))
    assert counted.height > 0
    assert volume.requests(case, **where)["requests"].sum() == scanned["requests"].sum()


def test_a_window_that_cuts_an_hour_is_counted_from_the_requests(case_of: Callable[..., Case]) -> None:
    case = case_of(town()[:1000])
    cut = "2026-04-22T03:30:00Z"
    expected = case.sql("SELECT count(*) FROM requests WHERE occurred_at >= $t::TIMESTAMPTZ", t=cut).scalar()
    assert volume.requests(case, since=cut)["requests"].sum() == expected
    minutes = volume.requests(case, per="15 minutes", since="2026-04-22T03:00:00Z")
    assert minutes["requests"].sum() > expected


def test_what_cannot_be_is_refused_in_one_sentence(case_of: Callable[..., Case]) -> None:
    case = case_of(town()[:50])
    with pytest.raises(ParameterError, match="no window"):
        volume.requests(case, per="7 minutes")
    with pytest.raises(QueryError, match="no column 'colour'"):
        volume.requests(case, by="colour")
    with pytest.raises(ParameterError, match="no account 'nobody'"):
        volume.requests(case, accounts="nobody")
    with pytest.raises(ParameterError, match="no cluster 'c9'"):
        volume.anomalies(case, cluster="c9")
