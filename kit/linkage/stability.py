"""How well a proposed cluster holds when a fifth of what was seen is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from kit.linkage.families import Group, assess
from kit.linkage.groups import FAMILIES_NEEDED, belongs, settle
from kit.linkage.town import Counts, Flags, Ints, Sharing, Town

RESAMPLES = 10
KEPT = 0.8


def stabilities(town: Town, clusters: Sequence[Group], *, kept: float = KEPT) -> list[float]:
    """Per cluster the mean Jaccard overlap, 0 to 1, of its members with those found again in ten resampled towns.

    Each resample leaves out every request and every identifier event with a chance of one in five (times of
    sign-up, first use and closure, and the move to a new model, stay). From the cluster's members the group is
    settled anew; when fewer than three families hold, or not content, it is lost: overlap 0. Seeds are fixed and
    every table is sorted, so the order of the exports and the number of threads do not matter. Source: Hennig
    2007, Cluster-wise assessment of cluster stability, Computational Statistics and Data Analysis 52.
    """
    if not clusters:
        return []
    others = np.zeros(len(town), dtype=bool)
    others[np.concatenate([g.members for g in clusters])] = True
    overlap = np.zeros((RESAMPLES, len(clusters)))
    for seed in range(RESAMPLES):
        resampled = _thinned(town, np.random.default_rng(seed), kept)
        for i, g in enumerate(clusters):
            aside = others.copy()
            aside[g.members] = False
            again = _found_again(resampled, g, aside)
            overlap[seed, i] = np.intersect1d(g.members, again).size / np.union1d(g.members, again).size
    return [round(float(o), 4) for o in overlap.mean(axis=0)]


def _found_again(town: Town, found: Group, aside: Flags) -> Ints:
    """The accounts that belong to the group which settles from `found`; nobody when it would not be proposed."""
    g = settle(town, Group(found.members, found.why, found.dropped), aside)
    if not g.evidence:
        assess(town, g, aside)
    held = g.held()
    if "content" not in held or len(held) < FAMILIES_NEEDED:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(belongs(town, g, aside))


def _thinned(town: Town, rng: np.random.Generator, kept: float) -> Town:
    """The town with fewer requests: every account keeps Binomial(n, kept) of its n; what k of the n had, that part.

    So a value that all requests of an account carry stays as long as the account does.
    """
    n = town.requests.astype(np.int64)
    left = rng.binomial(n, kept)

    def thin(t: sparse.csr_matrix, events: bool = False) -> sparse.csr_matrix:
        who, k = np.repeat(np.arange(n.size), np.diff(t.indptr)), t.data.astype(np.int64)
        had = np.minimum(k, n[who])
        drawn = rng.binomial(k, kept) if events else rng.hypergeometric(had, n[who] - had, left[who])
        some = sparse.csr_matrix((drawn.astype(np.float64), t.indices.copy(), t.indptr.copy()), t.shape)
        some.eliminate_zeros()
        return some

    return replace(
        town,
        accounts=town.accounts.with_columns(requests=left),
        kinds={k: Sharing(s.names, thin(s.table, k.startswith("id:"))) for k, s in town.kinds.items()},
        hours=Counts(thin(town.hours.table)),
        days=Counts(thin(town.days.table)),
        topics=Counts(thin(town.topics.table)),
    )
