"""Builds the sample incident: `python sample_data/make_sample.py OUT_DIR [--seed N]`.

A month in a small town of API accounts with three harvests in it (a fixed prompt with a ban and a second pool, a
dispatcher over a handful of accounts, a low-and-wide burst) and every harmless look-alike. The exports come as an
investigator gets them: three files of requests in three formats that overlap a little, torn lines, gaps.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import polars as pl
from generate import Incident, Plan, campaigns, finish, new_town, populate
from numpy.random import Generator
from town import lookalikes
from town.write import ndjson_lines, pack, write_requests

SEED = 11
DAYS = 30.0
OVERLAP = 25
"""Requests delivered twice at each seam between two files."""
TORN = 20
"""Lines of the NDJSON file that cannot be read; each is a damaged copy or noise, so no request is lost by it."""

WORKING_TAGS = Plan(
    name="fixed_prompt",
    accounts=34,
    per_account=140,
    pools=("campaign_tags", "campaign_evolve"),
    distinct=3_000,
    mixed=0.15,
    card_share=0.6,
    disposable=0.35,
    pool_exits=90,
    agents=3,
    temperature=1.0,
    max_tokens=16384,
    starts=3.0,
    ends=28.5,
)
DISPATCHER = Plan(
    name="load_balanced",
    accounts=14,
    per_account=150,
    pools=("campaign_trace", "campaign_rubric"),
    distinct=2_400,
    mixed=0.0,
    card_share=0.3,
    pool_exits=40,
    borrowed=0.8,
    temperature=0.8,
    top_p=0.95,
    max_tokens=8192,
    starts=8.0,
    ends=26.0,
)
TWO_DAYS = Plan(
    name="low_and_wide",
    accounts=160,
    per_account=4,
    pools=("signature",),
    distinct=600,
    mixed=0.05,
    card_share=0.0,
    disposable=0.6,
    pool_exits=0,
    sign_up_days=6.0,
    max_tokens=4096,
    starts=17.0,
    ends=19.0,
)


HOLES = 9
"""Accounts of which some fields are missing in accounts.csv."""


def build(seed: int = SEED) -> Incident:
    """The whole incident, before it is cut into files."""
    town = new_town(seed, scale=0.1, days=DAYS, name="sample")
    populate(town, residents=210, median=21.0, skip=("monitor", "cron"))
    lookalikes.monitor(town, minutes=60.0)
    lookalikes.cron(town, count=8)
    campaigns.fixed_prompt(town, WORKING_TAGS, ban_day=14.0)
    campaigns.load_balanced(town, DISPATCHER)
    campaigns.low_and_wide(town, TWO_DAYS)
    return finish(town, seed)


def write(incident: Incident, folder: Path) -> None:
    """Write exports/, truth.csv and the check sums of all of it."""
    rng = np.random.default_rng([incident.seed, 5])
    exports = folder / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    for name, part in zip(("gateway-1", "gateway-2", "gateway-3"), thirds(incident.requests), strict=True):
        if name == "gateway-1":
            write_requests(part, exports / f"{name}.parquet")
        elif name == "gateway-2":
            lines = torn(rng, ndjson_lines(part, keep_empty=False))
            (exports / f"{name}.ndjson.gz").write_bytes(pack(b"".join(lines)))
        else:
            write_requests(part, exports / f"{name}.csv.gz")
    with_holes(rng, incident.accounts).write_csv(exports / "accounts.csv")
    incident.identifiers.write_csv(exports / "identifiers.csv")
    incident.releases.write_csv(exports / "model_releases.csv")
    incident.truth_accounts.write_csv(folder / "truth.csv")
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "SHA256SUMS"]
    sums = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files)
    (folder / "SHA256SUMS").write_text("".join(sums))


def thirds(requests: pl.DataFrame) -> list[pl.DataFrame]:
    """Three stretches of time of about equal size; each ends with a few requests that the next one repeats."""
    size = -(-requests.height // 3)
    return [requests.slice(max(0, k * size - OVERLAP), size + (OVERLAP if k else 0)) for k in range(3)]


def torn(rng: Generator, lines: list[str]) -> list[bytes]:
    """The lines with damaged copies and noise between them, as writers leave that were killed half-way."""
    out = [line.encode() for line in lines]
    places = np.sort(rng.choice(np.arange(1, len(out)), TORN, replace=False))
    for number, place in enumerate(places[::-1]):
        whole = out[int(place)].rstrip(b"\n")
        damage = (
            whole[: len(whole) // 2],
            whole[len(whole) // 3 :],
            whole.replace(b'":', b'";', 1),
            b"2026-05-06 upstream closed the stream, flushing",
            b"[" + whole[:60] + b"]",
            b"\xff\xfe\x00 not text \x80",
        )[number % 6]
        out.insert(int(place), damage + b"\n")
    return out


def with_holes(rng: Generator, accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts as the customer system gave them: of a few, some fields are gone."""
    gone = pl.Series(np.isin(np.arange(accounts.height), rng.choice(accounts.height, HOLES, replace=False)))
    fields = ("email_domain", "signup_ip", "declared_country")
    return accounts.with_columns(pl.when(~gone).then(pl.col(f)).alias(f) for f in fields)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    incident = build(given.seed)
    write(incident, given.out)
    size = sum(p.stat().st_size for p in given.out.rglob("*") if p.is_file())
    count = f"{incident.requests.height} requests, {incident.accounts.height} accounts"
    print(f"{given.out}: {count}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
