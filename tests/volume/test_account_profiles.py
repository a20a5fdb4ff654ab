"""Account profiles: each number is what a plain count over the same rows gives, in any order and any sharding."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from kit import Case, volume
from kit.database import create_tables
from kit.volume.tables import fill_profiles

BEGIN = datetime(2026, 5, 2, tzinfo=UTC)  # a Saturday


def some_rows(seed: int, n: int = 900) -> list[dict]:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        a = int(rng.integers(0, 12))
        at = BEGIN + timedelta(milliseconds=int(rng.integers(0, 9 * 86_400_000)))
        rows.append(
            {
                "account_id": f"acct_{a}",
                "occurred_at": at,
                "request_model": "m",
                "prompt_text": None if rng.random() < 0.1 else f"prompt {rng.integers(0, 40)}",
                "client_ip": f"10.0.0.{rng.integers(0, 5)}",
                "user_agent": f"sdk/{rng.integers(0, 2)}",
                "input_tokens": int(rng.integers(0, 100)),
                "output_tokens": int(rng.integers(0, 100)),
                "duration_ms": float(rng.integers(1, 3_000_000)),
                "http_status": int(rng.choice([200, 200, 200, 403, 429])),
            }
        )
    return rows


def by_hand(rows: list[dict]) -> dict:
    """The profile of one account, counted the slow way."""
    times = sorted(r["occurred_at"] for r in rows)
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    hours = Counter(t.hour for t in times)
    days = Counter(t.date() for t in times)
    peak = max(days.values())
    reached = min(d for d, c in days.items() if c >= 0.95 * peak)
    midnight = datetime.combine(reached, datetime.min.time(), UTC) + timedelta(days=1)
    ips: dict = {}
    minutes: dict = {}
    for r in rows:
        ips.setdefault(r["occurred_at"].date(), set()).add(r["client_ip"])
        minutes.setdefault(r["occurred_at"].replace(second=0, microsecond=0), set()).add(r["client_ip"])
    moves = [(r["occurred_at"], 1) for r in rows]
    moves += [(r["occurred_at"] + timedelta(milliseconds=int(r["duration_ms"])), -1) for r in rows]
    flying = np.cumsum([m for _, m in sorted(moves, key=lambda m: (m[0], m[1]))])
    quiet, run = 0, 0
    for h in [*range(24), *range(24)]:
        run = 0 if hours[h] else run + 1
        quiet = max(quiet, run)
    return {
        "requests": len(rows),
        "refused": sum(r["http_status"] == 403 for r in rows),
        "rate_limited": sum(r["http_status"] == 429 for r in rows),
        "ok": sum(r["http_status"] == 200 for r in rows),
        "input_tokens": sum(r["input_tokens"] for r in rows),
        "active_days": len(days),
        "active_hours": len({t.replace(minute=0, second=0, microsecond=0) for t in times}),
        "distinct_prompts": len({r["prompt_text"] for r in rows} - {None}),
        "distinct_clients": len({r["user_agent"] for r in rows}),
        "ips_per_day": pytest.approx(statistics.mean(len(v) for v in ips.values()), abs=1e-6),
        "max_ips_per_day": max(len(v) for v in ips.values()),
        "shared_minutes": sum(len(v) > 1 for v in minutes.values()),
        "peak_in_flight": int(flying.max()),
        "gap_median_s": pytest.approx(statistics.median(gaps), abs=1e-6),
        "gap_p90_s": pytest.approx(float(np.quantile(gaps, 0.9)), abs=1e-6),
        "longest_idle_s": pytest.approx(max(gaps), abs=1e-6),
        "idle_hours_of_day": min(quiet, 24),
        "hour_entropy_bits": pytest.approx(
            -sum(c / len(times) * math.log2(c / len(times)) for c in hours.values()), abs=1e-6
        ),
        "weekend_share": pytest.approx(sum(t.weekday() >= 5 for t in times) / len(times), abs=1e-6),
        "peak_day_requests": peak,
        "days_to_peak": pytest.approx((midnight - times[0]).total_seconds() / 86_400, abs=1e-6),
        "day_one_share": pytest.approx(sum(t < times[0] + timedelta(days=1) for t in times) / len(times), abs=1e-6),
        "first_at": times[0],
        "last_at": times[-1],
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_of_a_profile_is_what_a_plain_count_gives(seed: int, case_of: Callable[..., Case]) -> None:
    rows = some_rows(seed)
    found = {r["account_id"]: r for r in volume.profiles(case_of(rows)).rows()}
    assert len(found) == 12
    for account, profile in found.items():
        wanted = by_hand([r for r in rows if r["account_id"] == account])
        assert {k: profile[k] for k in wanted} == wanted


def test_shards_and_the_order_of_rows_do_not_change_a_profile(tmp_path: Path) -> None:
    rows = some_rows(3)
    tables = []
    for order, shards in ((1, 1), (-1, 1), (1, 5)):
        with duckdb.connect() as con:
            con.execute("SET timezone = 'UTC'")
            create_tables(con)
            con.execute("ALTER TABLE requests ADD COLUMN is_primary BOOLEAN DEFAULT true")
            pl.DataFrame(rows[::order], infer_schema_length=None).write_parquet(tmp_path / "rows.parquet")
            con.execute(
                "INSERT INTO requests BY NAME SELECT * FROM read_parquet($f)", {"f": str(tmp_path / "rows.parquet")}
            )
            fill_profiles(con, shards)
            tables.append(con.execute("SELECT * FROM account_profiles ORDER BY account_id").fetchall())
    assert len(tables[0]) == 12
    assert tables[0] == tables[1] == tables[2]


def test_what_is_not_logged_is_nothing_and_not_zero(case_of: Callable[..., Case]) -> None:
    bare = [{k: r[k] for k in ("account_id", "occurred_at", "request_model")} for r in some_rows(4)]
    profile = volume.profiles(case_of(bare)).rows()[0]
    for column in ("distinct_prompts", "distinct_ips", "ips_per_day", "peak_in_flight", "value_usd", "age_days"):
        assert profile[column] is None
    assert profile["requests"] > 0


def test_a_metered_client_and_one_that_never_sleeps_stand_out_from_people(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(5)
    rows, accounts = [], []
    for a in range(40):
        accounts.append({"account_id": f"p{a:02}", "created_at": BEGIN - timedelta(days=200), "plan": "payg"})
        for day in range(21):
            for s in 10 * 3600 + rng.normal(0, 2 * 3600, 8):
                at = BEGIN + timedelta(days=day, seconds=float(s))
                rows.append({"account_id": f"p{a:02}", "occurred_at": at, "request_model": "m"})
    for i in range(21 * 24 * 4):
        at = BEGIN + timedelta(minutes=15 * i)
        rows.append({"account_id": "meter", "occurred_at": at, "request_model": "m"})
    accounts.append({"account_id": "meter", "created_at": BEGIN - timedelta(days=200), "plan": "payg"})
    found = {r["account_id"]: r for r in volume.profiles(case_of(rows, accounts)).rows()}
    meter = found["meter"]
    assert (meter["comparison"], meter["cohort_n"], meter["idle_hours_of_day"]) == ("compared", 41, 0)
    assert (meter["hour_dispersion"], meter["equal_spread_p"]) == (0, 0)
    assert meter["flat_p"] == pytest.approx(1 / 42, abs=1e-6)
    assert meter["rhythm_strength"] < 0.05 < 0.5 < found["p00"]["rhythm_strength"]
    assert meter["rhythm_p"] > 0.9
    assert found["p00"]["hour_dispersion"] > 1


def test_a_cohort_of_a_few_is_too_little_data(case_of: Callable[..., Case]) -> None:
    found = volume.profiles(case_of(some_rows(6)))
    assert found["comparison"].unique().to_list() == ["too little data"]
    assert found["volume_rank"].null_count() == len(found)
