"""Template mining on a labelled mix of our own making, beside datasketch and rensa in the same run.

    python benchmarks/bench_prompts.py [--sizes 20000 200000 1000000] [--peers-at 200000]

The mix: 60 % of the texts in families of 5 to 500 (numbers in slots, free words in slots, fixed head, fixed
tail, fixed
frame, edited words, shuffled sentences), 40 % free text, a third of it with sentences that other texts hold
as well.
Precision and recall are pairwise over all texts. Times are processor seconds of one thread, so that what
else runs on
the machine does not count.
"""

from __future__ import annotations

import argparse
import random
import resource
import string
import sys
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from kit.prompts import mining
from kit.prompts.corpus import read

COMMON = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "that",
    "for",
    "it",
    "as",
    "with",
    "be",
    "on",
    "by",
    "this",
    "are",
    "at",
    "from",
    "or",
    "an",
    "not",
    "have",
    "you",
    "which",
    "can",
    "your",
    "will",
    "one",
    "all",
    "there",
    "has",
    "more",
    "when",
    "do",
    "use",
    "how",
    "what",
    "please",
    "about",
    "into",
    "each",
    "write",
    "give",
    "make",
    "list",
    "text",
    "answer",
]
BATCH = 20_000


class Town:
    """Words with a Zipf-like frequency, sentences made of them, and seven ways of making a family."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        made = {
            "".join(
                self.rng.choice("bdfgklmnprstv") + self.rng.choice("aeiou") for _ in range(self.rng.randint(2, 4))
            )
            for _ in range(30_000)
        }
        self.words = COMMON + sorted(made)
        self.weights = list(accumulate(1 / (k + 3) for k in range(len(self.words))))
        self.pool: list[str] = []

    def some(self, n: int) -> list[str]:
        return self.rng.choices(self.words, cum_weights=self.weights, k=n)

    def sentence(self, low: int = 6, high: int = 18) -> str:
        return " ".join(self.some(self.rng.randint(low, high))).capitalize() + "."

    def sentences(self, low: int, high: int) -> str:
        return " ".join(self.sentence() for _ in range(self.rng.randint(low, high)))

    def free(self) -> str:
        texts = [self.sentence() for _ in range(self.rng.randint(2, 9))]
        if self.pool and self.rng.random() < 0.33:
            texts[self.rng.randrange(len(texts))] = self.rng.choice(self.pool)
        return " ".join(texts)

    def family(self) -> Callable[[], str]:
        rng, kind = self.rng, self.rng.choice(["numbers", "slots", "head", "tail", "frame", "edits", "shuffle"])
        if kind in ("numbers", "slots"):
            parts = [" ".join(self.some(rng.randint(4, 9))) for _ in range(rng.randint(3, 6))]
            if kind == "numbers":
                return lambda: " ".join(f"{p} {rng.randint(1, 99_999)}" for p in parts)
            return lambda: " ".join(f"{p} {' '.join(self.some(rng.randint(1, 3)))}" for p in parts)
        if kind == "head":
            head = self.sentence(10, 30)
            return lambda: f"{head}\n{self.sentences(1, 8)}"
        if kind == "tail":
            tail = self.sentence(10, 30)
            return lambda: f"{self.sentences(1, 8)}\n\n{tail}"
        if kind == "frame":
            head, tail = self.sentence(8, 14), self.sentence(8, 14)
            return lambda: f"{head}\n<<<\n{self.sentences(1, 8)}\n>>>\n{tail}"
        base = [self.sentence() for _ in range(rng.randint(6, 12))]
        if kind == "shuffle":
            return lambda: " ".join(rng.sample(base, len(base)))
        words, share = " ".join(base).split(), rng.uniform(0.02, 0.07)
        return lambda: " ".join(self.some(1)[0] if rng.random() < share else w for w in words)

    def mix(self, n: int) -> tuple[list[str], list[int]]:
        """n distinct texts with the family of each; free texts have one of their own."""
        self.pool = [self.sentence() for _ in range(max(1, n // 100))]
        texts: dict[str, int] = {}
        label = 0
        while len(texts) < 0.6 * n:
            make, label = self.family(), label + 1
            for _ in range(int(10 ** self.rng.uniform(0.9, 2.7))):
                texts.setdefault(make(), label)
        while len(texts) < n:
            label += 1
            texts.setdefault(self.free(), label)
        rows = list(texts.items())
        self.rng.shuffle(rows)
        return [t for t, _ in rows], [f for _, f in rows]


def ours(texts: list[str]) -> list[int]:
    ids = np.random.default_rng(5).permutation(len(texts)).astype(np.uint64)  # a case takes them from a hash in SQL
    corpus = read((ids[a : a + BATCH], texts[a : a + BATCH]) for a in range(0, len(texts), BATCH))
    found: list[int] = mining.mine(corpus).label[ids.astype(np.int64)].tolist()
    return found


def shingles(text: str) -> list[str]:
    words = text.lower().translate(str.maketrans("", "", string.punctuation)).split()
    return [" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))]


def with_datasketch(texts: list[str]) -> list[int]:
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


def with_rensa(texts: list[str]) -> list[int]:
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
    f, t = np.array(found), np.array(truth)
    alone = f < 0
    f[alone] = f.max(initial=0) + 1 + np.arange(alone.sum())
    both = pairs(t.astype(np.int64) * (int(f.max()) + 1) + f)
    return both / max(pairs(f), 1), both / max(pairs(t), 1)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000, 1_000_000])
    ask.add_argument("--peers-at", type=int, default=200_000, help="largest size at which the peers run as well")
    ask.add_argument("--seed", type=int, default=7)
    given = ask.parse_args()
    ours(Town(1).mix(2_000)[0])  # tables that are made once
    for n in given.sizes:
        texts, truth = Town(given.seed).mix(n)
        ways: list[tuple[str, Callable[[list[str]], list[int]]]] = [("kit", ours)]
        if n <= given.peers_at:
            ways += [("datasketch", with_datasketch), ("rensa", with_rensa)]
        took = {}
        for name, way in ways:
            begin = time.process_time()
            found = way(texts)
            took[name] = time.process_time() - begin
            precision, recall = quality(found, truth)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            ratio = f", {took[name] / took['kit']:.1f} x the kit's time" if name != "kit" else ""
            say = f"{n:>9,} texts  {name:<10} {took[name]:7.1f} s  precision {precision:.4f}  recall {recall:.4f}"
            print(f"{say}  peak {peak:.1f} GB{ratio}", flush=True)


if __name__ == "__main__":
    main()
