"""What the clusters hold, asked of an open case; every Result can be replayed."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from kit.case import Case, analysis
from kit.errors import ParameterError
from kit.result import Result

CALIBRATION_ROUNDS = 10


@analysis
def clusters(case: Case, *, proposed: bool | None = None) -> Result:
    """Every group examined, proposed ones first, then by exchanges; `proposed` picks one kind.

    cluster_id, proposed, reason, accounts, exchanges, requests_total, tokens of the exchanges, first_at, last_at.
    """
    return case.sql(
        "SELECT * FROM clusters WHERE $proposed IS NULL OR proposed = $proposed "
        "ORDER BY proposed DESC, exchanges DESC, accounts DESC, cluster_id",
        "clusters",
        proposed=proposed,
    )


@analysis
def members(case: Case, *, cluster: str | None = None) -> Result:
    """The accounts of one cluster, strongest evidence first. Raises ParameterError for an unknown cluster."""
    return _of(case, "linkage/members", cluster)


@analysis
def timeline(case: Case, *, cluster: str | None = None) -> Result:
    """Sign-ups, first uses, closures and active accounts of a cluster: one row per day and event."""
    return _of(case, "linkage/timeline", cluster)


@analysis
def evidence(case: Case, *, cluster: str | None = None) -> Result:
    """The five families on one cluster: holds, statistic, value, what chance gives, p and a sentence."""
    return _rows(case, "cluster_evidence", cluster, "family")


@analysis
def alternatives(case: Case, *, cluster: str | None = None) -> Result:
    """The harmless explanations of one cluster: test, outcome, detail."""
    return _rows(case, "cluster_alternatives", cluster, "explanation")


@analysis
def claims(case: Case, *, cluster: str | None = None) -> Result:
    """The five claims A to E on one cluster, graded."""
    return _rows(case, "cluster_claims", cluster, "claim")


@analysis
def why(case: Case, *, a: str = "", b: str = "", cluster: str | None = None) -> Result:
    """What two accounts have in common: family, kind, value, holders (accounts that share it), bits (rarity).

    Without names, the two members of the cluster with the strongest evidence. Of each kind the five rarest values
    and a row with the number of the others. Raises ParameterError for an account that is not in the case.
    """
    if not a or not b:
        a, b = [*members(case, cluster=cluster)["account_id"].to_list()[:2], "", ""][:2]
    _known(case, [account for account in (a, b) if account])
    return case.query("linkage/why", a=a, b=b)


@analysis
def matrix(case: Case, *, cluster: str | None = None) -> Result:
    """Accounts by evidence: account_id, family, measure and bits, for at most 200 members of a cluster."""
    from kit.linkage.families import Group, assess
    from kit.linkage.town import read_town

    town = read_town(case._con)
    shown = _of(case, "linkage/members", cluster)
    place = {a: i for i, a in enumerate(town.ids)}
    g = Group(np.sort(np.array([place[a] for a in shown["account_id"]], dtype=np.int64)))
    if g.members.size:
        assess(town, g)
    rows = [
        {
            "account_id": a,
            "family": f,
            "measure": m.affinity.measure,
            "bits": round(float(m.affinity.bits[place[a]]), 1),
        }
        for a in shown["account_id"].to_list()[:200]
        for f, e in g.evidence.items()
        for m in e.measures
    ]
    schema = {"account_id": pl.String, "family": pl.String, "measure": pl.String, "bits": pl.Float64}
    return shown.with_frame(pl.DataFrame(rows, schema=schema), name="matrix")


@analysis
def grow(
    case: Case, *, seeds: list[str] | None = None, cluster: str | None = None, max_wrong: float = 1.0
) -> Result:
    """Every other account ranked by its link to the seeds (by default the members of the proposed cluster with the
    most exchanges).

    One row per account with any evidence: rank, account_id, bits, probability (that it belongs), expected_wrong (of
    accusing all down to this rank), within (whether that is at most `max_wrong`, and the account more likely
    belongs than not), evidence in words. Where half of the seeds or more are in a group that they share a mark, a
    habit or a pool with, and that group would be proposed, its members speak for others as the seeds do. The
    probability is Bayes' rule with the bits as the weight of evidence and as many hidden members expected as there
    are seeds, or as the group seems to have missed by the seeds that are not in it; an account that is as good as
    certain (0.98) then speaks for others too.
    Raises ParameterError for one or two seeds, or one that is not in the case.
    """
    from kit.linkage.growing import NOBODY, ranked
    from kit.linkage.town import read_town

    meant = _seeds(case, seeds, cluster)
    asked = _known(case, meant)
    if not meant:
        return asked.with_frame(NOBODY, name="grow")
    if len(meant) < 3:
        raise ParameterError("Growing needs at least three seeds, so that one can be judged by the others.")
    return asked.with_frame(ranked(read_town(case._con), meant, max_wrong), name="grow")


@analysis
def calibration(case: Case, *, seeds: list[str] | None = None, cluster: str | None = None) -> Result:
    """How often the probabilities of `grow` come true: half of the seeds hidden, ten times; one row per band.

    probability (mean said), observed (share that were hidden seeds), accounts. Accounts outside the seeds count as
    wrong, so with members yet unknown the curve lies below the truth, never above. No rows under eight seeds.
    """
    from kit.linkage.growing import reliability
    from kit.linkage.town import read_town

    meant = _seeds(case, seeds, cluster)
    asked = _known(case, meant)
    rounds = CALIBRATION_ROUNDS if len(meant) >= 8 else 0
    return asked.with_frame(reliability(read_town(case._con), meant, rounds), name="calibration")


@analysis
def links(case: Case, *, cluster: str | None = None) -> Result:
    """The links between the members of a cluster: account_a, account_b, family, kind, detail, bits.

    Pairs with two families or more; of a cluster beyond 300 accounts only neighbours, with one family or more.
    `why` answers for any two accounts.
    """
    return _of(case, "linkage/cluster_links", cluster)


def _pick(case: Case, cluster: str | None) -> str:
    """The cluster meant: the one named, else the proposed one (if none is, any) with the most exchanges.

    "" if there is none. Raises ParameterError for a name that is not in this build.
    """
    every = clusters(case)["cluster_id"].to_list()
    if cluster and cluster not in every:
        raise ParameterError(f"There is no cluster {cluster!r} in this build; linkage.clusters(case) lists them.")
    return cluster or (every[0] if every else "")


def _of(case: Case, query: str, cluster: str | None) -> Result:
    return case.query(query, cluster_id=_pick(case, cluster))


def _rows(case: Case, table: str, cluster: str | None, order: str) -> Result:
    query = f"SELECT * EXCLUDE (cluster_id) FROM {table} WHERE cluster_id = $cluster ORDER BY {order}"  # noqa: S608
    return case.sql(query, table, cluster=_pick(case, cluster))


def _seeds(case: Case, seeds: list[str] | None, cluster: str | None) -> list[str]:
    """The accounts named, else the members of the cluster; no seeds when that is not a proposed one."""
    if seeds:
        return sorted(set(seeds))
    chosen = clusters(case, proposed=True)["cluster_id"].to_list()
    meant = _pick(case, cluster) if cluster else (chosen[0] if chosen else "")
    return sorted(case.query("linkage/members", cluster_id=meant)["account_id"]) if meant in chosen else []


def _known(case: Case, accounts: list[str]) -> Result:
    wanted: list[Any] = sorted(set(accounts))
    found = case.sql(
        "SELECT account_id FROM accounts WHERE account_id IN $accounts ORDER BY account_id",
        "seeds",
        accounts=wanted,
    )
    if missing := [a for a in wanted if a not in set(found["account_id"])]:
        raise ParameterError(f"The account {missing[0]!r} is not in this case; check its id.")
    return found
