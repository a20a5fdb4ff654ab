"""Account profiles: one pass over the requests of a shard of accounts at a time, so memory stays bounded."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from kit import stats
from kit.database import named_query

ROWS_PER_SHARD = 8_000_000
FINE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]


# NaN arrives as NULL. Rounded, so that the last bit of a processor's arithmetic never reaches a digest.
NAME_PROFILES = """
INSERT INTO account_profiles BY NAME
SELECT n.account_id, a.org_id, a.plan, make_timestamptz(first_ms * 1000) AS first_at,
  make_timestamptz(last_ms * 1000) AS last_at, (value_micro / 1000000)::DECIMAL(18, 6) AS value_usd,
  round(COLUMNS(['ips_per_day', 'gap_p10_s', 'gap_median_s', 'gap_p90_s', 'longest_idle_s', 'hour_entropy_bits',
    'rhythm_strength', 'rhythm_p', 'weekend_share', 'hour_dispersion', 'equal_spread_p', 'days_to_peak',
    'day_one_share']), 6),
  COLUMNS(['requests', 'ok', 'refused', 'rate_limited', 'active_days', 'active_hours', 'input_tokens',
    'output_tokens', 'distinct_prompts', 'distinct_ips', 'distinct_networks', 'distinct_clients', 'max_ips_per_day',
    'max_networks_per_day', 'max_clients_per_day', 'shared_minutes', 'peak_in_flight', 'idle_hours_of_day',
    'peak_day_requests']),
  round((first_ms - epoch_ms(a.created_at)) / 1000, 3) AS first_use_lag_s,
  round((first_ms - epoch_ms(a.created_at)) / 86400000, 6) AS age_days
FROM profiled JOIN account_codes n USING (code) LEFT JOIN (
  SELECT account_id, min(org_id) AS org_id, min(plan) AS plan, min(created_at) AS created_at
  FROM accounts GROUP BY account_id) a USING (account_id)
ORDER BY n.account_id
"""


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill source_hours, account_hours, active_hours and account_profiles from `requests` and `accounts`."""
    con.execute(f"INSERT INTO source_hours BY NAME {named_query('volume/hours_of_sources')}")
    shards = shard_count(con)
    for shard in range(shards):
        hours = named_query("volume/hours_of_shard")
        con.execute(f"INSERT INTO account_hours BY NAME {hours}", {"shards": shards, "shard": shard})
    con.execute(f"INSERT INTO active_hours BY NAME {named_query('volume/hours_of_accounts')}")
    fill_profiles(con, shards)


def shard_count(con: duckdb.DuckDBPyConnection) -> int:
    """How many shards keep one within ROWS_PER_SHARD requests."""
    ((rows,),) = con.execute("SELECT count(*) FROM requests").fetchall()
    return max(1, math.ceil(int(rows) / ROWS_PER_SHARD))


def fill_profiles(con: duckdb.DuckDBPyConnection, shards: int) -> None:
    """Fill account_profiles, `shards` shards of accounts in turn."""
    prepare, ask = duckdb.extract_statements(named_query("volume/events_of_shard"))
    con.execute(prepare)
    for shard in range(shards):
        events = con.execute(ask, {"shards": shards, "shard": shard}).fetchnumpy()
        columns = {name: np.asarray(events.pop(name)) for name in tuple(events)}
        if columns["code"].size == 0:
            continue
        profiled = _profile(columns)
        profiled["code"] = profiled["code"] * shards + shard
        con.register("profiled", profiled)
        con.execute(NAME_PROFILES)
        con.unregister("profiled")
    con.execute("DROP TABLE account_codes")


