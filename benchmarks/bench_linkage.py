"""Links and communities against Splink 5 on generated accounts: pairwise F1, seconds and peak memory, in one run.

python benchmarks/bench_linkage.py [--accounts 50000 300000] [--data kind hard loose]

Clusters of 5 to 5,000 accounts. Kind data: nearly all members share cards, devices, addresses and a template with
others. Hard data: a quarter of the members share a card, a fifth a device, six in ten a wording, each with three or
four others; half send through proxies that rotate over homes, the same ones for all clusters, in which innocent
people live; and every cluster lacks one family altogether. Both work on common jobs (a member joins 12 of 40,
within seconds of each other) beside as many requests of their own as ordinary accounts make. Loose data: hard data
whose members come within two minutes of the start of the job, before or after.
Around them live ordinary accounts: families that share card, home and often a device; firms (known organisations)
that share card, office and prompt; gateways with thousands behind one address; circles that share a rare wording;
machines that run every hour or every day at the same minute; most people by day, each in one of 24 time zones.

Both methods start from values per account, those of more than 200 accounts left out, and with their libraries
imported. What a load spends on deriving those tables once is printed beside: ours holds the times of all requests,
which Splink is not asked to look at.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context
from typing import Any

import duckdb
import numpy as np
import polars as pl

from kit.database import create_tables
from kit.linkage.activity import fill_windows
from kit.linkage.bursts import linked_groups
from kit.linkage.pairs import fill_rare_values

DAYS = 30
MINUTE = 60
DATA = ("kind", "hard", "loose")
THRESHOLDS = (0.1, 0.5, 0.9, 0.99, 0.999)  # the first, its best on kind data, is the one that is timed
BEGAN = 1_767_225_600  # 1 January 2026, UTC


@dataclass
class Accounts:
    """Generated accounts: long tables of (account, value) per attribute, (account, second), organisation, truth."""

    n: int
    cluster: np.ndarray  # -1 ordinary
    org: np.ndarray
    held: dict[str, list[np.ndarray]] = field(default_factory=dict)
    times: list[np.ndarray] = field(default_factory=list)
    used: int = 0

    def share(self, kind: str, who: np.ndarray, value: np.ndarray) -> None:
        """Give the accounts these values of the kind, the same numbers meaning the same value within one call."""
        self.held.setdefault(kind, []).append(np.column_stack([who, value + self.used]))
        self.used += int(value.max(initial=0)) + 1

    def act(self, who: np.ndarray, second: np.ndarray) -> None:
        self.times.append(np.column_stack([who, second % (DAYS * 86_400)]))


def generate(n: int, data: str, seed: int = 3) -> Accounts:
    rng = np.random.default_rng(seed)
    sizes = np.tile(np.geomspace(5, 5000, 12).astype(int), 3 if n >= 200_000 else 1)
    place, cluster = rng.permutation(n), np.full(n, -1)
    cluster[place[: sizes.sum()]] = np.repeat(np.arange(sizes.size), sizes)
    world = Accounts(n, cluster, np.arange(n))
    people = place[sizes.sum() :]
    _own_hours(world, rng)
    homes = _ordinary(world, people, rng)
    if data == "kind":
        _kind(world, rng)
    else:
        _hard(world, homes, rng)
    for c in range(sizes.size):
        _jobs(world, np.flatnonzero(cluster == c), 120 if data == "loose" else 20, rng)
    for kind in ("card", "device", "address", "template"):  # what each has of its own
        world.share(kind, np.arange(n), np.arange(n))
    return world


def _own_hours(world: Accounts, rng: np.random.Generator) -> None:
    """Everybody's own requests: 24 in the median, by day in the account's time zone."""
    count = np.clip(rng.lognormal(np.log(24), 0.8, world.n), 3, 400).astype(int)
    who = np.repeat(np.arange(world.n), count)
    zone = rng.integers(0, 24, world.n)
    hour = (rng.normal(14, 3.5, who.size).astype(int) + zone[who]) % 24
    world.act(who, rng.integers(0, DAYS, who.size) * 86_400 + hour * 3_600 + rng.integers(0, 3_600, who.size))


def _ordinary(world: Accounts, people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Families, firms, gateways, circles and machines; returns the people at home whose address is their own."""
    n = people.size
    family, firm, rest = np.split(people, [n // 10, n // 10 + n // 50])
    several = rng.random(family.size) < 0.5
    world.share("card", family, np.arange(family.size) // 3)
    world.share("address", family, np.arange(family.size) // 3)
    world.share("device", family[several], (np.arange(family.size) // 3)[several])
    for kind in ("card", "address", "template"):
        world.share(kind, firm, np.arange(firm.size) // 8)
    world.org[firm] = world.n + np.arange(firm.size) // 8
    behind, at_home = np.split(rest, [3 * rest.size // 10])
    world.share("address", behind, rng.integers(0, 20, behind.size))
    world.share("template", people, rng.integers(0, 30, n))
    circle = rng.permutation(people)[: n // 5]
    world.share("template", circle, rng.integers(0, circle.size // 12, circle.size))
    machine = rng.permutation(people)[: n // 20]
    hourly, daily = np.array_split(machine, 2)
    minute = np.where(rng.random(n) < 0.5, 0, rng.integers(0, 60, n)) * MINUTE
    ticks = np.arange(0, DAYS * 24, 4)
    world.act(
        np.repeat(hourly, ticks.size),
        (ticks * 3_600 + minute[: hourly.size, None] + rng.integers(0, 30, (hourly.size, ticks.size))).ravel(),
    )
    at = rng.integers(0, 24, daily.size) * 3_600 + minute[-daily.size :]
    world.act(
        np.repeat(daily, DAYS),
        (np.arange(DAYS) * 86_400 + at[:, None] + rng.integers(0, 30, (daily.size, DAYS))).ravel(),
    )
    return at_home


def _kind(world: Accounts, rng: np.random.Generator) -> None:
    for c in range(world.cluster.max() + 1):
        m = np.flatnonzero(world.cluster == c)
        for kind, reach in (("card", 6), ("device", 12), ("address", 40)):
            who = m[rng.random(m.size) < 0.9]
            world.share(kind, who, rng.integers(0, max(m.size // reach, 1), who.size))
        world.share("template", m, rng.integers(0, max(m.size // 150, 1), m.size))


def _hard(world: Accounts, homes: np.ndarray, rng: np.random.Generator) -> None:
    rotating = []
    for c in range(world.cluster.max() + 1):
        m = np.flatnonzero(world.cluster == c)
        missing = rng.choice(["identity", "infrastructure", "content"])
        for kind, part, reach in (("card", 0.25, 3), ("device", 0.2, 3), ("template", 0.6, 4)):
            if missing != ("content" if kind == "template" else "identity"):
                who = m[rng.random(m.size) < part]
                world.share(kind, who, rng.integers(0, max(who.size // reach, 1), who.size))
        if missing != "infrastructure":
            rotating.append(np.repeat(m[rng.random(m.size) < 0.5], 4))
    who = np.concatenate(rotating)
    exits = max(who.size // 4, 1)  # four stays an exit, two innocent people in it
    innocent = rng.permutation(homes)[: 2 * exits]
    every = np.concatenate([who, innocent])
    world.share(
        "address", every, np.concatenate([rng.integers(0, exits, who.size), np.arange(innocent.size) % exits])
    )


def _jobs(world: Accounts, m: np.ndarray, jitter: int, rng: np.random.Generator) -> None:
    """Forty jobs at random times; each member joins twelve, `jitter` seconds off (standard deviation or most)."""
    start = rng.integers(600, DAYS * 86_400 - 600, 40)
    joined = rng.permuted(np.tile(np.arange(40), (m.size, 1)), axis=1)[:, :12]
    off = rng.normal(0, jitter, joined.shape) if jitter < 60 else rng.uniform(-jitter, jitter, joined.shape)
    world.act(np.repeat(m, 12), (start[joined] + off.astype(int)).ravel())


def tables(world: Accounts) -> duckdb.DuckDBPyConnection:
    """The tables of a case that hold these accounts."""
    con = duckdb.connect()
    con.execute("SET timezone = 'UTC'; SET threads = 2; SET enable_progress_bar = false")
    create_tables(con)
    con.execute("DROP TABLE requests")
    with tempfile.TemporaryDirectory() as folder:
        held = [
            pl.DataFrame(np.concatenate(rows), schema=["who", "value"]).with_columns(kind=pl.lit(kind))
            for kind, rows in world.held.items()
        ]
        frames = {
            "base": pl.DataFrame({"who": np.arange(world.n), "org": world.org}),
            "held": pl.concat(held),
            "times": pl.DataFrame(np.concatenate(world.times), schema=["who", "second"]),
        }
        for name, frame in frames.items():
            frame.write_parquet(f"{folder}/{name}.parquet")
            con.execute(
                f"CREATE TEMP TABLE {name} AS SELECT 'a' || lpad(who::VARCHAR, 7, '0') AS account_id, * "
                f"FROM '{folder}/{name}.parquet'"
            )
    con.execute("INSERT INTO accounts (account_id, org_id) SELECT account_id, org::VARCHAR FROM base")
    con.execute("""INSERT INTO identifiers (account_id, id_type, id_value)
        SELECT account_id, kind, value::VARCHAR FROM held WHERE kind IN ('card', 'device')""")
    con.execute("""INSERT INTO account_values
        SELECT account_id, if(kind = 'address', 'ip', kind), value::VARCHAR, 1, NULL, NULL
        FROM held WHERE kind IN ('address', 'template')""")
    con.execute(
        """CREATE TEMP TABLE requests AS
        SELECT account_id, to_timestamp($began + second) AS occurred_at, true AS is_primary FROM times""",
        {"began": BEGAN},
    )
    return con


def pairwise(groups: list[np.ndarray], truth: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of accounts; pairs of ordinary accounts are wrong."""
    said = right = 0
    for g in groups:
        said += g.size * (g.size - 1) // 2
        _, k = np.unique(truth[g][truth[g] >= 0], return_counts=True)
        right += int((k * (k - 1) // 2).sum())
    _, k = np.unique(truth[truth >= 0], return_counts=True)
    there = int((k * (k - 1) // 2).sum())
    p, r = right / max(said, 1), right / max(there, 1)
    return p, r, 2 * p * r / max(p + r, 1e-12)


def ours(world: Accounts) -> tuple[Callable[[], Any], Callable[[Any], dict[str, list[np.ndarray]]]]:
    """The links a case gets: from its per-account tables to groups, as kit.linkage.tables.fill asks for them."""
    import igraph  # noqa: F401 not timed, nor is Splink's import

    con = tables(world)
    began = time.perf_counter()
    fill_windows(con)
    fill_rare_values(con)
    print(f"{world.n:>7} ours: account_windows and rare_values derived in {time.perf_counter() - began:.2f} s")
    return lambda: linked_groups(con), lambda done: dict(zip(("two families", "with bursts"), done, strict=True))


def splink(world: Accounts) -> tuple[Callable[[], Any], Callable[[Any], dict[str, list[np.ndarray]]]]:
    """Splink 5 on DuckDB by its own recommendations, and a little help.

    Blocking on each attribute, addresses and wordings as arrays that are exploded; values held by more than 200
    accounts set to null; term frequencies; random sampling for u; EM on card and on device; the best of five
    thresholds, told from the truth. Timed is one run up to the clustering at the first threshold.
    """
    import logging

    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.WARNING)
    began = time.perf_counter()
    frame = pl.DataFrame({"unique_id": np.arange(world.n)})
    for kind, rows in world.held.items():
        long = pl.DataFrame(np.concatenate(rows), schema=["unique_id", kind]).unique(maintain_order=True)
        long = long.filter(pl.len().over(kind) <= 200).with_columns(pl.col(kind).cast(pl.String))
        # an account's own value comes last: the shared one is kept where there is room for one only
        one = pl.col(kind).first() if kind in ("card", "device") else pl.col(kind)
        frame = frame.join(long.group_by("unique_id", maintain_order=True).agg(one), on="unique_id", how="left")
    print(f"{world.n:>7} splink: values of few accounts by account in {time.perf_counter() - began:.2f} s")
    rules = [block_on("card"), block_on("device")]
    rules += [block_on(k, arrays_to_explode=[k]) for k in ("address", "template")]
    compared = [cl.ExactMatch(k).configure(term_frequency_adjustments=True) for k in ("card", "device")]
    compared += [cl.ArrayIntersectAtSizes(k, [1]) for k in ("address", "template")]
    settings = SettingsCreator("dedupe_only", compared, rules)

    def run() -> tuple[Any, Any, list[np.ndarray]]:
        linker = Linker(DuckDBAPI().register(frame.to_arrow()), settings)
        linker.training.estimate_probability_two_random_records_match(rules[:2], recall=0.7)
        linker.training.estimate_u_using_random_sampling(1e6)
        for rule in rules[:2]:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        predicted = linker.inference.predict(0.05)
        return linker, predicted, _clustered(linker, predicted, THRESHOLDS[0])

    def groups(done: tuple[Any, Any, list[np.ndarray]]) -> dict[str, list[np.ndarray]]:
        linker, predicted, first = done
        rest = {f"threshold {t}": _clustered(linker, predicted, t) for t in THRESHOLDS[1:]}
        return {f"threshold {THRESHOLDS[0]}": first} | rest

    return run, groups


def _clustered(linker, predicted, threshold: float) -> list[np.ndarray]:
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold)
    rows = found.as_duckdbpyrelation().fetchnumpy()
    order = np.argsort(rows["cluster_id"], kind="stable")
    ids, key = np.asarray(rows["unique_id"])[order], np.asarray(rows["cluster_id"])[order]
    return [g for g in np.split(ids, np.flatnonzero(key[1:] != key[:-1]) + 1) if g.size >= 2]


def measure(name: str, n: int, data: str) -> None:
    """One method on one world, in a process of its own, so that its peak of memory is its own."""
    world = generate(n, data)
    run, groups = {"ours": ours, "splink": splink}[name](world)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    began, cpu = time.perf_counter(), time.process_time()
    done = run()
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{n:>7} {data:<5} {name}: {spent:.2f} s, {cpu:.2f} s of CPU, peak {peak:.1f} GB (data {before:.1f})")
    for what, found in groups(done).items():
        people = [g[world.org[g] < world.n] for g in found]  # a known firm is right to be one group
        p, r, f1 = pairwise(people, world.cluster)
        wrong = sum(int((world.cluster[g] < 0).sum()) for g in people if g.size >= 4)
        print(f"        {what:<16} P {p:.4f}  R {r:.4f}  F1 {f1:.4f}  ordinary accounts in groups: {wrong}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[50_000, 300_000])
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--only", nargs="+", choices=("ours", "splink"), default=["ours", "splink"])
    given = parser.parse_args()
    alone = get_context("spawn")
    for n, data, name in product(given.accounts, given.data, given.only):
        process = alone.Process(target=measure, args=(name, n, data))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{name} failed on {n} accounts of {data} data; the error is above.")


if __name__ == "__main__":
    main()
