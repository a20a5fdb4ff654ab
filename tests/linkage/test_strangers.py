"""Harmless groups that share what strangers can are not proposed; a large campaign beside them is found whole."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
import scenarios
from generate import Plan, campaigns, crowd, finish, new_town, populate
from scipy import sparse

from kit import linkage
from kit.linkage.affinity import affinities
from kit.linkage.families import Group, assess
from kit.linkage.groups import split
from kit.linkage.harmless import alternatives
from kit.linkage.town import Counts, Sharing, Town
from tests.linkage.conftest import load_town

Linked = tuple[duckdb.DuckDBPyConnection, dict[str, str]]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    """A town of every harder look-alike with 150 wide-spread accounts of one harvest, and everybody's role."""
    made = new_town(5, scale=0.05)
    populate(made, residents=120, median=12)
    crowd(made)
    wide = Plan(
        "wide", 150, 4, ("campaign_trace",), disposable=0.5, pool_exits=60, starts=30.0, ends=32.0, mixed=0.1
    )
    campaigns.low_and_wide(made, wide)
    incident = finish(made, 5)
    con = load_town(incident, tmp_path_factory.mktemp("crowded"))
    linkage.build(con)
    who = incident.truth_accounts.filter(pl.col("requests") > 0)
    return con, {a: c or r for a, r, c in who.select("account_id", "role", "campaign").iter_rows()}


def test_only_the_harvest_is_proposed_among_groups_that_look_like_one(crowded: Linked) -> None:
    con, roles = crowded
    query = "SELECT account_id, cluster_id FROM cluster_accounts JOIN clusters USING (cluster_id) WHERE proposed"
    found = dict(con.execute(query).fetchall())
    assert {roles[a] for a in found} == {"wide"}
    assert len(set(found.values())) == 1
    assert len(found) >= 0.95 * sum(r == "wide" for r in roles.values())


@pytest.mark.parametrize(
    ("name", "seed", "scale"),
    [
        *[("mistaken_town", seed, 0.3) for seed in (1, 2, 3)],
        *[("mistaken_town", 31, 0.8), ("mistaken_town", 1, 1.0)],
        *[("full_town", 1, 0.2), ("full_town", 2, 1.0), ("doubled_town", 1, 0.2)],
        *[("office_town", 1, 0.2), ("office_town", 2, 0.6), ("bot_town", 1, 0.3), ("bot_town", 2, 0.3)],
    ],
)
def test_groups_once_proposed_by_mistake_are_dismissed(tmp_path: Path, name: str, seed: int, scale: float) -> None:
    incident = scenarios.build(name, seed, scale=scale)
    con = load_town(incident, tmp_path)
    linkage.build(con)
    who = incident.truth_accounts.select("account_id", "role")
    roles = dict(who.iter_rows())
    query = "SELECT account_id FROM cluster_accounts JOIN clusters USING (cluster_id) WHERE proposed"
    assert {roles[a] for (a,) in con.execute(query).fetchall()} == set()


@pytest.mark.xfail(strict=True, reason="known to be wrong still: docs/decisions/0003-what-is-claimed.md")
def test_users_of_a_public_bot_are_not_proposed_beside_all_other_look_alikes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from town import mistaken

    def with_bot(town) -> None:
        scenarios.full_town(town)
        mistaken.newest_model_bot(town)

    monkeypatch.setitem(scenarios.SCENARIOS, "full_town", with_bot)
    con = load_town(scenarios.build("full_town", 11, scale=0.3), tmp_path)
    linkage.build(con)
    assert con.execute("SELECT count(*) FROM clusters WHERE proposed").fetchall() == [(0,)]


@pytest.mark.parametrize(("name", "seed"), [("release_pivot", 62), ("several_at_once", 103)])
def test_a_harvest_that_moves_half_of_its_work_on_the_day_of_a_release_is_found_whole(
    tmp_path: Path, name: str, seed: int
) -> None:
    incident = scenarios.build(name, seed, scale=0.4)
    con = load_town(incident, tmp_path)
    linkage.build(con)
    who = incident.truth_accounts.select("account_id", "campaign")
    pivot = {a for a, c in who.iter_rows() if c == "release_pivot"}
    query = "SELECT account_id FROM cluster_accounts JOIN clusters USING (cluster_id) WHERE proposed"
    found = {a for (a,) in con.execute(query).fetchall()}
    assert pivot <= found
    assert all(c for a, c in who.iter_rows() if a in found)


def test_claim_c_rests_on_the_pooled_prompts_and_claim_a_sets_other_traffic_apart(crowded: Linked) -> None:
    con, _ = crowded
    asked = "SELECT claim, statement, basis FROM cluster_claims JOIN clusters USING (cluster_id) WHERE proposed"
    claims = {c: (said, basis) for c, said, basis in con.execute(asked).fetchall()}
    totals = "SELECT exchanges, requests_total - exchanges FROM clusters WHERE proposed"
    ((exchanges, others),) = con.execute(totals).fetchall()
    assert f"made {exchanges:,} requests that carry the group's marks; {others:,} other requests" in claims["A"][0]
    assert "taken together" in claims["C"][1].lower()


