"""Families of prompts that share a skeleton: keys propose, a comparison decides.

Every distinct text becomes a row of token hashes. Keys of several kinds (the whole masked text, its first and last
tokens, its best-supported inner run, MinHash bands of Broder 1997) propose groups; what most members of a
group have in
common is learnt from a sample, and a text belongs only if it contains that. Groups are never united because they
share a key, only when what they have in common is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.prompts.tokens import I64, U32, U64, mix64, tokenise

I32 = NDArray[np.int32]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

SUPPORT = 5  # distinct texts a family needs
SAMPLE = 24  # members looked at to learn what is constant
COMMON = 0.7  # share of them that must hold a bigram for it to be constant
CONTAINED = 0.6  # share of the constant bigrams a member must hold
CHANCE_BITS = 20  # constant text must be rarer than chance by this, beyond the size of the corpus
EXCLUSIVE = 0.5  # share of all uses of a bigram that lie in the family for it to count as the family's own
OWN = 0.3  # share of the constant bigrams that must be the family's own
COVERED = 0.35  # share of a member's text that is constant, on average, when it neither opens nor closes it
MANY = 60  # texts from which on constant text in the middle is a form wherever it stands
POPULAR = 8  # tokens of the inner run by which texts are brought together
PART, COVERING = 0.05, 0.8  # a family is split into parts of at least this share, if they cover this much of it
LONGER = 1.5  # and each part has this many times as much constant text
BANDS = 12  # MinHash bands, two rows each
ROUNDS = 8
COLUMNS = ("whole", "h16", "t16", "h8", "t8", "p8", *(f"band{b}" for b in range(BANDS)), "h4", "t4")
# A longer run shared by half as many says more: support counts this many times.
WEIGHT = np.array([4, 4, 4, 2, 2, 2, *[1.5] * BANDS, 0.25, 0.25])
PRIOR_BITS = np.array(
    [2, 3, 4, 6, 7, 8, 9, 10.0]
)  # rough rarity of a word by its length, where the corpus is small
PRIOR_TEXTS = 2000
STEP = 1 << 22  # tokens worked on at a time


@dataclass
class Corpus:
    """Distinct texts as token hashes, ordered by id."""

    ids: U64
    tokens: U32
    offsets: I64
    bigrams: U32 = field(init=False)

    def __post_init__(self) -> None:
        ahead = np.zeros_like(self.tokens)
        ahead[:-1] = self.tokens[1:]
        ends = self.offsets[1:][self.offsets[1:] > self.offsets[:-1]]
        ahead[ends - 1] = 0
        self.bigrams = np.empty_like(self.tokens)
        for a in range(0, len(ahead), STEP):
            pair = (self.tokens[a : a + STEP].astype(np.uint64) << np.uint64(32)) | ahead[a : a + STEP]
            self.bigrams[a : a + STEP] = mix64(pair) >> np.uint64(32)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> I64:
        return np.diff(self.offsets)


@dataclass
class Families:
    """label[i] is the family of text i, or -1; per family its constant bigrams and how surprising they are."""

    label: I32
    constant: list[U32]
    bits: F64


def read(batches: Iterable[tuple[U64, list[str]]]) -> Corpus:
    """The corpus of the distinct texts in `batches` of (ids, texts), whatever order they come in."""
    ids, tokens, counts = [], [], []
    for batch_ids, texts in batches:
        t, n = tokenise(texts)
        ids.append(batch_ids)
        tokens.append(t)
        counts.append(n)
    if not ids:
        return Corpus(np.empty(0, np.uint64), np.empty(0, np.uint32), np.zeros(1, np.int64))
    flat, count, id_ = np.concatenate(tokens), np.concatenate(counts), np.concatenate(ids)
    del tokens
    order = np.argsort(id_, kind="stable")
    begin = np.concatenate(([0], np.cumsum(count)))[:-1]
    offsets = np.concatenate(([0], np.cumsum(count[order])))
    return Corpus(id_[order], flat[_ranges(begin[order], count[order])], offsets)


def mine(corpus: Corpus) -> Families:
    """Families of at least SUPPORT distinct texts."""
    if len(corpus) < SUPPORT:
        return Families(np.full(len(corpus), -1, np.int32), [], np.empty(0))
    keys = _keys(corpus)
    rarity = _rarity(corpus, keys)
    needed = float(np.log2(len(corpus)) + CHANCE_BITS)
    label = _merge(*_rounds(corpus, keys, rarity, needed), keys)
    uses = _uses(corpus)
    label, learnt = _keep_own(corpus, rarity, needed, label, uses)
    if _split(corpus, keys, rarity, label, learnt):
        label, learnt = _keep_own(corpus, rarity, needed, label, uses)
    _propagate(corpus, learnt, keys, label)
    label, learnt = _keep_own(corpus, rarity, needed, label, uses)
    return Families(label, [learnt.of(g) for g in range(len(learnt.size))], learnt.bits)


@dataclass
class _Learnt:
    """What groups 0..k-1 have in common: constant bigrams (CSR), bits, how many members."""

    features: U32
    counts: F64  # of each feature: estimated uses in the whole group
    offsets: I64
    bits: F64
    size: I64

    def of(self, g: int) -> U32:
        return self.features[self.offsets[g] : self.offsets[g + 1]]


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The different values in order; by sorting, which for whole numbers beats numpy's hash table."""
    values = np.sort(values)
    return values[np.concatenate(([True], values[1:] != values[:-1]))[: len(values)]]


