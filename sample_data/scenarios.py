"""Named incidents to spar with: `python sample_data/scenarios.py NAME SEED OUT_DIR [--texts FILE] [--scale X]`.

Every scenario draws its parameters from ranges by its seed: how many accounts, how much unrelated traffic, which
proxies, and which families of evidence are missing. At scale 1 a scenario has about 200,000 to 400,000 requests.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from generate import (
    ONCE_PROPOSED,
    STRANGERS,
    Incident,
    Plan,
    Texts,
    Town,
    campaigns,
    crowd,
    evasive,
    finish,
    mistaken,
    new_town,
    populate,
    read_texts,
    write,
)

Scenario = Callable[[Town], None]
NOT_SET = float("nan")


def draw_plan(
    town: Town,
    name: str,
    accounts: tuple[int, int],
    per: tuple[int, int],
    prefix: str = "campaign_",
    pools: int = 1,
) -> Plan:
    """A plan drawn by the town's seed; each family of evidence is missing with some probability."""
    rng = town.rng

    def one(values: Sequence[float]) -> float:
        return float(values[int(rng.integers(0, len(values)))])

    known = town.texts.pools(prefix)
    chosen = rng.permutation(len(known))[:pools]
    low, high = float(rng.integers(0, 24)), float(rng.integers(30, 36))
    return Plan(
        name=name,
        accounts=town.size(int(rng.integers(*accounts)), 8),
        per_account=int(rng.integers(*per)),
        pools=tuple(known[int(i)] for i in chosen),
        distinct=int(one((2_000, 8_000, 15_000, 40_000))),
        mixed=one((0.0, 0.1, 0.2, 0.4)),
        card_share=one((0.0, 0.3, 0.75)),
        disposable=one((0.0, 0.3, 0.6)),
        tier=("payg", "payg", "payg", "education", "trial")[int(rng.integers(0, 5))],
        sign_up_days=one((3.0, 10.0, 60.0)),
        pool_exits=int(one((0, 120, 550))),
        fresh_exit=one((0.2, 0.6, 0.9)),
        borrowed=one((0.0, 0.5, 0.9)),
        agents=int(one((0, 1, 4))),
        one_ja4=one((0, 1, 1, 1)) > 0,
        rare_ja4=one((0, 0, 0, 0, 0, 1)) > 0,
        temperature=one((NOT_SET, 0.0, 0.6, 0.8, 1.0)),
        top_p=one((NOT_SET, NOT_SET, 0.95)),
        max_tokens=one((NOT_SET, 4096, 8192, 16384, 32768)),
        output=float(rng.uniform(6.2, 7.1)),
        starts=float(rng.uniform(2.0, 0.25 * town.days)),
        ends=float(rng.uniform(0.7, 0.98) * town.days),
        hours=None if rng.random() < 0.7 else (low, high),
    )


def quiet_town(town: Town) -> None:
    """Nobody harvests; every look-alike is at home."""


def fixed_prompt(town: Town) -> None:
    """One prompt around every task, a ban, a second pool of accounts."""
    plan = draw_plan(town, "fixed_prompt", (40, 120), (250, 700), pools=2)
    campaigns.fixed_prompt(town, replace(plan, ends=town.days - 1.5))


def load_balanced(town: Town) -> None:
    """A dispatcher over a few dozen accounts."""
    plan = draw_plan(town, "load_balanced", (12, 45), (300, 900))
    campaigns.load_balanced(town, replace(plan, mixed=min(plan.mixed, 0.2)))


def release_pivot(town: Town) -> None:
    """A harvest that turns to the new model on the day it comes out."""
    plan = draw_plan(town, "release_pivot", (15, 60), (300, 800), pools=2)
    campaigns.release_pivot(town, replace(plan, ends=float(town.rng.uniform(0.85, 0.98)) * town.days))


def low_and_wide(town: Town) -> None:
    """Thousands of accounts, about four requests each, two days."""
    plan = draw_plan(town, "low_and_wide", (2000, 4001), (4, 5))
    start = float(town.rng.uniform(6, town.days - 6))
    exits = (0, 400, 1500)[int(town.rng.integers(0, 3))]
    plan = replace(plan, card_share=0.0, pool_exits=exits, starts=start, ends=start + 2.0, hours=None)
    campaigns.low_and_wide(town, replace(plan, mixed=min(plan.mixed, 0.2)))


def habit_only(town: Town) -> None:
    """Only habits are shared: parameters, a client build, topics, hours."""
    plan = draw_plan(town, "habit_only", (25, 90), (120, 500), "habit_")
    hour, heat, ceiling = (int(k) for k in town.rng.integers(0, (24, 3, 3)))
    unlinked = replace(plan, card_share=0.0, pool_exits=0, distinct=60_000, sign_up_days=60.0)
    habits = replace(unlinked, agents=1, one_ja4=True, hours=(float(hour), hour + 9.0))
    tuned = replace(habits, temperature=(0.3, 0.6, 0.8)[heat], max_tokens=(8192.0, 16384.0, 32768.0)[ceiling])
    campaigns.habit_only(town, tuned)


def relay(town: Town) -> None:
    """Other products' users under persona prompts through one transport."""
    plan = draw_plan(town, "relay", (20, 80), (250, 700), "relay")
    campaigns.relay(town, replace(plan, agents=1, one_ja4=True, mixed=0.0, output=5.6, distinct=40_000))


