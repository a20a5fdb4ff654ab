"""The five families of evidence that a group of accounts is one operation, each measured against ordinary accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy import sparse

from kit.linkage.town import DAY_S, OWN, Flags, Floats, Ints, Sharing, Town
from kit.stats import binomial_tail

SETS = 99  # sets of ordinary accounts drawn for a null
SAMPLE = 150  # members compared at most, so that the cost does not grow with the group
ALPHA = 0.001
FAMILIES = ("identity", "infrastructure", "timing", "content", "reaction")


@dataclass
class Evidence:
    """One family's evidence on one group: what was measured, what chance gives, and each member's part in bits."""

    family: str
    holds: bool = False
    statistic: str = "nothing measured"
    value: float = 0.0
    null: float = 0.0
    p: float = 1.0
    n: int = 0
    summary: str = ""
    member_bits: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass
class Group:
    """A hypothesis: these accounts may be one operation. `why` says what brought them together."""

    members: Ints
    why: tuple[tuple[str, str], ...] = ()
    evidence: dict[str, Evidence] = field(default_factory=dict)

    def flags(self, n: int) -> Flags:
        f = np.zeros(n, dtype=bool)
        f[self.members] = True
        return f


def coherence(
    table: sparse.csr_matrix, group: Ints, others: Ints, *, seed: int = 0
) -> tuple[Floats, float, float, float]:
    """How much better the group's own profile foretells each member than that of everybody else does.

    For each member, log2 of the likelihood ratio of its counts under the profile of the *other* members and under
    that of the accounts outside, counted as at most 50 requests. Returns the members' bits, their mean, and mean and
    standard deviation of the same in sets of ordinary accounts drawn at random.
    """
    rng = np.random.default_rng(seed)
    outside = _profile_sum(table, others)
    bits = _profile_bits(table, group, group, outside)
    size = int(min(group.size, SAMPLE, max(others.size // 2, 1)))
    null = []
    for _ in range(SETS if others.size >= 20 else 0):
        pick = rng.choice(others, size, replace=False)
        null.append(float(_profile_bits(table, pick, pick, outside).mean()))
    if not null:
        return bits, float(bits.mean()) if bits.size else 0.0, 0.0, float("inf")
    return bits, float(bits.mean()), float(np.mean(null)), float(np.std(null)) + 1e-9


def _profile_sum(table: sparse.csr_matrix, who: Ints) -> Floats:
    """The sum of the accounts' shares; every account counts once, however busy."""
    rows = table[who]
    total = np.maximum(np.asarray(rows.sum(axis=1)).ravel(), 1)
    return np.asarray(sparse.diags(1 / total).dot(rows).sum(axis=0)).ravel()


def _profile_bits(table: sparse.csr_matrix, who: Ints, group: Ints, outside: Floats) -> Floats:
    """Bits per account of `who`; a member of `group` is left out of the group's profile when it is judged."""
    rows = sparse.csr_matrix(table[who])
    total = np.asarray(rows.sum(axis=1)).ravel()
    share = sparse.csr_matrix(sparse.diags(1 / np.maximum(total, 1)).dot(rows))
    base = (outside + 0.5) / (outside + 0.5).sum()
    inside = _profile_sum(table, group)
    member = np.isin(who, group)
    entry_row = np.repeat(np.arange(who.size), np.diff(share.indptr))
    own = np.where(member[entry_row], share.data, 0.0)
    n_in = max(group.size - 1, 1)
    p_in = (inside[share.indices] - own + 3 * base[share.indices]) / (n_in + 3)
    ratio = share.data * np.log2(np.maximum(p_in, 1e-9) / base[share.indices])
    per_request = np.bincount(entry_row, ratio, minlength=who.size)
    return np.asarray(per_request * np.minimum(total, 50), dtype=np.float64)


