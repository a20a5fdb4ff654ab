"""Who stays when a group settles: accounts dropped are in doubt only while the group would stand with them."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from kit.linkage.families import Group
from kit.linkage.groups import settle
from kit.linkage.proposal import find_clusters
from kit.linkage.town import DAY_S, Counts, Floats, Ints, Sharing, Town

TOWN, USERS = 1_000, 120
SHOW = np.arange(90)  # members who show more than their prompts
BEHIND, MAILED = SHOW[:60], SHOW[30:]  # of these, who is at the proxies, and who has throw-away mail
HOMES = np.arange(500, 540)  # ordinary accounts at whose homes the proxies are


def held(rows: Ints, values: Ints) -> Sharing:
    table = sparse.csr_matrix((np.full(rows.size, 20.0), (rows, values)), (TOWN, int(values.max()) + 1))
    return Sharing([f"v{j}" for j in range(table.shape[1])], table)


def spread(rng: np.random.Generator, bins: int, where: dict[int, Ints]) -> Counts:
    """Twenty requests an account over all bins, but those of the accounts in `where` in a bin of their own."""
    table: Floats = rng.multinomial(20, np.full(bins, 1 / bins), TOWN).astype(np.float64)
    for at, who in where.items():
        table[who] = np.eye(bins)[at] * 20
    return Counts(sparse.csr_matrix(table))


def a_town(*, tied: bool) -> Town:
    """Of 120 accounts with one system prompt and one field of topics, ninety show something beside it.

    tied  that is addresses of a pool, a rare mail domain, or both; else, for all ninety, sign-ups and hours
    """
    rng = np.random.default_rng(3)
    created = rng.uniform(-300, 30, TOWN) * DAY_S
    if not tied:
        created[SHOW] = rng.uniform(10, 11, SHOW.size) * DAY_S
    domain = np.array([f"d{k}.example" for k in range(TOWN)])
    if tied:
        domain[[*MAILED, *range(TOWN - 5, TOWN)]] = "thrown.example"
    accounts = pl.DataFrame(
        {"account_id": [f"a{k:03}" for k in range(TOWN)], "org_id": [""] * TOWN, "requests": [100.0] * TOWN}
        | {"plan": ["payg"] * (TOWN - 5) + ["trial"] * 5, "verification": ["card"] * TOWN}
        | {"email_domain": domain, "created_s": created, "first_s": np.maximum(created, 0) + 2 * DAY_S}
        | {"closed_s": [np.nan] * TOWN, "output_tokens": [40_000.0] * TOWN, "distinct_prompts": [90.0] * TOWN}
    )
    kinds = {"system": held(np.arange(USERS), np.zeros(USERS, int))}
    kinds["system"].table.data[:] = 100.0
    if tied:
        exits = [(BEHIND + 7 * k) % HOMES.size for k in range(4)]
        kinds["ip"] = held(np.concatenate([*[BEHIND] * 4, HOMES]), np.concatenate([*exits, HOMES - HOMES[0]]))
    hours = {} if tied else {3: SHOW}
    return Town(
        accounts=accounts, kinds=kinds, hours=spread(rng, 24, hours), days=spread(rng, 45, {}),
        topics=spread(rng, 128, {7: np.arange(USERS)}), pivot=np.full(TOWN, np.nan),
    )  # fmt: skip


def test_members_who_show_nothing_but_their_prompts_do_not_make_those_of_the_others_ordinary() -> None:
    read = a_town(tied=True)
    settled = settle(read, Group(np.arange(USERS)), np.zeros(TOWN, bool))
    assert settled.members.tolist() == SHOW.tolist()
    assert settled.dropped.tolist() == list(range(SHOW.size, USERS))
    assert settled.doubt
    assert [c.group.members.tolist() for c in find_clusters(read) if c.proposed] == [SHOW.tolist()]


def test_a_choice_among_the_users_of_a_product_is_judged_by_all_of_its_users() -> None:
    read = a_town(tied=False)
    settled = settle(read, Group(np.arange(USERS)), np.zeros(TOWN, bool))
    assert not settled.doubt
    assert not any(c.proposed for c in find_clusters(read))


def test_a_campaign_is_not_dismissed_because_its_own_dropped_accounts_use_its_prompts(town) -> None:
    con, roles = town("low_and_wide", 67, 0.15)
    named = con.execute(
        "SELECT account_id FROM cluster_accounts JOIN clusters USING (cluster_id) WHERE proposed"
    ).fetchall()
    assert len(named) > 100
    assert {roles[a] for (a,) in named} == {"low_and_wide"}
