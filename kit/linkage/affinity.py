"""How strongly every account fits a group, measure by measure; a member is judged against the other members only.

Each score is turned into bits by asking what share of ordinary accounts fits the group as well or better:
bits = -log2((ordinary accounts with at least this score + 1) / (ordinary accounts + 1)). So a value that half the
town shares is worth one bit whatever its kind, and no measure can claim more than the size of the town allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import betainc

from kit.linkage.rhythms import days_since_signup, profile, signups
from kit.linkage.town import DAY_S, Flags, Floats, Ints, Sharing, Town

FAMILIES = ("identity", "infrastructure", "timing", "content", "reaction")
RARE = 0.05  # a member counts when at most this share of ordinary accounts fits the group as well
RARE_BITS = -float(np.log2(RARE))
FEW_USERS = 10  # ordinary accounts; a client with fewer is as good as the group's own
VERSION = re.compile(r"[0-9]+([.][0-9]+)+")
LIBRARY = re.compile(  # HTTP libraries, SDKs and tools for anybody: no product, even if nobody else here uses one
    r"\b(python|httpx|aiohttp|urllib3?|curl|wget|axios|node|undici|deno|bun|okhttp|retrofit|java|jersey|apache|dart|"
    r"go-http|resty|reqwest|hyper|guzzle|php|ruby|faraday|perl|postman|insomnia|openai|anthropic|google|langchain|"
    r"llamaindex|litellm|mozilla)",
    re.IGNORECASE,
)
SUCCESSION_S = 3 * DAY_S
MOVED = 0.2  # of an account's requests in the two days after a release


@dataclass
class Affinity:
    """One measure: for every account its score against the group and what that is worth in bits."""

    family: str
    measure: str
    score: Floats
    bits: Floats
    detail: str = ""
    rare: Flags | None = None  # where the group as a whole may count more accounts than `bits` lets each claim
    given: Flags | None = None  # accounts whose score follows from the others': the group's test leaves them out
    bare: Callable[[], Affinity] | None = None  # the same without what another family counts


def affinities(town: Town, members: Ints, ordinary: Ints) -> list[Affinity]:
    """Every measure of every family for all accounts of the town.

    The yardstick for all but content are the ordinary accounts that carry no mark of the group: otherwise members
    not yet recognised would stand as proof that others like them are ordinary.
    """
    inside = np.zeros(len(town), dtype=bool)
    inside[members] = True
    habit, bare, carried = _habit(town, members, ordinary)
    plain = ordinary[habit[ordinary] <= 0]
    plain = plain if plain.size >= min(50, ordinary.size) else ordinary
    harvest, judged = _harvest(town, ordinary)
    content = [("harvest templates", harvest, judged), ("own habit", habit, carried)]
    replay = _common(town.sharing("replay"), town, members)
    pool, wide = _pool(town, members)
    found = [
        Affinity("content", m, s, _bits(s, ordinary, m), d)
        for m, s, d in [*content, ("replayed blocks", replay, "")]
    ]
    rest = [
        ("identity", "shared identifiers", *_identifiers(town, members)),
        ("identity", "rare mail domain", *_domains(town, members, inside, plain)),
        (
            "infrastructure",
            "pool of addresses",
            pool,
            f"{wide} addresses used by two or more members and few others",
        ),
        ("infrastructure", "client build", *_build(town, members, plain)),
        ("identity", "batch of sign-ups", signups(town, members, inside, plain), ""),
        ("timing", "hours of the day", profile(town.hours, members, plain), ""),
        ("timing", "days of activity", profile(town.days, members, plain), ""),
        ("content", "topics", profile(town.topics, members, plain), ""),
        ("reaction", "succession after closures", *_succession(town, members, inside)),
        ("reaction", "move to a new model", *_pivot(town, members)),
    ]
    found += [Affinity(f, m, s, _bits(s, plain, m), d) for f, m, s, d in rest]
    by = {a.measure: a for a in found}
    by["own habit"].bare = lambda: Affinity("content", "own habit", bare, _bits(bare, ordinary))

    def since_signup() -> Affinity:
        days = days_since_signup(town, members, plain)
        return Affinity("timing", "days of activity", days, _bits(days, plain), "since they signed up")

    by["days of activity"].bare = since_signup
    by["succession after closures"].given = ~np.isnan(town.column("closed_s"))
    if wide >= 20:
        # one shared address proves nothing about one account, but most of a group drawing on one pool does
        by["pool of addresses"].rare = _bits(pool, plain) >= RARE_BITS
    return found


def _bits(score: Floats, ordinary: Ints, measure: str = "") -> Floats:
    """-log2 of the share of ordinary accounts that score as high; nothing for a score of zero or less."""
    some = score > 0
    rank = np.sort(score[ordinary[some[ordinary]]])
    as_high = rank.size - np.searchsorted(rank, score[some] - 1e-12, side="left")
    bits = np.zeros(score.size)
    bits[some] = -np.log2((as_high + 1) / (ordinary.size + 1))
    if measure == "pool of addresses":  # one or two shared addresses may be a home whose line is rented out
        bits = np.minimum(bits, np.select([score <= 1, score <= 2], [3.0, 6.0], np.inf))
    return bits


def _identifiers(town: Town, members: Ints) -> tuple[Floats, str]:
    """Sum of log2(accounts / holders) over identifiers shared with a member of another organisation."""
    score, said = np.zeros(len(town)), []
    for kind in sorted(k for k in town.kinds if k.startswith("id:")):
        s = town.sharing(kind)
        score += _common(s, town, members)
        shared = int((s.count(members) >= 2).sum())
        if shared:
            said.append(f"{shared} {kind[3:]}")
    return score, ", ".join(said)


def _common(s: Sharing, town: Town, members: Ints) -> Floats:
    """Per account, log2(accounts / holders) summed over the values that a member of another organisation has."""
    columns = np.flatnonzero(s.count(members) > 0)
    row, col, elsewhere = _elsewhere(s, town, members, columns)
    weight = np.log2(len(town) / np.maximum(s.reach[columns], 1))
    return np.asarray(np.bincount(row, weight[col] * elsewhere, minlength=len(town)), dtype=np.float64)


def _elsewhere(s: Sharing, town: Town, members: Ints, columns: Ints) -> tuple[Ints, Ints, Flags]:
    """Accounts that have one of the values in `columns`, the value's place there, and whether it links them.

    It does when a member of another organisation has it: what an organisation shares with itself links nobody.
    """
    part = sparse.csr_matrix(s.held[:, columns])
    row = np.repeat(np.arange(len(town)), np.diff(part.indptr))
    col = part.indices.astype(np.int64)
    wide = int(town.org.max(initial=0)) + 1
    entry = col * wide + town.org[row]  # a value at an organisation
    inside = np.zeros(len(town), dtype=bool)
    inside[members] = True
    ours = np.unique(entry[inside[row]])
    orgs = np.bincount(ours // wide, minlength=columns.size)
    return row, col, orgs[col] - np.isin(entry, ours) >= 1


def _domains(town: Town, members: Ints, inside: Flags, ordinary: Ints) -> tuple[Floats, str]:
    """log2 of how much commoner the account's mail domain is among the other members than in ordinary accounts."""
    name, code = town.domains
    mine = np.bincount(code[members], minlength=name.size)
    theirs = np.bincount(code[ordinary], minlength=name.size)
    orgs = np.array([town.orgs(members[code[members] == k]) if mine[k] >= 3 else 0 for k in range(name.size)])
    rest = np.maximum(mine[code] - inside, 0) / max(members.size - 1, 1)
    lift = np.log2(np.maximum(rest, 1e-9) / ((theirs[code] + 1) / (ordinary.size + 1)))
    known = (name[code] != "") & (orgs[code] >= 3)
    score = np.where(known & (lift > np.log2(5)), lift, 0.0)  # five times as common at the least
    top = [
        str(name[k])
        for k in np.argsort(-mine, kind="stable")[:3]
        if orgs[k] >= 3 and score[code == k].max(initial=0) > 0
    ]
    return score, ", ".join(top)