def identity(town: Town, g: Group, others: Ints) -> Evidence:
    """Payment, device, telephone shared between members of different organisations; sign-up domains nobody else uses."""
    m = g.members
    linked, values, where = _shared_within(town, m)
    rng = np.random.default_rng(1)
    size = min(m.size, max(others.size // 2, 1))
    null = [
        float(_shared_within(town, np.sort(rng.choice(others, size, replace=False)))[0].mean()) for _ in range(SETS)
    ]
    base = float(np.mean(null)) if null else 0.0
    k = int(linked.sum())
    p = binomial_tail(k, m.size, min(1.0, max(base, 1 / max(others.size, 1)) * 1.5))
    domain = _rare_domains(town, m, others)
    share = float(linked.mean()) if m.size else 0.0
    holds = (values >= 2 and share >= 0.15 and p < ALPHA) or float(domain.mean()) >= 0.3
    union = float((linked | domain).mean()) if m.size else 0.0
    text = (
        f"{k} of {m.size} accounts share {values} payment, device or other identifiers with an account of another "
        f"organisation in the group{where}; in random sets of ordinary accounts {base:.1%} do. "
        f"{int(domain.sum())} registered under mail domains that are rare elsewhere."
    )
    return Evidence(
        "identity",
        bool(holds),
        "share of accounts that share an identifier or a rare mail domain",
        union,
        base,
        p,
        int(m.size),
        text,
        linked * 12.0 + domain * 6.0,
    )


def _shared_within(town: Town, members: Ints) -> tuple[Flags, int, str]:
    """Which members share an identifier with a member of another organisation, through how many values."""
    linked = np.zeros(members.size, dtype=bool)
    values, kinds = 0, {}
    for kind in sorted(k for k in town.by_kind if k.startswith("id:")):
        rows = town.sharing(kind).table[members].tocoo()
        order = np.lexsort((rows.row, rows.col))
        col, row = rows.col[order], rows.row[order]
        for block in np.split(row, np.flatnonzero(np.diff(col)) + 1):
            if block.size >= 2 and np.unique(town.org[members[block]]).size >= 2:
                linked[block] = True
                values += 1
                kinds[kind[3:]] = kinds.get(kind[3:], 0) + 1
    where = " (" + ", ".join(f"{n} {k}" for k, n in sorted(kinds.items())) + ")" if kinds else ""
    return linked, values, where


def _rare_domains(town: Town, members: Ints, others: Ints) -> Flags:
    """Members whose mail domain is far more common in the group than outside (binomial, Bonferroni)."""
    names = town.accounts["email_domain"].fill_null("").to_numpy()
    mine, n_mine = np.unique(names[members], return_counts=True)
    flags = np.zeros(members.size, dtype=bool)
    for name, n in zip(mine, n_mine, strict=True):
        orgs = np.unique(town.org[members[names[members] == name]]).size
        outside = (int((names[others] == name).sum()) + 0.5) / (others.size + 1)
        lift = n / members.size / outside
        if name and orgs >= 3 and lift >= 5 and binomial_tail(int(n), members.size, outside) * mine.size < ALPHA:
            flags |= names[members] == name
    return flags


def infrastructure(town: Town, g: Group, others: Ints) -> Evidence:
    """A pool of addresses that members draw from, and TLS fingerprints their client alone does not explain."""
    m = g.members
    share, spread, deep = _pool(town.sharing("ip"), m)
    rng = np.random.default_rng(2)
    size = min(m.size, max(others.size // 2, 1), 300)
    null = [
        float(_pool(town.sharing("ip"), np.sort(rng.choice(others, size, replace=False)))[0].mean())
        for _ in range(SETS)
    ]
    base, sd = (float(np.mean(null)), float(np.std(null)) + 0.01) if null else (0.0, 1.0)
    value = float(share.mean()) if m.size else 0.0
    pool = value >= 0.1 and spread >= 8 and value >= 5 * base and (value - base) / sd > 4
    tls, tls_bits = _odd_builds(town, g, others)
    text = (
        f"{value:.0%} of the members' addresses were used by another member too (ordinary sets: {base:.0%}), over "
        f"about {spread:.0f} shared addresses; {int((deep >= 3).sum())} of {m.size} members share three or more. "
        f"TLS fingerprints beyond what the client explains: {tls_bits:.1f} bits a member."
    )
    if spread < 8 and value > 0.5:
        text += " The shared addresses are one site."
    bits = np.where(deep >= 3, np.minimum(deep, 10) * 4.0, np.where(pool, share * 8.0, 0.0)) + tls
    p = float(np.exp(-0.5 * min(((value - base) / sd) ** 2, 1400))) if value > base else 1.0
    return Evidence(
        "infrastructure",
        bool(pool or tls_bits >= 2.0),
        "share of addresses used by another member",
        value,
        base,
        p,
        int(m.size),
        text,
        bits,
    )


def _pool(ips: Sharing, members: Ints) -> tuple[Floats, float, Ints]:
    """Per member the share of its addresses that are the group's, how many those are in effect, and their number per member.

    An address is the group's when at least two members used it and few others did: the home whose line is rented out
    to a proxy is one or two, a carrier's gateway or a commercial VPN is many.
    """
    rows = sparse.csr_matrix(ips.table[members])
    held = sparse.csr_matrix((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
    reach = np.asarray(held.sum(axis=0)).ravel()
    ours = (reach >= 2) & (ips.reach - reach <= np.maximum(2, reach / 10))
    total = np.diff(rows.indptr).astype(float)
    if OWN in ips.names:
        own = ips.names.index(OWN)
        ours[own] = False
        alone = rows[:, [own]].toarray().ravel()
        total += np.where(alone > 0, alone - 1, 0)
    deep = np.asarray(held.dot(ours.astype(float))).ravel()
    p = reach[ours] / max(reach[ours].sum(), 1)
    spread = float(np.exp(-(p * np.log(p)).sum())) if p.size else 0.0
    return deep / np.maximum(total, 1), spread, deep.astype(np.int64)


def _odd_builds(town: Town, g: Group, others: Ints) -> tuple[Floats, float]:
    """Bits per member by which the group's one TLS fingerprint is rarer among other accounts with the same client.

    Says nothing unless one fingerprint covers most of the group and at least ten accounts outside run that client,
    since software that only the group runs explains its own fingerprint.
    """
    builds = town.sharing("build")
    bits = np.zeros(g.members.size)
    if not builds.names:
        return bits, 0.0
    inside = np.asarray((builds.table[g.members] > 0).sum(axis=0)).ravel()
    outside = np.asarray((builds.table[others] > 0).sum(axis=0)).ravel()
    _, client = np.unique([n.rsplit(" ja4 ", 1)[0] for n in builds.names], return_inverse=True)
    out_client = np.bincount(client, outside)[client]
    common = inside >= 0.8 * g.members.size
    rare = np.log2(np.maximum(inside, 1) / g.members.size * (out_client + 2) / (outside + 1))
    worth = np.where(common & (out_client >= 10), np.maximum(rare, 0), 0.0)
    rows = sparse.csr_matrix(builds.table[g.members] > 0)
    top = rows.multiply(worth[None, :]).max(axis=1).toarray().ravel()
    return top, float(top.mean())


def timing(town: Town, g: Group, others: Ints) -> Evidence:
    """Rhythm over the day, days of activity and sign-up bursts that members share and ordinary accounts do not."""
    active = g.members[town.requests[g.members] > 0]
    ordinary = others[town.requests[others] > 0]
    found, bits, best = [], np.zeros(g.members.size), (0.0, 0.0, 0.0, "rhythm")
    for name, table in (("hours of the day", town.hours), ("days of activity", town.days)):
        b, mean, base, sd = coherence(table, active, ordinary)
        z = (mean - base) / sd
        full = np.zeros(g.members.size)
        full[np.isin(g.members, active)] = b
        bits = np.maximum(bits, full)
        found.append(f"{name}: {mean:.1f} bits a member, {base:.1f} in ordinary sets (z {z:.1f})")
        if (mean - base >= 3 and mean > 0) and z > 5 and z * mean > best[0]:
            best = (z * mean, mean, base, name)
    burst, share, base = _signup_burst(town, g.members, others)
    found.append(f"{share:.0%} of the members signed up within {burst:.0f} days, {base:.0%} of the others did")
    signup = share >= 0.7 and base > 0 and share / base >= 5 and burst <= 21
    p = ALPHA / 10 if best[0] or signup else 1.0
    return Evidence(
        "timing",
        bool(best[0] > 0 or signup),
        f"bits a member of shared {best[3]}",
        best[1],
        best[2],
        p,
        int(active.size),
        "; ".join(found) + ".",
        np.minimum(bits, 20),
    )


def _signup_burst(town: Town, members: Ints, others: Ints) -> tuple[float, float, float]:
    """The shortest span of days that holds 80 % of the sign-ups: days, share of members, share of others in it."""
    created = town.column("created_s")
    mine = np.sort(created[members][~np.isnan(created[members])])
    theirs = created[others][~np.isnan(created[others])]
    k = int(np.ceil(0.8 * mine.size))
    if k < 3:
        return 0.0, 0.0, 0.0
    spans = mine[k - 1 :] - mine[: mine.size - k + 1]
    i = int(np.argmin(spans))
    low, high = mine[i], mine[i] + spans[i]
    inside = float(((theirs >= low) & (theirs <= high)).sum() + 1) / (theirs.size + 1)
    return float(spans[i] / DAY_S), k / members.size, inside


def content(town: Town, g: Group, others: Ints, harvest: dict[str, str]) -> Evidence:
    """Harvest templates, or a parameter habit together with a shared choice of topics."""
    m = g.members
    t = town.sharing("template")
    cols = np.array([j for j, n in enumerate(t.names) if n in harvest], dtype=np.int64)
    uses = np.asarray((t.table[m][:, cols] > 0).sum(axis=1)).ravel() > 0 if cols.size else np.zeros(m.size, bool)
    out = float((np.asarray((t.table[others][:, cols] > 0).sum(axis=1)).ravel() > 0).mean()) if cols.size else 0.0
    marked = marks(town, g, others)
    carries = np.zeros(m.size, dtype=bool)
    for kind, j, *_ in marked:
        carries |= np.isin(m, town.sharing(kind).holders(j))
    bits, mean, base, sd = coherence(town.topics, m, others)
    z = (mean - base) / sd
    cover = float(uses.mean()) if m.size else 0.0
    by_template = cover >= 0.5 and cover >= 5 * out
    by_habit = float(carries.mean()) >= 0.6 and mean > 0 and (z > 5 and mean - base >= 3 or z > 20)
    text = (
        f"{int(uses.sum())} of {m.size} accounts use templates judged harvest ({out:.1%} of others do); "
        f"{int(carries.sum())} carry the group's own parameters, system prompt or templates; "
        f"topics: {mean:.1f} bits a member, {base:.1f} in ordinary sets (z {z:.1f})."
    )
    p = (
        binomial_tail(int(uses.sum()), int(m.size), min(1.0, max(out, 1 / (others.size + 1))))
        if by_template
        else ALPHA / 2
    )
    return Evidence(
        "content",
        by_template or by_habit,
        "share of accounts with a harvest template or the group's habit",
        max(cover, float(carries.mean())),
        out,
        p if by_template or by_habit else 1.0,
        int(m.size),
        text,
        uses * 10.0 + carries * 8.0,
    )


def marks(town: Town, g: Group, others: Ints) -> list[tuple[str, int, float, float]]:
    """Values of content kinds that a quarter of the members carry and that are eight times rarer outside: kind, value,
    share inside, share outside."""
    found = []
    for kind in ("parameters", "system", "template"):
        s = town.sharing(kind)
        if not s.names:
            continue
        inside = np.asarray((s.table[g.members] > 0).sum(axis=0)).ravel() / g.members.size
        outside = (np.asarray((s.table[others] > 0).sum(axis=0)).ravel() + 0.5) / (others.size + 1)
        found += [
            (kind, int(j), float(inside[j]), float(outside[j]))
            for j in np.flatnonzero((inside >= 0.25) & (inside >= 8 * outside))
        ]
    return found


def reaction(town: Town, g: Group, others: Ints) -> Evidence:
    """Successors that start within three days of closures of other members."""
    m = g.members
    closed = town.column("closed_s")
    first = _first_use(town)
    ends = np.unique(closed[m][~np.isnan(closed[m])])
    bits = np.zeros(m.size)
    if ends.size == 0:
        return Evidence(
            "reaction",
            summary="No account of the group was closed, so no reaction to a ban could be seen.",
            member_bits=bits,
        )

    def after(who: Ints) -> Flags:
        return np.asarray(
            (
                ((first[who][:, None] - ends[None, :]) >= 0) & ((first[who][:, None] - ends[None, :]) <= 3 * DAY_S)
            ).any(axis=1)
        )

    new, base = after(m), float(after(others).mean())
    open_at_all = np.isnan(closed[m])
    k = int((new & open_at_all).sum())
    p = binomial_tail(k, int(open_at_all.sum()), max(base, 1 / (others.size + 1)))
    holds = k >= 3 and p < ALPHA and k / max(int(open_at_all.sum()), 1) >= 4 * base
    text = f"{k} of the {int(open_at_all.sum())} members not closed made their first request within three days of a closure in the group; {base:.1%} of other accounts did."
    return Evidence(
        "reaction",
        bool(holds),
        "share of open members that start within three days of a closure",
        k / max(int(open_at_all.sum()), 1),
        base,
        p,
        int(m.size),
        text,
        new * 6.0 + (~open_at_all) * 4.0,
    )


def _first_use(town: Town) -> Floats:
    first = np.full(len(town.ids), np.nan)
    seen = (
        town.values.filter(town.values["kind"].is_in(["ip", "client", "parameters"]))
        .group_by("account")
        .agg(first_s=pl.col("first_s").min())
    )
    first[seen["account"].to_numpy()] = seen["first_s"].to_numpy()
    return first


def assess(town: Town, g: Group, harvest: dict[str, str], aside: Flags | None = None) -> dict[str, Evidence]:
    """All five families on one group, against the accounts outside it; those in `aside` (other clusters) are no yardstick."""
    ordinary = ~g.flags(len(town.ids)) & (town.requests > 0)
    if aside is not None and (ordinary & ~aside).sum() >= 50:
        ordinary &= ~aside
    others = np.flatnonzero(ordinary)
    g.evidence = {
        "identity": identity(town, g, others),
        "infrastructure": infrastructure(town, g, others),
        "timing": timing(town, g, others),
        "content": content(town, g, others, harvest),
        "reaction": reaction(town, g, others),
    }
    return g.evidence