def a_group(org: list[str], address: list[int], **about: list[str]) -> tuple[Town, Group]:
    """Six accounts of these organisations at these shared addresses, and sixty strangers at their own."""
    n = 66
    own = [f"a{k}" for k in range(n - len(org))]
    empty = {name: [""] * n for name in ("plan", "verification", "email_domain")}
    values = {name: [*said, *[""] * (n - len(said))] for name, said in (empty | about).items()}
    times = {name: [float("nan")] * n for name in ("created_s", "closed_s", "first_s", "output_tokens")}
    accounts = pl.DataFrame(
        {"account_id": [f"b{k}" for k in range(len(org))] + own, "org_id": [*org, *own], **values, **times}
        | {"requests": [10.0] * n, "distinct_prompts": [10.0] * n}
    )
    at = sparse.csr_matrix((np.ones(len(org)), (np.arange(len(org)), address)), (n, max(address) + 1))
    flat = Counts(sparse.csr_matrix(np.ones((n, 10))))
    kinds = {"ip": Sharing([f"ip{k}" for k in range(max(address) + 1)], at)}
    read = Town(accounts=accounts, kinds=kinds, hours=flat, days=flat, topics=flat, pivot=np.full(n, np.nan))
    g = Group(np.flatnonzero([i.startswith("b") for i in read.ids]))
    assess(read, g)
    return read, g


def pool(town: Town, g: Group) -> list[float]:
    found = affinities(town, g.members, town.others(g.members))
    return next(a for a in found if a.measure == "pool of addresses").score[g.members].tolist()


def test_an_address_links_accounts_of_two_organisations_and_nobody_within_one() -> None:
    assert pool(*a_group(["x", "x", "y", "y", "z", "z"], [0, 0, 1, 1, 2, 2])) == [0.0] * 6
    assert pool(*a_group(["x", "y", "y", "y", "z", "z"], [0, 0, 1, 1, 2, 2])) == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]


def test_what_the_export_does_not_hold_was_not_tested() -> None:
    outcome = {a.explanation: a.outcome for a in alternatives(*a_group([""] * 6, [0] * 6))}
    untested = {e.split(" (")[0] for e, o in outcome.items() if o == "could not test"}
    assert {"verified businesses that work together", "class", "one institution", "one payer"} <= untested
    assert outcome["one site (class, hackathon, office)"] == "ruled out"


def test_verified_businesses_without_a_harvest_are_customers_that_can_be_asked() -> None:
    read, g = a_group(list("uvwxyz"), [0] * 6, verification=["business"] * 5 + ["card"])
    outcome = {a.explanation.split(" (")[0]: a.outcome for a in alternatives(read, g)}
    assert outcome["verified businesses that work together"] == "holds"


@pytest.mark.parametrize(("agent", "product"), [("EditorPilot/3", "holds"), ("python-httpx/0.28.1", "ruled out")])
def test_a_client_that_only_the_group_runs_is_its_product_unless_anybody_could_run_it(
    agent: str, product: str
) -> None:
    read, g = a_group(list("uvwxyz"), [0] * 6)
    ten = sparse.csr_matrix(np.array([10.0] * 6 + [0.0] * 60)[:, None])
    read.kinds["client"] = Sharing([agent], ten[np.argsort([not i.startswith("b") for i in read.ids]).argsort()])
    outcome = {a.explanation.split(" (")[0]: a.outcome for a in alternatives(read, g)}
    assert outcome["one product"] == product


def test_the_same_parameters_join_no_groups_that_have_prompts_of_their_own() -> None:
    read, _ = a_group(list("pqrstuvwxyz")[:10], [0] * 10)
    b = np.flatnonzero([i.startswith("b") for i in read.ids])
    rows = np.repeat(b, 2)
    prompt = np.column_stack([np.repeat([1, 2], 5), np.zeros(10, int)]).ravel()
    held = sparse.csr_matrix((np.ones(20), (rows, prompt)), (len(read), 3))
    read.kinds["parameters"] = Sharing(["temperature=0.6"], held[:, [0]])
    read.kinds["template"] = Sharing(["tpl_a", "tpl_b"], held[:, [1, 2]])
    read.habits.clear()
    aside = np.zeros(len(read), bool)
    assert [p.members.tolist() for p in split(read, Group(b), aside)] == [b[:5].tolist(), b[5:].tolist()]
    read.kinds.pop("template")
    read.habits.clear()
    assert [p.members.tolist() for p in split(read, Group(b), aside)] == [b.tolist()]
