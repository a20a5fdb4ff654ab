"""Grows texts from the patterns of `phrases` and `wrappers`: one function a pool, listed in `POOLS`.

A row is (system_text, prompt_text, response_text); `None` where the log has nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from numpy.random import Generator

from . import phrases, wrappers

Row = tuple[str | None, str, str | None]
Grower = Callable[[Generator, int], list[Row]]

_SLOT = re.compile(r"\{([a-z]+)\}")
_EXTRA = {"bot": wrappers.BOTS, "ward": wrappers.WARDS, "outcome": wrappers.OUTCOMES,
          "kind": ("weather", "stock", "flight", "map", "patent", "menu", "library", "timetable")}
_WORDS: dict[str, tuple[str, ...]] = phrases.WORDS | _EXTRA


def fill(rng: Generator, patterns: Sequence[str], count: int) -> list[str]:
    """`count` texts: a pattern each, every slot filled on its own. `{{` and `}}` stand for braces."""
    chosen = [patterns[i] for i in rng.integers(0, len(patterns), count)]
    numbers = iter(rng.random(sum(len(_SLOT.findall(p)) for p in chosen)))

    def word(match: re.Match[str]) -> str:
        words = _WORDS.get(match[1])
        position = next(numbers)
        return words[int(position * len(words))] if words else match[0]

    return [_SLOT.sub(word, p).strip() for p in chosen]


def wrap(rng: Generator, wrapper: str, tasks: Sequence[str]) -> list[str]:
    """The wrapper around every task; its other slots are filled anew each time."""
    shells = fill(rng, [wrapper], len(tasks))
    return [s.replace("{t}", t).replace("{{", "{").replace("}}", "}") for s, t in zip(shells, tasks, strict=True)]


def answers(rng: Generator, count: int) -> list[str]:
    """Plausible beginnings of answers."""
    return fill(rng, phrases.ANSWERS, count)


def organic(rng: Generator, count: int) -> list[Row]:
    """Ordinary questions, topic by topic so that neighbours in the bank are alike; a few hostile strings among them."""
    names = list(phrases.TOPICS)
    prompts: list[str] = []
    for name in names:
        share = count // len(names) + 1
        prompts += fill(rng, phrases.TOPICS[name], share)
    prompts = prompts[:count]
    for place, text in zip(rng.integers(0, len(prompts), len(phrases.HOSTILE)), phrases.HOSTILE, strict=True):
        prompts[int(place)] = text
    return [(None, p, r) for p, r in zip(prompts, answers(rng, count), strict=True)]


def plain(*patterns: str, replies: bool = True) -> Grower:
    """A pool of filled patterns without a wrapper."""
    def grow(rng: Generator, count: int) -> list[Row]:
        prompts = fill(rng, patterns, count)
        said: Sequence[str | None] = answers(rng, count) if replies else [None] * count
        return [(None, p, r) for p, r in zip(prompts, said, strict=True)]
    return grow


def wrapped(options: Sequence[str], tasks: Sequence[str], system: Sequence[str] = (), most: int = 1,
            replies: Sequence[str] = ()) -> Grower:
    """A pool of tasks in `most` of the wrappers, drawn anew for every seed; perhaps one system prompt for all."""
    def grow(rng: Generator, count: int) -> list[Row]:
        used = [options[i] for i in rng.permutation(len(options))[:most]]
        lead = system[int(rng.integers(0, len(system)))] if system else None
        rows: list[Row] = []
        for wrapper in used:
            share = -(-count // len(used))
            prompts = wrap(rng, wrapper, fill(rng, tasks, share))
            said: Sequence[str | None] = fill(rng, replies, share) if replies else [None] * share
            rows += [(lead, p, r) for p, r in zip(prompts, said, strict=True)]
        return rows[:count]
    return grow


def personas(rng: Generator, count: int) -> list[Row]:
    """Other products' users: ordinary questions under a handful of persona system prompts."""
    sheets = fill(rng, wrappers.PERSONAS, 6)
    rows = organic(rng, count)
    return [(sheets[int(i)], p, r) for i, (_, p, r) in zip(rng.integers(0, len(sheets), count), rows, strict=True)]


