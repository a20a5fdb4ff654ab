"""Harmless groups that look like an operation: organisations.

Each function plants one group and returns its account indices; the docstring says what tells it from a harvest.
Groups of people (classes, crowds, students) are in `crowds`.
"""

from __future__ import annotations

import numpy as np

from .clock import DAY, HOUR, Ints, Sessions, every, sessions, spread
from .people import chatter, conversation_names, habits, volumes
from .world import LIBRARY_JA4, MODELS, Town

CHROME_JA4 = "t13d1516h2_8daaf6152771_b186095e22b6"


def _firm(
    town: Town,
    role: str,
    count: int,
    name: str,
    plan: str = "enterprise",
    verification: str = "business",
    age: float = 90.0,
) -> Ints:
    """Accounts of one verified organisation that pays with one corporate card."""
    created = -town.rng.uniform(age - 3, age, count) * DAY
    who = town.open(role, count, created, domain=f"{name}.example", plan=plan, verification=verification, org=name)
    town.identify(who, "payment_fingerprint", f"card_{name}")
    return who


def eval_team(town: Town, count: int = 12) -> Ints:
    """A fixed set of items run again and again by one verified organisation: few prompts, a stated client."""
    rng = town.rng
    who = _firm(town, "eval_team", count, "evalco")
    start = rng.uniform(0.05, 0.8) * town.end
    per = town.size(int(rng.integers(120, 240)), 20)
    owner = np.repeat(who, per)
    at = np.concatenate([spread(rng, per, start, min(start + 4 * DAY, town.end)) for _ in who])
    town.emit(
        owner,
        at,
        town.draw("eval_team", owner.size, 400),
        client_ip=town.addresses(1)[0],
        user_agent="lm-eval/0.4.8",
        ja4=CHROME_JA4,
        temperature=0.0,
        max_tokens=32,
        output_tokens=rng.integers(1, 9, owner.size),
    )
    return who


def enterprise_batch(town: Town, count: int = 5) -> Ints:
    """ETL of one customer: one contract, one system prompt, tiny answers, records of its own trade."""
    rng = town.rng
    who = _firm(town, "enterprise_batch", count, "bigretail")
    per = town.size(int(rng.integers(850, 1300)), 40)
    owner = np.repeat(who, per)
    at = np.concatenate([spread(rng, per, 0, town.end) for _ in who])
    address = np.repeat(np.array(town.addresses(count)), per)
    town.emit(
        owner,
        at,
        town.draw("enterprise_batch", owner.size, 1200),
        client_ip=address,
        user_agent="bigretail-etl/2.1",
        ja4=CHROME_JA4,
        request_model=MODELS[1],
        temperature=0.0,
        max_tokens=256,
        output_tokens=rng.integers(2, 40, owner.size),
    )
    return who


def monitor(town: Town, count: int = 6, minutes: float | None = None) -> Ints:
    """Six unrelated organisations that send the same probe every few minutes, day and night: one tool, no link."""
    rng = town.rng
    who = town.open(
        "monitor", count, -rng.uniform(87, 90, count) * DAY, domain=[f"ops{i}.example" for i in range(count)]
    )
    town.identify(who, "payment_fingerprint", town.cards(count))
    step = (minutes or 5.0 / min(town.scale, 1.0)) * 60
    marks = [every(0, town.end, step, 0.0 if rng.random() < 0.5 else 2.0, rng) for _ in who]
    owner = np.repeat(who, [m.size for m in marks])
    address = np.repeat(np.array(town.addresses(count)), [m.size for m in marks])
    town.emit(
        owner,
        np.concatenate(marks),
        town.draw("monitor", owner.size, 1),
        client_ip=address,
        user_agent="statuscheck/1",
        ja4=CHROME_JA4,
        request_model=MODELS[2],
        max_tokens=4,
        output_tokens=2,
    )
    return who


def translation(town: Town, count: int = 20) -> Ints:
    """A language service: one wrapper around everybody's texts, office hours, one verified firm, one gateway."""
    who = _firm(town, "translation", count, "lingua", "payg")
    requests = town.rng.normal(town.size(220, 30), 9, count).clip(12).astype(np.int64)
    rhythm = _office(town, requests, 9.0)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("translation", rhythm.who.size, 4000),
        client_ip=town.addresses(1)[0],
        user_agent="lingua-cat/9",
        ja4=CHROME_JA4,
        temperature=0.2,
    )
    return who


def reseller(town: Town, count: int = 11) -> Ints:
    """A declared reseller: many end customers' conversations through one gateway, heavy, on a reseller plan."""
    who = _firm(town, "reseller", count, "resell", "reseller")
    requests = town.rng.normal(town.size(2250, 60), 20, count).clip(30).astype(np.int64)
    rhythm = _office(town, requests, 14.0, talk=16.0, width=5.0)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm, "reseller"),
        client_ip=town.addresses(1)[0],
        user_agent="resell-gateway/1.4",
        ja4=CHROME_JA4,
        conversation_id=conversation_names(town, rhythm),
    )
    return who