def _pool(town: Town, members: Ints) -> tuple[Floats, int]:
    """How many of the group's addresses the account used, and how many the group has.

    The group's are those that a member of another organisation used too and few outside the group did.

    Few is two, or a tenth of the members who used it: the home whose line is rented out is one, a carrier's gateway
    or a commercial VPN is many.
    """
    s = town.sharing("ip")
    within = s.count(members)
    columns = np.flatnonzero((within >= 1) & (s.reach - within <= np.maximum(2, within / 10)))
    row, col, elsewhere = _elsewhere(s, town, members, columns)
    score = np.bincount(row, elsewhere, minlength=len(town)).astype(np.float64)
    inside = np.isin(row, members)
    return score, int(np.unique(col[elsewhere & inside]).size)


def _build(town: Town, members: Ints, ordinary: Ints) -> tuple[Floats, str]:
    """Having the TLS fingerprint, or the exact client version with it, that most of the group has.

    Weighed by how rare it is among ordinary accounts that run the same clients: software that only the group runs
    explains its own fingerprint, so at least ten ordinary accounts must run the client. A library that anybody can
    run is weighed by how rare it is among all of them instead.
    """
    score, said = np.zeros(len(town)), ""
    for kind in ("build", "exact build"):
        s = town.sharing(kind)
        if not s.names:
            continue
        within, outside, users = s.count(members), s.count(ordinary), _users_of_client(town, s, ordinary)
        usual = (outside + 1) / (users + 2)
        fingerprint = [n.rsplit(" ja4 ", 1)[1] if kind == "build" else n for n in s.names]
        name, code = np.unique(fingerprint, return_inverse=True)
        weight = np.where(users >= FEW_USERS, within, 0.0)
        seen = np.bincount(code, weight)
        lift = -np.log2(np.maximum(np.bincount(code, weight * usual) / np.maximum(seen, 1), 1e-9))
        for f in np.flatnonzero((seen >= 0.8 * members.size) & (lift >= 1)):
            builds = np.flatnonzero((code == f) & (users >= FEW_USERS))
            holders = np.asarray(s.held[:, builds].sum(axis=1)).ravel() > 0
            if holders[members].mean() >= 0.8 and lift[f] > score.max():
                score = np.where(holders, lift[f], 0.0)
                said = f"{name[f]}, {2 ** -lift[f]:.0%} of other accounts with the same clients"
    return score, said


