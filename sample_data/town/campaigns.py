"""Harvests in the shapes that are publicly known, one function a shape.

Each marks the harvest (not the unrelated traffic its accounts carry) with the plan's name and returns its accounts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from .clock import DAY, HOUR, Ints, sessions
from .operation import Plan, proxies, raise_crew, recruit
from .people import conversation_names
from .world import MODELS, Town

Campaign = Callable[[Town, Plan], Ints]


def fixed_prompt(town: Town, plan: Plan, ban_day: float | None = None) -> Ints:
    """One prompt around every task; on `ban_day` the accounts are suspended, soon a second pool takes over."""
    rng = town.rng
    start, end = plan.starts * DAY, plan.ends * DAY
    ban = (rng.uniform(0.4, 0.6) * town.days if ban_day is None else ban_day) * DAY
    back = ban + rng.uniform(0.05, 0.6) * DAY
    network = proxies(town, plan)
    one = round(plan.accounts * 0.56)
    two = plan.accounts - one
    early = start - rng.uniform(0.02, 1.0, one) * plan.sign_up_days * DAY
    late = np.minimum(back, ban + rng.uniform(-0.5, 0.98, two) * DAY)
    first, second = recruit(town, plan, one, early, network), recruit(town, plan, two, late, network)
    total = plan.accounts * plan.per_account
    for crew, begin, finish in ((first, start, ban), (second, back, end)):
        n = round(total * (finish - begin) / (ban - start + end - back))
        crew.harvest(crew.share(n), crew.moments(n, begin, finish))
    town.close(first.who, ban)
    return np.concatenate([first.who, second.who])


def load_balanced(town: Town, plan: Plan) -> Ints:
    """A dispatcher deals jobs in turn or at random: near-equal shares, all accounts rise and fall together."""
    rng = town.rng
    crew = raise_crew(town, plan)
    n = plan.accounts * plan.per_account
    waves = rng.uniform(plan.starts, plan.ends - 0.3, max(3, n // int(rng.integers(150, 500))))
    length = rng.uniform(0.7, 5.0)
    at = np.sort(waves[rng.integers(0, waves.size, n)] * DAY + rng.uniform(0.0, length, n) * HOUR)
    at_random = rng.random(n) < rng.choice(np.array([0.05, 0.3, 1.0]))
    member = np.where(at_random, rng.integers(0, plan.accounts, n), np.arange(n)) % plan.accounts
    crew.harvest(member, at)
    return crew.who


def release_pivot(town: Town, plan: Plan, share: float = 0.48) -> Ints:
    """A long-running harvest that sends about half of its work to the new model within a day of its release."""
    rng = town.rng
    crew = raise_crew(town, plan)
    n = plan.accounts * plan.per_account
    at = crew.moments(n, plan.starts * DAY, plan.ends * DAY)
    member = crew.share(n)
    ready = town.release + rng.uniform(0.5, 20.0, plan.accounts) * HOUR
    moved = (at > ready[member]) & (rng.random(n) < share)
    crew.harvest(member, at, request_model=np.where(moved, MODELS[3], plan.model))
    return crew.who


def low_and_wide(town: Town, plan: Plan) -> Ints:
    """Thousands of accounts with about four requests each within two days: nothing stands out per account."""
    rng = town.rng
    crew = raise_crew(town, plan)
    each = 1 + rng.poisson(max(plan.per_account - 1, 1), plan.accounts)
    member = np.repeat(np.arange(plan.accounts), each)
    sitting = rng.uniform(plan.starts + 0.02, plan.ends - 0.15, plan.accounts) * DAY
    crew.harvest(member, sitting[member] + rng.exponential(0.7, member.size) % 3.0 * HOUR)
    return crew.who


def habit_only(town: Town, plan: Plan) -> Ints:
    """No shared template, card or address: only parameters, a client build, a field of topics and hours of work."""
    crew = raise_crew(town, plan)
    n = plan.accounts * plan.per_account
    crew.harvest(crew.share(n), crew.moments(n, plan.starts * DAY, plan.ends * DAY))
    return crew.who


def relay(town: Town, plan: Plan) -> Ints:
    """Other products' users passed on under persona system prompts: mixed content, one transport fingerprint."""
    crew = raise_crew(town, plan)
    count = plan.accounts
    start, end = np.full(count, plan.starts * DAY), np.full(count, plan.ends * DAY)
    requests = town.rng.poisson(plan.per_account, count)
    rhythm = sessions(
        town.rng, requests, np.full(count, 13.0), np.full(count, 6.5), start, end, np.full(count, 3.0)
    )
    crew.harvest(rhythm.who, rhythm.at, conversation_id=conversation_names(town, rhythm))
    return crew.who


