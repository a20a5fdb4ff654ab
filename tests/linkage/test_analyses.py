"""Growing from seeds, why two accounts are linked, and what an empty case answers."""

from __future__ import annotations

import pytest

from kit import linkage
from kit.case import replay
from kit.charts import linkage as charts
from kit.errors import ParameterError


@pytest.fixture
def cluster(sample_case):
    """The proposed cluster with the most exchanges: the campaign of two pools."""
    proposed = (c for c in linkage.clusters(sample_case).rows() if c["proposed"])
    return max(proposed, key=lambda c: c["exchanges"])["cluster_id"]


@pytest.fixture
def members(sample_case, cluster):
    return sorted(linkage.members(sample_case, cluster=cluster)["account_id"])


def test_hidden_members_come_first_when_growing_from_half_of_them(sample_case, members):
    seeds = members[::2]
    more = linkage.grow(sample_case, seeds=seeds, max_wrong=1.0).frame
    hidden = set(members) - set(seeds)
    assert set(more["account_id"].head(len(hidden))) == hidden
    inside = more.filter(more["within"])
    assert inside["expected_wrong"].max() <= 1.0
    assert set(inside["account_id"]) - hidden == set()


def test_three_known_accounts_are_enough_to_find_the_rest_and_nobody_else(sample_case, members):
    for seeds in (members[:3], members[5:20:6], members[-3:]):
        more = linkage.grow(sample_case, seeds=seeds, max_wrong=1.0).frame
        inside = set(more.filter(more["within"])["account_id"])
        assert inside <= set(members)
        assert len(inside) >= 0.95 * (len(members) - 3)


def test_users_of_one_product_are_no_company_to_three_of_them(town):
    from kit.linkage.growing import ranked
    from kit.linkage.town import read_town

    con, roles = town("crowded_town", 73)
    accounts = read_town(con)
    for role in sorted(set(roles.values()) - {"organic"}):
        seeds = sorted(a for a, r in roles.items() if r == role)[:3]
        if len(seeds) == 3:
            grown = ranked(accounts, seeds, 1.0)
            assert set(grown.filter(grown["within"])["account_id"]) <= {a for a, r in roles.items() if r == role}
            assert grown["within"].sum() <= 3, role


def test_probabilities_fall_with_rank_and_expected_wrong_adds_up(sample_case, members):
    more = linkage.grow(sample_case, seeds=members[:6]).frame
    assert more["probability"].is_sorted(descending=True)
    assert more["expected_wrong"][2] == pytest.approx((1 - more["probability"][:3]).sum(), abs=2e-3)


def test_growing_needs_three_seeds_that_exist(sample_case, members):
    with pytest.raises(ParameterError, match="at least three seeds"):
        linkage.grow(sample_case, seeds=members[:2])
    with pytest.raises(ParameterError, match="not in this case"):
        linkage.grow(sample_case, seeds=[*members[:3], "nobody"])


def test_calibration_stays_within_what_was_said(sample_case, members):
    curve = linkage.calibration(sample_case, seeds=members)
    assert curve["accounts"].sum() > 0
    top = curve.rows()[-1]
    assert top["observed"] >= 0.9
    assert charts.calibration_curve(curve).marks > 0


def test_why_linked_counts_the_holders_of_each_shared_value(sample_case, members):
    card = linkage.why(sample_case, a=members[0], b=members[1])
    assert len(card) > 0
    assert card["holders"].min() >= 2
    assert set(card["family"]) <= {"identity", "infrastructure", "content"}


def test_an_analysis_replays_to_the_same_digest(sample_case, members):
    first = linkage.grow(sample_case, seeds=members[:6], max_wrong=0.5)
    assert replay(sample_case, first.call, first.arguments).digest == first.digest


def test_what_is_asked_of_no_cluster_in_particular_is_answered_of_the_one_with_the_most_exchanges(
    sample_case, cluster
):
    first = linkage.clusters(sample_case).rows()[0]
    assert first["cluster_id"] == cluster
    assert linkage.members(sample_case).parameters == {"cluster_id": cluster}
    assert len(linkage.links(sample_case)) > 0
    assert max(linkage.clusters(sample_case)["accounts"]) > first["accounts"]  # not the one of most accounts


def test_an_unknown_cluster_is_named_in_the_error(sample_case):
    with pytest.raises(ParameterError, match="cluster-nowhere"):
        linkage.evidence(sample_case, cluster="cluster-nowhere")


def test_charts_of_a_cluster_stay_within_their_budget_and_say_what_they_show(sample_case, cluster, members):
    for drawn in (
        charts.membership_matrix(linkage.matrix(sample_case, cluster=cluster)),
        charts.cluster_timeline(linkage.timeline(sample_case, cluster=cluster)),
        charts.cluster_graph(linkage.links(sample_case, cluster=cluster)),
        charts.ranking(linkage.grow(sample_case, seeds=members[:6])),
    ):
        assert 0 < drawn.marks <= 5_000
        assert len(drawn.alt) > 30
