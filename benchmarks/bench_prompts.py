"""Template mining on three labelled mixes of our own making, beside datasketch and rensa in the same run.

    python benchmarks/bench_prompts.py [--sizes N ...] [--peers rensa datasketch] [--mixes Town Bazaar Harbour]

Each way runs in processes of its own, in turns, and the least of three times counts (datasketch runs once). Two
times are given, and two ratios: seconds on the clock and processor seconds of the clustering alone, from texts in
memory to a label for each. The kit loads its compiled loops before that (a second, once per process; on the very
first run it compiles them); the peers' imports are not counted either. Every way works on one thread. Peak memory
is that of the whole process, the texts included. Precision and recall are pairwise.
The peers run on Town, the mix of the seven classic forms; the other two, of many languages and forms, the kit
runs alone.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mixes
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

BATCH = 20_000
REPEATS = 3
TIMES = ("seconds", "processor")
MIXES = ("Town", "Bazaar", "Harbour")


def kit(texts: list[str]) -> list[int]:
    from kit.prompts import mining
    from kit.prompts.corpus import read

    ids = np.random.default_rng(5).permutation(len(texts)).astype(np.uint64)  # a case takes them from a hash in SQL
    corpus = read((ids[a : a + BATCH], texts[a : a + BATCH]) for a in range(0, len(texts), BATCH))
    found: list[int] = mining.mine(corpus).label[ids.astype(np.int64)].tolist()
    return found


def shingles(text: str) -> list[str]:
    words = text.lower().translate(str.maketrans("", "", string.punctuation)).split()
    return [" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))]


def datasketch(texts: list[str]) -> list[int]:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.5, num_perm=64)
    union = list(range(len(texts)))
    for i, text in enumerate(texts):
        m = MinHash(num_perm=64)
        m.update_batch([s.encode() for s in shingles(text)])
        for j in index.query(m):
            join(union, i, j)
        index.insert(i, m, check_duplication=False)
    return [root(union, i) for i in range(len(texts))]


def rensa(texts: list[str]) -> list[int]:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=0.5, num_perm=64, num_bands=16)
    union = list(range(len(texts)))
    for i, text in enumerate(texts):
        m = RMinHash(num_perm=64, seed=42)
        m.update(shingles(text))
        for j in index.query(m):
            join(union, i, j)
        index.insert(i, m)
    return [root(union, i) for i in range(len(texts))]


WAYS = {"kit": kit, "datasketch": datasketch, "rensa": rensa}


def root(union: list[int], x: int) -> int:
    while union[x] != x:
        union[x] = union[union[x]]
        x = union[x]
    return x


def join(union: list[int], a: int, b: int) -> None:
    union[root(union, a)] = root(union, b)


def pairs(labels: np.ndarray) -> int:
    n = np.unique(labels, return_counts=True)[1].astype(np.int64)
    return int((n * (n - 1) // 2).sum())


def quality(found: list[int], truth: list[int]) -> tuple[float, float]:
    """Pairwise precision and recall; what is in no family stands alone."""
    f, t = np.array(found), np.array(truth)
    alone = f < 0
    f[alone] = f.max(initial=0) + 1 + np.arange(alone.sum())
    both = pairs(t.astype(np.int64) * (int(f.max()) + 1) + f)
    return both / max(pairs(f), 1), both / max(pairs(t), 1)


def run_one(way: str, mix: Path) -> None:
    texts, truth = pickle.loads(mix.read_bytes())
    WAYS[way](texts[:2000])
    clock, processor = time.perf_counter(), time.process_time()
    found = WAYS[way](texts)
    took = {"seconds": time.perf_counter() - clock, "processor": time.process_time() - processor}
    took["precision"], took["recall"] = quality(found, truth)
    took["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(took))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000, 1_000_000])
    ask.add_argument("--peers", nargs="*", default=["rensa", "datasketch"], choices=["rensa", "datasketch"])
    ask.add_argument("--mixes", nargs="+", default=list(MIXES), choices=MIXES)
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.one:
        run_one(given.one[0], Path(given.one[1]))
        return
    for name in given.mixes:
        for n in given.sizes:
            with tempfile.TemporaryDirectory() as folder:
                mix = Path(folder) / "mix"
                mix.write_bytes(pickle.dumps(getattr(mixes, name)(given.seed).mix(n)))
                compare(name, n, mix, ["kit", *(given.peers if name == "Town" else [])])


def compare(name: str, n: int, mix: Path, ways: list[str]) -> None:
    """The least time of REPEATS runs of each way, taken in turns; datasketch, far slower, runs once."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for turn in range(REPEATS):
        for way in ways:
            if way != "datasketch" or turn == 0:
                command = [sys.executable, __file__, "--one", way, str(mix)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                runs[way].append(json.loads(done.stdout))
    least = {way: {k: min(run[k] for run in found) for k in TIMES} for way, found in runs.items()}
    for way, took in least.items():
        say = f"{name} {n:>9,}  {way:<10} {took['seconds']:7.1f} s clock {took['processor']:7.1f} s processor  "
        say += "precision {precision:.4f}  recall {recall:.4f}  peak {peak_gb:.1f} GB".format(**runs[way][0])
        if way != "kit":
            say += "  {:.1f} x clock, {:.1f} x processor of the kit".format(
                *(took[k] / least["kit"][k] for k in TIMES)
            )
        print(say, flush=True)


if __name__ == "__main__":
    main()