def cleaner(town: Town, plan: Plan) -> Ints:
    """Answers given to some accounts come back, hours later, as what other accounts ask to have cleaned."""
    rng = town.rng
    crew = raise_crew(town, plan)
    everyone = np.arange(plan.accounts)
    split = max(1, round(plan.accounts * 0.6))
    n = plan.per_account * split
    bank = town.texts.bank("captured", plan.distinct)
    row = rng.integers(0, bank.height, n)
    at = crew.moments(n, plan.starts * DAY, (plan.ends - 0.3) * DAY)
    crew.harvest(crew.share(n, everyone[:split]), at, bank[row])
    sent = rng.permutation(n)[: round(n * 0.8)]
    later = at[sent] + rng.gamma(2.0, 1.2, sent.size) % 7.0 * HOUR
    short = rng.lognormal(5.2, 0.4, sent.size).astype(np.int64)
    crew.harvest(
        crew.share(sent.size, everyone[split:]), later, _to_clean(town, bank[row[sent]]), output_tokens=short
    )
    return crew.who


def _to_clean(town: Town, captured: pl.DataFrame) -> pl.DataFrame:
    """Captured answers as prompts with an order to clean them."""
    order = town.texts.bank("clean_orders", 1)["prompt_text"][0]
    before, after = order.split("{t}")
    nothing = pl.lit(None, dtype=pl.String)
    return captured.select(
        nothing.alias("system_text"),
        (pl.lit(before) + pl.col("response_text").fill_null("") + pl.lit(after)).alias("prompt_text"),
        nothing.alias("response_text"),
    )


def probe_then_exploit(town: Town, plan: Plan, probes: int = 1200) -> Ints:
    """First many attempts, each in another wording and mostly refused; then the one that worked, at scale."""
    rng = town.rng
    crew = raise_crew(town, plan)
    turn = (plan.starts + (plan.ends - plan.starts) * 0.3) * DAY
    scouts = np.arange(max(3, plan.accounts // 6))
    refused = rng.random(probes) < 0.85
    crew.harvest(
        crew.share(probes, scouts),
        crew.moments(probes, plan.starts * DAY, turn),
        town.draw("probe", probes, probes),
        output_tokens=np.where(refused, rng.integers(10, 45, probes), rng.integers(300, 1500, probes)),
        finish_reason=np.where(refused, "refusal", "stop"),
    )
    n = plan.accounts * plan.per_account
    crew.harvest(crew.share(n), crew.moments(n, turn, plan.ends * DAY), finish_reason="stop")
    return crew.who


def signature_replay(town: Town, plan: Plan, signatures: int = 400) -> Ints:
    """A sealed thinking block taken in one account is handed in by others: one signature where it cannot be."""
    rng = town.rng
    crew = raise_crew(town, plan)
    n = plan.accounts * plan.per_account
    blocks = np.array([f"sig_{town.token(60)}" for _ in range(signatures)], dtype=object)
    sent = blocks[rng.zipf(1.3, n) % signatures]
    sent[rng.random(n) < 0.3] = None
    crew.harvest(crew.share(n), crew.moments(n, plan.starts * DAY, plan.ends * DAY), signature_hash=sent)
    return crew.who
