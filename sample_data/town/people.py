"""Ordinary people: thousands of small habits, none of which means anything.

They share addresses (mobile carriers, offices, VPN exits), some share a card with the family, client libraries give
many of them one JA4, popular questions are asked by several, some run services round the clock, some are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from .clock import DAY, Floats, Ints, Sessions, sessions
from .world import LIBRARY_JA4, MODELS, SDK_AGENTS, Column, Names, Town

FAMILY_JA4 = {
    "OpenAI": (0, 1),
    "Acme": (2, 3),
    "langchain": (0, 1),
    "node-fetch": (2, 3),
    "Go-http-client": (4, 4),
    "okhttp": (5, 5),
    "python-requests": (1, 1),
}
TEMPERATURES = (np.nan, 0.0, 0.7, 1.0, 0.2, 0.3, 0.5, 0.6, 0.8)
TEMPERATURE_SHARES = (0.22, 0.22, 0.2, 0.2, 0.05, 0.03, 0.03, 0.03, 0.02)
CEILINGS = (np.nan, 1024.0, 4096.0, 8192.0, 512.0, 2048.0, 16384.0, 32768.0)
CEILING_SHARES = (0.34, 0.22, 0.22, 0.1, 0.04, 0.04, 0.03, 0.01)


@dataclass
class Habits:
    """What every account of a group keeps doing; one element per account."""

    agent: Names
    ja4: Names
    temperature: Floats
    top_p: Floats
    max_tokens: Floats
    model: Names
    modern: Floats
    """Chance that a request after the release goes to the new model."""

    def at(self, who: Ints) -> dict[str, Column]:
        """The columns of requests made by these members (positions within the group)."""
        return {
            "user_agent": self.agent[who],
            "ja4": self.ja4[who],
            "temperature": self.temperature[who],
            "top_p": self.top_p[who],
            "max_tokens": self.max_tokens[who],
        }


def habits(town: Town, count: int, default: float = 0.45) -> Habits:
    """Habits of `count` unrelated accounts; `default` of them set no parameters at all."""
    rng = town.rng
    agent = rng.choice(np.array(SDK_AGENTS), count)
    pairs = [FAMILY_JA4[a.split("/")[0]] for a in agent.tolist()]
    ja4 = np.array([LIBRARY_JA4[p[int(c)]] for p, c in zip(pairs, rng.integers(0, 2, count), strict=True)])
    tuned = rng.random(count) > default
    return Habits(
        agent,
        ja4,
        np.where(tuned, rng.choice(TEMPERATURES, count, p=TEMPERATURE_SHARES), np.nan),
        np.where(tuned & (rng.random(count) < 0.06), rng.choice(np.array([0.9, 0.95]), count), np.nan),
        np.where(tuned, rng.choice(CEILINGS, count, p=CEILING_SHARES), np.nan),
        rng.choice(np.array(MODELS[:3]), count, p=(0.55, 0.27, 0.18)),
        np.where(rng.random(count) < 0.3, rng.beta(2.0, 2.0, count), 0.0),
    )


def pick_models(town: Town, habit: Habits, who: Ints, at: Floats) -> Names:
    """Model of every request: the member's own, or the new one if they have taken to it and it is out."""
    moved = (at > town.release) & (town.rng.random(who.size) < habit.modern[who])
    return np.where(moved, MODELS[3], habit.model[who])


def volumes(town: Town, count: int, median: float = 55.0, sigma: float = 1.35, most: int = 4000) -> Ints:
    """Heavy-tailed number of requests per account in the window; some accounts stay silent."""
    n = np.exp(town.rng.normal(np.log(median), sigma, count)).clip(0, most).astype(np.int64)
    n[town.rng.random(count) < 0.03] = 0
    return n


def conversation_names(town: Town, rhythm: Sessions) -> Names:
    """A name for every session, the same for all its turns."""
    salt = int(town.rng.integers(0, 2**31))
    return np.array([f"cv_{salt:x}_{s:x}" for s in rhythm.session.tolist()])


