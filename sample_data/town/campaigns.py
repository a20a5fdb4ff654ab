"""Harvests in the shapes that are publicly known, one function a shape.

Each marks the harvest (not the unrelated traffic its accounts carry) with the plan's name and returns its accounts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from .clock import DAY, HOUR, Ints, sessions
from .operation import Plan, exits, harvest_texts, moments, recruit, work
from .people import chatter, conversation_names
from .world import MODELS, Town

Campaign = Callable[[Town, Plan], Ints]


def fixed_prompt(town: Town, plan: Plan, ban_day: float | None = None) -> Ints:
    """One prompt around every task; on `ban_day` all accounts are suspended and a second pool takes over within a day."""
    rng = town.rng
    ban = (ban_day or rng.uniform(0.4, 0.6) * town.days) * DAY
    network = exits(town, plan)
    first = recruit(town, plan, round(plan.accounts * 0.56), plan.starts * DAY)
    second = recruit(town, plan, plan.accounts - len(first), ban + 0.9 * DAY)
    for index in second:
        town.accounts[index]["created_at"] = town.stamp(ban + rng.uniform(-0.5, 0.98) * DAY)
    spans = ((first, plan.starts * DAY, ban), (second, ban + rng.uniform(0.05, 0.6) * DAY, plan.ends * DAY))
    length = sum(end - start for _, start, end in spans)
    for who, start, end in spans:
        n = round(plan.accounts * plan.per_account * (end - start) / length)
        member = _uneven(town, len(who), n)
        at = moments(town, plan, n, start, end)
        late = at >= end
        at[late] = rng.uniform(start, end, int(late.sum()))
        work(town, plan, who, member, at, harvest_texts(town, plan, n), network)
    town.close(first, ban)
    return np.concatenate([first, second])


def load_balanced(town: Town, plan: Plan) -> Ints:
    """A dispatcher hands every next job to the next account: near-equal shares, waves in which all rise and fall together."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    n = plan.accounts * plan.per_account
    waves = np.sort(rng.uniform(plan.starts, plan.ends, max(3, n // 400)))
    at = np.sort(waves[rng.integers(0, waves.size, n)] * DAY + rng.gamma(2.0, 2.2, n) * HOUR)
    member = (np.arange(n) + np.where(rng.random(n) < 0.08, rng.integers(0, plan.accounts, n), 0)) % plan.accounts
    work(town, plan, who, member, at, harvest_texts(town, plan, n), exits(town, plan))
    return who


def release_pivot(town: Town, plan: Plan, share: float = 0.48) -> Ints:
    """A long-running harvest that sends about half of its work to the new model within a day of its release."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    n = plan.accounts * plan.per_account
    at = moments(town, plan, n, plan.starts * DAY, plan.ends * DAY)
    ready = town.release + rng.uniform(0.5, 20.0, plan.accounts) * HOUR
    member = _uneven(town, plan.accounts, n)
    moved = (at > ready[member]) & (rng.random(n) < share)
    work(town, plan, who, member, at, harvest_texts(town, plan, n), exits(town, plan), model=np.where(moved, MODELS[3], plan.model))
    return who


def low_and_wide(town: Town, plan: Plan) -> Ints:
    """Thousands of accounts with about four requests each within two days: nothing stands out per account."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    each = 1 + rng.poisson(max(plan.per_account - 1, 1), plan.accounts)
    member = np.repeat(np.arange(plan.accounts), each)
    centre = rng.uniform(plan.starts + 0.1, plan.ends - 0.1, plan.accounts)
    at = centre[member] * DAY + rng.exponential(0.7, member.size) * HOUR
    work(town, plan, who, member, np.minimum(at, plan.ends * DAY), harvest_texts(town, plan, member.size), exits(town, plan))
    return who


def habit_only(town: Town, plan: Plan) -> Ints:
    """No shared template, card or address: only parameters, a client build, a field of topics and the hours of work."""
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    n = plan.accounts * plan.per_account
    at = moments(town, plan, n, plan.starts * DAY, plan.ends * DAY)
    work(town, plan, who, _uneven(town, plan.accounts, n), at, harvest_texts(town, plan, n), exits(town, plan))
    return who


def relay(town: Town, plan: Plan) -> Ints:
    """Other products' users passed on under persona system prompts: mixed content, one transport fingerprint."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    requests = rng.poisson(plan.per_account, plan.accounts)
    count = plan.accounts
    rhythm = sessions(rng, requests, np.full(count, 13.0), np.full(count, 6.5), np.full(count, plan.starts * DAY),
                      np.full(count, plan.ends * DAY), np.full(count, 3.0))
    bank = town.texts.bank(plan.pools[0], plan.distinct)
    texts = chatter(town, rhythm) if bank.height == 0 else bank[rng.integers(0, bank.height, rhythm.who.size)]
    work(town, plan, who, rhythm.who, rhythm.at, texts, exits(town, plan), conversation=conversation_names(town, rhythm))
    return who


def cleaner(town: Town, plan: Plan) -> Ints:
    """Answers given to some accounts come back, hours later, as what other accounts ask to have cleaned."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    split = max(1, round(plan.accounts * 0.6))
    n = plan.per_account * split
    bank = town.texts.bank("captured", plan.distinct)
    row = rng.integers(0, bank.height, n)
    at = moments(town, plan, n, plan.starts * DAY, plan.ends * DAY - 0.3 * DAY)
    network = exits(town, plan)
    work(town, plan, who[:split], _uneven(town, split, n), at, bank[row], network)
    sent = rng.permutation(n)[: round(n * 0.8)]
    orders = town.texts.bank("clean_orders", 4)["prompt_text"].to_list()
    again = [orders[k % len(orders)].replace("{t}", t or "") for k, t in enumerate(bank["response_text"].gather(row[sent]))]
    texts = pl.DataFrame({"system_text": [None] * len(again), "prompt_text": again, "response_text": [None] * len(again)},
                         schema=bank.schema)
    later = at[sent] + rng.gamma(2.0, 1.2, sent.size) * HOUR
    work(town, plan, who[split:], _uneven(town, plan.accounts - split, sent.size), np.minimum(later, plan.ends * DAY), texts,
         network, output=rng.lognormal(5.2, 0.4, sent.size).astype(np.int64))
    return who


def probe_then_exploit(town: Town, plan: Plan, probes: int = 1200) -> Ints:
    """First many attempts, each in another wording and mostly refused; then the one that worked, at scale."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    turn = plan.starts + (plan.ends - plan.starts) * 0.3
    scouts = max(3, plan.accounts // 6)
    texts = town.draw("probe", probes, probes)
    refused = rng.random(probes) < 0.85
    network = exits(town, plan)
    work(town, plan, who[:scouts], rng.integers(0, scouts, probes), moments(town, plan, probes, plan.starts * DAY, turn * DAY),
         texts, network, output=np.where(refused, rng.integers(10, 45, probes), rng.integers(300, 1500, probes)),
         finish=np.where(refused, "refusal", "stop"))
    n = plan.accounts * plan.per_account
    at = moments(town, plan, n, turn * DAY, plan.ends * DAY)
    work(town, plan, who, _uneven(town, plan.accounts, n), at, harvest_texts(town, plan, n), network, finish="stop")
    return who


def signature_replay(town: Town, plan: Plan, signatures: int = 400) -> Ints:
    """A sealed thinking block taken in one account is handed in by others: the same signature where it cannot be."""
    rng = town.rng
    who = recruit(town, plan, plan.accounts, plan.starts * DAY)
    n = plan.accounts * plan.per_account
    at = moments(town, plan, n, plan.starts * DAY, plan.ends * DAY)
    blocks = np.array([f"sig_{town.token(60)}" for _ in range(signatures)], dtype=object)
    sent = blocks[rng.zipf(1.3, n) % signatures]
    sent[rng.random(n) < 0.3] = None
    work(town, plan, who, _uneven(town, plan.accounts, n), at, harvest_texts(town, plan, n), exits(town, plan), signature=sent)
    return who


def _uneven(town: Town, count: int, n: int) -> Ints:
    """Which account makes each request: fair up to a spread of some ten per cent."""
    weight = town.rng.gamma(30.0, 1.0, count)
    return np.asarray(town.rng.choice(count, n, p=weight / weight.sum()))