def _users_of_client(town: Town, builds: Sharing, who: Ints) -> Floats:
    """For each build, how many of the accounts run its client in any version; all for a library too rare."""
    clients = town.sharing("client")
    users = clients.count(who)
    for j in np.flatnonzero(users < FEW_USERS):
        users[j] = who.size if LIBRARY.search(clients.names[j]) else users[j]
    place = dict(zip(clients.names, users, strict=True))
    bare = (VERSION.sub("#", n.rsplit(" ja4 ", 1)[0]) for n in builds.names)
    return np.array([place.get(c, 0.0) for c in bare])


def _harvest(town: Town, ordinary: Ints) -> tuple[Floats, str]:
    """The share of the account's requests that follow a template judged harvest: others may use one at times.

    Nothing for an account that sends them no more often than an ordinary one that sends as much would by chance:
    whoever asks a thousand questions meets most templates once.
    """
    s = town.sharing("template")
    columns = np.flatnonzero([n in town.harvest for n in s.names])
    if columns.size == 0:
        return np.zeros(len(town)), ""
    sent = np.maximum(town.requests, 1)
    used = np.minimum(np.asarray(s.table[:, columns].sum(axis=1)).ravel(), sent)
    usual = float((used[ordinary] / sent[ordinary]).mean()) if ordinary.size else 0.0
    chance = betainc(np.maximum(used, 1), sent - used + 1, usual)  # P(X >= used), X ~ Binomial(sent, usual)
    score = np.where((used > 0) & (chance <= RARE), np.round(used / sent, 3), 0.0)
    return score, f"{columns.size} templates judged harvest in the case"