def _ranges(begin: I64, count: I64) -> I64:
    """begin[0], begin[0]+1, ... count[0] of them, then the next."""
    out = np.arange(int(count.sum()), dtype=np.int64)
    out += np.repeat(begin - (np.cumsum(count) - count), count)
    return out


def _shingle(tokens: U64, size: int) -> U64:
    """Hash of the `size` (a power of two) tokens from each position on; the last ones run into what follows."""
    h, width = tokens.copy(), 1
    while width < size:
        h[:-width] = mix64(h[:-width] * np.uint64(0x100000001B3) + h[width:])
        width *= 2
    return h


def _keys(corpus: Corpus) -> list[I32]:
    """Columns of dense key numbers per text (-1 for none), the most specific kinds first."""
    n, lengths = len(corpus), corpus.lengths
    raw = {name: np.zeros(n, np.uint64) for name in COLUMNS}
    popular = _count_runs(corpus, POPULAR)
    for rows in _parts(corpus.lengths):
        a, b = corpus.offsets[rows.start], corpus.offsets[rows.stop]
        begin, length = corpus.offsets[rows.start : rows.stop] - a, lengths[rows]
        runs = tokens = corpus.tokens[a:b].astype(np.uint64)
        for size in (2, 4, 8, 16):
            runs = _double(runs, size // 2)
            fits = length >= size
            if size > 2:
                raw[f"h{size}"][rows][fits] = runs[begin[fits]] | np.uint64(1)
                raw[f"t{size}"][rows][fits] = runs[(begin + length - size)[fits]] | np.uint64(1)
            if size == POPULAR:
                raw["p8"][rows] = popular.best(runs, begin, length)
        some = length > 0
        if some.any():
            position = (np.arange(b - a) - np.repeat(begin, length)).astype(np.uint64) << np.uint64(34)
            raw["whole"][rows][some] = np.add.reduceat(mix64(tokens + position), begin[some])
            for band, key in enumerate(_bands(corpus.bigrams[a:b], begin[some])):
                raw[f"band{band}"][rows][some] = key
    return [_dense(raw.pop(name)) for name in COLUMNS]


def _double(runs: U64, width: int) -> U64:
    """Hashes of runs twice as wide; the last ones of a text run into the next and are not to be used."""
    out = runs.copy()
    left = runs[:-width]
    out[:-width] = (left ^ (left >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) + runs[width:]
    return out


@dataclass
class _Runs:
    """About how often every run of `size` tokens occurs, by hash; of a big corpus one run in `every` is counted."""

    size: int
    every: int
    table: I32

    def slot(self, runs: U64) -> I64:
        return (
            (runs * np.uint64(0x94D049BB133111EB)) >> np.uint64(64 - (len(self.table).bit_length() - 1))
        ).astype(np.int64)

    def inside(self, begin: I64, length: I64) -> tuple[I64, I64]:
        """Positions from which a run stays within its text, and how many each text has."""
        n = np.maximum(length - self.size + 1, 0)
        return _ranges(begin, n), n

    def best(self, runs: U64, begin: I64, length: I64) -> U64:
        """The run of each text that most texts share; the hash breaks ties alike for every member of a family."""
        out = np.zeros(len(begin), np.uint64)
        at, n = self.inside(begin, length)
        if len(at):
            run = runs[at]
            count = np.minimum(self.table[self.slot(run)], 0xFFFFFF).astype(np.uint64)
            rank = (count << np.uint64(40)) | (run >> np.uint64(24))
            if self.every > 1:
                rank[run % np.uint64(self.every) != 0] = 0
            out[n > 0] = np.maximum.reduceat(rank, (np.cumsum(n) - n)[n > 0])
        return out


def _count_runs(corpus: Corpus, size: int) -> _Runs:
    total = len(corpus.tokens)
    bits = min(26, max(16, total.bit_length() + 1))
    runs = _Runs(size, max(1, total >> 25), np.zeros(1 << bits, np.int32))
    for rows in _parts(corpus.lengths):
        a, b = corpus.offsets[rows.start], corpus.offsets[rows.stop]
        h = corpus.tokens[a:b].astype(np.uint64)
        for k in range(size.bit_length() - 1):
            h = _double(h, 1 << k)
        h = h[runs.inside(corpus.offsets[rows.start : rows.stop] - a, corpus.lengths[rows])[0]]
        if runs.every > 1:
            h = h[h % np.uint64(runs.every) == 0]
        runs.table += np.bincount(runs.slot(h), minlength=1 << bits).astype(np.int32)
    return runs


def _bands(bigrams: U32, begin: I64) -> U64:
    """MinHash of the bigrams in bands of two rows."""
    out = np.empty((BANDS, len(begin)), np.uint64)
    seeds = mix64(np.arange(4 * BANDS, dtype=np.uint64)).astype(np.uint32) | np.uint32(1)
    for band, seed in enumerate(seeds.reshape(BANDS, 4)):
        rows = []
        for odd, add in (seed[:2], seed[2:]):
            h = (bigrams ^ add) * odd
            h ^= h >> np.uint32(15)
            rows.append(np.minimum.reduceat(h * odd, begin).astype(np.uint64))
        out[band] = (rows[0] << np.uint64(32)) | rows[1]
    return out


def _dense(column: U64) -> I32:
    """Keys numbered from 0; none, or a key that only one text has, is -1."""
    _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    number = np.cumsum(counts > 1) - 1
    number[counts == 1] = -1
    out = number[inverse].astype(np.int32)
    out[column == 0] = -1
    return out


def _support(column: I32, active: Bools) -> I32:
    """How many active texts share the key of each active text."""
    have = active & (column >= 0)
    counts = np.bincount(column[have], minlength=int(column.max(initial=0)) + 1)
    return np.where(have, counts[column], 0).astype(np.int32)


@dataclass
class _Rarity:
    """Bits of surprise of a token: rarity among the texts, with a prior by word length where they are few."""

    table: F64
    share: float

    def bits(self, tokens: U32) -> F64:
        prior = PRIOR_BITS[(tokens & np.uint32(7)).astype(np.int64)]
        slot = (tokens >> np.uint32(33 - len(self.table).bit_length())).astype(np.int64)
        out: F64 = self.share * self.table[slot] + (1 - self.share) * prior
        return out


def _rarity(corpus: Corpus, keys: list[I32]) -> _Rarity:
    """A family of any size counts as one text, so that it cannot make its own words look common."""
    everyone = np.ones(len(corpus), bool)
    size = np.maximum.reduce([_support(keys[c], everyone) for c in (0, 3, 4, 5)])
    rows = slice(0, min(len(corpus), 200_000))  # ids are hashes, so the first ones are a fair sample
    weight = 1.0 / np.maximum(size[rows], 1)
    tokens = corpus.tokens[: corpus.offsets[rows.stop]]
    bits = min(24, max(12, len(tokens).bit_length()))
    table = np.bincount(
        tokens >> np.uint32(32 - bits), np.repeat(weight, corpus.lengths[rows]), minlength=1 << bits
    )
    total = float(weight.sum())
    return _Rarity(np.log2((total + 1) / (table + 1)).clip(0), total / (total + PRIOR_TEXTS))


def _learn(corpus: Corpus, rows: I64, group: I64, rarity: _Rarity) -> _Learnt:
    """What the texts `rows` of each group (0..k-1, sorted) have in common, from the first SAMPLE of each."""
    size = np.bincount(group)
    place = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
    rows, group = rows[place < SAMPLE], group[place < SAMPLE]
    sampled = np.minimum(size, SAMPLE)
    share = size / sampled
    least = np.maximum(np.ceil(COMMON * sampled), np.minimum(sampled, SUPPORT - 1)).astype(np.int64)
    g, bigrams, n = _common(corpus.bigrams, corpus, rows, group, least)
    offsets = np.searchsorted(g, np.arange(len(size) + 1))
    g_tokens, tokens, _ = _common(corpus.tokens, corpus, rows, group, least)
    bits = np.asarray(np.bincount(g_tokens, rarity.bits(tokens), minlength=len(size)), np.float64)
    uses: F64 = n.astype(np.float64) * share[g]
    return _Learnt(bigrams, uses, offsets, bits, size.astype(np.int64))


def _common(values: U32, corpus: Corpus, rows: I64, group: I64, least: I64) -> tuple[I64, U32, I64]:
    """(group, value, texts) of the values that at least `least` texts of a group hold, sorted."""
    found: list[tuple[I64, U32, I64]] = [(np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.int64))]
    per_group = np.bincount(group, corpus.lengths[rows]).astype(np.int64)
    for part in _parts(per_group):
        a, b = np.searchsorted(group, [part.start, part.stop])
        n = corpus.lengths[rows[a:b]]
        row = np.repeat(np.arange(b - a, dtype=np.uint64), n)
        once = distinct((row << np.uint64(32)) | values[_ranges(corpus.offsets[rows[a:b]], n)])
        local = (group[a:b] - part.start).astype(np.uint64)[(once >> np.uint64(32)).astype(np.int64)]
        pairs, texts = np.unique((local << np.uint64(32)) | (once & np.uint64(0xFFFFFFFF)), return_counts=True)
        g = (pairs >> np.uint64(32)).astype(np.int64) + part.start
        keep = texts >= least[g]
        found.append((g[keep], pairs[keep].astype(np.uint32), texts[keep]))
    g_, v_, n_ = zip(*found, strict=True)
    return np.concatenate(g_), np.concatenate(v_), np.concatenate(n_)


class _Containment:
    """Which share of a group's constant bigrams a text holds."""

    def __init__(self, learnt: _Learnt) -> None:
        self.total = np.diff(learnt.offsets)
        g = np.repeat(np.arange(len(self.total), dtype=np.uint64), self.total)
        self.pairs = (g << np.uint64(32)) | learnt.features  # sorted: by group, then by bigram
        self.bits = min(27, max(16, len(g).bit_length() + 5))
        self.sieve = np.zeros(
            1 << self.bits, bool
        )  # passes every pair there is and few others, to spare the search
        self.sieve[self._slot(self.pairs)] = True

    def _slot(self, pairs: U64) -> I64:
        return (mix64(pairs) >> np.uint64(64 - self.bits)).astype(np.int64)

    def holds(self, bigrams: U32, group: I64) -> Bools:
        """Whether each bigram is constant in the group beside it."""
        pairs = (group.astype(np.uint64) << np.uint64(32)) | bigrams
        place = np.minimum(np.searchsorted(self.pairs, pairs), max(len(self.pairs) - 1, 0))
        out: Bools = self.pairs[place] == pairs if len(self.pairs) else np.zeros(len(pairs), bool)
        return out

    def of(self, corpus: Corpus, rows: I64, group: I64) -> F64:
        out = np.zeros(len(rows))
        for part in _parts(corpus.lengths[rows]):
            n = corpus.lengths[rows[part]]
            at = _ranges(corpus.offsets[rows[part]], n)
            pairs = (np.repeat(group[part].astype(np.uint64), n) << np.uint64(32)) | corpus.bigrams[at]
            some = np.flatnonzero(self.sieve[self._slot(pairs)])
            place = np.searchsorted(self.pairs, pairs[some])
            place[place == len(self.pairs)] = 0
            hit = self.pairs[place] == pairs[some] if len(self.pairs) else np.zeros(len(some), bool)
            row = np.repeat(np.arange(len(n)), n)[some[hit]]
            once = distinct((row << 32) | place[hit])
            out[part] = np.bincount(once >> 32, minlength=len(n))
        return out / np.maximum(self.total[group], 1)


def _parts(lengths: I64) -> Iterable[slice]:
    """Slices of rows that hold about STEP tokens each."""
    total = np.concatenate(([0], np.cumsum(lengths)))
    cuts = np.searchsorted(total, np.arange(STEP, total[-1] + STEP, STEP))
    edges = np.unique(np.clip(np.concatenate(([0], cuts, [len(lengths)])), 0, len(lengths)))
    return (slice(int(a), int(b)) for a, b in itertools.pairwise(edges))


def _rounds(corpus: Corpus, keys: list[I32], rarity: _Rarity, needed: float) -> tuple[I32, list[U32], F64]:
    """Each text tries the best-supported of its keys; those whose group does not hold try the next one."""
    label = np.full(len(corpus), -1, np.int32)
    constant: list[U32] = []
    bits: list[F64] = [np.empty(0)]
    keys = [k.copy() for k in keys]
    for _ in range(ROUNDS):
        rows, column, value = _choose(keys, label < 0)
        if not len(rows):
            break
        for c, key in enumerate(keys):
            key[rows[column == c]] = -1
        order = np.lexsort((rows, value, column))
        rows = rows[order]
        group = np.unique((column[order] << 32) | value[order], return_inverse=True)[1]
        enough = np.bincount(group)[group] >= SUPPORT
        if not enough.any():
            continue
        rows, group = rows[enough], np.unique(group[enough], return_inverse=True)[1]
        learnt = _learn(corpus, rows, group, rarity)
        holds = (learnt.bits + np.log2(learnt.size) >= needed) & (np.diff(learnt.offsets) >= 3)
        inside = holds[group]
        rows, group = rows[inside], group[inside]
        belongs = _Containment(learnt).of(corpus, rows, group) >= CONTAINED
        kept = np.bincount(group, belongs, minlength=len(holds)) >= SUPPORT
        number = len(constant) + np.cumsum(kept) - 1
        mine = belongs & kept[group]
        label[rows[mine]] = number[group[mine]]
        constant += [learnt.of(int(g)) for g in np.flatnonzero(kept)]
        bits.append(learnt.bits[kept])
    return label, constant, np.concatenate(bits)


def _choose(keys: list[I32], active: Bools) -> tuple[I64, I64, I64]:
    """Per active text the key that most active texts share (row, column, key), if at least SUPPORT do."""
    best, column = np.zeros(len(active)), np.zeros(len(active), np.int64)
    value = np.zeros(len(active), np.int64)
    for c, key in enumerate(keys):
        n = _support(key, active)
        score = np.where(n >= SUPPORT, n * WEIGHT[c], 0)
        better = score > best
        best[better], column[better], value[better] = score[better], c, key[better]
    rows = np.flatnonzero(best)
    return rows, column[rows], value[rows]


def _votes(key: I32, label: I32) -> tuple[I64, I64, I64]:
    """(key, family, texts) for every pair that occurs, each key's strongest family first."""
    have = (key >= 0) & (label >= 0)
    pairs, n = np.unique((key[have].astype(np.int64) << 32) | label[have], return_counts=True)
    k, family = pairs >> 32, pairs & 0xFFFFFFFF
    order = np.lexsort((family, -n, k))
    return k[order], family[order], n[order]


def _merge(label: I32, constant: list[U32], bits: F64, keys: list[I32]) -> I32:
    """One family where two have the same constant text; sharing a key only brings a pair up for comparison."""
    pairs: list[I64] = [np.empty(0, np.int64)]
    for key in keys:
        k, family, _ = _votes(key, label)
        first = np.concatenate(([True], k[1:] != k[:-1]))[: len(k)]
        top = family[first][np.cumsum(first) - 1] if len(k) else family
        a, b = np.minimum(top, family), np.maximum(top, family)
        pairs.append(((a << 32) | b)[a != b])
    pair, together = np.unique(np.concatenate(pairs), return_counts=True)
    size = np.bincount(label[label >= 0], minlength=len(constant))
    root = np.arange(len(constant))

    def find(x: int) -> int:
        while root[x] != x:
            root[x] = root[root[x]]
            x = int(root[x])
        return x

    for i in np.lexsort((pair, -together)):
        a, b = find(int(pair[i]) >> 32), find(int(pair[i]) & 0xFFFFFFFF)
        if a == b:
            continue
        shared = len(np.intersect1d(constant[a], constant[b], assume_unique=True))
        smaller, bigger = sorted((len(constant[a]), len(constant[b])))
        if shared >= COMMON * smaller and shared >= bigger / 2:
            keep, gone = (a, b) if (size[a], bits[a], -a) >= (size[b], bits[b], -b) else (b, a)
            root[gone] = keep
            size[keep] += size[gone]
    final = np.array([find(x) for x in range(len(constant))] + [-1], np.int32)
    return final[label]


def _propagate(corpus: Corpus, learnt: _Learnt, keys: list[I32], label: I32) -> None:
    """A text left over joins the family that most texts with one of its keys are in, if it contains what is
    constant."""
    left = np.flatnonzero(label < 0)
    proposals: list[I64] = [np.empty(0, np.int64)]
    for key in keys:
        k, family, _ = _votes(key, label)
        first = np.concatenate(([True], k[1:] != k[:-1]))[: len(k)]
        strongest = np.full(int(key.max(initial=0)) + 1, -1, np.int64)
        strongest[k[first]] = family[first]
        mine = np.where(key[left] >= 0, strongest[key[left]], -1)
        proposals.append(((left << 24) | mine)[mine >= 0])
    pair = distinct(np.concatenate(proposals))
    rows, family = pair >> 24, pair & 0xFFFFFF
    good = _Containment(learnt).of(corpus, rows, family) >= CONTAINED
    rows, family = rows[good], family[good]
    order = np.lexsort((family, -learnt.bits[family], rows))
    rows, family = rows[order], family[order]
    first = np.concatenate(([True], rows[1:] != rows[:-1]))[: len(rows)]
    label[rows[first]] = family[first]


def _shaped(corpus: Corpus, learnt: _Learnt, rows: I64, group: I64) -> Bools:
    """Whether a family's constant text opens or closes most members, or is a good part of them.

    A sentence that a few texts hold somewhere in the middle is a quotation, not a form.
    """
    place = np.arange(len(group)) - np.searchsorted(group, group)
    rows, group = rows[place < SAMPLE], group[place < SAMPLE]
    some = corpus.lengths[rows] > 2
    rows, group = rows[some], group[some]
    length = corpus.lengths[rows]
    held = _Containment(learnt)
    whole = held.of(corpus, rows, group) * np.diff(learnt.offsets)[group] / length
    opens = held.holds(corpus.bigrams[corpus.offsets[rows]], group)
    closes = held.holds(corpus.bigrams[corpus.offsets[rows] + length - 2], group)
    n = np.maximum(np.bincount(group, minlength=len(learnt.size)), 1)
    share = [np.bincount(group, x, minlength=len(n)) / n for x in (whole, opens, closes)]
    out: Bools = (share[0] >= COVERED) | (share[1] >= COMMON) | (share[2] >= COMMON)
    return out


def _split(corpus: Corpus, keys: list[I32], rarity: _Rarity, label: I32, learnt: _Learnt) -> bool:
    """Take families apart that share, say, a closing sentence but open in a few ways, each with much text of
    its own."""
    changed = False
    for name in ("h16", "t16", "h8", "t8"):
        key = keys[COLUMNS.index(name)]
        rows = np.flatnonzero((label >= 0) & (key >= 0))
        rows = rows[np.lexsort((key[rows], label[rows]))]
        pair = (label[rows].astype(np.int64) << 32) | key[rows]
        _, group, size = np.unique(pair, return_inverse=True, return_counts=True)
        family = label[rows].astype(np.int64)
        whole = np.bincount(label[label >= 0], minlength=int(label.max(initial=-1)) + 1)
        large = size[group] >= np.maximum(SUPPORT, PART * whole[family])
        rows, group, family = rows[large], np.unique(group[large], return_inverse=True)[1], family[large]
        if not len(rows):
            continue
        covered = np.bincount(family, minlength=len(whole)) >= COVERING * whole
        parts = _learn(corpus, rows, group, rarity)
        of = family[np.searchsorted(group, np.arange(len(parts.size)))]
        longer = np.diff(parts.offsets) >= LONGER * np.diff(learnt.offsets)[np.minimum(of, len(learnt.size) - 1)]
        longer &= (of < len(learnt.size)) & (np.bincount(of, minlength=len(whole))[of] > 1)
        apart = covered & (np.bincount(of, ~longer, minlength=len(whole)) == 0)
        mine = apart[family]
        label[rows[mine]] = int(label.max()) + 1 + group[mine]
        changed |= bool(mine.any())
    return changed


def _grouped(label: I32) -> tuple[I64, I64]:
    """Rows that have a family, in order of family, and that family numbered without gaps."""
    rows = np.flatnonzero(label >= 0)
    rows = rows[np.argsort(label[rows], kind="stable")]
    return rows, np.unique(label[rows], return_inverse=True)[1]


def _uses(corpus: Corpus) -> I64:
    """How often each bigram occurs anywhere, by hash."""
    bits = min(24, max(12, len(corpus.bigrams).bit_length()))
    table = np.zeros(1 << bits, np.int64)
    for a in range(0, len(corpus.bigrams), STEP):
        table += np.bincount(corpus.bigrams[a : a + STEP] >> np.uint32(32 - bits), minlength=1 << bits)
    return table


def _keep_own(corpus: Corpus, rarity: _Rarity, needed: float, label: I32, uses: I64) -> tuple[I32, _Learnt]:
    """Keep the families whose constant text is rare, and mostly found nowhere else; number them without gaps."""
    rows, group = _grouped(label)
    learnt = _learn(corpus, rows, group, rarity)
    features = np.diff(learnt.offsets)
    g = np.repeat(np.arange(len(features)), features)
    slot = (learnt.features >> np.uint32(33 - len(uses).bit_length())).astype(np.int64)
    own = learnt.counts >= EXCLUSIVE * uses[slot]
    share = np.bincount(g, own, minlength=len(features)) / np.maximum(features, 1)
    good = (learnt.bits + np.log2(learnt.size) >= needed) & (share >= OWN) & (learnt.size >= SUPPORT)
    good &= (learnt.size >= MANY) | _shaped(corpus, learnt, rows, group)
    out = np.full(len(label), -1, np.int32)
    out[rows] = np.where(good, np.cumsum(good) - 1, -1)[group]
    kept = np.repeat(good, features)
    offsets = np.concatenate(([0], np.cumsum(features[good])))
    return out, _Learnt(learnt.features[kept], learnt.counts[kept], offsets, learnt.bits[good], learnt.size[good])
