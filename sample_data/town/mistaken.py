"""Harmless groups that were once proposed by mistake; each shows something that an operation shows as well.

Each function plants one group and returns its account indices.
"""

from __future__ import annotations

import numpy as np

from .clock import DAY, Ints
from .people import chatter, conversation_names
from .strangers import apart, homes, led_by, long_standing, people
from .world import LIBRARY_JA4, MODELS, Town


def hosted_plugin(town: Town, count: int = 60) -> Ints:
    """Customers of one vendor's plugin: its servers call for them by night and move to the new model in one go."""
    rng = town.rng
    who = apart(town, "hosted_plugin", long_standing(town, count))
    nights = rng.choice(np.arange(1, int(town.days)), int(town.days) - 3, replace=False)
    member = np.repeat(np.arange(count), nights.size * 3)
    at = (np.tile(np.repeat(nights, 3), count) + 2 / 24) * DAY + rng.uniform(0, 1500, member.size)
    town.emit(
        who[member],
        at,
        town.draw("franchise", member.size, 8000),
        client_ip=rng.choice(np.array(town.addresses(3)), member.size),
        temperature=0.2,
        max_tokens=256,
        user_agent="node-fetch/3.3",
        ja4=LIBRARY_JA4[2],
        request_model=np.where(at > town.release + 9 * 3600, MODELS[3], MODELS[0]),
    )
    return who


def online_course(town: Town, count: int = 70) -> Ints:
    """A course that asks to see all reasoning: enrolment in one week, deadlines, the course's own image at home."""
    rng = town.rng
    begin = float(rng.uniform(1, 4)) * DAY
    enrolled = begin + rng.normal(0, 1.2, count) * DAY
    who = apart(town, "online_course", np.where(rng.random(count) < 0.8, enrolled, -200 * DAY))
    per = town.size(70, 25)
    member = np.repeat(np.arange(count), per)
    deadline = begin + (4 + 5 * rng.integers(0, max(2, int(town.days) // 6), member.size)) * DAY
    town.emit(
        who[member],
        np.minimum(deadline - np.abs(rng.normal(0, 0.6, member.size)) * DAY, town.end - 60),
        town.draw("library", member.size, 90),
        client_ip=homes(town, member, count),
        temperature=0.7,
        max_tokens=2048,
        user_agent="python-requests/2.32.1",
        ja4=LIBRARY_JA4[4],
        output_tokens=rng.lognormal(6.4, 0.4, member.size).astype(np.int64),
    )
    return who


def contest(town: Town, count: int = 50) -> Ints:
    """Strangers who grade the same answers with an organiser's rubric and starter kit, up to the last night."""
    rng = town.rng
    first = float(rng.uniform(0.2, 0.5)) * town.end
    joined = first + np.abs(rng.normal(0, 2, count)) * DAY
    who = apart(town, "contest", np.where(rng.random(count) < 0.7, joined, -rng.uniform(30, 500, count) * DAY))
    each = rng.integers(town.size(150, 40), town.size(500, 80), count)
    rhythm = people(town, each, joined + DAY, np.full(count, min(first + 12 * DAY, town.end)), 60.0)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("judge", rhythm.who.size, 400),
        client_ip=homes(town, rhythm.who, count),
        temperature=0.0,
        top_p=1.0,
        max_tokens=1024,
        user_agent="python-httpx/0.27.0",
        ja4=LIBRARY_JA4[5],
        request_model=MODELS[3] if first > town.release else MODELS[2],
    )
    return who


def web_agency(town: Town, count: int = 12) -> Ints:
    """An agency with an account for each client's site: its card, two office lines, hours and coding tool."""
    rng = town.rng
    opened = np.where(rng.random(count) < 0.8, rng.uniform(0, 3, count) * DAY, -90 * DAY)
    who = town.open("web_agency", count, opened, domain=[f"site{k}.example" for k in range(count)])
    town.identify(who, "payment_fingerprint", f"card_{town.token(32)}")
    days = np.array([d for d in range(3, int(town.days)) if d % 7 < 5])
    member = np.repeat(np.arange(count), days.size * town.size(12, 4))
    at = (rng.choice(days, member.size) + rng.uniform(8, 18, member.size) / 24) * DAY
    town.emit(
        who[member],
        at,
        town.draw("habit_code", member.size, 4000),
        client_ip=rng.choice(np.array(town.addresses(2)), member.size),
        temperature=0.2,
        max_tokens=8192,
        user_agent="devharness/2.0",
        ja4=LIBRARY_JA4[3],
        request_model=np.where(at > town.release, MODELS[3], MODELS[0]),
    )
    return who


def coworking_chain(town: Town, count: int = 40) -> Ints:
    """Guests of a chain of shared offices: its lines, its cards for most, everybody's own work in one chat app."""
    rng = town.rng
    since = rng.uniform(-30, town.days * 0.6, count) * DAY
    who = town.open("coworking_chain", count, since, domain=town.mail(count, 0.03))
    own = np.array(town.cards(count))
    chain = rng.choice(np.array([f"card_{town.token(32)}" for _ in range(2)]), count)
    town.identify(who, "payment_fingerprint", np.where(rng.random(count) < 0.7, chain, own).tolist())
    each = rng.integers(town.size(60, 20), town.size(250, 50), count)
    rhythm = people(town, each, np.maximum(since, 0), np.full(count, town.end))
    town.emit(
        who[rhythm.who],
        rhythm.at,
        led_by(town, "app", chatter(town, rhythm)),
        client_ip=rng.choice(np.array(town.addresses(4)), rhythm.who.size),
        user_agent="OpenAI/Python 1.70.0",
        ja4=LIBRARY_JA4[1],
        conversation_id=conversation_names(town, rhythm),
    )
    return who


def newest_model_bot(town: Town, count: int = 36) -> Ints:
    """Strangers who run a bot that came out within the window at home, day and night; it takes the newest model."""
    rng = town.rng
    launch = float(rng.uniform(0.1, 0.3)) * town.end
    created = launch + rng.uniform(0, 4, count) * DAY
    who = apart(town, "newest_model_bot", created)
    each = rng.integers(town.size(150, 60), town.size(400, 120), count)
    member = np.repeat(np.arange(count), each)
    first = created + rng.uniform(1, 3, count) * DAY
    at = rng.uniform(first[member], town.end)
    updated = town.release + rng.uniform(0, 20, count) * 3600
    town.emit(
        who[member],
        at,
        town.draw("library", member.size, 4000),
        client_ip=homes(town, member, count),
        temperature=0.7,
        max_tokens=4096,
        user_agent="python-requests/2.32.3",
        ja4=LIBRARY_JA4[1],
        request_model=np.where(at > updated[member], MODELS[3], MODELS[0]),
        output_tokens=rng.lognormal(6.4, 0.4, member.size).astype(np.int64),
    )
    return who