def aggregator(town: Town, count: int = 3) -> Ints:
    """A routing service that names the end user of every request; innocent people's traffic under its own keys."""
    rng = town.rng
    who = _firm(town, "aggregator", count, "manyroutes", "reseller")
    requests = rng.normal(town.size(2600, 80), 90, count).clip(40).astype(np.int64)
    rhythm = _office(town, requests, 15.0, talk=5.0, width=7.0)
    users = np.array([f"eu_{town.token(32)}" for _ in range(600)])
    of_session = rng.zipf(1.4, int(rhythm.session.max()) + 1) % users.size
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm, "aggregator"),
        user_agent="manyroutes/2.0",
        ja4=LIBRARY_JA4[4],
        client_ip=rng.choice(np.array(town.addresses(3)), rhythm.who.size),
        conversation_id=conversation_names(town, rhythm),
        end_user_id=users[of_session[rhythm.session]],
        temperature=rng.choice(np.array([np.nan, 0.7, 1.0]), rhythm.who.size),
        request_model=rng.choice(np.array(MODELS[:3]), rhythm.who.size),
    )
    return who


def red_team(town: Town, count: int = 4) -> Ints:
    """Registered safety testers: many harmful topics, many refusals, one organisation that said so beforehand."""
    rng = town.rng
    who = _firm(town, "red_team", count, "safetylab", "research", "registered")
    requests = rng.normal(town.size(320, 60), 12, count).clip(30).astype(np.int64)
    rhythm = _office(town, requests, 12.0, talk=8.0)
    n = rhythm.who.size
    refused = rng.random(n) < 0.6
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("red_team", n, 1500),
        client_ip=town.addresses(1)[0],
        user_agent="redbench/0.3",
        ja4=LIBRARY_JA4[1],
        temperature=1.0,
        conversation_id=conversation_names(town, rhythm),
        http_status=200,
        output_tokens=np.where(refused, rng.integers(12, 40, n), rng.integers(100, 700, n)),
        finish_reason=np.where(refused, "refusal", "stop"),
    )
    return who


def explainability(town: Town, count: int = 3) -> Ints:
    """A regulated lender that asks for the reasoning behind its own decisions: one organisation, one form."""
    rng = town.rng
    who = _firm(town, "explainability", count, "lendwell")
    per = town.size(int(rng.integers(500, 900)), 30)
    owner = np.repeat(who, per)
    day = rng.integers(0, int(town.days), owner.size) * DAY
    at = day + (7 + 10 * rng.random(owner.size)) * HOUR
    town.emit(
        owner,
        at,
        town.draw("explainability", owner.size, 3000),
        client_ip=town.addresses(1)[0],
        user_agent="lendwell-audit/5",
        ja4=LIBRARY_JA4[2],
        temperature=0.0,
        max_tokens=2048,
        output_tokens=rng.lognormal(6.6, 0.3, owner.size).astype(np.int64),
    )
    return who


def harness(town: Town, count: int = 110) -> Ints:
    """A coding tool used by over a hundred strangers: one system prompt, client and JA4, nothing else shared."""
    rng = town.rng
    count = max(count, 101)
    created = -rng.exponential(120, count) * DAY - 5 * DAY
    who = town.open("harness", count, created, domain=[f"dev{i}.example" for i in range(count)])
    town.identify(who, "payment_fingerprint", town.cards(count))
    town.devices(who, 0.7)
    requests = volumes(town, count, town.size(180, 20), 1.1, 5000)
    rhythm = sessions(
        rng,
        requests,
        rng.choice(np.array([3.0, 14.0, 21.0]), count) + rng.normal(0, 1.5, count),
        rng.uniform(1.5, 3.0, count),
        np.zeros(count),
        np.full(count, town.end),
        np.full(count, 12.0),
    )
    modern = rng.random(count) < 0.45
    model = np.where((rhythm.at > town.release) & modern[rhythm.who], MODELS[3], MODELS[0])
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm, "harness", 0.0),
        client_ip=np.array(town.addresses(count))[rhythm.who],
        user_agent="EditorPilot/3.2.1",
        ja4="t13d_editorpilot",
        temperature=0.0,
        max_tokens=8192,
        request_model=model,
        conversation_id=conversation_names(town, rhythm),
    )
    return who


def cron(town: Town, count: int = 24) -> Ints:
    """Jobs of strangers that all fire on the hour: synchronised by the clock, each with its own words."""
    rng = town.rng
    who = town.open("cron", count, -rng.exponential(150, count) * DAY, domain=town.mail(count, 0.02, 0.6))
    town.identify(who, "payment_fingerprint", town.cards(count))
    step = rng.choice(np.array([1.0, 2.0, 4.0, 6.0, 24.0]), count) * HOUR
    marks = [every(0, town.end, s, 20.0, rng) for s in step]
    repeats = [m.size for m in marks]
    bank = town.texts.bank("cron", 2000)
    own = np.concatenate([int(rng.integers(0, bank.height)) + rng.integers(0, 3, n) for n in repeats]) % bank.height
    habit = habits(town, count)
    member = np.repeat(np.arange(count), repeats)
    town.emit(
        who[member],
        np.concatenate(marks),
        bank[own],
        client_ip=np.array(town.addresses(count))[member],
        request_model=habit.model[member],
        **habit.at(member),
    )
    return who


def _office(town: Town, requests: Ints, hour: float, talk: float = 6.0, width: float = 2.2) -> Sessions:
    """Sessions around one hour of the day, for a whole organisation."""
    n = requests.size
    return sessions(
        town.rng, requests, np.full(n, hour), np.full(n, width), np.zeros(n), np.full(n, town.end), np.full(n, talk)
    )
