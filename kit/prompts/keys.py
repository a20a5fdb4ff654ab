"""Keys by which texts are brought together for comparison; texts with the same key are proposed, never believed.

Kinds: the whole masked text, its first and last runs of 16, 8 and 4 tokens, the inner run that most texts share,
and bands of MinHash over its bigrams (Broder 1997).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled
from kit.prompts.tokens import BASE, I64, U32, U64, mix, mix64, pair

I32 = NDArray[np.int32]
Bools = NDArray[np.bool_]

ENDS = (16, 8, 4)  # tokens of a first or last run
INNER = 8  # tokens of an inner run
BANDS = 12  # MinHash bands, two rows each
COLUMNS = ("whole", "h16", "t16", "h8", "t8", "inner", *(f"band{b}" for b in range(BANDS)), "h4", "t4")
RUNS = 1 << 26  # different runs that are counted; of a bigger corpus one in 2, 4, ... is
FIRST = np.uint64(0xA0761D6478BD642F)


def keys_of(tokens: U32, offsets: I64) -> list[I32]:
    """A column of key numbers for each of COLUMNS; -1 where a text has none or shares it with no other."""
    made: dict[str, I32] = {}

    def keep(raw: U64, *names: str) -> None:
        made.update({name: _dense(column) for name, column in zip(names, raw, strict=True)})

    whole = np.zeros((1, len(offsets) - 1), np.uint64)
    _whole(tokens, offsets, whole[0])
    keep(whole, "whole")
    ends = np.zeros((2, len(offsets) - 1), np.uint64)
    for size in ENDS:
        ends[:] = 0
        _ends(tokens, offsets, size, *ends)
        keep(ends, f"h{size}", f"t{size}")
    del ends
    total = len(tokens)
    counts = np.zeros(1 << min(RUNS.bit_length() - 1, max(16, total.bit_length() + 1)), np.int32)
    every = np.uint64((1 << max(0, total.bit_length() - RUNS.bit_length())) - 1)
    _count_runs(tokens, offsets, every, counts)
    whole[:] = 0
    _best_run(tokens, offsets, every, counts, whole[0])
    del counts
    keep(whole, "inner")
    seeds = mix64(np.arange(4 * BANDS, dtype=np.uint64)).astype(np.uint32).reshape(2, 2 * BANDS)
    bands = np.zeros((BANDS // 2, len(offsets) - 1), np.uint64)
    for first in (0, BANDS // 2):
        some = seeds[:, 2 * first : 2 * first + BANDS]
        bands[:] = 0
        _bands(tokens, offsets, some[0], some[1] | np.uint32(1), bands)
        keep(bands, *(f"band{first + b}" for b in range(BANDS // 2)))
    return [made[name] for name in COLUMNS]


@compiled
def _whole(tokens: U32, offsets: I64, out: U64) -> None:
    for text in range(len(offsets) - 1):
        h = np.uint64(0)
        for token in tokens[offsets[text] : offsets[text + 1]]:
            h = (h + np.uint64(token) + FIRST) * BASE
        out[text] = mix(h)


@compiled
def _ends(tokens: U32, offsets: I64, size: int, head: U64, tail: U64) -> None:
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        if end - begin >= size:
            h = t = np.uint64(size)
            for k in range(size):
                h = (h + np.uint64(tokens[begin + k]) + FIRST) * BASE
                t = (t + np.uint64(tokens[end - size + k]) + FIRST) * BASE
            head[text], tail[text] = mix(h), mix(t)


@compiled
def runs(tokens: U32, out: U64, size: int) -> int:
    """Fill `out` with a hash of each run of `size` tokens; how many there are."""
    leaving = np.uint64(1)
    for _ in range(size):
        leaving *= BASE
    h = np.uint64(0)
    for k in range(len(tokens)):
        h = (h + np.uint64(tokens[k])) * BASE
        if k >= size:
            h -= np.uint64(tokens[k - size]) * leaving * BASE
        if k >= size - 1:
            out[k - size + 1] = mix(h)
    return max(0, len(tokens) - size + 1)


@compiled
def _count_runs(tokens: U32, offsets: I64, every: np.uint64, counts: I32) -> None:
    """Add up how often each run of INNER tokens occurs, by hash."""
    found, slots = np.empty(0, np.uint64), np.uint64(len(counts) - 1)
    for text in range(len(offsets) - 1):
        some = tokens[offsets[text] : offsets[text + 1]]
        if len(some) > len(found):
            found = np.empty(2 * len(some), np.uint64)
        for run in found[: runs(some, found, INNER)]:
            if (run >> np.uint64(58)) & every == 0:
                counts[run & slots] += 1


@compiled
def _best_run(tokens: U32, offsets: I64, every: np.uint64, counts: I32, out: U64) -> None:
    """The run of each text that most texts share; of several the one of greatest hash, alike for a whole family."""
    found, slots = np.empty(0, np.uint64), np.uint64(len(counts) - 1)
    for text in range(len(offsets) - 1):
        some = tokens[offsets[text] : offsets[text + 1]]
        if len(some) > len(found):
            found = np.empty(2 * len(some), np.uint64)
        most, best = 0, np.uint64(0)
        for run in found[: runs(some, found, INNER)]:
            if (run >> np.uint64(58)) & every == 0:
                n = counts[run & slots]
                if n > most or (n == most and run > best):
                    most, best = n, run
        out[text] = best


@compiled
def _bands(tokens: U32, offsets: I64, add: U32, odd: U32, out: U64) -> None:
    rows = len(add)
    least = np.empty(rows, np.uint32)
    for text in range(len(offsets) - 1):
        least[:] = np.uint32(0xFFFFFFFF)
        for k in range(offsets[text], offsets[text + 1]):
            bigram = pair(tokens, k, offsets[text + 1])
            for r in range(rows):
                h = np.uint32(np.uint32(bigram ^ add[r]) * odd[r])
                h = np.uint32(np.uint32(h ^ (h >> np.uint32(15))) * odd[r])
                least[r] = min(least[r], h)
        for band in range(rows // 2 if offsets[text + 1] > offsets[text] else 0):
            out[band, text] = (np.uint64(least[2 * band]) << np.uint64(32)) | np.uint64(least[2 * band + 1])


def _dense(column: U64) -> I32:
    _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    number = np.cumsum(counts > 1) - 1
    number[counts == 1] = -1
    out = number[inverse].astype(np.int32)
    out[column == 0] = -1
    return out


def support(column: I32, active: Bools) -> I32:
    """How many active texts share the key of each active text."""
    have = active & (column >= 0)
    counts = np.bincount(column[have], minlength=int(column.max(initial=0)) + 1)
    return np.where(have, counts[column], 0).astype(np.int32)
