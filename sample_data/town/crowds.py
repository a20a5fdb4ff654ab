"""Harmless groups that look like an operation: crowds of people who do the same thing at the same time.

Each function plants one group and returns its account indices; the docstring says what tells it from a harvest.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from .clock import DAY, HOUR, Ints, sessions
from .lookalikes import CHROME_JA4
from .people import chatter, conversation_names, habits, live, volumes
from .world import MODELS, SDK_AGENTS, Town


def university_class(town: Town, count: int = 36) -> Ints:
    """One seminar behind one address: education accounts, two hours, homework that asks for reasoning."""
    rng = town.rng
    day = float(rng.integers(3, max(4, int(town.days) - 3)))
    hall = town.addresses(1)
    who = town.open(
        "class",
        count,
        day * DAY - DAY + rng.uniform(0.1, 5, count) * HOUR,
        domain="uni.example",
        plan="education",
        verification="education",
        signup=hall * count,
    )
    town.devices(who, 0.5)
    each = rng.integers(4, 14, count)
    owner = np.repeat(who, each)
    at = day * DAY + (9.6 + 2.0 * rng.random(owner.size)) * HOUR
    texts = town.draw("class", owner.size, 800)
    town.emit(owner, at, texts, client_ip=hall[0], user_agent="Mozilla/5.0 (Chromebook)", ja4=CHROME_JA4)
    return who


def hackathon(town: Town, count: int = 18) -> Ints:
    """A weekend event: sign-ups within hours on one coupon from one hall; everybody builds something else."""
    rng = town.rng
    day = float(rng.integers(2, max(3, int(town.days) - 4)))
    created = day * DAY + rng.uniform(0, 7, count) * HOUR
    hall = town.addresses(1)
    who = town.open(
        "hackathon", count, created, domain=town.mail(count, 0.0, 0.0), plan="trial", signup=hall * count
    )
    town.devices(who, 0.9)
    town.identify(who, "payment_fingerprint", "card_coupon_spring")
    requests = np.where(rng.random(count) < 0.3, 0, rng.normal(town.size(115, 30), 8, count)).astype(np.int64)
    rhythm = sessions(
        rng,
        requests,
        np.full(count, 16.0),
        np.full(count, 5.0),
        np.maximum(created, 0),
        np.minimum(created + 2 * DAY, town.end),
        np.full(count, 20.0),
    )
    agent = rng.choice(np.array(SDK_AGENTS), count)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm, "hackathon"),
        client_ip=hall[0],
        user_agent=agent[rhythm.who],
        ja4=CHROME_JA4,
        conversation_id=conversation_names(town, rhythm),
    )
    return who


def vpn_crowd(town: Town, size: int = 60) -> Ints:
    """Strangers behind a handful of carrier or VPN addresses: infrastructure shared, no habit shared."""
    rng = town.rng
    count = town.size(size, 24)
    created = np.where(
        rng.random(count) < 0.3, rng.uniform(0, town.end * 0.9, count), -rng.exponential(200, count) * DAY
    )
    who = town.open("vpn_crowd", count, created, domain=town.mail(count, 0.1))
    town.identify(who, "payment_fingerprint", town.cards(count))
    town.devices(who)
    before = len(town.blocks)
    live(town, who, created, volumes(town, count, 40.0), town.addresses(count))
    gates = np.array(town.addresses(3))
    block = town.blocks[before]
    town.blocks[before] = block.with_columns(client_ip=pl.Series(rng.choice(gates, block.height).tolist()))
    return who


def tutorial_students(town: Town, count: int = 70) -> Ints:
    """Readers of one tutorial who paste its prompts, each once or twice, on days spread over the window."""
    rng = town.rng
    created = rng.uniform(-2 * DAY, town.end * 0.95, count)
    who = town.open("tutorial", count, created, domain=town.mail(count, 0.05), plan="trial")
    town.devices(who, 0.9)
    town.identify(who, "payment_fingerprint", town.cards(count, 0.03))
    each = rng.integers(3, 11, count)
    member = np.repeat(np.arange(count), each)
    at = np.maximum(created[member], 0) + 0.2 * HOUR + rng.exponential(0.4, member.size) * HOUR
    habit = habits(town, count, default=0.0)
    columns = habit.at(member) | {"temperature": 0.7, "max_tokens": 100}
    agent = np.where(rng.random(count) < 0.8, "OpenAI/Python 1.70.0", habit.agent)[member]
    columns["user_agent"] = agent
    town.emit(
        who[member],
        at,
        town.draw("tutorial", member.size, 6),
        client_ip=np.array(town.addresses(count))[member],
        request_model=MODELS[2],
        **columns,
    )
    return who


def launch_day(town: Town, count: int = 26) -> Ints:
    """People who try public puzzles on the new model on the day it comes out, once, from everywhere."""
    rng = town.rng
    who = town.open("launch_day", count, -rng.exponential(200, count) * DAY - DAY, domain=town.mail(count, 0.02))
    town.identify(who, "payment_fingerprint", town.cards(count, 0.04))
    each = rng.integers(town.size(20, 8), town.size(90, 24), count)
    member = np.repeat(np.arange(count), each)
    at = town.release + rng.gamma(2.0, 6.0, count)[member] * HOUR + rng.uniform(0, 2, member.size) * HOUR
    habit = habits(town, count)
    town.emit(
        who[member],
        at,
        town.draw("benchmark", member.size, 60),
        client_ip=np.array(town.addresses(count))[member],
        request_model=MODELS[3],
        **habit.at(member),
    )
    quiet = rng.integers(0, town.size(60, 8), count)
    town.devices(who, 0.8)
    live(town, who, np.full(count, -DAY), quiet, town.addresses(count))
    return who


def corporate_teams(town: Town, firms: int = 7) -> Ints:
    """Small firms with a handful of accounts each: one card, one office, one mail domain, and openly so."""
    rng = town.rng
    everyone: list[Ints] = []
    for firm in range(firms):
        count = int(rng.integers(3, 9))
        name = f"firm{int(rng.integers(100, 999))}{firm}"
        office = town.addresses(1)
        who = town.open(
            "corporate",
            count,
            -rng.uniform(20, 500) * DAY,
            domain=f"{name}.example",
            org=name,
            plan="team",
            verification="business",
            signup=office * count,
        )
        town.identify(who, "payment_fingerprint", f"card_{town.token(32)}")
        town.devices(who)
        rhythm = sessions(
            rng,
            volumes(town, count, town.size(120, 12), 0.8, 2500),
            np.full(count, rng.uniform(0, 24)),
            np.full(count, 2.5),
            np.zeros(count),
            np.full(count, town.end),
            np.full(count, 4.0),
        )
        habit = habits(town, 1)
        columns = habit.at(np.zeros(rhythm.who.size, dtype=np.int64))
        town.emit(
            who[rhythm.who],
            rhythm.at,
            chatter(town, rhythm, "corporate", span=60),
            client_ip=office[0],
            request_model=str(habit.model[0]),
            conversation_id=conversation_names(town, rhythm),
            **columns,
        )
        everyone.append(who)
    return np.concatenate(everyone)
