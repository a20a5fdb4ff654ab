"""How much, when: series with what was to be expected, anomalies both ways, change points, gaps in the export."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit import stats
from kit.case import Case, analysis
from kit.errors import ParameterError
from kit.result import Result
from kit.volume.select import Accounts, chosen, steady

Floats = NDArray[Any]
SPANS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
WINDOWS_H = (1, 6, 24)
LEAST_CHANGE = 1.25  # a level or ramp must change volume by a quarter to be worth a reader's time
COUNTS = ("requests", "blocked", "rate_limited", "input_tokens", "output_tokens")


@analysis
def requests(
    case: Case,
    *,
    per: str = "1 hour",
    by: str | None = None,
    top: int = 12,
    accounts: Accounts = None,
    cluster: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Result:
    """Requests per window of time, by any column of requests, beside what was to be expected.

    One row per window and series (silent windows included): bucket_at, series, requests, blocked, rate_limited,
    input_tokens, output_tokens, expected, low and high (99 % of windows like the other weeks' fall between), sign
    (burst, drop or empty: outside by more than chance, Bonferroni at 1 % per series), coverage (exported;
    "no export" where nearly all accounts are missing at once; "first or last": a window that may be cut short and
    is not judged), weeks (how many others stand behind `expected`).
    `by=None` gives one series, all. Raises ParameterError for a window or column that does not exist.
    """
    step = _seconds(per)
    values: dict[str, Any] = {
        "per": per,
        "accounts": chosen(case, accounts, cluster),
        "since": since,
        "until": until,
    }
    if by is None and step % 3600 == 0 and _whole_hours(since, until):
        asked = case.query("volume/requests_by_hours", **values)
    else:
        asked = case.query(
            "volume/requests_over_time", columns={"by": by or "operation"}, top=top if by else 0, **values
        )
    frame = (
        asked.frame
        if by
        else asked.frame.with_columns(series=pl.lit("all"))
        .group_by("bucket_at", "series", maintain_order=True)
        .agg(pl.col(COUNTS).sum())
    )
    holes = [(r["start_at"], r["end_at"]) for r in gaps(case).rows() if r["kind"].startswith("no export")]
    series = [
        _with_expectation(_on_grid(rows, frame, step), step, holes)
        for _, rows in frame.sort("series", "bucket_at").group_by("series", maintain_order=True)
    ]
    units = {"expected": "requests, from the same hour of the other weeks", "low": "requests", "high": "requests"}
    return asked.with_frame(pl.concat(series) if series else frame, name="requests_over_time", units=units)


@analysis
def anomalies(
    case: Case,
    *,
    accounts: Accounts = None,
    cluster: str | None = None,
    alpha: float = 0.01,
) -> Result:
    """Bursts, drops, ramps and lasting changes of level in the hourly requests of one account, a set, or all.

    Rows: kind (burst, drop, ramp, level, too little data), start_at, end_at (exclusive), requests, expected, ratio,
    p (chance of a window this far out, times the number of windows looked at), n (windows, or days for ramp and
    level), null. Windows of 1, 6 and 24 hours are compared with the same hours of the other weeks; hours not in the
    export are left out. A quiet series gives a finding with a chance of `alpha`, and of somewhat more where its
    volume jumps about by itself. Empty: nothing found.
    """
    asked = case.query("volume/hourly", accounts=chosen(case, accounts, cluster))
    holes = [(r["start_at"], r["end_at"]) for r in gaps(case).rows() if r["kind"].startswith("no export")]
    start, counts = _hourly(case, asked.frame, "requests")
    usable = _outside(holes, start, counts.size) & _inner(counts.size) if counts.size else None
    found = find_anomalies(counts, start, usable=usable, alpha=alpha)
    units = {"requests": "requests in the window", "expected": "requests", "ratio": "requests / expected"}
    return asked.with_frame(steady(pl.DataFrame(found, schema=FOUND, orient="row")), name="anomalies", units=units)


@analysis
def gaps(case: Case) -> Result:
    """Hours in which the export, not the accounts, fell silent: nearly every account expected is missing at once.

    Rows: kind ("no export: between two exports", "no export: inside an export", "too little data"), start_at,
    end_at (exclusive), accounts_expected (per hour, from the other weeks), accounts_seen, p (Poisson, of so few),
    hours. An outage of the service looks the same from here; the operator's status page tells them apart.
    """
    asked = case.query("volume/hourly", accounts=None)
    spans = case.query("volume/source_spans").rows()
    start, seen = _hourly(case, asked.frame, "accounts")
    base = stats.seasonal_baseline(seen, start)
    rows: list[tuple[Any, ...]] = []
    if base.kind == stats.TOO_LITTLE:
        rows.append((stats.TOO_LITTLE, None, None, None, None, None, int(seen.size)))
    silent = np.nan_to_num(base.expected) > 0
    silent &= seen <= 0.05 * np.nan_to_num(base.expected)
    for begin, end in _runs(silent | ((seen == 0) & (np.nan_to_num(base.expected) < 1))):
        expected, got = float(np.nansum(base.expected[begin:end])), float(seen[begin:end].sum())
        p = 1.0 - stats.poisson_tail(got + 1, expected)
        if expected < 20 or p > 1e-6:
            continue
        a, b = _time(start, begin), _time(start, end)
        inside = any(s["first_at"] < a and s["last_at"] > b for s in spans)
        kind = "no export: inside an export" if inside else "no export: between two exports"
        rows.append((kind, a, b, expected / (end - begin), got / (end - begin), p, end - begin))
    return asked.with_frame(steady(pl.DataFrame(rows, schema=MISSING, orient="row")), name="export_gaps")


@analysis
def events(case: Case) -> Result:
    """Releases, bans (accounts closed in one hour), days with unusually many blocked requests: at, kind, label."""
    return case.query("volume/events")


@analysis
def hour_of_week(case: Case, *, accounts: Accounts = None, cluster: str | None = None) -> Result:
    """Requests by weekday (0 Monday to 6 Sunday) and hour of the day, UTC; days: how many such days had any."""
    return case.query("volume/hour_of_week", accounts=chosen(case, accounts, cluster))


UTC_TIME = pl.Datetime("us", "UTC")
MISSING: dict[str, Any] = {"kind": pl.String, "start_at": UTC_TIME, "end_at": UTC_TIME}
MISSING |= {"accounts_expected": pl.Float64, "accounts_seen": pl.Float64, "p": pl.Float64, "hours": pl.Int64}
FOUND: dict[str, Any] = {"kind": pl.String, "start_at": UTC_TIME, "end_at": UTC_TIME, "requests": pl.Float64}
FOUND |= {"expected": pl.Float64, "ratio": pl.Float64, "p": pl.Float64, "n": pl.Int64, "null": pl.String}


def find_anomalies(
    counts: Floats, start_s: int, *, usable: Floats | None = None, alpha: float = 0.01
) -> list[tuple[Any, ...]]:
    """The rows of `anomalies` for hourly counts that start at `start_s`."""
    ok = np.ones(counts.size, bool) if usable is None else usable
    silent = _longest_silence(counts, start_s, ok)
    rows, tested = [], 0
    for width in WINDOWS_H:
        rolled, whole, usual = (
            np.convolve(counts, np.ones(width), "valid"),
            *(np.convolve(flags, np.ones(width), "valid") == width for flags in (ok, ok & ~silent)),
        )
        base = stats.seasonal_baseline(rolled, start_s, usable=usual)
        # where most windows are empty, single sessions are all there is: no rhythm to depart from
        if base.kind == stats.TOO_LITTLE or np.mean(rolled[usual] > 0) < 0.2:
            continue
        tested += 1
        rows += _windows(rolled, base, whole, usual, start_s, width, alpha)
    rows = _without_overlaps(_one_silence(rows, silent, start_s))
    slow = _slow_changes(counts, start_s, ok, alpha)
    if not tested and slow is None:
        return [(stats.TOO_LITTLE, None, None, float(counts.sum()), None, None, None, int(counts.size), None)]
    return sorted(rows + (slow or []), key=lambda r: (r[1], r[0]))


def _longest_silence(counts: Floats, start_s: int, ok: Floats) -> Floats:
    """The run of empty hours in which most was expected: a long silence must not count as usual spread."""
    expected = np.nan_to_num(stats.seasonal_baseline(counts, start_s, usable=ok).expected)
    runs = [(float(expected[a:b].sum()), a, b) for a, b in _runs(ok & (counts == 0))]
    silent = np.zeros(counts.size, bool)
    if runs and max(runs)[0] >= 20:
        silent[max(runs)[1] : max(runs)[2]] = True
    return silent


def _one_silence(rows: list[tuple[Any, ...]], silent: Floats, start_s: int) -> list[tuple[Any, ...]]:
    """Drops within the longest silence become one row with its span; `expected` at the rate of the clearest."""
    if not silent.any():
        return rows
    begin, end = _runs(silent)[0]
    span = (_time(start_s, begin), _time(start_s, end))
    inside = [r for r in rows if r[0] == "drop" and r[1] < span[1] and span[0] < r[2]]
    if not inside:
        return rows
    clear = min(inside, key=lambda r: r[6])
    hours = (clear[2] - clear[1]).total_seconds() / 3600
    expected = clear[4] * (end - begin) / hours
    return [r for r in rows if r not in inside] + [("drop", *span, 0.0, expected, 0.0, *clear[6:])]


def _windows(
    rolled: Floats,
    base: stats.Baseline,
    whole: Floats,
    usual: Floats,
    start_s: int,
    width: int,
    alpha: float,
) -> list[tuple[Any, ...]]:
    """Windows further out than chance allows; of overlapping ones the furthest, of single hours the whole run."""
    known = whole & np.isfinite(base.expected)
    tests = 2 * len(WINDOWS_H) * max(1, int(known.sum()))
    null = f"negative binomial around the same {base.kind} of {int(np.median(base.n[known]))} others, {width} h"
    rows = []
    for kind, mean, tail in zip(("burst", "drop"), *_expected_and_p(rolled, base), strict=True):
        p = stats.tempered(np.where(known, tail, np.nan), usual)
        for begin, end in _runs(known & (p < alpha / tests)):
            if width > 1:
                begin = begin + int(np.argmin(p[begin:end]))
                end = begin + 1
            seen, expected = float(rolled[begin:end].sum()), float(mean[begin:end].sum())
            span = (_time(start_s, begin), _time(start_s, end - 1 + width))
            worst = float(p[begin:end].min()) * tests
            rows.append((kind, *span, seen, expected, seen / expected, worst, int(known.sum()), null))
    return rows


def _expected_and_p(counts: Floats, base: stats.Baseline) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """What a burst and a drop are measured against, and P(as many or more), P(as few or fewer)."""
    unseen = 0.5 / np.maximum(base.n, 1)  # never seen is not impossible
    most, least = (np.maximum(np.nan_to_num(v), unseen) for v in (base.most, base.least))
    ratio = np.nan_to_num(base.ratio, nan=1.0)
    return (most, least), (stats.count_p(counts, most, ratio)[0], stats.count_p(counts, least, ratio)[1])


def _without_overlaps(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Short windows first: a longer one is kept only where it says something new."""
    kept: list[tuple[Any, ...]] = []
    for row in rows:
        if not any(row[0] == k[0] and row[1] < k[2] and k[1] < row[2] for k in kept):
            kept.append(row)
    return kept


def _slow_changes(counts: Floats, start_s: int, ok: Floats, alpha: float) -> list[tuple[Any, ...]] | None:
    """A ramp or lasting changes of level in the daily totals, weekdays evened out; None under 14 whole days."""
    skip = -start_s // 3600 % 24
    days = (counts.size - skip) // 24
    whole = ok[skip : skip + days * 24].reshape(days, 24).all(axis=1) if days > 0 else np.zeros(0, bool)
    if whole.sum() < 14:
        return None
    daily = counts[skip : skip + days * 24].reshape(days, 24).sum(axis=1).astype(float)
    weekday = ((start_s + skip * 3600) // 86_400 + np.arange(days) + 3) % 7
    middle = max(float(np.median(daily[whole])), 1e-9)
    for d in range(7):
        same = daily[whole & (weekday == d)]
        if same.size >= 3 and np.median(same) > 0:
            daily[weekday == d] *= middle / float(np.median(same))
    at = np.flatnonzero(whole)
    first = start_s // 3600 + skip
    rows: list[tuple[Any, ...]] = []
    drift, p, n = stats.ramp(daily[at])
    steps = stats.level_changes(daily[at], alpha=alpha / 2)
    straight = stats.line_misfit(daily[at]) < stats.step_misfit(daily[at], [s.index for s in steps])
    if p < alpha / 2 and abs(drift) >= LEAST_CHANGE - 1 and (straight or not steps):
        a, b = first + 24 * int(at[0]), first + 24 * (int(at[-1]) + 1)
        null = "Mann-Kendall on daily totals, neighbouring days partly the same"
        return [("ramp", _hour(a), _hour(b), float(daily[at].sum()), None, 1 + drift, p, n, null)]
    for s in steps:
        if not 1 / LEAST_CHANGE < s.after / max(s.before, 1e-9) < LEAST_CHANGE:
            moment = first + 24 * int(at[s.index])
            until = first + 24 * (int(at[-1]) + 1)
            values = (s.after, s.before, s.after / max(s.before, 1e-9), s.p, s.n, "Pettitt test on daily totals")
            rows.append(("level", _hour(moment), _hour(until), *values))
    return rows


# --- grids of time ------------------------------------------------------------------------------------------------


def _seconds(per: str) -> int:
    match = re.fullmatch(r"\s*(\d+)\s*(minute|hour|day|week)s?\s*", per)
    step = int(match[1]) * SPANS[match[2]] if match else 0
    if not step or (step < 86_400 and 86_400 % step) or (step > 86_400 and step not in (86_400, 604_800)):
        raise ParameterError(
            f"per={per!r} is no window; use such as '10 minutes', '1 hour', '6 hours', '1 day', '1 week'."
        )
    return step


def _whole_hours(*times: str | None) -> bool:
    """Whether each time, where given, is a full hour in UTC: then sums of hours answer for the requests."""
    try:
        moments = [datetime.fromisoformat(t) for t in times if t]
    except ValueError:
        return False  # DuckDB reads more ways of writing a time
    return all(
        not int((m if m.tzinfo else m.replace(tzinfo=UTC)).timestamp() * 1e6) % 3_600_000_000 for m in moments
    )


def _on_grid(rows: pl.DataFrame, of: pl.DataFrame, step: int) -> pl.DataFrame:
    """One row per window from the first to the last of all series, silent ones with zeros."""
    first, last = of.select(pl.col("bucket_at").min().alias("first"), pl.col("bucket_at").max().alias("last")).row(
        0
    )
    times = pl.datetime_range(first, last, interval=f"{step}s", time_zone="UTC", time_unit="us", eager=True)
    filled = pl.DataFrame({"bucket_at": times}).join(rows, on="bucket_at", how="left", maintain_order="left")
    return filled.with_columns(pl.col(COUNTS).fill_null(0), series=pl.lit(rows["series"][0]))


def _with_expectation(rows: pl.DataFrame, step: int, holes: list[tuple[datetime, datetime]]) -> pl.DataFrame:
    counts = rows["requests"].to_numpy().astype(float)
    start = int(rows["bucket_at"][0].timestamp())
    covered, inner = _outside(holes, start, counts.size, step), _inner(counts.size)
    usable = covered & inner
    base = stats.seasonal_baseline(counts, start, step_s=step, usable=usable)
    blank = np.isnan(base.expected)
    (most, least), tails = _expected_and_p(counts, base)
    low, high = (
        stats.count_interval(mean, np.where(blank, 1.0, base.ratio), 0.99)[side]
        for side, mean in enumerate((least, most))
    )
    level = 0.01 / (2 * max(1, int((usable & ~blank).sum())))
    busy = np.mean(counts[usable] > 0) >= 0.2 if usable.any() else False
    above, below = (stats.tempered(np.where(usable & ~blank, p, np.nan)) for p in tails)
    sign = np.where(
        usable & ~blank & busy, np.where(above < level, "burst", np.where(below < level, "drop", "")), ""
    )
    empty = pl.Series(blank)
    return rows.with_columns(
        expected=pl.Series(base.expected.round(3)).fill_nan(None),
        low=pl.Series(low).set(empty, None),
        high=pl.Series(high).set(empty, None),
        sign=pl.Series(sign),
        coverage=pl.Series(np.where(covered, np.where(inner, "exported", "first or last"), "no export")),
        weeks=pl.Series(base.n),
    )


def _hourly(case: Case, frame: pl.DataFrame, column: str) -> tuple[int, Floats]:
    """First hour (seconds since 1970) and the counts of every hour until the export ends."""
    if not frame.height:
        return 0, np.zeros(0)
    last = case.sql("SELECT max(hour_at) AS last FROM active_hours", "last").scalar()
    start = int(frame["hour_at"][0].timestamp())
    counts = np.zeros(int(last.timestamp() - start) // 3600 + 1)
    index = [(int(t.timestamp()) - start) // 3600 for t in frame["hour_at"]]
    counts[index] = frame[column].to_numpy()
    return start, counts


def _outside(holes: list[tuple[datetime, datetime]], start: int, n: int, step: int = 3600) -> Floats:
    """Which windows have no hole of the export in them."""
    usable = np.ones(n, bool)
    for begin, end in holes:
        a = int(begin.timestamp() - start) // step
        b = -(-int(end.timestamp() - start) // step)
        usable[max(a, 0) : max(b, 0)] = False
    return usable


def _inner(n: int) -> Floats:
    """All windows but the first and the last: those may hold a part of their time only, and are not judged."""
    inner = np.ones(n, bool)
    inner[[0, -1]] = False
    return inner


def _runs(flags: Floats) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _time(start_s: int, hours: int) -> datetime:
    return datetime.fromtimestamp(start_s, UTC) + timedelta(hours=hours)


def _hour(hours: int) -> datetime:
    return datetime.fromtimestamp(hours * 3600, UTC)
