"""Harmless groups that are harder to tell from an operation than those of `lookalikes` and `crowds`.

They share what strangers can share for a public reason: a published prompt, a default, a deadline, a launch, a
vendor, a payer. Each function plants one group and returns its account indices.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from .clock import DAY, HOUR, Floats, Ints, Sessions, sessions
from .people import chatter, conversation_names, habits, live, volumes
from .world import LIBRARY_JA4, MODELS, Names, Town


def apart(town: Town, role: str, created: Floats, **about: str) -> Ints:
    """Accounts of people who have nothing to do with one another: own mail, card and device."""
    count = created.size
    who = town.open(role, count, created, domain=town.mail(count, 0.04), **about)
    town.identify(who, "payment_fingerprint", town.cards(count))
    town.devices(who, 0.8)
    return who


def long_standing(town: Town, count: int) -> Floats:
    """Sign-ups of ordinary customers: over the last years, some within the window."""
    fresh = town.rng.random(count) < 0.15
    return np.where(fresh, town.rng.uniform(0, town.end * 0.8, count), -town.rng.exponential(200, count) * DAY)


def homes(town: Town, member: Ints, count: int) -> Names:
    return np.array(town.addresses(count))[member]


def people(town: Town, each: Ints, since: Floats, until: Floats, talk: float = 6.0) -> Sessions:
    """People from all over the world: everybody has hours of their own."""
    n = each.size
    peak, width = town.rng.uniform(0, 24, n), town.rng.uniform(1.5, 4.0, n)
    return sessions(town.rng, each, peak, width, since, until, np.full(n, talk))


def eval_consortium(town: Town) -> Ints:
    """Four laboratories that grade one agreed test set with one published judge prompt, anew on every model."""
    rng = town.rng
    labs = [
        town.open(
            "eval_consortium",
            4,
            -rng.uniform(100, 300, 4) * DAY,
            domain=f"lab{k}.example",
            org=f"lab{k}",
            verification="business",
        )
        for k in range(4)
    ]
    who = np.concatenate(labs)
    bank = town.texts.bank("judge", 300)
    per = town.size(300, 40)
    runs = [(0.2, MODELS[0]), (0.3, MODELS[1]), (town.release / town.end, MODELS[3])]
    for share, model in runs:
        member = np.repeat(np.arange(who.size), per)
        at = share * town.end + rng.uniform(0.5, 30, member.size) * HOUR
        town.emit(
            who[member],
            at,
            bank[rng.integers(0, bank.height, member.size)],
            client_ip=np.array(town.addresses(8))[member // 2],
            user_agent="lm-eval/0.4.8",
            ja4=LIBRARY_JA4[0],
            temperature=0.0,
            max_tokens=1024,
            request_model=model,
            output_tokens=rng.lognormal(5.3, 0.3, member.size).astype(np.int64),
        )
    return who


def class_from_home(town: Town, count: int = 40) -> Ints:
    """A course whose students work from home for a week; six in ten with the school's mail."""
    rng = town.rng
    start = float(rng.uniform(0.1, 0.7)) * town.end
    mail = np.where(rng.random(count) < 0.6, "college.example", town.mail(count, 0.0, 0.0)).tolist()
    who = town.open(
        "class_from_home",
        count,
        start - rng.uniform(0.5, 5, count) * DAY,
        domain=mail,
        plan="education",
        verification="education",
    )
    town.devices(who)
    each = rng.integers(12, 60, count)
    rhythm = people(town, each, np.full(count, start), np.full(count, start + 8 * DAY))
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("class", rhythm.who.size, 1500),
        client_ip=homes(town, rhythm.who, count),
        temperature=0.7,
        max_tokens=2048,
        user_agent="OpenAI/Python 1.66.0",
        ja4=LIBRARY_JA4[0],
    )
    return who


def sponsored_hackathon(town: Town, count: int = 45) -> Ints:
    """A weekend from home: one coupon, one sign-up day, the sponsor's starter kit, something else built by each."""
    rng = town.rng
    start = (float(rng.integers(4, int(town.days) - 6)) + 0.7) * DAY
    who = town.open(
        "sponsored_hackathon", count, start - rng.uniform(0.1, 1.5, count) * DAY, domain=town.mail(count, 0.0)
    )
    town.identify(who, "payment_fingerprint", "card_coupon_sponsor")
    town.devices(who)
    each = rng.integers(town.size(60, 20), town.size(260, 60), count)
    rhythm = people(town, each, np.full(count, start), np.full(count, start + 2.5 * DAY), 20.0)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        led_by(town, "starter_kit", chatter(town, rhythm)),
        client_ip=homes(town, rhythm.who, count),
        temperature=0.8,
        max_tokens=4096,
        user_agent="Acme/JS 4.27.1",
        ja4=LIBRARY_JA4[2],
        conversation_id=conversation_names(town, rhythm),
    )
    return who


