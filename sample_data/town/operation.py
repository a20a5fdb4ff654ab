"""What every harvest has in common: a plan, recruited accounts, a proxy network, clients, and a disguise.

`Plan` says how careful the operation is: which families of evidence it leaves and which it hides. A `Crew` is the
accounts it has raised and how they reach the provider. The shapes a harvest can take are in `campaigns`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from .clock import DAY, HOUR, Floats, Ints, sessions
from .people import chatter, conversation_names, habits
from .world import LIBRARY_JA4, MODELS, SDK_AGENTS, Column, Names, Town


@dataclass(frozen=True)
class Plan:
    """How an operation is run. Shares lie in 0 to 1; days count from the start of the window."""

    name: str
    accounts: int
    per_account: int
    pools: tuple[str, ...]
    """Pools of texts the harvest draws on."""
    distinct: int = 15_000
    """Different texts at hand; fewer means that accounts repeat one another."""
    mixed: float = 0.1
    """Share of unrelated traffic in all that the accounts send."""
    card_share: float = 0.5
    disposable: float = 0.3
    tier: str = "payg"
    """Plan of the accounts; education and trial are sign-up paths that were abused in public cases."""
    sign_up_days: float = 4.0
    """Accounts are opened within so many days before the start."""
    pool_exits: int = 500
    """Addresses of the proxy network that many accounts come back to; 0: each account has an address of its own."""
    fresh_exit: float = 0.6
    """Share of requests from an exit that is hardly ever seen again."""
    borrowed: float = 0.5
    """Share of the proxy exits that are the homes of innocent accounts."""
    agents: int = 1
    """Client builds in use; 0: each account one of its own."""
    one_ja4: bool = True
    rare_ja4: bool = False
    """The one transport fingerprint is of no common client library."""
    model: str = MODELS[0]
    temperature: float = np.nan
    top_p: float = np.nan
    max_tokens: float = np.nan
    output: float = 6.9
    """Mean of the logarithm of output tokens."""
    starts: float = 4.0
    ends: float = 43.0
    hours: tuple[float, float] | None = None
    """Working hours of the operation (UTC, may pass 24); None: round the clock."""


@dataclass
class Crew:
    """The accounts of an operation (`who`) and how they come in; `member` below is a position within `who`."""

    town: Town
    plan: Plan
    who: Ints
    network: list[str]
    agent: Names = field(init=False)
    ja4: Names = field(init=False)
    usual_agent: Names = field(init=False)
    """Client builds of the traffic mixed in, an unremarkable one per account."""

    def __post_init__(self) -> None:
        rng, plan, count = self.town.rng, self.plan, len(self.who)
        ordinary = habits(self.town, count)
        builds = rng.choice(np.array(SDK_AGENTS), max(plan.agents, 1), replace=False)
        self.usual_agent = ordinary.agent
        self.agent = builds[rng.integers(0, plan.agents, count)] if plan.agents else ordinary.agent
        odd = f"t13d1714h2_{self.town.token(48)}_{self.town.token(48)}"
        one = odd if plan.rare_ja4 else str(rng.choice(np.array(LIBRARY_JA4)))
        self.ja4 = np.full(count, one) if plan.one_ja4 else ordinary.ja4

    def harvest(self, member: Ints, at: Floats, texts: pl.DataFrame | None = None, **columns: Column) -> None:
        """The harvest's requests, then the unrelated ones of the same accounts; `columns` replace the plan's."""
        rng, plan, n = self.town.rng, self.plan, at.size
        salt = self.town.token(32)
        given: dict[str, Column] = {
            "client_ip": self.route(member),
            "user_agent": self.agent[member],
            "ja4": self.ja4[member],
            "request_model": plan.model,
            "temperature": plan.temperature,
            "top_p": plan.top_p,
            "max_tokens": plan.max_tokens,
            "conversation_id": [f"cv_{salt}_{k:x}" for k in rng.permutation(n).tolist()],
            "output_tokens": rng.lognormal(plan.output, 0.6, n).astype(np.int64),
            "truth": plan.name,
        }
        self.town.emit(self.who[member], at, self.texts(n) if texts is None else texts, **(given | columns))
        self.disguise(member, at)

    def disguise(self, member: Ints, at: Floats) -> None:
        """Unrelated traffic, so that about `plan.mixed` of everything each account sends is harmless."""
        rng, plan, count = self.town.rng, self.plan, len(self.who)
        if plan.mixed <= 0 or not at.size:
            return
        extra = rng.poisson(np.bincount(member, minlength=count) * plan.mixed / (1 - plan.mixed))
        first, last = np.full(count, at.max()), np.full(count, at.min())
        np.minimum.at(first, member, at)
        np.maximum.at(last, member, at)
        rhythm = sessions(
            rng, extra, rng.uniform(0, 24, count), np.full(count, 8.0), first, last + 60.0, np.full(count, 1.3)
        )
        self.town.emit(
            self.who[rhythm.who],
            rhythm.at,
            chatter(self.town, rhythm),
            client_ip=self.route(rhythm.who),
            user_agent=self.usual_agent[rhythm.who],
            ja4=self.ja4[rhythm.who],
            request_model=plan.model,
            conversation_id=conversation_names(self.town, rhythm),
        )

    def route(self, member: Ints) -> Names:
        """Address of every request: an exit of the network, often one that never comes back."""
        rng = self.town.rng
        if not self.network:
            return np.array(self.town.addresses(len(self.who)))[member]
        out = np.array(self.network)[rng.integers(0, len(self.network), member.size)].astype(object)
        fresh = rng.random(member.size) < self.plan.fresh_exit
        out[fresh] = self.town.addresses(int(fresh.sum()))
        return out.astype(np.str_)

    def texts(self, n: int) -> pl.DataFrame:
        """`n` harvesting texts, drawn from all of the plan's pools."""
        pools, rng = self.plan.pools, self.town.rng
        banks = pl.concat([self.town.texts.bank(p, max(50, self.plan.distinct // len(pools))) for p in pools])
        return banks[rng.integers(0, banks.height, n)]

    def moments(self, n: int, start: float, end: float) -> Floats:
        """`n` moments of work between two seconds: round the clock, or within the operation's hours."""
        rng = self.town.rng
        at = rng.uniform(start, end, n)
        if self.plan.hours is not None:
            low, high = self.plan.hours
            at = np.floor(at / DAY) * DAY + ((low + (high - low) * rng.beta(1.6, 1.6, n)) % 24) * HOUR
            outside = (at < start) | (at >= end)
            at[outside] = rng.uniform(start, end, int(outside.sum()))
        return np.asarray(at)

    def share(self, n: int, members: Ints | None = None) -> Ints:
        """Which member makes each of `n` requests: fair up to a spread of some twenty per cent."""
        among = np.arange(len(self.who)) if members is None else members
        weight = self.town.rng.gamma(30.0, 1.0, among.size)
        return np.asarray(self.town.rng.choice(among, n, p=weight / weight.sum()))


def proxies(town: Town, plan: Plan) -> list[str]:
    """The proxy network: some of its exits are the homes of people who do not know about it."""
    stolen = min(round(plan.pool_exits * plan.borrowed), len(town.homes))
    taken = town.rng.permutation(len(town.homes))[:stolen]
    return [town.homes[int(i)] for i in taken] + town.addresses(plan.pool_exits - stolen)


def recruit(town: Town, plan: Plan, count: int, created: Floats, network: list[str]) -> Crew:
    """Open `count` accounts at the given seconds and give them the operation's network and clients."""
    mail = town.mail(count, plan.disposable, 0.06)
    who = town.open("campaign", count, created, domain=mail, campaign=plan.name, plan=plan.tier)
    town.identify(who, "payment_fingerprint", town.cards(count, plan.card_share, 5))
    town.devices(who)
    return Crew(town, plan, who, network)


def raise_crew(town: Town, plan: Plan) -> Crew:
    """All of the plan's accounts, opened in the days before it starts."""
    before = town.rng.uniform(0.02, 1.0, plan.accounts) * plan.sign_up_days * DAY
    return recruit(town, plan, plan.accounts, plan.starts * DAY - before, proxies(town, plan))
