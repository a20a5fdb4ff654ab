"""Grows texts from the patterns of `phrases.toml`: one function a pool, listed in `POOLS`.

A row is (system_text, prompt_text, response_text); `None` where the log has nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from numpy.random import Generator

Row = tuple[str | None, str, str | None]
Grower = Callable[[Generator, int], list[Row]]

_PHRASES: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8")
)
WORDS, TOPICS, TALK = _PHRASES["words"], _PHRASES["topics"], _PHRASES["talk"]
SHELLS, TASKS, TEAMS = _PHRASES["shells"], _PHRASES["tasks"], _PHRASES["teams"]
ALL_TASKS = TASKS["code"] + TASKS["math"] + TASKS["science"]
_SLOT = re.compile(r"\{([a-z]+)\}")


def fill(rng: Generator, patterns: Sequence[str], count: int) -> list[str]:
    """`count` texts: a pattern each, every slot filled on its own."""
    chosen = [patterns[i] for i in rng.integers(0, len(patterns), count)]
    positions = iter(rng.random(sum(p.count("{") for p in chosen)).tolist())

    def word(match: re.Match[str]) -> str:
        words = WORDS.get(match[1])
        return words[int(next(positions) * len(words))] if words else match[0]

    return [_SLOT.sub(word, p).strip() for p in chosen]


def wrap(rng: Generator, shell: str, tasks: Sequence[str]) -> list[str]:
    """The shell around every task; its other slots are filled anew each time."""
    filled = fill(rng, [shell], len(tasks))
    bare = (text.replace("{{", "{").replace("}}", "}") for text in filled)
    return [text.replace("{t}", task) for text, task in zip(bare, tasks, strict=True)]


def replies(rng: Generator, count: int) -> list[str]:
    """Plausible beginnings of answers."""
    return fill(rng, TALK["answers"], count)


def organic(rng: Generator, count: int) -> list[Row]:
    """Ordinary questions, topic by topic so that neighbours in the bank are alike; some hostile strings."""
    share = count // len(TOPICS) + 1
    prompts = [text for patterns in TOPICS.values() for text in fill(rng, patterns, share)][:count]
    hostile = count // 150
    for place, text in zip(
        rng.integers(0, len(prompts), hostile), fill(rng, TALK["hostile"], hostile), strict=True
    ):
        prompts[int(place)] = text
    return [(None, p, r) for p, r in zip(prompts, replies(rng, count), strict=True)]


def plain(patterns: Sequence[str], most: int = 10**9, answer: str | None = "") -> Grower:
    """At most `most` filled patterns, no shell; `answer` is a fixed answer, "" one of many, None none."""

    def grow(rng: Generator, count: int) -> list[Row]:
        prompts = fill(rng, patterns, min(count, most))
        said: Sequence[str | None] = replies(rng, len(prompts)) if answer == "" else [answer] * len(prompts)
        return [(None, p, r) for p, r in zip(prompts, said, strict=True)]

    return grow


def under(system: Sequence[str], grower: Grower) -> Grower:
    """The same texts under one of the system prompts, chosen by the seed."""

    def grow(rng: Generator, count: int) -> list[Row]:
        lead = fill(rng, system, 1)[0]
        return [(lead, p, r) for _, p, r in grower(rng, count)]

    return grow


def shelled(shells: Sequence[str], tasks: Sequence[str], most: int = 1, said: Sequence[str] = ()) -> Grower:
    """Tasks inside `most` of the shells, which ones the seed decides."""

    def grow(rng: Generator, count: int) -> list[Row]:
        used = [shells[int(i)] for i in rng.permutation(len(shells))[:most]]
        rows: list[Row] = []
        for shell in used:
            share = -(-count // len(used))
            prompts = wrap(rng, shell, fill(rng, tasks, share))
            answers: Sequence[str | None] = fill(rng, said, share) if said else [None] * share
            rows += [(None, p, r) for p, r in zip(prompts, answers, strict=True)]
        return rows[:count]

    return grow


def personas(rng: Generator, count: int) -> list[Row]:
    """Other products' users: ordinary questions under a handful of persona system prompts."""
    sheets = fill(rng, TEAMS["persona_system"], 6)
    which = rng.integers(0, len(sheets), count)
    return [(sheets[int(i)], p, r) for i, (_, p, r) in zip(which, organic(rng, count), strict=True)]


