"""The pooled two-sample test on a built case of which it is known who belonged to the campaign.

    python benchmarks/bench_pooled.py CASE TRUTH.csv [--draws 1000] [--prompts 1500] [--shares 0 5 10 25 50 100]

TRUTH.csv has account_id and role. Pools are drawn as whole accounts, since the prompts of one account are alike:
ordinary accounts (role other than campaign) until they hold so many distinct prompts, at most 100 of an account;
of a mixture a share (in percent) comes from campaign accounts, in a fifth of the draws. The reference is every
ordinary account not drawn. Prints how many pools of each share are called different: 0 are false alarms, the
rest is the power.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from kit.case import open_case
from kit.stats import pooled_difference


def pool(rng: np.random.Generator, places: np.ndarray, counts: np.ndarray, prompts: float) -> np.ndarray:
    order = rng.permutation(places)
    return order[: int(np.searchsorted(np.cumsum(counts[order]), prompts)) + 1]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("case", type=Path)
    ask.add_argument("truth", type=Path)
    ask.add_argument("--draws", type=int, default=1000)
    ask.add_argument("--prompts", type=int, default=1500)
    ask.add_argument("--shares", type=int, nargs="+", default=[0, 5, 10, 25, 50, 100])
    given = ask.parse_args()
    found = open_case(given.case).query("prompts/contents", least=5).frame
    sums, counts = np.array(found["content"].to_list()), found["sampled"].to_numpy()
    role = dict(duckdb.read_csv(str(given.truth)).select("account_id, role").fetchall())
    campaign = np.array([role.get(a) == "campaign" for a in found["account_id"]])
    ordinary = np.flatnonzero(~campaign)
    print(
        f"{len(ordinary)} ordinary accounts with {counts[~campaign].sum()} prompts, {campaign.sum()} of a campaign"
    )
    rng = np.random.default_rng(11)
    for share in (percent / 100 for percent in given.shares if campaign.any() or not percent):
        called = 0
        draws = given.draws if not share else given.draws // 5
        for _ in range(draws):
            drawn = []
            if share < 1:
                drawn.append(pool(rng, ordinary, counts, (1 - share) * given.prompts))
            if share:
                drawn.append(pool(rng, np.flatnonzero(campaign), counts, share * given.prompts))
            tested = np.isin(np.arange(len(counts)), np.concatenate(drawn))
            kept = tested | ~campaign
            test = pooled_difference(
                sums[kept], counts[kept], tested[kept], draws=200, seed=int(rng.integers(1 << 30))
            )
            called += bool(test.different)
        print(
            f"{share:.0%} campaign: {called} of {draws} pools of {given.prompts} prompts called different",
            flush=True,
        )


if __name__ == "__main__":
    main()