def consultancy(town: Town) -> Ints:
    """A consultancy in the accounts of six clients: its card, addresses and method; their matter."""
    rng = town.rng
    clients = [
        town.open(
            "consultancy",
            3,
            -rng.uniform(10, 200, 3) * DAY,
            domain=f"client{k}.example",
            org=f"client{k}",
            verification="business",
        )
        for k in range(6)
    ]
    who = np.concatenate(clients)
    town.identify(who, "payment_fingerprint", f"card_{town.token(32)}")
    town.devices(who)
    count = who.size
    each = volumes(town, count, town.size(160, 20), 0.5, 1500)
    rhythm = sessions(
        rng,
        each,
        np.full(count, 10.0),
        np.full(count, 2.0),
        np.zeros(count),
        np.full(count, town.end),
        np.full(count, 5.0),
    )
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("brief", rhythm.who.size, 3000),
        client_ip=rng.choice(np.array(town.addresses(6)), rhythm.who.size),
        temperature=0.3,
        max_tokens=3000,
        user_agent="OpenAI/Python 1.61.0",
        ja4=LIBRARY_JA4[1],
        output_tokens=rng.lognormal(6.7, 0.3, rhythm.who.size).astype(np.int64),
    )
    return who


def agency(town: Town) -> Ints:
    """An agency that writes posts for nine clients, with one key of its own in all of their accounts."""
    rng = town.rng
    count = 9
    names = [f"shop{k}.example" for k in range(count)]
    who = town.open("agency", count, -rng.uniform(20, 400, count) * DAY, domain=names)
    town.identify(who, "payment_fingerprint", town.cards(count))
    town.identify(who, "api_key", f"key_{town.token(48)}")
    each = volumes(town, count, town.size(220, 30), 0.5, 1500)
    rhythm = sessions(
        rng,
        each,
        np.full(count, 13.0),
        np.full(count, 2.0),
        np.zeros(count),
        np.full(count, town.end),
        np.full(count, 8.0),
    )
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("post", rhythm.who.size, 3000),
        client_ip=town.addresses(1)[0],
        temperature=0.9,
        max_tokens=700,
        user_agent="node-fetch/3.3.2",
        ja4=LIBRARY_JA4[3],
    )
    return who


def prompt_library(town: Town, count: int = 200) -> Ints:
    """Strangers who use a well-known library's prompt that asks for full reasoning, beside what else they do."""
    rng = town.rng
    created = long_standing(town, count)
    who = apart(town, "prompt_library", created)
    home = town.addresses(count)
    live(town, who, created, volumes(town, count, town.size(40, 10)), home)
    each = 1 + rng.geometric(1 / town.size(14, 5), count)
    rhythm = people(town, each, np.maximum(created, 0), np.full(count, town.end))
    habit = habits(town, count)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("library", rhythm.who.size, 5000),
        client_ip=np.array(home)[rhythm.who],
        request_model=habit.model[rhythm.who],
        output_tokens=rng.lognormal(6.4, 0.5, rhythm.who.size).astype(np.int64),
        **habit.at(rhythm.who),
    )
    return who


def vpn_default(town: Town, count: int = 70) -> Ints:
    """Strangers behind four exits of one VPN, with the same client library and its defaults written out."""
    rng = town.rng
    created = long_standing(town, count)
    who = apart(town, "vpn_default", created)
    each = volumes(town, count, town.size(60, 10))
    rhythm = people(town, each, np.maximum(created, 0), np.full(count, town.end))
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm),
        client_ip=rng.choice(np.array(town.addresses(4)), rhythm.who.size),
        temperature=1.0,
        top_p=1.0,
        max_tokens=1024,
        user_agent="langchain/0.3.7",
        ja4=LIBRARY_JA4[0],
        conversation_id=conversation_names(town, rhythm),
    )
    return who