def _profile(events: Columns) -> Columns:
    """Every feature of account_profiles, one row per code 0 .. n-1 (accounts of the shard in order of their id)."""
    code = events.pop("code").astype(np.int64)
    n = int(code.max()) + 1
    at = events.pop("at_ms").astype(np.int64)
    start = int(at.min()) // DAY_MS * DAY_MS
    at -= start
    out: Columns = {"code": np.arange(n), "requests": np.bincount(code, minlength=n)}
    with ThreadPoolExecutor(2) as pool:  # sorting and counting release the interpreter
        parts = [
            pool.submit(_times, code, at, n, start // DAY_MS),
            pool.submit(_places, code, at, n, events.pop("ip"), "ip"),
            pool.submit(_distinct, code, n, events.pop("prompt"), "distinct_prompts"),
            pool.submit(_places, code, at, n, events.pop("client"), "client"),
            pool.submit(_places, code, at, n, events.pop("network"), "network"),
            pool.submit(_in_flight, code, at, n, events.pop("duration_ms")),
            pool.submit(_sums, code, n, events),
        ]
        for part in parts:
            out |= part.result()
    out["first_ms"], out["last_ms"] = out["first_ms"] + start, out["last_ms"] + start
    return out


def _sums(code: Ints, n: int, events: Columns) -> Columns:
    """Counts and sums by account; float64 adds whole numbers exactly below 2^53."""

    def total(values: NDArray[Any]) -> Ints:
        return np.bincount(code, weights=values, minlength=n).astype(np.int64)

    cost, fate = events.pop("cost_micro"), events.pop("fate")
    out = {name: total(events.pop(name)) for name in ("input_tokens", "output_tokens")}
    for bit, name in ((1, "ok"), (2, "refused"), (4, "rate_limited")):
        out[name] = np.bincount(code[(fate & bit) > 0], minlength=n)
    out["value_micro"] = np.where(total(cost >= 0) > 0, total(np.maximum(cost, 0)), np.nan)
    return out


def _times(code: Ints, at: Ints, n: int, first_day: int) -> Columns:
    """Everything that follows from when the requests came; `at` in ms from midnight of `first_day` (since 1970)."""
    bits = int(at.max()).bit_length()
    key = code << bits | at
    key.sort()
    c, t = key >> bits, key & ((1 << bits) - 1)
    size = np.bincount(c, minlength=n)
    begin = np.concatenate([[0], np.cumsum(size)[:-1]])
    first, last = t[begin], t[begin + size - 1]
    out = {"first_ms": first, "last_ms": last} | _gaps(c, t, size, bits)
    since = t - first[c]
    in_30 = np.bincount(c[since < 30 * DAY_MS], minlength=n)
    out["day_one_share"] = np.bincount(c[since < DAY_MS], minlength=n) / in_30
    del since, key
    new = np.flatnonzero(np.concatenate([[True], (np.diff(t // HOUR_MS) != 0) | (np.diff(c) != 0)]))
    runs = np.diff(np.concatenate([new, [t.size]]))
    return out | _hours(c[new], t[new] // HOUR_MS, runs, first, size, first_day)


def _gaps(c: Ints, t: Ints, size: Ints, bits: int) -> Columns:
    """Quantiles of the seconds between requests (linear between ranks, as quantile_cont), and the longest."""
    same = c[1:] == c[:-1]
    gap = (c[1:] << bits | (t[1:] - t[:-1]))[same]
    gap.sort()
    gap &= (1 << bits) - 1
    m = size - 1
    begin = np.cumsum(m) - m
    out: Columns = {}
    for name, q in (("gap_p10_s", 0.1), ("gap_median_s", 0.5), ("gap_p90_s", 0.9), ("longest_idle_s", 1.0)):
        if not gap.size:
            out[name] = np.full(size.size, np.nan)
            continue
        place = q * np.maximum(m - 1, 0)
        low = np.floor(place).astype(np.int64)
        a = gap[np.minimum(begin + low, gap.size - 1)]
        b = gap[np.minimum(begin + np.minimum(low + 1, np.maximum(m - 1, 0)), gap.size - 1)]
        out[name] = np.where(m > 0, (a + (b - a) * (place - low)) / 1000, np.nan)
    return out


def _hours(c: Ints, hour: Ints, runs: Ints, first: Ints, size: Ints, first_day: int) -> Columns:
    """Rhythm, days and evenness from the active hours of each account (c, hour) and the requests in each."""
    n = size.size
    of_day = c * 24 + hour % 24
    requests = np.bincount(of_day, weights=runs, minlength=n * 24).reshape(n, 24)
    active = np.bincount(of_day, minlength=n * 24).reshape(n, 24)
    share = requests / size[:, None]
    strength, p = stats.resultant(active)
    out: Columns = {"active_hours": active.sum(axis=1), "rhythm_strength": strength, "rhythm_p": p}
    out["hour_entropy_bits"] = -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=1)
    out["idle_hours_of_day"] = _longest_zero_run(active)
    out |= _evenness(c, hour, runs, size)
    weekend = (hour // 24 + first_day + 3) % 7 >= 5  # 1 January 1970 was a Thursday
    out["weekend_share"] = np.bincount(c, weights=runs * weekend, minlength=n) / size
    new = np.flatnonzero(np.concatenate([[True], (np.diff(hour // 24) != 0) | (np.diff(c) != 0)]))
    days, owner, day = np.add.reduceat(runs, new), c[new], hour[new] // 24
    begin = np.flatnonzero(np.concatenate([[True], np.diff(owner) != 0]))
    peak = np.maximum.reduceat(days, begin)
    reached = np.minimum.reduceat(np.where(days >= 0.95 * peak[owner], day, np.iinfo(np.int64).max), begin)
    out |= {"active_days": np.bincount(owner, minlength=n), "peak_day_requests": peak}
    return out | {"days_to_peak": (reached + 1) - first / DAY_MS}


def _evenness(c: Ints, hour: Ints, runs: Ints, size: Ints) -> Columns:
    """Requests per hour over the whole hours of the span: variance over mean, and P(as even or more) by lot."""
    from scipy.stats import chi2

    ends = np.flatnonzero(np.concatenate([np.diff(c) != 0, [True]]))
    begins = np.concatenate([[0], ends[:-1] + 1])
    hours = hour[ends] - hour[begins] + 1
    mean = size / hours
    squares = np.bincount(c, weights=runs.astype(float) ** 2, minlength=size.size)
    enough = (hours >= 48) & (size >= 100)
    ratio = np.where(enough, (squares / hours - mean**2) / mean * hours / np.maximum(hours - 1, 1), np.nan)
    return {"hour_dispersion": ratio, "equal_spread_p": chi2.cdf(ratio * (hours - 1), hours - 1)}


def _longest_zero_run(active: NDArray[Any]) -> Ints:
    """The longest run of empty columns around the circle, per row."""
    run, longest = np.zeros(len(active), np.int64), np.zeros(len(active), np.int64)
    for column in (*range(active.shape[1]), *range(active.shape[1])):
        run = np.where(active[:, column] == 0, run + 1, 0)
        longest = np.maximum(longest, run)
    return np.minimum(longest, active.shape[1])


def _hash_bits(code: Ints, values: NDArray[np.uint64], n: int, spare: int) -> tuple[Ints, Ints, int]:
    """Rows with a value: their code, and as many leading bits of the value's hash as fit beside code and spare.

    46 bits and more for 100,000 accounts: one account's million distinct values are counted one short with a
    chance under one in a hundred.
    """
    bits = 63 - spare - max(1, (n - 1).bit_length())
    there = values != 0
    if not there.all():
        code, values = code[there], values[there]
    return code, (values >> np.uint64(64 - bits)).astype(np.int64), bits


def _distinct(code: Ints, n: int, values: NDArray[np.uint64], name: str) -> Columns:
    """Distinct values per account; NaN where none is logged in the whole shard."""
    code, part, bits = _hash_bits(code, values, n, 0)
    if not code.size:
        return {name: np.full(n, np.nan)}
    key = code << bits | part
    key.sort()
    return {name: np.bincount((_unique(key) >> bits), minlength=n)}


def _places(code: Ints, at: Ints, n: int, values: NDArray[np.uint64], name: str) -> Columns:
    """Distinct addresses, networks or clients per account, per active day, and (addresses) together in a minute."""
    day_bits = max(1, int(at.max() // DAY_MS).bit_length())
    code_, part, bits = _hash_bits(code, values, n, day_bits)
    nothing = np.full(n, np.nan)
    if not code_.size:
        out: Columns = {f"distinct_{name}s": nothing, f"max_{name}s_per_day": nothing}
        return out | ({"ips_per_day": nothing, "shared_minutes": nothing} if name == "ip" else {})
    day = (at if code_.size == code.size else at[values != 0]) // DAY_MS
    key = (code_ << bits | part) << day_bits | day
    key.sort()
    key = _unique(key)
    out = {f"distinct_{name}s": np.bincount(_unique(key >> day_bits) >> bits, minlength=n)}
    per_day = (key >> (bits + day_bits)) << day_bits | (key & ((1 << day_bits) - 1))
    if name == "ip":
        days = np.bincount(_unique(np.sort(per_day)) >> day_bits, minlength=n)
        out["ips_per_day"] = np.bincount(per_day >> day_bits, minlength=n) / np.where(days > 0, days, np.nan)
        minute = (at if code_.size == code.size else at[values != 0]) // FINE_MS
        out["shared_minutes"] = _shared_minutes(code_, minute, part, bits, n)
    out[f"max_{name}s_per_day"] = _largest_run(per_day, day_bits, n)
    return out


def _shared_minutes(code: Ints, minute: Ints, part: Ints, bits: int, n: int) -> Ints:
    """Minutes of each account in which two or more different values were seen."""
    room = 63 - (n - 1).bit_length() - int(minute.max()).bit_length()
    kept = min(bits, room)
    key = (code << int(minute.max()).bit_length() | minute) << kept | (part >> (bits - kept))
    key.sort()
    slot = _unique(key) >> kept
    again = slot[1:][slot[1:] == slot[:-1]]
    return np.bincount(_unique(again) >> int(minute.max()).bit_length(), minlength=n)


def _largest_run(keys: Ints, bits: int, n: int) -> Ints:
    """Per code (the part above `bits`), how often its most frequent key comes."""
    keys = np.sort(keys)
    new = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    runs = np.diff(np.concatenate([new, [keys.size]]))
    most = np.zeros(n, np.int64)
    np.maximum.at(most, keys[new] >> bits, runs)
    return most


def _in_flight(code: Ints, at: Ints, n: int, duration_ms: NDArray[Any]) -> Columns:
    """The most requests of an account under way at once; NaN where no duration is logged in the whole shard."""
    known = duration_ms >= 0
    if not known.any():
        return {"peak_in_flight": np.full(n, np.nan)}
    c, begin = code[known], at[known]
    end = begin + np.maximum(duration_ms[known], 1)
    bits = int(end.max()).bit_length() + 1
    key = np.concatenate([c << bits | (begin << 1 | 1), c << bits | (end << 1)])  # at one instant, ends come first
    key.sort()
    under_way = np.cumsum(np.where(key & 1, 1, -1))
    owner = key >> bits
    begins = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    peak = np.full(n, 0)
    peak[owner[begins]] = np.maximum.reduceat(under_way, begins)
    return {"peak_in_flight": peak}


def _unique(ordered: Ints) -> Ints:
    """The distinct values of a sorted array."""
    if not ordered.size:
        return ordered
    kept: Ints = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    return kept
