"""What every harvest has in common: a plan, recruited accounts, a proxy network, clients, and a disguise.

`Plan` says how careful the operation is: which families of evidence it leaves and which it hides. The shapes a harvest
can take are in `campaigns`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .clock import DAY, HOUR, Floats, Ints, sessions
from .people import chatter, conversation_names, habits
from .world import LIBRARY_JA4, MODELS, SDK_AGENTS, Town


@dataclass(frozen=True)
class Plan:
    """How an operation is run. Shares lie in 0 to 1; days count from the start of the window."""

    name: str
    accounts: int
    per_account: int
    pools: tuple[str, ...]
    """Pools of texts the harvest draws on."""
    mixed: float = 0.1
    """Share of unrelated traffic of the same accounts."""
    distinct: int = 15_000
    """Different texts at hand; fewer means that accounts repeat one another."""
    card_share: float = 0.5
    disposable: float = 0.3
    pool_exits: int = 500
    """Addresses of the proxy network that many accounts come back to; 0: each account its own address."""
    fresh_exit: float = 0.6
    """Share of requests from an exit that is hardly ever seen again."""
    borrowed: float = 0.5
    """Share of the proxy exits that are the homes of innocent accounts."""
    agents: int = 1
    """Client builds in use; 0: each account one of its own."""
    one_ja4: bool = True
    temperature: float = np.nan
    top_p: float = np.nan
    max_tokens: float = np.nan
    starts: float = 4.0
    ends: float = 43.0
    hours: tuple[float, float] | None = None
    """Working hours of the operation (UTC); None: round the clock."""
    sign_up_days: float = 4.0
    """Accounts are opened within so many days before the start."""
    model: str = MODELS[0]
    output: float = 6.9
    """Mean of the logarithm of output tokens."""


def recruit(town: Town, plan: Plan, count: int, start: float) -> Ints:
    """Open the operation's accounts shortly before `start` (seconds)."""
    rng = town.rng
    created = start - rng.uniform(0.02, 1.0, count) * plan.sign_up_days * DAY
    who = town.open("campaign", count, created, domain=town.mail(count, plan.disposable, 0.06), campaign=plan.name,
                    signup=town.addresses(count))
    town.identify(who, "payment_fingerprint", town.cards(count, plan.card_share, 5))
    town.identify(who, "device_id", [f"dev_{town.token(40)}" for _ in range(count)])
    return who


def exits(town: Town, plan: Plan) -> list[str]:
    """The proxy network: some exits are the homes of people who do not know about it."""
    stolen = min(round(plan.pool_exits * plan.borrowed), len(town.homes))
    return [str(a) for a in town.rng.choice(np.array(town.homes or [""]), stolen, replace=False)] + town.addresses(
        plan.pool_exits - stolen)


def routes(town: Town, plan: Plan, member: Ints, count: int, network: list[str]) -> np.ndarray:  # type: ignore[type-arg]
    """Address of every request."""
    if not network:
        return np.array(town.addresses(count), dtype=object)[member]
    out = np.array(network, dtype=object)[town.rng.integers(0, len(network), member.size)]
    fresh = town.rng.random(member.size) < plan.fresh_exit
    out[fresh] = np.array(town.addresses(int(fresh.sum())), dtype=object)
    return out


def clients(town: Town, plan: Plan, count: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Client build and JA4 of every account."""
    rng = town.rng
    if plan.agents:
        builds = rng.choice(np.array(SDK_AGENTS), plan.agents, replace=False)
        agent = builds[rng.integers(0, plan.agents, count)]
    else:
        agent = rng.choice(np.array(SDK_AGENTS), count)
    one = LIBRARY_JA4[int(rng.integers(0, len(LIBRARY_JA4)))]
    return agent, np.full(count, one) if plan.one_ja4 else habits(town, count).ja4


def moments(town: Town, plan: Plan, n: int, start: float, end: float) -> Floats:
    """`n` moments of the operation: round the clock or within its working hours."""
    rng = town.rng
    at = rng.uniform(start, end, n)
    if plan.hours is None:
        return np.asarray(at)
    low, high = plan.hours
    return np.asarray(np.floor(at / DAY) * DAY + ((low + (high - low) * rng.beta(1.6, 1.6, n)) % 24) * HOUR)


def harvest_texts(town: Town, plan: Plan, n: int) -> pl.DataFrame:
    """`n` harvesting texts, drawn from all of the plan's pools."""
    banks = pl.concat([town.texts.bank(p, max(50, plan.distinct // len(plan.pools))) for p in plan.pools])
    return banks[town.rng.integers(0, banks.height, n)]


def work(town: Town, plan: Plan, who: Ints, member: Ints, at: Floats, texts: pl.DataFrame, network: list[str], *,
         model: object = None, **more: object) -> None:
    """The harvest's requests, then the unrelated ones mixed in by the same accounts from the same network."""
    rng = town.rng
    count = len(who)
    agent, ja4 = clients(town, plan, count)
    names = np.array([f"{a:x}{b:x}" for a, b in zip(rng.integers(0, 2**32, at.size), rng.integers(0, 2**16, at.size), strict=True)])
    columns = {"conversation": names, "output": rng.lognormal(plan.output, 0.6, at.size).astype(np.int64)} | more
    town.emit(who[member], at, texts, ip=routes(town, plan, member, count, network), agent=agent[member], ja4=ja4[member],
              model=plan.model if model is None else model, temperature=plan.temperature, top_p=plan.top_p,
              max_tokens=plan.max_tokens, truth=plan.name, **columns)  # type: ignore[arg-type]
    disguise(town, plan, who, member, at, ja4, network)


def disguise(town: Town, plan: Plan, who: Ints, member: Ints, at: Floats, ja4: np.ndarray, network: list[str]) -> None:  # type: ignore[type-arg]
    """Unrelated traffic of the accounts, so that `plan.mixed` of everything they send is harmless."""
    if plan.mixed <= 0 or not at.size:
        return
    rng = town.rng
    count = len(who)
    harvested = np.bincount(member, minlength=count)
    extra = rng.poisson(harvested * plan.mixed / (1 - plan.mixed))
    low, high = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(low, member, at)
    np.maximum.at(high, member, at)
    rhythm = sessions(rng, extra, rng.uniform(0, 24, count), np.full(count, 8.0), np.where(extra > 0, low, 0.0),
                      np.maximum(high, 1.0), np.full(count, 1.3))
    habit = habits(town, count)
    town.emit(who[rhythm.who], rhythm.at, chatter(town, rhythm), ip=routes(town, plan, rhythm.who, count, network),
              agent=habit.agent[rhythm.who], ja4=ja4[rhythm.who], model=plan.model,
              conversation=conversation_names(town, rhythm))
