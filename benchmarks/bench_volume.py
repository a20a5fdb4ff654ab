"""All account profiles: the kit, bare DuckDB and pandas on the same narrow Parquet file, in one run.

python benchmarks/bench_volume.py [--rows 10] [--pandas] [--repeat 3]      rows in millions, over 300,000 accounts

The kit computes every feature of account_profiles; bare DuckDB only exact counts, sums, distinct prompts, the
hour histogram with its entropy, and gap quantiles; pandas the kit's features by its own idioms. Each runs in a
process of its own, in turn; the best of the repeats counts. Marks: kit <= 1.2 x DuckDB; pandas >= 4 x the kit's
time and >= 3 x its memory at 10M; the kit within 3 GB at 50M.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

NARROW = """
COPY (
  SELECT 'req_' || i AS request_id, 'acct_' || printf('%06d', a) AS account_id,
    make_timestamptz(((1776816000 + d * 86400 + (s + (a * 7919) % 86400) % 86400)::BIGINT * 1000000
      + (hash(i, 7) % 1000000)::BIGINT)::BIGINT) AS occurred_at,
    printf('%016x', hash(a % 50000, floor(u * u * 200)::BIGINT)) AS prompt_text,
    '10.' || (a % 200) || '.' || (hash(i, 3) % 3 + a % 50) || '.' || (a % 250) AS client_ip,
    'sdk/' || (a % 40) AS user_agent,
    ['orca-2-large', 'orca-2-small', 'orca-3-large'][(1 + hash(i, 9) % 3)::INTEGER] AS request_model,
    (hash(i, 11) % 2000)::BIGINT AS input_tokens, (hash(i, 12) % 1500)::BIGINT AS output_tokens,
    (CASE WHEN hash(i, 13) % 200 = 0 THEN 429 ELSE 200 END)::INTEGER AS http_status
  FROM (
    SELECT i, (300000 * pow((hash(i, 1) % 1000000007) / 1000000007.0, 2))::BIGINT AS a, hash(i, 2) % 45 AS d,
      ((hash(i, 4) % 43200) + (hash(i, 5) % 43200)) // 2 + hash(i, 8) % 3600 AS s,
      (hash(i, 6) % 1000003) / 1000003.0 AS u
    FROM range($rows) t(i))
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)
"""

BARE = """
CREATE TEMP TABLE profiles AS
WITH r AS (SELECT account_id, occurred_at, prompt_text, input_tokens, output_tokens FROM '{file}'),
b AS (SELECT account_id, count(*) AS requests, sum(input_tokens) AS input, sum(output_tokens) AS output,
  count(DISTINCT prompt_text) AS prompts FROM r GROUP BY account_id),
h AS (SELECT account_id, hour(occurred_at) AS hour, count(*) AS n FROM r GROUP BY ALL),
e AS (SELECT account_id, -sum(n / t * log2(n / t)) AS entropy, count(*) AS hours FROM (
  SELECT *, sum(n) OVER (PARTITION BY account_id) AS t FROM h) GROUP BY account_id),
g AS (SELECT account_id, quantile_cont(gap, [0.1, 0.5, 0.9]) AS gaps, max(gap) AS longest FROM (
  SELECT account_id, epoch_ms(occurred_at)
    - lag(epoch_ms(occurred_at)) OVER (PARTITION BY account_id ORDER BY occurred_at) AS gap FROM r)
  GROUP BY account_id)
