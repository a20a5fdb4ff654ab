"""Who is proposed as one operation, who is not, and that the answer does not depend on how the exports lay."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scenarios

from kit import linkage
from kit.linkage.affinity import _bits
from kit.linkage.families import Group, assess
from kit.linkage.town import read_town
from tests.conftest import SAMPLE
from tests.linkage.conftest import contents, load_town


def named(con):
    query = "SELECT account_id, cluster_id FROM cluster_accounts JOIN clusters USING (cluster_id) WHERE proposed"
    return dict(con.execute(query).fetchall())


@pytest.mark.parametrize("seed", range(1, 6))
def test_nobody_is_proposed_in_a_quiet_town(town, seed):
    con, roles = town("quiet_town", seed)
    assert {roles[a] for a in named(con)} == set()


def test_a_group_that_is_dismissed_says_which_explanation_or_family_decided(town):
    con, _ = town("quiet_town", 1)
    reasons = [r for (r,) in con.execute("SELECT reason FROM clusters").fetchall()]
    assert reasons
    assert all(r.startswith("Dismissed: ") and len(r) > 40 for r in reasons)
    unnamed = """SELECT count(*) FROM clusters c WHERE reason LIKE '%harmless explanation holds%' AND NOT EXISTS
        (SELECT 1 FROM cluster_alternatives a WHERE a.cluster_id = c.cluster_id AND a.outcome = 'holds')"""
    assert con.execute(unnamed).fetchall()[0] == (0,)


def test_a_campaign_that_shares_only_habits_is_one_cluster_without_a_bystander(town):
    con, roles = town("habit_only", 2, 0.3)
    found = named(con)
    members = {a for a, r in roles.items() if r == "habit_only"}
    assert set(found) <= members
    assert len(found) >= 0.95 * len(members)
    assert len(set(found.values())) == 1


def test_same_rows_in_any_order_and_any_number_of_threads_give_the_same_tables(tmp_path):
    incident = scenarios.build("habit_only", 2, scale=0.12)
    seen = []
    for shuffle, threads in ((0, 2), (10, 1), (11, 4)):
        con = load_town(incident, tmp_path, shuffle=shuffle, threads=threads)
        linkage.build(con)
        seen.append(contents(con))
    assert any(row[-1] is not None for row in seen[0]["clusters"])  # a stability is among what is compared
    assert seen[0] == seen[1] == seen[2]


def test_the_sample_incident_names_its_campaigns_and_no_bystander(sample_case):
    truth = {r["account_id"]: r for r in csv.DictReader((SAMPLE / "truth.csv").open(encoding="utf-8"))}
    proposed = linkage.clusters(sample_case, proposed=True)
    accounts = {a for c in proposed["cluster_id"] for a in linkage.members(sample_case, cluster=c)["account_id"]}
    guilty = {a for a, r in truth.items() if r["campaign"] not in ("", "0")}
    assert accounts <= guilty
    assert len(accounts) >= 0.95 * len(guilty)


def test_a_value_half_the_town_has_is_worth_one_bit_and_no_score_is_worth_none():
    score = np.array([1.0] * 50 + [0.0] * 50)
    bits = _bits(score, np.arange(100))
    assert bits[0] == pytest.approx(1.0, abs=0.03)
    assert bits[99] == 0.0


def test_one_shared_address_never_weighs_more_than_three_bits():
    score = np.array([1.0, 2.0, 3.0] + [0.0] * 997)
    bits = _bits(score, np.arange(3, 1000), "pool of addresses")
    assert bits[:2].tolist() == [3.0, 6.0]
    assert bits[2] > 9


def test_every_cluster_has_five_families_five_claims_and_an_id_from_its_members_alone(town):
    con, _ = town("habit_only", 2, 0.3)
    for table, rows in (("cluster_evidence", 5), ("cluster_claims", 5)):
        counts = con.execute(f"SELECT DISTINCT count(*) FROM {table} GROUP BY cluster_id").fetchall()
        assert counts == [(rows,)]
    assert len(read_town(con)) == con.execute("SELECT count(*) FROM accounts").fetchall()[0][0]


def test_a_family_the_export_has_nothing_for_is_not_measured_rather_than_not_holding(town):
    con, _ = town("quiet_town", 1)
    whole = read_town(con)
    columns = ("created_s", "closed_s", "email_domain")
    bare = replace(
        whole,
        kinds={k: s for k, s in whole.kinds.items() if k not in ("ip", "build") and not k.startswith("id:")},
        releases=(),
        accounts=whole.accounts.with_columns(pl.lit(None).alias(c) for c in columns),
    )
    evidence = assess(bare, Group(np.arange(20)))
    assert {f for f, e in evidence.items() if e.lacking} == {"identity", "infrastructure", "reaction"}
    assert evidence["reaction"].summary().startswith("Not measured: the export holds no closures")
    assert not any(e.lacking for e in assess(whole, Group(np.arange(20))).values())