def probes(rng: Generator, count: int) -> list[Row]:
    """Attempts to get hidden reasoning, each in another wording, most of them refused."""
    which = rng.integers(0, len(SHELLS["probe"]), count)
    tasks, said = fill(rng, ALL_TASKS, count), fill(rng, TASKS["refusals"], count)
    prompts = [wrap(rng, SHELLS["probe"][int(i)], [task])[0] for i, task in zip(which, tasks, strict=True)]
    return [(None, p, r) for p, r in zip(prompts, said, strict=True)]


def captured(rng: Generator, count: int) -> list[Row]:
    """Tasks with the full answers an operation has taken away."""
    tasks, said = fill(rng, ALL_TASKS, count), fill(rng, TASKS["extracted"], count)
    return [(None, p, r) for p, r in zip(tasks, said, strict=True)]


def clean_orders(rng: Generator, _count: int) -> list[Row]:
    """The order to clean a captured text, {t} where the text goes; one wording a seed."""
    return [(None, SHELLS["clean"][int(rng.integers(0, len(SHELLS["clean"])))], None)]


def translation(rng: Generator, count: int) -> list[Row]:
    """Ordinary texts to be translated, in one wording a seed."""
    shell = TEAMS["translation"][int(rng.integers(0, len(TEAMS["translation"])))]
    return [(None, p, None) for p in wrap(rng, shell, [row[1] for row in organic(rng, count)])]


def harness(rng: Generator, count: int) -> list[Row]:
    """Editing orders under the fixed system prompt of a coding tool."""
    tasks, said = fill(rng, TOPICS["code"], count), replies(rng, count)
    orders = fill(rng, TEAMS["harness"], count)
    lead = TEAMS["harness_system"][0]
    return [(lead, o.replace("{t}", t), r) for o, t, r in zip(orders, tasks, said, strict=True)]


POOLS: dict[str, Grower] = {
    "organic": organic,
    "corporate": organic,
    "reseller": organic,
    "hackathon": organic,
    "aggregator": organic,
    "followup": plain(TALK["follow_ups"]),
    "harness": harness,
    "relay": personas,
    "probe": probes,
    "eval_team": plain(TEAMS["eval_team"], most=220, answer="patience"),
    "enterprise_batch": under(TEAMS["batch_system"], plain(TEAMS["batch"], answer="home")),
    "class": plain(TEAMS["class"], answer=None),
    "translation": translation,
    "monitor": plain(TEAMS["monitor"], most=1, answer=None),
    "tutorial": plain(TEAMS["tutorial"], most=60),
    "benchmark": plain(TEAMS["benchmark"], most=60),
    "cron": plain(TEAMS["cron"]),
    "red_team": plain(TEAMS["red_team"]),
    "explainability": plain(TEAMS["explainability"]),
    "judge": shelled(SHELLS["judge"], ALL_TASKS),
    "library": shelled(SHELLS["library"], ALL_TASKS),
    "brief": plain(TEAMS["brief"]),
    "post": plain(TEAMS["post"]),
    "franchise": plain(TEAMS["franchise"]),
    "starter_kit": plain(TEAMS["starter_kit"]),
    "app": plain(TEAMS["app"]),
    "campaign_tags": shelled(SHELLS["tags"], ALL_TASKS, said=TASKS["extracted"]),
    "campaign_trace": shelled(SHELLS["trace"], TASKS["math"], most=2),
    "campaign_rubric": shelled(SHELLS["rubric"], ALL_TASKS),
    "campaign_evolve": shelled(SHELLS["evolve"], ALL_TASKS, most=2),
    "campaign_tools": under(TEAMS["agent_system"], shelled(SHELLS["tools"], TASKS["code"])),
    "signature": shelled(SHELLS["signature"], ALL_TASKS),
    "captured": captured,
    "clean_orders": clean_orders,
    "habit_code": plain(TASKS["code"]),
    "habit_math": plain(TASKS["math"]),
    "habit_science": plain(TASKS["science"]),
}
