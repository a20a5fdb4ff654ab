"""The few lines of an office, an event or a vendor's servers, as against a pool of proxies."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from kit.linkage.town import Ints, Town

FEW_LINES = 4  # addresses of one place or one service
FEW_PLACES = 4  # offices of a chain, regions of a service, agencies with one tool
LEAST = 4  # accounts that make a place
MAIN = 0.1  # of what an account sends; an address that carries less was met on the way
MOST = 0.8


def fixed_lines(town: Town, m: Ints) -> Ints:
    """The addresses (columns of town.sharing("ip")) of the few places where these accounts meet, if they are few.

    An address is a line of a place when half of its accounts, or of all, use it. There are at most four lines a
    place and four places, and of all that the accounts share, four fifths are their lines: a pool of proxies is
    many, and each exit serves few.
    """
    s = town.sharing("ip")
    used = s.count(m) if s.names else np.zeros(0)
    shared = np.flatnonzero(used >= 2)
    if shared.size == 0:
        return shared
    place, size = _places(town, m, shared)
    of_place = np.where(size[place] >= LEAST, size[place], np.inf)
    line = used[shared] >= 0.5 * np.minimum(of_place, m.size)
    lines, at = shared[line], np.unique(place[line], return_counts=True)[1]
    few = at.size <= FEW_PLACES and at.max(initial=0) <= FEW_LINES
    return lines if few and used[lines].sum() >= MOST * used[shared].sum() else lines[:0]


def _places(town: Town, m: Ints, shared: Ints) -> tuple[Ints, Ints]:
    """The place of each shared address, and how many of the accounts meet at each place."""
    sent = sparse.diags(1 / np.maximum(town.requests[m], 1)).dot(town.sharing("ip").table[m][:, shared])
    main = sparse.coo_matrix(sent >= MAIN)
    nodes = m.size + shared.size
    graph = sparse.csr_matrix((main.data, (main.row, m.size + main.col)), (nodes, nodes))
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    return label[m.size :], np.bincount(label[: m.size], minlength=int(label.max()) + 1)