def open_app(town: Town, count: int = 90) -> Ints:
    """A free app with a fixed system prompt and parameters that came out within the window: users flock to it."""
    rng = town.rng
    launch = float(rng.uniform(0.15, 0.5)) * town.end
    first = np.minimum(launch + rng.exponential(5, count) * DAY, town.end - 3 * DAY)
    created = np.where(
        rng.random(count) < 0.6, first - rng.uniform(0, 0.2, count) * DAY, long_standing(town, count)
    )
    who = apart(town, "open_app", np.minimum(created, first))
    each = volumes(town, count, town.size(70, 12), 1.0, 3000)
    rhythm = people(town, each, first, np.full(count, town.end))
    town.emit(
        who[rhythm.who],
        rhythm.at,
        led_by(town, "app", chatter(town, rhythm, follow=0.1)),
        client_ip=homes(town, rhythm.who, count),
        temperature=0.6,
        max_tokens=8192,
        user_agent="OpenAI/Python 1.70.0",
        ja4=LIBRARY_JA4[1],
        request_model=np.where(rhythm.at > town.release, MODELS[3], MODELS[0]),
        conversation_id=conversation_names(town, rhythm),
        output_tokens=rng.lognormal(6.5, 0.5, rhythm.who.size).astype(np.int64),
    )
    return who


def franchise(town: Town, count: int = 30) -> Ints:
    """Shops of one franchise, each its own firm: the vendor's nightly batch, some paid for by an area office."""
    rng = town.rng
    who = town.open("franchise", count, -rng.exponential(200, count) * DAY, domain=town.mail(count, 0.0, 0.7))
    town.identify(who, "payment_fingerprint", town.cards(count, 0.6, 6))
    per = int(town.days) * np.maximum(rng.integers(1, town.size(9, 3), count), 1)
    member = np.repeat(np.arange(count), per)
    at = (rng.integers(0, int(town.days), member.size) + 22 / 24) * DAY + rng.exponential(300, member.size)
    town.emit(
        who[member],
        at,
        town.draw("franchise", member.size, 8000),
        client_ip=homes(town, member, count),
        temperature=0.2,
        max_tokens=1500,
        user_agent="python-requests/2.32.3",
        ja4=LIBRARY_JA4[1],
        output_tokens=rng.lognormal(6.3, 0.3, member.size).astype(np.int64),
    )
    return who


def rubric_researchers(town: Town, count: int = 14) -> Ints:
    """Researchers who grade with one published judge prompt before one deadline, again on the new model."""
    rng = town.rng
    schools = [f"univ{int(k)}.example" for k in rng.integers(0, 9, count)]
    who = town.open("rubric_researchers", count, -rng.exponential(150, count) * DAY, domain=schools)
    town.identify(who, "payment_fingerprint", town.cards(count))
    town.devices(who)
    each = rng.integers(town.size(300, 60), town.size(900, 160), count)
    rhythm = people(
        town, each, np.full(count, town.release - 9 * DAY), np.full(count, town.release + 3 * DAY), 25.0
    )
    habit = habits(town, count, 0.0)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        town.draw("judge", rhythm.who.size, 6000),
        client_ip=homes(town, rhythm.who, count),
        temperature=0.0,
        max_tokens=512,
        user_agent=habit.agent[rhythm.who],
        ja4=habit.ja4[rhythm.who],
        request_model=np.where(rhythm.at > town.release, MODELS[3], MODELS[0]),
        output_tokens=rng.lognormal(5.2, 0.3, rhythm.who.size).astype(np.int64),
    )
    return who


def shared_household(town: Town, count: int = 24) -> Ints:
    """A block of flats on one subsidised line: neighbours share three addresses, some a card; nothing else."""
    rng = town.rng
    created = long_standing(town, count)
    who = town.open("shared_household", count, created, domain=town.mail(count, 0.05))
    town.identify(who, "payment_fingerprint", town.cards(count, 0.5, 4))
    town.devices(who)
    rhythm = people(town, volumes(town, count, town.size(80, 12)), np.maximum(created, 0), np.full(count, town.end))
    habit = habits(town, count)
    town.emit(
        who[rhythm.who],
        rhythm.at,
        chatter(town, rhythm),
        client_ip=rng.choice(np.array(town.addresses(3)), rhythm.who.size),
        request_model=habit.model[rhythm.who],
        **habit.at(rhythm.who),
    )
    return who


def led_by(town: Town, pool: str, texts: pl.DataFrame) -> pl.DataFrame:
    """The texts under the one system prompt of a pool."""
    return texts.with_columns(system_text=pl.lit(town.texts.bank(pool, 1)["prompt_text"][0]))
