"""When requests happen: human days, machine days, cron marks, bursts.

Every function gives seconds since the start of the window as a float array, one value per request. Human rhythms
come as sessions, so that the requests of one conversation stand close together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400.0
HOUR = 3_600.0

WEEKDAY = np.array([1.0, 1.05, 1.05, 1.0, 0.9, 0.55, 0.5])
"""Relative volume of Monday to Sunday for people at work."""


@dataclass(frozen=True)
class Sessions:
    """Requests in sessions: `who` (the person), `at` (seconds), `session` (a number), `turn` (0, 1, ...)."""

    who: Ints
    at: Floats
    session: Ints
    turn: Ints


def spread(rng: Generator, n: int, start: float, end: float) -> Floats:
    """`n` moments, uniform between two seconds: the flat day and night of a machine."""
    return np.sort(rng.uniform(start, max(end, start + 1.0), n))


def every(start: float, end: float, step: float, jitter: float, rng: Generator) -> Floats:
    """A mark every `step` seconds, each up to `jitter` seconds late: monitors and cron jobs."""
    marks = np.arange(start, end, step)
    return np.asarray(marks + rng.uniform(0.0, jitter, marks.size) if jitter else marks)


def sessions(
    rng: Generator,
    requests: Ints,
    peak: Floats,
    width: Floats,
    since: Floats,
    until: Floats,
    talk: Floats,
    first_weekday: int = 2,
) -> Sessions:
    """People's sessions.

    `requests`  how many requests each person makes in the window
    `peak`      hour of the day (UTC) around which their sessions start; `width` its standard deviation in hours
    `since`, `until`  seconds between which each person is active
    `talk`      mean number of requests of a session
    """
    count = np.maximum(1, np.round(requests / talk)).astype(np.int64)
    count[requests == 0] = 0
    owner = np.repeat(np.arange(requests.size), count)
    starts = _starts(rng, owner, peak, width, since, until, first_weekday)
    extra = np.where(count > 0, requests - count, 0).clip(min=0)
    sizes = np.ones(owner.size, dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    chosen = np.repeat(first, extra) + (rng.random(int(extra.sum())) * np.repeat(count, extra)).astype(np.int64)
    np.add.at(sizes, chosen, 1)
    session = np.repeat(np.arange(owner.size), sizes)
    turn = np.arange(session.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    gaps = rng.lognormal(3.9, 1.0, session.size) * (turn > 0)
    along = np.cumsum(gaps)
    begin = np.repeat(along[np.cumsum(sizes) - sizes], sizes) if session.size else along
    at = starts[session] + along - begin
    who = owner[session]
    last = np.full(owner.size, -np.inf)
    np.maximum.at(last, session, at)
    back = np.maximum(last - until[owner] + rng.uniform(1.0, 3000.0, owner.size), 0.0) * (last >= until[owner])
    return Sessions(who, np.maximum(at - back[session], rng.uniform(0.0, 30.0, at.size)), session, turn)


def _starts(
    rng: Generator, owner: Ints, peak: Floats, width: Floats, since: Floats, until: Floats, first_weekday: int
) -> Floats:
    """Start of every session: a day by weekday weight, an hour around the owner's peak, within their time."""
    last_day = int(np.ceil(until.max() / DAY)) if until.size else 1
    weight = WEEKDAY[(np.arange(last_day) + first_weekday) % 7]
    cumulative = np.concatenate([[0.0], np.cumsum(weight)])
    low = np.interp(since / DAY, np.arange(last_day + 1), cumulative)
    high = np.interp(until / DAY, np.arange(last_day + 1), cumulative)
    drawn = low[owner] + rng.random(owner.size) * (high - low)[owner]
    day = np.floor(np.interp(drawn, cumulative, np.arange(last_day + 1)))
    hour = (peak[owner] + rng.normal(0.0, 1.0, owner.size) * width[owner]) % 24.0
    start = day * DAY + hour * HOUR
    anywhere = since[owner] + rng.random(owner.size) * np.maximum(until - since, 60.0)[owner]
    return np.where((start >= since[owner]) & (start < until[owner]), start, anywhere)