def cleaner(town: Town) -> None:
    """Captured answers come back to be cleaned."""
    campaigns.cleaner(town, draw_plan(town, "cleaner", (20, 60), (250, 700)))


def probe_then_exploit(town: Town) -> None:
    """Many refused attempts, then one template at scale."""
    plan = draw_plan(town, "probe_then_exploit", (25, 70), (200, 600))
    campaigns.probe_then_exploit(town, plan, probes=town.size(int(town.rng.integers(800, 4000)), 60))


def signature_replay(town: Town) -> None:
    """Sealed thinking blocks that travel between accounts."""
    campaigns.signature_replay(town, draw_plan(town, "signature_replay", (20, 60), (150, 500), "signature"))


def several_at_once(town: Town) -> None:
    """Two to four operations that know nothing of one another, under their own names."""
    shapes = (fixed_prompt, load_balanced, release_pivot, habit_only, relay, cleaner, probe_then_exploit)
    for index in town.rng.permutation(len(shapes))[: int(town.rng.integers(2, 5))]:
        shapes[int(index)](town)


def crowded_town(town: Town) -> None:
    """Nobody harvests, and the look-alikes are the hard ones."""
    crowd(town)


def mistaken_town(town: Town) -> None:
    """Nobody harvests, and every group is at home that was once proposed by mistake."""
    for plant in ONCE_PROPOSED.values():
        plant(town)


def full_town(town: Town, times: int = 1) -> None:
    """Nobody harvests, and all harder look-alikes are at home: some share a vendor's form or an app."""
    for plant in (*STRANGERS.values(), *ONCE_PROPOSED.values()) * times:
        plant(town)


def doubled_town(town: Town) -> None:
    """The same with two of each: two agencies with one tool, two regions of one service."""
    full_town(town, 2)


def office_town(town: Town) -> None:
    """Nobody harvests; one chain of shared offices, whose guests are the only users of an app."""
    ONCE_PROPOSED["coworking_chain"](town)


def bot_town(town: Town) -> None:
    """Nobody harvests; strangers run one bot at home, which takes the newest model."""
    mistaken.newest_model_bot(town)


def scattered(town: Town) -> None:
    """A careful harvest among hard look-alikes: edited prompts in several templates, half of it unrelated work."""
    crowd(town)
    plan = _careful(town, draw_plan(town, "scattered", (30, 90), (60, 250), pools=3))
    evasive.scattered(town, plan, pooled=float(town.rng.uniform(0.4, 0.9)), edits=float(town.rng.uniform(0.2, 0.7)))


def scattered_habit(town: Town) -> None:
    """The same without any template: only parameters, a field of topics and, for some, the proxies."""
    crowd(town)
    plan = draw_plan(town, "scattered_habit", (30, 90), (80, 300), "habit_")
    tuned = replace(_careful(town, plan), temperature=0.6, max_tokens=16384.0, distinct=60_000)
    evasive.scattered(town, tuned, pooled=float(town.rng.uniform(0.5, 0.9)), edits=0.2)


def scattered_wide(town: Town) -> None:
    """Hundreds of accounts with a handful of edited prompts each over some weeks."""
    crowd(town)
    plan = _careful(town, draw_plan(town, "scattered_wide", (300, 700), (6, 15), pools=2))
    evasive.scattered(town, plan, pooled=float(town.rng.uniform(0.5, 0.9)), edits=0.4, weekends=True)


def _careful(town: Town, plan: Plan) -> Plan:
    """No shared card, staggered sign-ups, many builds, 30 to 70 % unrelated traffic, a part on few proxies."""
    builds = int(town.rng.integers(3, 9))
    mixed, exits = float(town.rng.uniform(0.3, 0.7)), int(town.rng.integers(40, 300))
    return replace(
        plan,
        card_share=0.0,
        sign_up_days=60.0,
        agents=builds,
        one_ja4=False,
        mixed=mixed,
        pool_exits=exits,
        borrowed=0.5,
        fresh_exit=0.5,
    )


_ALL: tuple[Scenario, ...] = (
    *(quiet_town, fixed_prompt, load_balanced, release_pivot, low_and_wide, habit_only),
    *(relay, cleaner, probe_then_exploit, signature_replay, several_at_once),
    *(crowded_town, mistaken_town, full_town, doubled_town, office_town, bot_town),
    *(scattered, scattered_habit, scattered_wide),
)
SCENARIOS: dict[str, Scenario] = {scenario.__name__: scenario for scenario in _ALL}


def build(name: str, seed: int, texts: Texts | None = None, scale: float = 1.0) -> Incident:
    """A whole incident of a named scenario."""
    town = new_town(seed, texts, scale, name=name)
    populate(town)
    SCENARIOS[name](town)
    return finish(town, seed)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(SCENARIOS))
    parser.add_argument("seed", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, help="Parquet: pool, system_text, prompt_text, response_text")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--form", choices=("parquet", "ndjson", "csv"), default="parquet")
    given = parser.parse_args()
    began = time.perf_counter()
    incident = build(given.name, given.seed, read_texts(given.texts, given.seed), given.scale)
    write(incident, given.out, given.form)
    spent = time.perf_counter() - began
    print(f"{given.out}: {incident.requests.height} requests, {incident.accounts.height} accounts, {spent:.1f} s")


if __name__ == "__main__":
    main()
