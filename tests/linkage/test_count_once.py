"""One fact is evidence in one family: a client that picked the group, and a sign-up that bounds its days."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from kit.linkage.families import Group, assess
from kit.linkage.town import DAY_S, Counts, Ints, Sharing, Town

TOWN, DAYS = 400, 40
MEMBERS = np.arange(24)
USERS = np.arange(160)  # of the client
BUILT = np.arange(24)  # of these, who has the build with the rare fingerprint


def held(*of_value: Ints, names: list[str]) -> Sharing:
    rows = np.concatenate(of_value)
    columns = np.repeat(np.arange(len(of_value)), [v.size for v in of_value])
    return Sharing(names, sparse.csr_matrix((np.full(rows.size, 20.0), (rows, columns)), (TOWN, len(names))))


def a_town(parameters: bool, since: int, signed_up: bool) -> Town:
    """Four hundred accounts active on half of the days; 24 of one build, the same from `since` on."""
    rng = np.random.default_rng(1)
    days = (rng.random((TOWN, DAYS)) < 0.5).astype(float)
    days[MEMBERS, :since] = 0
    topics = rng.multinomial(DAYS, np.full(128, 1 / 128), TOWN).astype(float)
    topics[MEMBERS] = np.eye(128)[5] * DAYS
    created = np.full(TOWN, np.nan)
    if signed_up:
        created = rng.uniform(-300, -10, TOWN) * DAY_S
        created[MEMBERS] = (since - 2.5) * DAY_S
    accounts = pl.DataFrame(
        {"account_id": [f"a{k:03}" for k in range(TOWN)], "org_id": [""] * TOWN, "requests": [float(DAYS)] * TOWN}
        | {"email_domain": [""] * TOWN, "created_s": created, "closed_s": [np.nan] * TOWN}
        | {"first_s": np.where(np.isin(np.arange(TOWN), MEMBERS), since * DAY_S, 0.0)}
    )
    rest = np.setdiff1d(USERS, BUILT)
    kinds = {
        "client": held(USERS, names=["Kit/#"]),
        "build": held(BUILT, rest, names=["Kit/# ja4 rare", "Kit/# ja4 usual"]),
        "habit": held(MEMBERS, rest, names=["temperature=0.3 | Kit/# | rare", "defaults | Kit/# | usual"]),
    }
    if parameters:
        kinds["parameters"] = held(MEMBERS, names=["temperature=0.3"])
    flat = np.full((TOWN, 24), 1.0)
    return Town(
        accounts=accounts, kinds=kinds, hours=Counts(sparse.csr_matrix(flat)), days=Counts(sparse.csr_matrix(days)),
        topics=Counts(sparse.csr_matrix(topics)), pivot=np.full(TOWN, np.nan),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "picked_by", "counts"),
    [(True, "parameters", True), (True, "habit", False), (False, "parameters", False)],
)
def test_a_client_that_picked_the_group_or_makes_its_habit_is_no_second_family(
    parameters: bool, picked_by: str, counts: bool
) -> None:
    g = Group(MEMBERS, ((picked_by, "temperature=0.3"),))
    assess(a_town(parameters, 0, signed_up=False), g)
    assert g.evidence["content"].holds
    assert g.evidence["infrastructure"].holds is counts
    assert ("counted as content" in g.evidence["infrastructure"].summary()) is not counts


@pytest.mark.parametrize("signed_up", [False, True])
def test_that_nobody_is_active_before_signing_up_is_no_second_family(signed_up: bool) -> None:
    g = Group(MEMBERS)
    assess(a_town(True, 15, signed_up), g)
    assert g.measured("batch of sign-ups").holds is signed_up
    assert g.measured("days of activity").holds is not signed_up