SELECT * FROM b JOIN e USING (account_id) JOIN g USING (account_id)
"""


def connect(memory: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET timezone = 'UTC'; SET enable_progress_bar = false")
    con.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{tempfile.gettempdir()}/bench_volume_spill'")
    return con


def kit(file: str) -> int:
    from kit.database import create_tables, request_schema
    from kit.volume.tables import fill_profiles, shard_count

    con = connect("1500MB")
    create_tables(con)
    con.execute("DROP TABLE requests")
    have = {r[0] for r in con.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()}
    rest = ", ".join(f'NULL::{t} AS "{n}"' for n, t in request_schema().items() if n not in have)
    con.execute(f"CREATE VIEW requests AS SELECT *, true AS is_primary, {rest} FROM '{file}'")
    fill_profiles(con, shard_count(con))
    return con.execute("SELECT count(*) FROM account_profiles").fetchall()[0][0]


def bare(file: str) -> int:
    con = connect("20GB")
    con.execute(BARE.format(file=file))
    return con.execute("SELECT count(*) FROM profiles").fetchall()[0][0]


def pandas(file: str) -> int:
    import numpy as np

    # through DuckDB, as pandas has no Parquet reader of its own; times as numbers, labels as categories
    read = connect("20GB").execute(
        f"""SELECT account_id, epoch_ms(occurred_at) AS at, prompt_text, client_ip, user_agent, input_tokens,
        output_tokens, http_status FROM '{file}'"""
    )
    frame = read.df()
    frame["account_id"] = frame["account_id"].astype("category")
    frame = frame.sort_values(["account_id", "at"], kind="stable")
    by = frame.groupby("account_id", observed=True)
    out = by.agg(
        requests=("at", "size"),
        first=("at", "min"),
        last=("at", "max"),
        input_tokens=("input_tokens", "sum"),
        output_tokens=("output_tokens", "sum"),
        prompts=("prompt_text", "nunique"),
        ips=("client_ip", "nunique"),
        clients=("user_agent", "nunique"),
    )
    out["limited"] = (frame["http_status"] == 429).groupby(frame["account_id"], observed=True).sum()
    gap = by["at"].diff()
    gaps = gap.groupby(frame["account_id"], observed=True)
    out[["p10", "p50", "p90"]] = gaps.quantile([0.1, 0.5, 0.9]).unstack()
    out["longest_idle"] = gaps.max()
    hour, day = frame["at"] // 3_600_000, frame["at"] // 86_400_000
    of_day = frame.groupby([frame["account_id"], hour % 24], observed=True).size().unstack(fill_value=0)
    share = of_day.div(out["requests"], axis=0)
    out["entropy"] = -(share * np.log2(share.where(share > 0, 1))).sum(axis=1)
    per_hour = frame.groupby([frame["account_id"], hour], observed=True).size()
    of_hours = per_hour.groupby(level=0, observed=True)
    out["active_hours"], out["hour_dispersion"] = of_hours.size(), of_hours.var() / of_hours.mean()
    per_day = frame.groupby([frame["account_id"], day], observed=True).size()
    of_days = per_day.groupby(level=0, observed=True)
    out["active_days"], out["peak_day"] = of_days.size(), of_days.max()
    high = per_day[per_day >= 0.95 * per_day.index.get_level_values(0).map(out["peak_day"]).astype(float)]
    out["first_peak"] = high.reset_index(level=1).groupby(level=0, observed=True)["at"].min()
    out["weekend"] = ((day + 3) % 7 >= 5).groupby(frame["account_id"], observed=True).mean()
    since = frame["at"] - by["at"].transform("min")
    out["day_one"] = (since < 86_400_000).groupby(frame["account_id"], observed=True).sum()
    for column in ("client_ip", "user_agent"):
        daily = (
            frame.groupby([frame["account_id"], day], observed=True)[column]
            .nunique()
            .groupby(level=0, observed=True)
        )
        out[f"{column}_day_max"], out[f"{column}_day_mean"] = daily.max(), daily.mean()
    minute = frame.groupby([frame["account_id"], frame["at"] // 60_000], observed=True)["client_ip"].nunique()
    out["shared_minutes"] = (minute > 1).groupby(level=0, observed=True).sum()
    return len(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10, help="millions of rows (10)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the kit and of DuckDB (3)")
    parser.add_argument("--pandas", action="store_true", help="run pandas too (needs over 10 GB at 10M rows)")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        started = time.perf_counter()
        accounts = {"kit": kit, "bare": bare, "pandas": pandas}[given.only](given.file)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_SELF)
        run = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss / 1e6}
        print(json.dumps(run | {"accounts": accounts}))
        return
    with tempfile.TemporaryDirectory(prefix="bench_volume_") as folder:
        file = str(Path(folder) / "narrow.parquet")
        connect("3GB").execute(NARROW.format(file=file), {"rows": given.rows * 1_000_000})
        names = ["kit", "bare"] * given.repeat + (["pandas"] if given.pandas else [])
        best: dict[str, dict[str, float]] = {}
        for name in names:
            call = [sys.executable, __file__, "--only", name, "--file", file]
            line = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]
            run = json.loads(line)
            print(
                f"{name:7} {run['seconds']:7.1f} s  {run['cpu']:7.1f} s of processor  {run['peak_gb']:5.2f} GB"
                f"  {run['accounts']:,} accounts",
                flush=True,
            )
            if name not in best or run["seconds"] < best[name]["seconds"]:
                best[name] = run
    ratio = best["kit"]["seconds"] / best["bare"]["seconds"]
    print(
        f"{given.rows}M rows: kit / bare DuckDB {ratio:.2f} (mark 1.20), kit peak {best['kit']['peak_gb']:.2f} GB"
    )
    if "pandas" in best:
        faster, less = (best["pandas"][k] / best["kit"][k] for k in ("seconds", "peak_gb"))
        print(f"pandas / kit: {faster:.1f} x the time (mark 4), {less:.1f} x the memory (mark 3)")


if __name__ == "__main__":
    main()
