"""The harmless explanations of a group, each with its test, what was found and what follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from kit.linkage.affinity import FEW_USERS, LIBRARY, MOVED
from kit.linkage.families import NEEDED, Group
from kit.linkage.people import are_dealt, are_people
from kit.linkage.places import FEW_PLACES, fixed_lines
from kit.linkage.town import OWN, Floats, Ints, Sharing, Town

MOST = 0.8  # an explanation must cover four in five of the accounts, or of what they sent
EVENT_DAYS = 4  # a long weekend
FEW_REQUESTS = 50  # as many as somebody sends who looks in
STRAY = 3  # fewer accounts than this are an accident
TIES = ("shared identifiers", "pool of addresses", "replayed blocks", "succession after closures")
"""What strangers cannot share for a public reason, as they can a prompt, a library, a date or a launch."""


@dataclass
class Alternative:
    """One harmless explanation: `outcome` is ruled out | holds | could not test."""

    explanation: str
    test: str
    outcome: str
    detail: str


def alternatives(town: Town, g: Group) -> list[Alternative]:
    """Every harmless explanation tested on one group whose families were assessed."""
    tied = [x for x in TIES if g.measured(x).holds]
    lines = _excused_lines(town, g)
    spread = [x for x in tied if x != "pool of addresses" or not lines.size]
    return [
        _one_organisation(town, g.members),
        _verified(town, g),
        _declared(town, g.members, "declared reseller or aggregator", "reseller", tied),
        _declared(town, g.members, "registered red team or research programme", "research", tied),
        _class(town, g, tied),
        _one_site(town, g.members, lines),
        _one_institution(town, g.members),
        _one_payer(town, g, spread),
        _monitor(town, g.members),
        _fixed_set(town, g.members),
        _software(town, g, spread),
        _course(town, g, tied),
        _public_date(town, g, tied),
    ]


def _excused_lines(town: Town, g: Group) -> Ints:
    """The lines of the offices or servers where the accounts meet, if having them excuses.

    Whoever harvests from a few servers of his own is not excused by having no more; people at a place are, whose
    hours nobody deals out, even if the app that all of them use asks for what a harvest asks.
    """
    lines = fixed_lines(town, g.members)
    return lines if not g.measured("harvest templates").holds or are_people(town, g.members) else lines[:0]


def _verdict(name: str, test: str, holds: bool, detail: str) -> Alternative:
    return Alternative(name, test, "holds" if holds else "ruled out", detail)


def _untested(name: str, test: str, missing: str) -> Alternative:
    return Alternative(name, test, "could not test", f"{missing} not in the export")


def _ties(found: list[str]) -> str:
    return f"tied by {', '.join(found)}" if found else "nothing else ties them"


def _listed(found: list[str]) -> str:
    return ", ".join(found) or "nothing"


# ---- who the accounts are ----------------------------------------------------------------------------------


def _one_organisation(town: Town, m: Ints) -> Alternative:
    name = "one organisation (enterprise batch, evaluation team, translation vendor)"
    test = "at least 80 % of the accounts belong to one organisation"
    if not (town.text("org_id")[m] != "").any():
        return _untested(name, test, "organisations are")
    _, size = np.unique(town.org[m], return_counts=True)
    detail = f"largest organisation holds {size.max()} of {m.size} accounts; {size.size} organisations in all"
    return _verdict(name, test, size.max() >= MOST * m.size, detail)


def _verified(town: Town, g: Group) -> Alternative:
    """Several customers, each verified as a business, who work with one consultancy, agency or parent company."""
    name = "verified businesses that work together (consultancy, agency, group of companies)"
    against = ("harvest templates", "replayed blocks", "succession after closures")
    test = f"at least 80 % of the accounts are verified as businesses, and there are no {_listed(list(against))}"
    how = town.text("verification")[g.members]
    if not (how != "").any():
        return _untested(name, test, "verifications are")
    n, found = int((how == "business").sum()), [x for x in against if g.measured(x).holds]
    detail = f"{n} of {how.size} accounts verified as businesses; found: {_listed(found)}"
    return _verdict(name, test, n >= MOST * how.size and not found, detail)


def _declared(town: Town, m: Ints, name: str, word: str, tied: list[str]) -> Alternative:
    """A plan or verification explains accounts that are alike; not that strangers share cards or pools."""
    test = f"at least half of the accounts have plan or verification {word!r}, and nothing ties their organisations"
    plan, how = town.text("plan")[m], town.text("verification")[m]
    if not ((plan != "") | (how != "")).any():
        return _untested(name, test, "plans and verifications are")
    n = int(((plan == word) | (how == word)).sum())
    detail = f"{n} of {m.size} accounts; {_ties(tied)}"
    return _verdict(name, test, n >= 0.5 * m.size and not tied, detail)


def _class(town: Town, g: Group, tied: list[str]) -> Alternative:
    """A class has a school's mail domain or a pupil's volume; education plans are also a way in for fraud."""
    m = g.members
    test = (
        "at least half of the accounts are on education plans, half share a school's mail domain or the median "
        "account made at most 100 requests and no other rare mail domain is shared, and nothing ties them otherwise"
    )
    plan, how = town.text("plan")[m], town.text("verification")[m]
    if not ((plan != "") | (how != "")).any():
        return _untested("class", test, "plans and verifications are")
    n, own = int(((plan == "education") | (how == "education")).sum()), _own_domain(town, m)
    volume = float(np.median(town.requests[m]))
    detail = (
        f"{n} of {m.size} accounts on education plans, {own} under one mail domain of their own, "
        f"median {volume:.0f} requests; {_ties(tied)}"
    )
    thrown_away = g.measured("rare mail domain").holds and own < NEEDED["rare mail domain"] * m.size
    school = own >= 0.5 * m.size or (volume <= 100 and not thrown_away)
    return _verdict("class", test, n >= 0.5 * m.size and school and not tied, detail)


def _own_domain(town: Town, m: Ints) -> int:
    """How many of the accounts have the commonest mail domain that is an institution's.

    Such a domain is not used by customers of another kind (plan and verification) than most of these accounts are;
    a provider of throw-away mail is, however many of its users the accounts make up.
    """
    domain = town.text("email_domain")
    kind = np.char.add(np.char.add(town.text("plan").astype(str), " "), town.text("verification").astype(str))
    kinds, many = np.unique(kind[m], return_counts=True)
    others = kind != kinds[np.argmax(many)]
    others[m] = False
    name, size = np.unique(domain[m], return_counts=True)
    elsewhere = np.array([(others & (domain == n)).sum() if n else np.inf for n in name])
    return int(np.where(elsewhere < STRAY, size, 0).max())


def _one_institution(town: Town, m: Ints) -> Alternative:
    name = "one institution"
    test = "at least 80 % of the accounts registered under one mail domain that no customers of another kind use"
    if not (town.text("email_domain")[m] != "").any():
        return _untested(name, test, "mail domains are")
    own = _own_domain(town, m)
    return _verdict(name, test, own >= MOST * m.size, f"{own} of {m.size} accounts under one domain of their own")


def _one_payer(town: Town, g: Group, tied: list[str]) -> Alternative:
    """A sponsor, a university or an agency pays for all; an operation spreads its accounts over many cards."""
    name = "one payer (event on a coupon, sponsor, agency)"
    test = (
        "at least 80 % of the accounts hold one and the same identifier, nothing else ties them, and no template "
        f"is judged harvest or the median account was active on at most {EVENT_DAYS} days"
    )
    kinds = sorted(k for k in town.kinds if k.startswith("id:"))
    if not kinds:
        return _untested(name, test, "identifiers are")
    size, kind = max((int(town.sharing(k).count(g.members).max(initial=0)), k) for k in kinds)
    beyond = [x for x in tied if x != "shared identifiers"]
    days, harvest = _active_days(town, g.members), g.measured("harvest templates").holds
    detail = (
        f"{size} of {g.members.size} accounts have the same {kind[3:]}; active on {days:.0f} days; {_ties(beyond)}"
    )
    short = days <= EVENT_DAYS or not harvest
    return _verdict(name, test, size >= MOST * g.members.size and not beyond and short, detail)


def _active_days(town: Town, m: Ints) -> float:
    """On how many days the median account was active."""
    return float(np.median(np.diff(town.days.table[m].indptr)))


def _moved_in_part(town: Town, m: Ints) -> bool:
    """Whether the median account that moved to a new model sent it less than half of what it sent in two days."""
    moved = town.pivot[m][np.nan_to_num(town.pivot[m]) >= MOVED]
    return moved.size > 0 and float(np.median(moved)) < 0.5


def _comes_for_dates(town: Town, m: Ints) -> bool:
    """Whether the median account is away on half or more of the days from its first to its last."""
    seen = town.days.table[m[town.active[m]]].tocoo()
    last, first = np.full(m.size, -1), np.full(m.size, town.days.table.shape[1])
    np.maximum.at(last, seen.row, seen.col)
    np.minimum.at(first, seen.row, seen.col)
    share = np.bincount(seen.row, minlength=m.size) / np.maximum(last - first + 1, 1)
    return float(np.median(share[last >= 0])) <= 0.5 if seen.nnz else False


# ---- what they do ------------------------------------------------------------------------------------------


def _one_site(town: Town, m: Ints, lines: Ints) -> Alternative:
    """Most accounts at one address, or on the few lines of some places: a room, an office, an event."""
    s = town.sharing("ip")
    name = "one site (class, hackathon, office)"
    test = (
        "at least 70 % of the accounts sent most of their requests from one and the same address or, where no "
        "template is judged harvest or the accounts keep hours of their own, from the few lines of at most "
        f"{FEW_PLACES} places"
    )
    if not s.names:
        return _untested(name, test, "shared addresses are")
    sent = town.requests[m]
    alone = sparse.csc_matrix(s.table[m][:, [n != OWN for n in s.names]])
    heavy = sparse.diags(1 / np.maximum(sent, 1)).dot(alone) >= 0.5
    n, active = int(heavy.sum(axis=0).max()) if alone.shape[1] else 0, int(town.active[m].sum())
    together = np.asarray(s.table[m][:, lines].sum(axis=1)).ravel()
    n = max(n, int((together >= 0.5 * sent)[town.active[m] & (together > 0)].sum()))
    return _verdict(name, test, n >= 0.7 * active, f"{n} of {active} active accounts")


def _monitor(town: Town, m: Ints) -> Alternative:
    median = float(np.median(_answer(town, m)))
    test = "the median account receives at most 16 tokens an answer"
    return _verdict("monitor or health check", test, median <= 16, f"median {median:.0f} tokens an answer")


def _answer(town: Town, m: Ints) -> Floats:
    """Tokens an answer, per account."""
    return np.asarray(town.column("output_tokens")[m] / np.maximum(town.requests[m], 1))


def _fixed_set(town: Town, m: Ints) -> Alternative:
    """The same few prompts over and over, with short answers: an evaluation set or a canary."""
    name = "evaluation set run again and again"
    test = "the median account repeats each prompt five times or more and receives at most 64 tokens an answer"
    distinct = town.column("distinct_prompts")[m]
    if np.isnan(distinct).all():
        return _untested(name, test, "prompts are")
    repeats = float(np.nanmedian(town.requests[m] / np.maximum(distinct, 1)))
    output = float(np.median(_answer(town, m)))
    detail = f"each prompt {repeats:.1f} times, {output:.0f} tokens an answer"
    return _verdict(name, test, repeats >= 5 and output <= 64, detail)


def _software(town: Town, g: Group, tied: list[str]) -> Alternative:
    """All that the accounts share comes with one product: its client, fingerprint, parameters, prompts, schedule.

    A product shows itself by a client or a system prompt of its own in what its users send, or by one form that is
    no harvest (a vendor's report). A launch explains sign-ups that lie close together, and an area office that pays
    for several shops the cards that customers of one vendor share; nothing explains a pool of addresses but the
    vendor's own servers. A general library whose parameters were all set alike is no product.
    """
    product = max(_used_by_all(town, g, "client"), _used_by_all(town, g, "system"))
    form = _used_by_all(town, g, "template")
    beyond = tied + (["rare mail domain"] if g.measured("rare mail domain").holds else [])
    if product < MOST:
        beyond = [x for x in beyond if x != "shared identifiers"]
    return _verdict(
        "one product (coding harness, app, hosted tool, vendor's form)",
        "80 % of what the accounts send comes from a client, under a system prompt or in a form of its own that "
        "few others use, and nothing else is shared but schedule, sign-ups and prompts",
        max(product, form) >= MOST and not beyond,
        f"own client or system prompt {product:.0%}, own form {form:.0%}; {_ties(beyond)}",
    )


def _used_by_all(town: Town, g: Group, kind: str) -> float:
    """The greatest share of what the accounts send (each counted once) that has one value which few others use.

    Few is under ten accounts for a client, two in a hundred for a prompt; others who send hardly anything else are
    customers of the same product and do not count, only who met the prompt in passing does. A library for anybody
    is no product, nor is a template judged harvest. Who was dropped from the group is no other: a choice among the
    users of a product is explained by it as well as all of them are.
    """
    s, ordinary = town.sharing(kind), town.others(g.members, g.dropped)
    if not s.names:
        return 0.0
    if kind == "client":
        few = (s.count(ordinary) < FEW_USERS) & np.array([not LIBRARY.search(n) for n in s.names])
    else:
        customers = np.asarray((_shares(town, s, ordinary) >= MOST).sum(axis=0)).ravel()
        few = s.count(ordinary) - customers < 0.02 * ordinary.size + 1
    if kind == "template":
        few &= ~np.isin(s.names, list(town.harvest))
    return float((np.asarray(_shares(town, s, g.members).mean(axis=0)).ravel() * few).max())


def _shares(town: Town, s: Sharing, who: Ints) -> sparse.csr_matrix:
    """Accounts x values: which share of what the account sends has the value."""
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(town.requests[who], 1)).dot(s.table[who]))


def _course(town: Town, g: Group, tied: list[str]) -> Alternative:
    """People who follow one course or event from their homes: the same days and prompts, little volume each."""
    volume, harvest = float(np.median(town.requests[g.members])), g.measured("harvest templates").holds
    return _verdict(
        "course, tutorial or public event followed from home",
        f"the median account made at most {FEW_REQUESTS} requests, no template is judged harvest, and nothing ties "
        "the organisations",
        volume <= FEW_REQUESTS and not tied and not harvest,
        f"median {volume:.0f} requests an account; {'harvest templates' if harvest else 'no harvest template'}; "
        f"{_ties(tied)}",
    )


def _public_date(town: Town, g: Group, tied: list[str]) -> Alternative:
    """Strangers with one published prompt and one date: a deadline, an event, the day a model comes out.

    The date explains the days of activity and the move to a new model; also the hours, where there were few days.
    Who comes for a few days or for the dates of a term, or keeps hours of their own up to a deadline, and has more
    to do there than to look in, signed up for them at about the same time; machines work on most days, and at the
    hours of whoever runs them. A tool that takes the newest model moves all that it sends; that accounts at work
    all the time move a part of it on the day of a release, as hardly any ordinary one does, no date explains.
    """
    days, volume = _active_days(town, g.members), float(np.median(town.requests[g.members]))
    short = days <= EVENT_DAYS or _comes_for_dates(town, g.members)
    own = not short and are_people(town, g.members)
    dealt = not short and are_dealt(town, g.members)
    kept = ", at hours of their own" if own else ", at any hours" if dealt else ""
    public = {"days of activity"}
    public |= set() if dealt and _moved_in_part(town, g.members) else {"move to a new model"}
    public |= {"hours of the day"} if days <= EVENT_DAYS else set()
    public |= {"batch of sign-ups"} if (short or own) and volume > FEW_REQUESTS else set()
    left = [
        f for f in g.held() if any(m.holds and m.affinity.measure not in public for m in g.evidence[f].measures)
    ]
    return _verdict(
        "strangers who follow one public date (release, deadline, event)",
        "nothing ties the organisations, and fewer than three families hold without the days of activity, the move "
        "to a new model (unless the median account was active on most of its days, hardly any keeps hours of its "
        "own and less than half of their work moved) and, where the median account was active on at most "
        f"{EVENT_DAYS} days, the hours of the day and, where it made more than {FEW_REQUESTS} requests and was "
        "active on at most half of its days or most accounts keep hours of their own, the batch of sign-ups",
        not tied and len(left) < 3,
        f"active on {days:.0f} days{kept}; families that hold without them: {_listed(left)}; {_ties(tied)}",
    )