def marks(town: Town, members: Ints, ordinary: Ints) -> list[tuple[str, int, float, float]]:
    """Content values that tell the group from the rest: kind, value, share of members and of others with it.

    Carried by a quarter of the members (a template judged harvest: by one in fifty), eight times as common among
    them as among ordinary accounts, and half of all who carry it are members: a choice among the users of a popular
    product has no mark. Templates judged harmless are none.
    """
    found: list[tuple[str, int, float, float]] = []
    fallback: list[tuple[str, int, float, float]] = []
    for kind in ("parameters", "system", "template", "habit"):
        s = town.carried(kind)
        if not s.names:
            continue
        mine, theirs = s.count(members), s.count(ordinary)
        inside, outside = mine / members.size, (theirs + 0.5) / (ordinary.size + 1)
        least = np.array([0.02 if n in town.harvest else 2.0 if n in town.harmless else 0.25 for n in s.names])
        good = (inside >= least) & (inside >= 8 * outside) & (mine >= 3) & (mine >= theirs)
        for j in np.flatnonzero(good):
            plain = kind == "habit" and s.names[j].startswith("defaults")
            (fallback if plain else found).append((kind, int(j), float(inside[j]), float(outside[j])))
    # to leave every parameter at its default is no choice: it marks a group that has no other mark
    carried = {int(i) for k, j, *_ in found for i in town.carried(k).holders(j)}
    return found if len(carried.intersection(members.tolist())) >= 0.6 * members.size else found + fallback


def _habit(town: Town, members: Ints, ordinary: Ints) -> tuple[Floats, Floats, str]:
    """log2 of the lift of the strongest mark of the group that the account carries; the same without clients.

    A mark of the kind "habit" is parameters with the client that sent them; the client is infrastructure as well.
    """
    score, said = np.zeros((2, len(town))), []
    for kind, j, inside, outside in marks(town, members, ordinary):
        who = town.carried(kind).holders(j)
        for row in (0, 1) if kind != "habit" else (0,):
            score[row, who] = np.maximum(score[row, who], np.log2(inside / outside))
        ours, others = (int(np.isin(who, x).sum()) for x in (members, ordinary))
        said.append(f"{kind} {town.sharing(kind).names[j]} ({ours} of {members.size} members, {others:,} others)")
    return score[0], score[1], "; ".join(said[:3])


def _succession(town: Town, members: Ints, inside: Flags) -> tuple[Floats, str]:
    """1 for an account that starts within three days after members were closed, and for those replaced so."""
    closed, first = town.column("closed_s"), town.column("first_s")
    ends = np.unique(closed[members][~np.isnan(closed[members])])
    score = np.zeros(len(town))
    if ends.size == 0:
        return score, "no account of the group was closed in the logs"
    last = np.searchsorted(ends, np.nan_to_num(first, nan=-1.0), side="right") - 1
    lag = np.where(last >= 0, first - ends[np.maximum(last, 0)], np.nan)
    heir = (lag >= 0) & (lag <= SUCCESSION_S) & (np.nan_to_num(closed, nan=np.inf) > first)
    score[heir] = 1.0
    heirs = int((heir & inside).sum())
    if heirs >= 3:
        score[members[~np.isnan(closed[members])]] = 1.0
    return score, f"{heirs} members made their first request within three days after other members were closed"


def _pivot(town: Town, members: Ints) -> tuple[Floats, str]:
    """1 for an account that sent a fifth or more of its requests to a new model within two days of its release."""
    moved = (np.nan_to_num(town.pivot) >= MOVED).astype(float)
    present = members[~np.isnan(town.pivot[members])]
    return (
        moved,
        f"{int(moved[present].sum())} of {present.size} members active then moved within two days of a release",
    )
