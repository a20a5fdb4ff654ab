"""Charts of volume: within the budget of marks, readable without colour, described in words, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kit import Case, charts, volume
from kit.charts.base import MARK_BUDGET, ChartError, Figure
from tests.volume.conftest import made_case

BEGIN = datetime(2026, 4, 20, tzinfo=UTC)
RELEASE = BEGIN + timedelta(days=21, hours=14)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    rng = np.random.default_rng(1)
    rows = []
    for a in range(30):
        for s in rng.uniform(0, 42 * 86_400, 600):
            at = BEGIN + timedelta(seconds=float(s))
            new = at >= RELEASE and a < 10 and rng.random() < 0.5
            rows.append({"account_id": f"a{a:02}", "occurred_at": at, "request_model": "new" if new else "old"})
    for s in rng.uniform(0, 3600, 900):  # one burst
        rows.append({"account_id": "a00", "occurred_at": BEGIN + timedelta(days=30, seconds=float(s))})
    accounts = [{"account_id": f"a{a:02}", "plan": "payg", "created_at": BEGIN} for a in range(30)]
    accounts[3]["closed_at"] = BEGIN + timedelta(days=22)
    return made_case(
        tmp_path_factory.mktemp("charts"), rows, accounts, [{"request_model": "new", "released_at": RELEASE}]
    )


@pytest.fixture(scope="module")
def drawn(case: Case) -> dict[str, Figure]:
    """Every chart of volume, drawn once."""
    marks = volume.events(case)
    members = [f"a{a:02}" for a in range(10)]
    return {
        "one line": charts.over_time(volume.requests(case, per="1 hour"), marks),
        "models": charts.over_time(volume.requests(case, by="request_model"), marks),
        "many": charts.over_time(volume.requests(case, per="15 minutes", by="account_id", top=12)),
        "week": charts.heat_map(volume.hour_of_week(case)),
        "ranking": charts.account_ranking(volume.profiles(case)),
        "ramp": charts.ramp_curves(volume.ramp(case, accounts=members)),
        "release": charts.event_study(volume.uptake(case, accounts=members)),
    }


def test_every_chart_draws_within_the_budget_with_words_and_utc(drawn: dict[str, Figure]) -> None:
    for name, chart in drawn.items():
        assert 0 < chart.marks <= MARK_BUDGET, name
        assert len(chart.alt) > 60, name
        assert "<svg" in chart.svg(), name
        spec = str(chart.spec)
        assert "'type': 'temporal'" not in spec or "'type': 'utc'" in spec, name


def test_the_words_carry_the_numbers_of_the_picture(drawn: dict[str, Figure]) -> None:
    assert "18,900 in all" in drawn["one line"].alt
    assert "release new on 11 May 2026 14:00" in drawn["one line"].alt
    assert "1 account closed on 12 May 2026 00:00" in drawn["one line"].alt
    assert "1 windows above, 0 below" in drawn["one line"].alt
    assert "The set: 0% before, 5" in drawn["release"].alt
    assert "0 of 24 hours of the day are empty" in drawn["week"].alt


def test_a_burst_is_marked_by_its_shape_and_models_by_their_dash(drawn: dict[str, Figure]) -> None:
    assert "triangle-up" in str(drawn["one line"].spec)
    assert "strokeDash" in str(drawn["models"].spec)
    assert "strokeDash" in str(drawn["release"].spec)


def test_a_map_of_hours_starts_at_nothing_and_the_rest_is_no_series(drawn: dict[str, Figure]) -> None:
    assert drawn["week"].spec["encoding"]["color"]["scale"]["domainMin"] == 0
    panels = [p["title"]["text"] for p in drawn["many"].spec["concat"]]
    assert (len(panels), panels[-1]) == (13, "(other)")
    assert "The largest is a" in drawn["many"].alt


def test_nothing_to_draw_is_said_in_one_sentence(case: Case) -> None:
    nothing = volume.requests(case, since="2030-01-01T00:00:00Z")
    for draw in (charts.over_time, charts.small_multiples):
        with pytest.raises(ChartError, match="nothing to draw"):
            draw(nothing)
