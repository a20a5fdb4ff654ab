"""The front door of the generator: a town, its people and look-alikes, a harvest or none, and an incident's files.

    town = new_town(seed=1)
    populate(town)
    campaigns.load_balanced(town, Plan("mine", accounts=20, per_account=300, pools=("campaign_trace",)))
    write(finish(town, seed=1), Path("somewhere"))

Everything is drawn from one random generator, so a seed gives the same incident to the last byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from town import campaigns, crowds, evasive, lookalikes, mistaken, people, strangers
from town.clock import DAY, HOUR, Ints
from town.operation import Plan
from town.texts import FileTexts, OwnTexts, Texts
from town.world import Town
from town.write import Incident, finish, write

__all__ = [
    "LOOKALIKES",
    "ONCE_PROPOSED",
    "STRANGERS",
    "Incident",
    "Plan",
    "Texts",
    "Town",
    "campaigns",
    "crowd",
    "evasive",
    "finish",
    "mistaken",
    "new_town",
    "populate",
    "read_texts",
    "write",
]

_HARMLESS: tuple[Callable[[Town], Ints], ...] = (
    *(lookalikes.eval_team, lookalikes.enterprise_batch, lookalikes.monitor, lookalikes.translation),
    *(lookalikes.reseller, lookalikes.aggregator, lookalikes.red_team, lookalikes.explainability),
    *(lookalikes.harness, lookalikes.cron, crowds.university_class, crowds.hackathon, crowds.vpn_crowd),
    *(crowds.tutorial_students, crowds.launch_day, crowds.corporate_teams),
)
LOOKALIKES = {plant.__name__: plant for plant in _HARMLESS}
"""Every harmless group of the ordinary town, by name."""

_HARDER: tuple[Callable[[Town], Ints], ...] = (
    *(strangers.eval_consortium, strangers.class_from_home, strangers.sponsored_hackathon, strangers.consultancy),
    *(strangers.agency, strangers.prompt_library, strangers.vpn_default, strangers.open_app),
    *(strangers.franchise, strangers.rubric_researchers, strangers.shared_household),
)
STRANGERS = {plant.__name__: plant for plant in _HARDER}
"""Harmless groups that are harder to tell from an operation, by name."""

_ONCE_PROPOSED: tuple[Callable[[Town], Ints], ...] = (
    *(mistaken.hosted_plugin, mistaken.online_course, mistaken.contest),
    *(mistaken.web_agency, mistaken.coworking_chain),
)
ONCE_PROPOSED = {plant.__name__: plant for plant in _ONCE_PROPOSED}
"""Harmless groups that the kit once took for an operation, by name."""


def read_texts(path: Path | None, seed: int) -> Texts:
    """Texts of a Parquet file, or our own."""
    return FileTexts(path, seed) if path else OwnTexts(seed)


def new_town(seed: int, texts: Texts | None = None, scale: float = 1.0, days: float = 45.0, name: str = "") -> Town:
    """An empty town; the new model comes out near the middle. Towns of another `name` differ throughout."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    release = float(np.floor(rng.uniform(0.35, 0.6) * days)) * DAY + 14 * HOUR
    return Town(rng=rng, texts=texts or OwnTexts(seed), days=days, release=release, scale=scale)


def populate(town: Town, residents: int | None = None, median: float = 55.0, skip: Collection[str] = ()) -> None:
    """People (`median` requests each) and every look-alike that is not skipped."""
    town.exits = town.addresses(40)
    count = residents or town.size(int(town.rng.integers(520, 820)), 60)
    people.organic(town, count, median, card_share=float(town.rng.uniform(0.02, 0.10)))
    for name, plant in LOOKALIKES.items():
        if name not in skip:
            plant(town)


def crowd(town: Town, skip: Collection[str] = ()) -> None:
    """Every harder look-alike that is not skipped, beside what `populate` has put there."""
    for name, plant in STRANGERS.items():
        if name not in skip:
            plant(town)
