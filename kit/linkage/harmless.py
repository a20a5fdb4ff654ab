"""The harmless explanations of a group, each with its test, what was found and what follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kit.linkage.families import Group
from kit.linkage.town import DAY_S, OWN, Ints, Town


@dataclass
class Alternative:
    """One harmless explanation: `outcome` is ruled out | possible | holds | could not test."""

    explanation: str
    test: str
    outcome: str
    detail: str


TIES = ("shared identifiers", "pool of addresses", "replayed blocks", "succession after closures")


def alternatives(town: Town, g: Group) -> list[Alternative]:
    """Every harmless explanation tested on one group whose families were assessed."""
    m = g.members
    tied = [x for x in TIES if g.measured(x).holds]
    return [
        _one_organisation(town, m),
        _declared(town, m, "declared reseller or aggregator", "reseller", tied),
        _class(town, m, tied),
        _declared(town, m, "registered red team or research programme", "research", tied),
        _one_site(town, m),
        _one_institution(town, m),
        _monitor(town, m),
        _fixed_set(town, m),
        _software(town, g, tied),
        _course(town, g, tied),
        _release_day(town, g, tied),
    ]


def _verdict(name: str, test: str, holds: bool, detail: str) -> Alternative:
    return Alternative(name, test, "holds" if holds else "ruled out", detail)


def _one_organisation(town: Town, m: Ints) -> Alternative:
    _, size = np.unique(town.org[m], return_counts=True)
    return _verdict(
        "one organisation (enterprise batch, evaluation team, translation vendor)",
        "at least 80 % of the accounts belong to one organisation",
        size.max() >= 0.8 * m.size,
        f"largest organisation holds {size.max()} of {m.size} accounts; {size.size} organisations in all",
    )


def _declared(town: Town, m: Ints, name: str, word: str, tied: list[str]) -> Alternative:
    """A plan or verification explains accounts that are alike; not that strangers share cards, pools or
    successors."""
    n = int(((town.text("plan")[m] == word) | (town.text("verification")[m] == word)).sum())
    test = f"at least half of the accounts have plan or verification {word!r}, and nothing ties their organisations"
    return _verdict(
        name,
        test,
        n >= 0.5 * m.size and not tied,
        f"{n} of {m.size} accounts; tied by: {', '.join(tied) or 'nothing'}",
    )


def _class(town: Town, m: Ints, tied: list[str]) -> Alternative:
    """A class has a school's mail domain, a room, or a pupil's volume; education plans are also a way in for
    fraud."""
    n = int(((town.text("plan")[m] == "education") | (town.text("verification")[m] == "education")).sum())
    domain = town.text("email_domain")
    name, size = np.unique(domain[m], return_counts=True)
    everywhere = np.array([(domain == n).sum() if n else np.inf for n in name])
    own = int(np.where(everywhere <= 1.1 * size, size, 0).max())  # a school's domain, not a mail provider's
    volume = float(np.median(town.requests[m]))
    school = own >= 0.5 * m.size or volume <= 100
    return _verdict(
        "class",
        "at least half of the accounts are on education plans, half share a school's mail domain or the median "
        "account made at most 100 requests, and nothing ties them otherwise",
        n >= 0.5 * m.size and school and not tied,
        f"{n} of {m.size} accounts on education plans, {own} under one school's domain, "
        f"median {volume:.0f} requests; "
        f"tied by: {', '.join(tied) or 'nothing'}",
    )


def _one_site(town: Town, m: Ints) -> Alternative:
    """Most accounts at one address: a room, an office, an event."""
    s = town.sharing("ip")
    name = "one site (class, hackathon, office)"
    test = "at least 70 % of the accounts sent most of their requests from one and the same address"
    if not s.names:
        return Alternative(name, test, "could not test", "no shared addresses in the export")
    rows = s.table[m]
    top = np.asarray(rows.argmax(axis=1)).ravel()
    heavy = np.asarray(rows.max(axis=1).todense()).ravel() >= 0.5 * town.requests[m]
    heavy &= np.array([s.names[j] != OWN for j in top]) & town.active[m]
    n = int(np.bincount(top[heavy]).max()) if heavy.any() else 0
    return _verdict(
        name, test, n >= 0.7 * town.active[m].sum(), f"{n} of {int(town.active[m].sum())} active accounts"
    )


def _one_institution(town: Town, m: Ints) -> Alternative:
    domains, size = np.unique(town.text("email_domain")[m], return_counts=True)
    known = domains != ""
    name, test = (
        "one institution",
        "at least 80 % of the accounts registered under one mail domain that nobody else uses",
    )
    if not known.any():
        return Alternative(name, test, "could not test", "mail domains are not in the export")
    k = int(np.argmax(np.where(known, size, 0)))
    elsewhere = int((town.text("email_domain") == domains[k]).sum()) - size[k]
    holds = size[k] >= 0.8 * m.size and elsewhere <= 0.1 * size[k]
    return _verdict(
        name, test, bool(holds), f"{size[k]} of {m.size} accounts under one domain, {elsewhere} others elsewhere"
    )


def _monitor(town: Town, m: Ints) -> Alternative:
    output = town.column("output_tokens")[m] / np.maximum(town.requests[m], 1)
    median = float(np.median(output))
    return _verdict(
        "monitor or health check",
        "the median account receives at most 16 tokens an answer",
        median <= 16,
        f"median {median:.0f} tokens an answer",
    )


def _fixed_set(town: Town, m: Ints) -> Alternative:
    """The same few prompts over and over, with short answers: an evaluation set or a canary."""
    name = "evaluation set run again and again"
    test = "the median account repeats each prompt five times or more and receives at most 64 tokens an answer"
    distinct = town.column("distinct_prompts")[m]
    if np.isnan(distinct).all():
        return Alternative(name, test, "could not test", "no prompts in the export")
    repeats = float(np.nanmedian(town.requests[m] / np.maximum(distinct, 1)))
    output = float(np.median(town.column("output_tokens")[m] / np.maximum(town.requests[m], 1)))
    return _verdict(
        name, test, repeats >= 5 and output <= 64, f"each prompt {repeats:.1f} times, {output:.0f} tokens an answer"
    )


def _software(town: Town, g: Group, tied: list[str]) -> Alternative:
    """Everything the accounts share comes with one product: its client, fingerprint, parameters, prompts, schedule.

    A product shows itself by a client of its own or by its system prompt. A general library whose parameters were
    all set alike is none.
    """
    m = g.members
    ordinary = town.others(m)
    product = 0.0
    for kind in ("client", "system"):
        s = town.sharing(kind)
        if s.names:
            few = s.count(ordinary) < (10 if kind == "client" else 0.02 * ordinary.size + 1)
            product = max(product, float((s.count(m) / m.size * few).max()))
    beyond = tied + [x for x in ("rare mail domain", "batch of sign-ups") if g.measured(x).holds]
    created = town.column("created_s")[m]
    known = ~np.isnan(created)
    days = float(np.ptp(np.quantile(created[known], [0.1, 0.9]))) / DAY_S if known.any() else 0.0
    spread = f"sign-ups spread over {days:.0f} days" if known.any() else "sign-up dates unknown"
    return _verdict(
        "one product (coding harness, app, hosted tool)",
        "80 % of the accounts run a client or system prompt of its own, and nothing else is shared but "
        "schedule and prompts",
        product >= 0.8 and not beyond,
        f"{product:.0%} run one product; also shared: {', '.join(beyond) or 'nothing'}; {spread}",
    )


def _course(town: Town, g: Group, tied: list[str]) -> Alternative:
    """People who follow the same course or event from their own homes: the same days and prompts, little volume
    each."""
    volume = float(np.median(town.requests[g.members]))
    harvest = g.measured("harvest templates").holds
    return _verdict(
        "course, tutorial or public event followed from home",
        "the median account made at most 50 requests, no template is judged harvest, and nothing ties "
        "the organisations",
        volume <= 50 and not tied and not harvest,
        f"median {volume:.0f} requests an account; {'harvest templates' if harvest else 'no harvest template'}; "
        f"tied by: {', '.join(tied) or 'nothing'}",
    )


def _release_day(town: Town, g: Group, tied: list[str]) -> Alternative:
    """Strangers who try a new model on the days it comes out: the release explains both the days and the move."""
    name = "release-day trials by strangers"
    test = (
        "the median account made 60 % of its requests in the three days after a release, nothing ties them, "
        "and without timing and reaction fewer than three families hold"
    )
    if not town.releases:
        return Alternative(name, test, "could not test", "no release dates in the case")
    first = np.array([int((r - town.day0_s) // DAY_S) for r in town.releases])
    left = [f for f in g.held() if f not in ("timing", "reaction")]
    near = np.zeros(town.days.table.shape[1], dtype=bool)
    for d in first:
        near[max(d, 0) : max(d + 4, 0)] = True
    share = np.asarray(town.days.table[g.members][:, np.flatnonzero(near)].sum(axis=1)).ravel() / np.maximum(
        town.requests[g.members], 1
    )
    median = float(np.median(share))
    return _verdict(
        name,
        test,
        median >= 0.6 and not tied and len(left) < 3,
        f"median {median:.0%}; other families: {', '.join(left) or 'none'}; "
        f"tied by: {', '.join(tied) or 'nothing'}",
    )
