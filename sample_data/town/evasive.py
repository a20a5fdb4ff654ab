"""Harvests that take care: heavily edited prompts, much unrelated work, few shared addresses, no hurry.

Unlike `campaigns`, nothing here is shared by all members but the purpose and, in part, the prompts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.random import Generator

from .clock import DAY, Floats, Ints
from .operation import Crew, Plan, proxies, recruit
from .world import Town

SYNONYMS = {
    "write": ("produce", "give", "set down", "compose"),
    "give": ("provide", "write", "offer"),
    "answer": ("reply", "result", "response"),
    "answers": ("replies", "responses"),
    "task": ("exercise", "problem", "job"),
    "every": ("each", "any and every"),
    "all": ("the whole", "every bit"),
    "step": ("stage", "move"),
    "steps": ("stages", "moves"),
    "reasoning": ("thinking", "working", "deliberation"),
    "thinking": ("reasoning", "line of thought"),
    "thought": ("consideration", "idea"),
    "complete": ("full", "entire"),
    "finished": ("final", "completed"),
    "before": ("ahead of", "prior to"),
    "return": ("send back", "output"),
    "only": ("nothing but", "just"),
    "show": ("lay out", "display"),
    "new": ("fresh", "different"),
    "harder": ("tougher", "more demanding"),
}
OPENERS = ("", "", "Hi, ", "Please help: ", "Next one. ", "OK. ", "For my notes: ", "Quick one: ", "Here goes:\n")
CLOSERS = (
    "",
    "",
    "\nThanks!",
    " Be careful.",
    "\nTake your time.",
    " No small talk.",
    "\n(urgent)",
    " That is all.",
)
DROPPED = {"the", "a", "an", "of", "this", "is", "that", "then", "and", "your", "with"}


def paraphrase(rng: Generator, text: str, edits: float) -> str:
    """The same request in other words: synonyms, small words left out, another opening and end."""
    said: list[str] = []
    for word in text.split(" "):
        bare = word.lower().strip(".,:;")
        if bare in SYNONYMS and rng.random() < edits:
            choice = SYNONYMS[bare]
            said.append(word.lower().replace(bare, choice[int(rng.integers(0, len(choice)))]))
        elif bare not in DROPPED or rng.random() >= edits / 2:
            said.append(word)
    lead, tail = (texts[int(rng.integers(0, len(texts)))] for texts in (OPENERS, CLOSERS))
    return f"{lead}{' '.join(said)}{tail}"


def scattered(town: Town, plan: Plan, pooled: float = 0.5, edits: float = 0.5, weekends: bool = False) -> Ints:
    """Accounts opened over months, `pooled` of them behind the proxies, the rest at addresses of their own.

    Every prompt is edited; no work on weekends unless `weekends`; clients and unrelated work as the plan says.
    """
    rng = town.rng
    created = (plan.starts - rng.uniform(-0.3, 1.0, plan.accounts) * plan.sign_up_days) * DAY
    behind = round(plan.accounts * pooled)
    crews = [
        recruit(town, plan, behind, created[:behind], proxies(town, plan)),
        recruit(town, replace(plan, pool_exits=0), plan.accounts - behind, created[behind:], []),
    ]
    for crew, since in zip(crews, (created[:behind], created[behind:]), strict=True):
        n = len(crew.who) * plan.per_account
        at = crew.moments(n, plan.starts * DAY, plan.ends * DAY)
        member = crew.share(n)
        kept = at >= since[member]
        if not weekends:
            kept &= (np.floor(at / DAY).astype(np.int64) + 2) % 7 < 5  # the window opens on a Wednesday
        _work(town, crew, member[kept], at[kept], edits)
    return np.concatenate([c.who for c in crews])


def _work(town: Town, crew: Crew, member: Ints, at: Floats, edits: float) -> None:
    texts = crew.texts(at.size)
    edited = [paraphrase(town.rng, t, edits) for t in texts["prompt_text"].to_list()]
    crew.harvest(member, at, texts.with_columns(prompt_text=pl.Series(edited, dtype=pl.String)))
