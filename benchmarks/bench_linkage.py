"""Links and communities against Splink 5 on generated accounts: pairwise F1, seconds and peak memory, in one run.

python benchmarks/bench_linkage.py [--accounts 50000 300000] [--data kind hard]

Kind data: members of a cluster share cards, devices, proxies and a template. Hard data: a shared value reaches two
or three members, addresses rotate, and every cluster lacks one family; its accounts work on common jobs. Around
them
live ordinary accounts with families that share a card, gateways with thousands behind one address, popular
templates.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable

import duckdb
import numpy as np
import polars as pl

from kit.database import create_tables
from kit.linkage.pairs import communities, pair_links

HOURS = 720


def generate(n: int, hard: bool, seed: int = 3) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Value number of every account per attribute, the cluster of each account (-1 ordinary), its active hours."""
    rng = np.random.default_rng(seed)
    sizes = np.unique(np.geomspace(5, min(5000, n // 20), 24).astype(int))
    cluster = np.full(n, -1)
    place = rng.permutation(n)
    at = 0
    for _ in range(3 if n >= 200_000 else 1):
        for size in sizes:
            cluster[place[at : at + size]] = cluster.max() + 1
            at += size
    own = np.arange(n)
    values = {k: own + i * 10 * n for i, k in enumerate(("card", "device", "address", "template"))}
    ordinary = cluster < 0
    family = rng.random(n) < 0.1
    values["card"] = np.where(ordinary & family, own // 3 * 3, values["card"])
    gateway = ordinary & (rng.random(n) < 0.3)
    values["address"] = np.where(gateway, 5 * n + rng.integers(0, 20, n), values["address"])
    values["template"] = np.where(ordinary, 60 * n + rng.integers(0, 30, n), values["template"])
    hours = [rng.integers(0, HOURS, (n, 12)), np.full((n, 12), -1)]
    for c in range(cluster.max() + 1):
        m = np.flatnonzero(cluster == c)
        missing = rng.choice(["card", "device", "address"]) if hard else ""
        for i, k in enumerate(("card", "device", "address")):
            reach = 3 if hard else (6, 12, 40)[i]
            take = rng.random(m.size) < (0.5 if hard else 0.9)
            if k != missing:
                values[k][m[take]] = (
                    (100 + i) * n + c * 10_000 + rng.integers(0, max(m.size // reach, 1), take.sum())
                )
        values["template"][m] = 200 * n + c * 10_000 + rng.integers(0, max(m.size // 150, 1), m.size)
        jobs = rng.choice(HOURS, 40, replace=False)
        joined = rng.permuted(np.tile(np.arange(40), (m.size, 1)), axis=1)[:, :12]
        hours[1][m] = jobs[joined]
    return values, cluster, np.concatenate(hours, axis=1)


def tables(values: dict[str, np.ndarray], hours: np.ndarray) -> duckdb.DuckDBPyConnection:
    """The per-account tables of a case that hold these accounts."""
    n = hours.shape[0]
    con = duckdb.connect()
    create_tables(con)
    con.execute("SET threads = 2")
    ids = pl.Series([f"a{i:07d}" for i in range(n)])
    base = pl.DataFrame({"account_id": ids})
    for k, v in values.items():
        base = base.with_columns(pl.Series(k, v))
    who = np.repeat(ids.to_numpy(), hours.shape[1])
    long = pl.DataFrame({"account_id": who, "h": hours.ravel()}).filter(pl.col("h") >= 0)
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in (("base", base), ("long", long)):
            frame.write_parquet(f"{folder}/{name}.parquet")
            con.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM '{folder}/{name}.parquet'")
    con.execute("INSERT INTO accounts (account_id) SELECT account_id FROM base")
    for k in ("card", "device"):
        picked = f"SELECT account_id, '{k}', {k}::VARCHAR FROM base"
        con.execute("INSERT INTO identifiers (account_id, id_type, id_value) " + picked)
    for k, kind in (("address", "ip"), ("template", "template")):
        con.execute(
            f"INSERT INTO account_values SELECT account_id, '{kind}', {k}::VARCHAR, 1, NULL, NULL FROM base"
        )
    con.execute("""INSERT INTO account_hours (account_id, hour_at, requests)
        SELECT DISTINCT account_id, to_timestamp(1767225600 + h * 3600), 1 FROM long""")
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


def ours(values: dict[str, np.ndarray], hours: np.ndarray) -> Callable[[], list[np.ndarray]]:
    con, n = tables(values, hours), hours.shape[0]
    return lambda: communities(pair_links(con, n), n)


def splink(values: dict[str, np.ndarray], hours: np.ndarray) -> Callable[[], list[np.ndarray]]:
    """Splink 5 on DuckDB as its tutorial has it: random sampling for u, EM on two rules, clusters at 0.95."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    n = hours.shape[0]
    frame = pl.DataFrame({"unique_id": np.arange(n), **{k: v.astype(str) for k, v in values.items()}})
    rules = [block_on(k) for k in ("card", "device")] + [block_on("address", "template")]
    settings = SettingsCreator("dedupe_only", [cl.ExactMatch(k) for k in values], rules)

    def run() -> list[np.ndarray]:
        api = DuckDBAPI()
        linker = Linker(api.register(frame.to_arrow()), settings)
        linker.training.estimate_probability_two_random_records_match(rules, recall=0.7)
        linker.training.estimate_u_using_random_sampling(1e6)
        for rule in rules[:2]:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(linker.inference.predict(0.5), 0.95)
        rows = found.as_duckdbpyrelation().fetchnumpy()
        order = np.argsort(rows["cluster_id"], kind="stable")
        ids, key = np.asarray(rows["unique_id"])[order], np.asarray(rows["cluster_id"])[order]
        return [g for g in np.split(ids, np.flatnonzero(key[1:] != key[:-1]) + 1) if g.size >= 2]

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[50_000, 300_000])
    parser.add_argument("--data", nargs="+", default=["kind", "hard"], choices=("kind", "hard"))
    parser.add_argument("--only", choices=("ours", "splink"), default=None)
    given = parser.parse_args()
    for n in given.accounts:
        for data in given.data:
            values, truth, hours = generate(n, data == "hard")
            for name, method in (("ours", ours), ("splink", splink)):
                if given.only in (None, name):
                    run = method(values, hours)
                    began = time.perf_counter()
                    p, r, f1 = pairwise(run(), truth)
                    spent = time.perf_counter() - began
                    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
                    score = f"P {p:.4f} R {r:.4f} F1 {f1:.4f}"
                    print(f"{n:>7} {data} {name:<7} {spent:7.2f} s  {score}  peak {peak:.1f} GB", flush=True)


if __name__ == "__main__":
    main()