def probes(rng: Generator, count: int) -> list[Row]:
    """Attempts to get hidden reasoning, each in another wording, most of them refused."""
    shells = [wrappers.PROBES[int(i)] for i in rng.integers(0, len(wrappers.PROBES), count)]
    tasks = fill(rng, ALL_TASKS, count)
    said = fill(rng, wrappers.REFUSALS, count)
    return [(None, wrap(rng, s, [t])[0], r) for s, t, r in zip(shells, tasks, said, strict=True)]


def everyday(wrapper: Sequence[str]) -> Grower:
    """Ordinary texts inside one of the wrappers: a translation vendor's work."""
    def grow(rng: Generator, count: int) -> list[Row]:
        shell = wrapper[int(rng.integers(0, len(wrapper)))]
        return [(None, p, None) for p in wrap(rng, shell, [row[1] for row in organic(rng, count)])]
    return grow


def harness(rng: Generator, count: int) -> list[Row]:
    """Editing orders under the fixed system prompt of a coding tool."""
    tasks = fill(rng, phrases.TOPICS["code"], count)
    shells = fill(rng, wrappers.HARNESS, count)
    said = answers(rng, count)
    return [(wrappers.HARNESS_SYSTEM, s.replace("{t}", t), r) for s, t, r in zip(shells, tasks, said, strict=True)]


ALL_TASKS = wrappers.CODE_TASKS + wrappers.MATH_TASKS + wrappers.SCIENCE_TASKS
_EXTRACTS = wrappers.EXTRACTED

POOLS: dict[str, Grower] = {
    "organic": organic, "reseller": organic, "hackathon": organic, "aggregator": organic,
    "followup": plain(*phrases.FOLLOW_UPS), "harness": harness, "relay": personas, "probe": probes,
    "eval_team": lambda rng, n: [(None, p, "patience") for p in fill(rng, [wrappers.EVAL_ITEM], min(n, 220))],
    "enterprise_batch": lambda rng, n: [(wrappers.BATCH_SYSTEM, p, "home") for p in fill(rng, [wrappers.BATCH], n)],
    "class": plain(*wrappers.CLASSWORK, replies=False), "translation": everyday(wrappers.TRANSLATE),
    "monitor": lambda rng, n: [(None, wrappers.MONITOR, None)], "tutorial": plain(*wrappers.TUTORIAL),
    "benchmark": lambda rng, n: plain(*wrappers.BENCHMARK)(rng, min(n, 60)), "cron": plain(*wrappers.CRON),
    "red_team": plain(*wrappers.RED_TEAM), "explainability": plain(*wrappers.EXPLAIN),
    "campaign_tags": wrapped(wrappers.TAGS, ALL_TASKS, replies=_EXTRACTS),
    "campaign_trace": wrapped(wrappers.TRACE, wrappers.MATH_TASKS, most=2),
    "campaign_rubric": wrapped(wrappers.RUBRIC, ALL_TASKS),
    "campaign_evolve": wrapped(wrappers.EVOLVE, ALL_TASKS, most=2),
    "campaign_tools": wrapped(wrappers.TOOLS, wrappers.CODE_TASKS, wrappers.AGENT_SYSTEM),
    "campaign_signature": wrapped(wrappers.SIGNATURE, ALL_TASKS),
    "captured": lambda rng, n: [(None, p, r) for p, r in zip(fill(rng, ALL_TASKS, n), fill(rng, _EXTRACTS, n), strict=True)],
    "clean_orders": lambda rng, n: [(None, wrappers.CLEAN[int(rng.integers(0, len(wrappers.CLEAN)))], None)],
    "habit_code": plain(*wrappers.CODE_TASKS), "habit_math": plain(*wrappers.MATH_TASKS),
    "habit_science": plain(*wrappers.SCIENCE_TASKS),
}