def chatter(
    town: Town, rhythm: Sessions, pool: str = "organic", follow: float = 0.2, span: int = 400
) -> pl.DataFrame:
    """Texts of sessions: half around the person's interests, half anything; later turns may be mere follow-ups."""
    rng = town.rng
    bank, short = town.texts.bank(pool, 30_000), town.texts.bank("followup", 6_000)
    people = int(rhythm.who.max()) + 1 if rhythm.who.size else 1
    centre = rng.integers(0, bank.height, people)
    n = rhythm.who.size
    near = (centre[rhythm.who] + rng.integers(0, span, n)) % bank.height
    place = np.where(rng.random(n) < 0.5, near, rng.integers(0, bank.height, n))
    later = (rhythm.turn > 0) & (rng.random(n) < follow)
    said = np.minimum(rng.zipf(1.5, n) - 1, short.height - 1)
    return pl.concat([bank, short])[np.where(later, bank.height + said, place)]


def where_from(town: Town, who: Ints, home: Sequence[str]) -> Names:
    """Address of every request: home, now and then the phone's carrier or the office, or one of many VPN exits."""
    rng = town.rng
    count = len(home)
    carriers, offices = town.addresses(max(2, count // 130)), town.addresses(max(2, count // 9))
    exits = town.exits[:40] if town.exits else town.addresses(40)
    style = rng.random(count)  # to 0.25 an office, to 0.5 home alone, to 0.9 a mobile carrier, then a VPN
    office, carrier = rng.integers(0, len(offices), count), rng.integers(0, len(carriers), count)
    second = np.where(style < 0.25, np.array(offices)[office], np.array(carriers)[carrier])
    second = np.where((style >= 0.25) & (style < 0.5), np.array(home), second)
    out = np.where(rng.random(who.size) < 0.18, second[who], np.array(home)[who])
    out = np.where((style > 0.9)[who], np.array(exits)[rng.integers(0, len(exits), who.size)], out)
    town.homes += [h for h, s in zip(home, style, strict=True) if 0.5 <= s <= 0.9]
    return out


def accidents(town: Town, n: int, share: float = 0.006) -> Ints:
    """HTTP status of `n` requests: nearly all fine, some rate limits and server errors."""
    return np.where(town.rng.random(n) < share, town.rng.choice(np.array([429, 500, 529, 400]), n), 200)


def organic(town: Town, count: int, median: float = 55.0, card_share: float = 0.05) -> Ints:
    """`count` ordinary accounts with all their requests."""
    rng = town.rng
    before = -rng.exponential(220 * DAY, count)
    created = np.where(rng.random(count) < 0.16, rng.uniform(-5 * DAY, town.end * 0.97, count), before)
    home, elsewhere = town.addresses(count), town.addresses(count)
    signup = [e if draw < 0.15 else h for h, e, draw in zip(home, elsewhere, rng.random(count), strict=True)]
    who = town.open("organic", count, created, domain=town.mail(count, 0.04), signup=signup)
    town.identify(who, "payment_fingerprint", town.cards(count, card_share, 4))
    town.devices(who)
    live(town, who, created, volumes(town, count, median), home)
    return who


def live(town: Town, who: Ints, created: Floats, requests: Ints, home: Sequence[str]) -> None:
    """The everyday requests of accounts: sessions at their hours, a tenth of them machines that never sleep."""
    rng = town.rng
    count = len(who)
    habit = habits(town, count)
    service = rng.random(count) < 0.09
    peak = (
        rng.choice(np.array([14.0, 20.0, 1.0, 4.0, 8.0]), count, p=(0.2, 0.3, 0.25, 0.15, 0.1))
        + rng.normal(0, 2, count)
    ) % 24
    width = np.where(service, 30.0, rng.uniform(1.2, 4.0, count))
    since = np.maximum(created + 600.0, 0.0)
    until = np.minimum(
        since + np.where(rng.random(count) < 0.25, rng.uniform(2, 30, count) * DAY, town.end), town.end
    )
    rhythm = sessions(
        rng, requests, peak, width, np.minimum(since, town.end - 900.0), until, rng.uniform(2.0, 9.0, count)
    )
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm),
        client_ip=where_from(town, rhythm.who, home),
        request_model=pick_models(town, habit, rhythm.who, rhythm.at),
        conversation_id=conversation_names(town, rhythm),
        http_status=accidents(town, rhythm.who.size),
        **habit.at(rhythm.who),
    )
