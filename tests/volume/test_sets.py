"""Acting together over all candidate sets, and the pivot of a common tool told from the pivot of a set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from kit import Case, stats, volume
from kit.case import replay

BEGIN = datetime(2026, 4, 20, tzinfo=UTC)
RELEASE = BEGIN + timedelta(days=21)


def queue(rng: np.random.Generator, n: int) -> list[dict]:
    """A pool of one organisation serving one queue in turn, in sessions at random hours of 28 days."""
    rows = []
    for day in range(28):
        begin = BEGIN + timedelta(days=day, seconds=float(rng.uniform(0, 80_000)))
        for i, s in enumerate(np.sort(rng.uniform(0, 5000, 6 * n))):
            rows.append(
                {"account_id": f"x{i % n}", "org_id": "pool", "occurred_at": begin + timedelta(seconds=float(s))}
            )
    return rows


def office(rng: np.random.Generator, org: str, n: int) -> list[dict]:
    return [
        {
            "account_id": f"{org}{a}",
            "org_id": org,
            "occurred_at": BEGIN + timedelta(days=d, hours=14, seconds=float(s)),
        }
        for a in range(n)
        for d in range(28)
        if d % 7 < 5
        for s in rng.normal(0, 7200, rng.poisson(6))
    ]


def test_the_set_that_serves_a_queue_is_found_among_offices(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(1)
    rows = queue(rng, 8) + office(rng, "a", 8) + office(rng, "b", 8)
    rows += [{"account_id": f"t{i}", "org_id": "tiny", "occurred_at": BEGIN + timedelta(hours=i)} for i in range(5)]
    accounts = [
        {"account_id": r["account_id"], "org_id": r["org_id"]} for r in {r["account_id"]: r for r in rows}.values()
    ]
    result = volume.acting_together(case_of(rows, accounts))
    found = {r["group_id"]: r for r in result.rows()}
    assert found["pool"]["verdict"] == "together"
    assert (found["pool"]["accounts"], found["pool"]["events"]) == (8, 28 * 48)
    assert {found[g]["verdict"] for g in ("a", "b")} == {"not beyond their own rhythms"}
    assert found["tiny"]["verdict"] == stats.TOO_LITTLE
    assert replay(case_of(rows, accounts, name="again"), result.call, result.arguments).digest == result.digest


def clustered(members: list[str]) -> Callable[..., None]:
    """A step of the build that puts `members` in cluster c1, as linkage would."""

    def step(con: duckdb.DuckDBPyConnection) -> None:
        rows = pl.DataFrame({"cluster_id": "c1", "account_id": members})
        names = [d[0] for d in con.execute("SELECT * FROM cluster_accounts LIMIT 0").description]
        con.executemany(
            f"INSERT INTO cluster_accounts BY NAME SELECT ? AS {names[0]}, ? AS {names[1]}", rows.rows()
        )

    return step


def test_every_analysis_takes_one_account_a_list_a_cluster_or_all(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(3)
    rows = office(rng, "a", 8) + office(rng, "b", 30)
    members = [f"a{i}" for i in range(8)]
    case = case_of(rows, releases=[{"request_model": "new", "released_at": RELEASE}], steps=[clustered(members)])
    ways = [{"accounts": "a1"}, {"accounts": members}, {"cluster": "c1"}, {}]
    for analysis in (
        volume.requests,
        volume.anomalies,
        volume.hour_of_week,
        volume.profiles,
        volume.plan_value,
        volume.acting_together,
        volume.release_pivot,
        volume.ban_replacement,
        volume.failover,
        volume.ramp,
        volume.extraction,
        volume.extraction_by_capability,
    ):
        one, some, cluster, whole = (analysis(case, **way) for way in ways)
        same = {"kind", "group_id"}  # a set is named after the way it was given
        assert some.frame.drop(same, strict=False).equals(cluster.frame.drop(same, strict=False)), analysis
        for column in {"requests", "exchanges"} & set(whole.frame.columns) - {"kind"}:
            assert one[column].sum() <= some[column].sum() <= whole[column].sum() or analysis is volume.anomalies
    for analysis in (volume.synchrony, volume.uptake):
        assert analysis(case, **ways[1]).frame.equals(analysis(case, **ways[2]).frame)
        assert len(analysis(case, accounts="a1"))
    assert volume.synchrony(case, accounts="a1")["verdict"][0] == stats.TOO_LITTLE


def test_users_of_a_tool_that_changed_its_default_did_not_pivot_on_their_own(case_of: Callable[..., Case]) -> None:
    rng = np.random.default_rng(2)
    rows = []
    for a in range(90):
        tool, share = (a < 40), 0.6 if a < 40 else float(rng.beta(1, 5))
        for s in rng.uniform(0, 35 * 86_400, 500):
            at = BEGIN + timedelta(seconds=float(s))
            model = "new" if at >= RELEASE and rng.random() < share else "old"
            client = "editor/1.0" if tool else f"sdk-{a % 30}/2"
            rows.append({"account_id": f"p{a:02}", "occurred_at": at, "request_model": model, "user_agent": client})
    case = case_of(rows, releases=[{"request_model": "new", "released_at": RELEASE}])
    some = volume.release_pivot(case, accounts=[f"p{a:02}" for a in range(12)]).rows()
    assert [r["verdict"] for r in some] == ["as others of its tool"]
