"""Event studies: a planted pivot, takeover or failover is found with its numbers; ordinary change is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from kit import Case, stats, volume
from kit.case import replay
from kit.errors import ParameterError
from kit.volume.studies import _ban_verdict

BEGIN = datetime(2026, 4, 20, tzinfo=UTC)
RELEASE = BEGIN + timedelta(days=21, hours=14)
BAN = BEGIN + timedelta(days=21)
RELEASES = [{"request_model": "new", "released_at": RELEASE}]


def steady(
    rng: np.random.Generator, account: str, per_day: float, days: range, share_new: float = 0.0
) -> list[dict]:
    rows = []
    for day in days:
        for s in rng.uniform(0, 86_400, rng.poisson(per_day)):
            at = BEGIN + timedelta(days=day, seconds=float(s))
            new = at >= RELEASE and rng.random() < share_new
            rows.append({"account_id": account, "occurred_at": at, "request_model": "new" if new else "old"})
    return rows


def town(rng: np.random.Generator, n: int = 60) -> list[dict]:
    """People who take to the new model each in their own measure, a sixth on average."""
    return [
        row
        for a in range(n)
        for row in steady(rng, f"p{a:02}", float(rng.uniform(5, 25)), range(35), float(rng.beta(1, 5)))
    ]


def test_a_pivot_is_found_with_its_share_and_hour(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(1)
    pool = [f"x{i:02}" for i in range(15)]
    rows = town(rng) + [r for a in pool for r in steady(rng, a, 15, range(35), 0.5)]
    case = case_of(rows, releases=RELEASES)
    (row,) = volume.release_pivot(case, accounts=pool).rows()
    assert (row["verdict"], row["accounts"], row["request_model"]) == ("pivot", 15, "new")
    assert row["shift_low"] <= RELEASE + timedelta(hours=2)
    assert row["shift_at"] >= RELEASE - timedelta(hours=1)
    assert row["share_24h"] == pytest.approx(0.5, abs=0.1)
    assert row["share_before"] == 0
    assert row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx(0.33, abs=0.1)
    assert row["spread"] < 2
    assert row["p"] < 1e-4


def test_people_of_the_town_do_not_pivot(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(2)
    case = case_of(town(rng, 80), releases=RELEASES)
    verdicts = [
        volume.release_pivot(case, accounts=[f"p{(k * 7 + i) % 80:02}" for i in range(12)]).rows()[0]["verdict"]
        for k in range(12)
    ]
    assert set(verdicts) == {"no pivot"}


def test_three_accounts_are_too_little_data_for_a_pivot(case_of: Callable[..., Case]) -> None:
    case = case_of(town(np.random.default_rng(3)), releases=RELEASES)
    assert volume.release_pivot(case, accounts=["p00", "p01", "p02"]).rows()[0]["verdict"] == stats.TOO_LITTLE


def banned(rng: np.random.Generator, replaced: bool) -> tuple[list[dict], list[dict]]:
    rows = town(rng)
    first = [f"x{i:02}" for i in range(12)]
    rows += [r for a in first for r in steady(rng, a, 20, range(21))]
    accounts = [{"account_id": a, "closed_at": BAN, "created_at": BEGIN, "status": "suspended"} for a in first]
    for i in range(10 if replaced else 0):
        own = steady(rng, f"y{i:02}", 24, range(21, 35))
        late = BAN + timedelta(hours=float(rng.uniform(0, 20)))
        rows += [r for r in own if r["occurred_at"] >= late]
    # ordinary newcomers, here and there
    rows += [r for i in range(14) for r in steady(rng, f"n{i:02}", 10, range(8 + 2 * i, 35))]
    return rows, accounts


def test_a_takeover_after_a_ban_is_found_with_its_successors(case_of: Callable[..., Case]) -> None:
    case = case_of(*banned(np.random.default_rng(4), replaced=True))
    (row,) = volume.ban_replacement(case).rows()
    assert (row["verdict"], row["closed_at"], row["closed_accounts"]) == ("replaced", BAN, 12)
    assert {f"y{i:02}" for i in range(10)} <= set(row["successor_ids"])
    assert row["successors"] <= 13
    assert row["takeover"] == pytest.approx(1.0, abs=0.2)
    assert row["low"] < row["takeover"] < row["high"]
    assert row["p"] < 1e-4
    assert row["n"] >= 5


def test_successors_a_day_later_are_found_too_and_those_of_one_organisation_are_called_so(
    case_of: Callable[..., Case],
) -> None:
    rows, accounts = banned(np.random.default_rng(9), replaced=False)
    for i in range(10):
        rows += steady(np.random.default_rng(i), f"y{i:02}", 24, range(22, 35))
    (late,) = volume.ban_replacement(case_of(rows, accounts)).rows()
    assert (late["verdict"], late["window_h"], late["same_org"]) == ("replaced", 72, 0)
    school = [{"org_id": "school", "closed_at": None} | a for a in accounts]
    school += [
        {"account_id": f"y{i:02}", "org_id": "school", "closed_at": None, "created_at": BAN, "status": "active"}
        for i in range(10)
    ]
    (own,) = volume.ban_replacement(case_of(rows, school, name="school")).rows()
    assert (own["verdict"], own["same_org"]) == ("replaced in its own organisation", 10)


def test_so_many_newcomers_that_may_be_chance_are_not_called_a_replacement_whatever_they_ask(
    sample_case: Case,
) -> None:
    (row,) = volume.ban_replacement(sample_case).rows()
    assert row["q"] > 0.01
    assert (row["same_template"], row["successors"]) == (15, 15)
    assert row["same_template_q"] < 1e-6
    assert row["verdict"] == "same work, number may be chance"


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "replaced"),
        ({"same_template": None, "same_template_q": None}, "replaced"),
        ({"same_template": 1, "same_template_q": 0.5}, "newcomers with other work"),
        ({"same_template": 8, "same_template_q": 0.02}, "newcomers with other work"),
        ({"same_org": 5}, "replaced in its own organisation"),
        ({"q": 0.056}, "same work, number may be chance"),
        ({"takeover": 0.3}, "same work, number may be chance"),
        ({"q": 0.056, "same_org": 5}, "same work in its own organisation"),
        ({"q": 0.056, "same_template": 8, "same_template_q": 0.02}, "not replaced"),
        ({"q": None, "same_template": None, "same_template_q": None}, "not replaced"),
    ],
)
def test_a_verdict_on_successors_claims_no_more_than_its_tests_show(changed: dict[str, Any], verdict: str) -> None:
    row = {
        "q": 0.001,
        "takeover": 1.0,
        "successors": 10,
        "same_org": 0,
        "same_template": 8,
        "same_template_q": 1e-9,
    }
    assert _ban_verdict(row | changed, 0.01) == verdict


def test_a_ban_nobody_replaces_and_an_export_without_bans_say_so(case_of: Callable[..., Case]) -> None:
    case = case_of(*banned(np.random.default_rng(5), replaced=False))
    assert [r["verdict"] for r in volume.ban_replacement(case).rows()] == ["not replaced"]
    rows, _ = banned(np.random.default_rng(6), replaced=False)
    calm = case_of(rows, name="calm")
    assert [r["verdict"] for r in volume.ban_replacement(calm).rows()] == ["no closures"]
    one = [{"account_id": "p00", "closed_at": BAN, "status": "closed"}]
    single = case_of(rows, one, name="single")
    assert [r["verdict"] for r in volume.ban_replacement(single).rows()] == [stats.TOO_LITTLE]


def prompts(rng: np.random.Generator, after_block: bool) -> list[dict]:
    """Three hundred prompts, a third refused; those come back seconds later from another account, or do not."""
    rows = []
    for i in range(300):
        at = BEGIN + timedelta(minutes=7 * i)
        refused = i % 3 == 0
        one = {
            "account_id": f"x{i % 9}",
            "occurred_at": at,
            "prompt_text": f"task {i}",
            "http_status": 429 if refused else 200,
        }
        rows.append(one)
        if refused and after_block and rng.random() < 0.7:
            rows.append(
                one
                | {"account_id": f"x{(i + 1) % 9}", "occurred_at": at + timedelta(seconds=4), "http_status": 200}
            )
    return rows


def test_failover_after_a_rate_limit_is_found_against_the_base_rate(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(7)
    found = {r["fate"]: r for r in volume.failover(case_of(prompts(rng, True))).rows()}
    assert (found["refused"]["verdict"], found["refused"]["requests"]) == ("fails over", 100)
    assert found["refused"]["share"] == pytest.approx(0.7, abs=0.1)
    assert found["failed"]["verdict"] == stats.TOO_LITTLE
    calm = {r["fate"]: r for r in volume.failover(case_of(prompts(rng, False), name="calm")).rows()}
    assert calm["refused"]["verdict"] == "as after an answer"


def test_extraction_counts_answers_and_prices_them_and_replays(case_of: Callable[..., Case]) -> None:
    rows = [
        {
            "account_id": f"x{i % 3}",
            "occurred_at": BEGIN + timedelta(minutes=i),
            "prompt_text": f"task {i % 40}",
            "request_model": "old" if i % 2 else "new",
            "http_status": 403 if i % 10 == 0 else 200,
            "input_tokens": 1000,
            "output_tokens": 2000,
        }
        for i in range(100)
    ]
    case = case_of(rows)
    prices = {"old": [1, 5], "new": [3, 15]}
    result = volume.extraction(case, accounts=["x0", "x1", "x2"], prices=prices)
    by_model = {r["request_model"]: r for r in result.rows()}
    assert by_model["new"]["exchanges"] == 40  # every tenth, and all of those are new, was refused
    assert by_model["new"]["list_usd"] == Decimal("40") * (1000 * 3 + 2000 * 15) / 1_000_000
    assert (by_model["all models"]["exchanges"], by_model["all models"]["distinct_prompts"]) == (90, 40)
    assert by_model["all models"]["list_usd"] == by_model["new"]["list_usd"] + by_model["old"]["list_usd"]
    assert "refused" in by_model["old"]["not_counted"]
    assert replay(case, result.call, result.arguments).digest == result.digest
    unpriced = volume.extraction(case, prices={"old": [1, 5]}).rows()
    assert unpriced[-1]["list_usd"] is None
    with pytest.raises(ParameterError, match="not a pair"):
        volume.extraction(case, prices={"old": [1]})


def test_plan_value_ranks_within_the_plan(case_of: Callable[..., Case]) -> None:
    rows = [
        {
            "account_id": f"x{i % 5}",
            "occurred_at": BEGIN + timedelta(hours=i),
            "request_model": "m",
            "input_tokens": 1_000_000 * (i % 5),
            "output_tokens": 0,
        }
        for i in range(150)
    ]
    accounts = [{"account_id": f"x{i}", "plan": "pro"} for i in range(5)]
    found = volume.plan_value(case_of(rows, accounts), prices={"m": [2, 10]}, fees={"pro": 20}).rows()
    assert [r["account_id"] for r in found] == ["x4", "x3", "x2", "x1", "x0"]
    assert found[0]["value_usd_30d"] == pytest.approx(30 * 4 * 2 * 30 / 6.04, rel=0.01)
    assert found[0]["times_fee"] == pytest.approx(found[0]["value_usd_30d"] / 20, rel=1e-3)
    assert (found[0]["plan_rank"], found[-1]["plan_rank"], found[0]["source"]) == (1.0, 0.0, "list price")


def test_without_any_price_plan_value_is_one_row_that_says_what_to_do(case_of: Callable[..., Case]) -> None:
    rows = [{"account_id": f"x{i}", "occurred_at": BEGIN, "request_model": "m"} for i in range(5)]
    (only,) = volume.plan_value(case_of(rows, [])).rows()
    assert (only["account_id"], only["requests"], only["value_usd_30d"]) == ("(all 5 accounts)", 5, None)
    assert "write prices under [parameters] in case.toml" in only["source"]


def test_synchrony_needs_a_set_and_says_what_it_measured(case_of: Callable[..., Case]) -> None:
    case = case_of(town(np.random.default_rng(8), 12))
    with pytest.raises(ParameterError, match="needs a set"):
        volume.synchrony(case)
    result = volume.synchrony(case, accounts=[f"p{i:02}" for i in range(12)], rounds=30)
    assert set(result["verdict"]) == {"not beyond their own rhythms"}
    assert result["accounts"].unique().to_list() == [12]
    assert result["measure"][-1] == "equal shares of 12 accounts"
