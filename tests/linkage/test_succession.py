"""Heirs of closed accounts: the group's test counts those who came after, never the closed themselves."""

import numpy as np

from kit.linkage.affinity import Affinity
from kit.linkage.families import _measure

TOWN = 600


def measured(closed: int, heirs: int, others: int, ordinary_heirs: int):
    """The succession of a group in a town where so many ordinary accounts started just then."""
    members = np.arange(closed + heirs + others)
    score = np.zeros(TOWN)
    score[: closed + heirs] = 1.0
    score[members.size : members.size + ordinary_heirs] = 1.0
    given = np.zeros(TOWN, bool)
    given[:closed] = True
    a = Affinity("reaction", "succession after closures", score, np.zeros(TOWN), given=given)
    return _measure(a, members, np.arange(members.size, TOWN), np.arange(TOWN))


def test_a_pool_replaced_at_once_holds_though_one_in_fifteen_of_the_town_started_then_too():
    found = measured(closed=19, heirs=15, others=0, ordinary_heirs=38)
    assert (found.hits, found.n) == (15, 15)
    assert found.holds


def test_three_newcomers_beside_many_closed_accounts_are_no_succession():
    found = measured(closed=17, heirs=3, others=37, ordinary_heirs=30)
    assert (found.hits, found.n) == (3, 40)
    assert not found.holds


def test_an_organisation_of_many_accounts_counts_once():
    """Twenty of one firm with one rhythm beside ten strangers without it: one of eleven, not two in three."""
    score = np.zeros(TOWN)
    score[:20] = 1.0
    a = Affinity("timing", "hours of the day", score, np.where(score > 0, 10.0, 0.0))
    found = _measure(a, np.arange(30), np.arange(30, TOWN), np.where(np.arange(TOWN) < 20, 0, np.arange(TOWN)))
    assert (found.hits, found.n, found.whose) == (1, 11, "organisations")
    assert not found.holds
