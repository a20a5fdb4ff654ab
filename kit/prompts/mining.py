"""Families of prompts that share a skeleton: keys propose, a comparison decides.

Every distinct text becomes a row of token hashes. Keys of several kinds (kit.prompts.keys) propose groups; what
most members of a group have in common is learnt from a sample, and a text belongs only if it contains that. Groups
are never united because they share a key, only when what they have in common is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kit.prompts.corpus import (
    COMMON,
    F64,
    SUPPORT,
    Bools,
    Corpus,
    Learnt,
    Rarity,
    containment,
    distinct,
    learn,
    rarity,
    shaped,
    slots,
    uses,
)  # fmt: skip
from kit.prompts.keys import COLUMNS, I32, keys_of, support
from kit.prompts.tokens import I64, U32

CONTAINED = 0.6  # share of the constant bigrams a member must hold
CHANCE_BITS = 20  # constant text must be rarer than chance by this, beyond the size of the corpus
EXCLUSIVE = 0.5  # share of all uses of a bigram that lie in the family for it to count as the family's own
OWN, MANY_OWN = 0.3, 10  # share, or else number, of the constant bigrams that must be the family's own
MANY = 60  # texts from which on constant text in the middle is a form wherever it stands
PART, COVERING = 0.05, 0.8  # a family is split into parts of at least this share, if they cover this much of it
LONGER = 1.5  # and each part has this many times as much constant text
ROUNDS = 8
# A longer run shared by half as many says more: support counts this many times; a band of MinHash 1.5 times.
WEIGHT = {"whole": 4, "h16": 4, "t16": 4, "h8": 2, "t8": 2, "inner": 2, "h4": 0.25, "t4": 0.25}
BAND_WEIGHT = 1.5
LONG_RUNS = ("whole", "h16", "t16", "h8", "t8")
ALIKE = ("whole", "h8", "t8", "inner")  # keys that tell how large a group of texts alike may be


@dataclass
class Families:
    """label[i] is the family of text i, or -1; per family its constant bigrams and how surprising they are."""

    label: I32
    constant: list[U32]
    bits: F64


def mine(corpus: Corpus) -> Families:
    """Families of at least SUPPORT distinct texts."""
    if len(corpus) < SUPPORT:
        return Families(np.full(len(corpus), -1, np.int32), [], np.empty(0))
    keys = keys_of(corpus.tokens, corpus.offsets)
    everyone = np.ones(len(corpus), bool)
    rare = rarity(corpus, np.maximum.reduce([support(keys[COLUMNS.index(name)], everyone) for name in ALIKE]))
    anywhere = uses(corpus)
    label = _merge(*_rounds(corpus, keys, rare), keys)
    label, learnt = _keep_own(corpus, rare, label, anywhere)
    if _split(corpus, keys, rare, label, learnt):
        label, learnt = _keep_own(corpus, rare, label, anywhere)
    _propagate(corpus, learnt, keys, label)
    label, learnt = _keep_own(corpus, rare, label, anywhere)
    return Families(label, [learnt.of(g) for g in range(len(learnt))], learnt.bits)


def _surprising(learnt: Learnt, corpus: Corpus) -> Bools:
    """Whether what each group has in common is too rare to be chance in a corpus of this size."""
    out: Bools = learnt.bits + np.log2(learnt.size) >= np.log2(len(corpus)) + CHANCE_BITS
    return out


def _rounds(corpus: Corpus, keys: list[I32], rare: Rarity) -> tuple[I32, list[U32], F64]:
    """Each text tries the best-supported of its keys; those whose group does not hold try the next one.

    Long first and last runs have their turn before keys that common material (imports, markup) can lend to many.
    """
    label = np.full(len(corpus), -1, np.int32)
    constant: list[U32] = []
    bits: list[F64] = [np.empty(0)]
    keys = [k.copy() for k in keys]
    for among in itertools.chain(itertools.repeat(LONG_RUNS, ROUNDS), itertools.repeat(COLUMNS, ROUNDS)):
        rows, column, value = _choose(keys, label < 0, among)
        for c, key in enumerate(keys):
            key[rows[column == c]] = -1
        order = np.lexsort((rows, value, column))
        rows = rows[order]
        group = np.unique((column[order] << 32) | value[order], return_inverse=True)[1]
        enough = np.bincount(group)[group] >= SUPPORT
        if not enough.any():
            continue
        rows, group = rows[enough], np.unique(group[enough], return_inverse=True)[1]
        learnt = learn(corpus, rows, group, rare)
        holds = _surprising(learnt, corpus) & (learnt.lengths >= 3)
        inside = holds[group]
        rows, group = rows[inside], group[inside]
        belongs = containment(corpus, rows, group, learnt) >= CONTAINED
        kept = np.bincount(group, belongs, minlength=len(holds)) >= SUPPORT
        number = len(constant) + np.cumsum(kept) - 1
        mine = belongs & kept[group]
        label[rows[mine]] = number[group[mine]]
        constant += [learnt.of(int(g)) for g in np.flatnonzero(kept)]
        bits.append(learnt.bits[kept])
    return label, constant, np.concatenate(bits)


def _choose(keys: list[I32], active: Bools, among: Sequence[str]) -> tuple[I64, I64, I64]:
    """Per active text the key that most active texts share (row, column, key), if at least SUPPORT do."""
    best, column = np.zeros(len(active)), np.zeros(len(active), np.int64)
    value = np.zeros(len(active), np.int64)
    for c, (name, key) in enumerate(zip(COLUMNS, keys, strict=True)):
        if name not in among:
            continue
        n = support(key, active)
        score = np.where(n >= SUPPORT, n * WEIGHT.get(name, BAND_WEIGHT), 0)
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


def _propagate(corpus: Corpus, learnt: Learnt, keys: list[I32], label: I32) -> None:
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
    good = containment(corpus, rows, family, learnt) >= CONTAINED
    rows, family = rows[good], family[good]
    order = np.lexsort((family, -learnt.bits[family], rows))
    rows, family = rows[order], family[order]
    first = np.concatenate(([True], rows[1:] != rows[:-1]))[: len(rows)]
    label[rows[first]] = family[first]


def _split(corpus: Corpus, keys: list[I32], rare: Rarity, label: I32, learnt: Learnt) -> bool:
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
        parts = learn(corpus, rows, group, rare)
        of = family[np.searchsorted(group, np.arange(len(parts)))]
        longer = parts.lengths >= LONGER * learnt.lengths[np.minimum(of, len(learnt) - 1)]
        longer &= (of < len(learnt)) & (np.bincount(of, minlength=len(whole))[of] > 1)
        apart = covered & (np.bincount(of, ~longer, minlength=len(whole)) == 0)
        mine = apart[family]
        label[rows[mine]] = int(label.max()) + 1 + group[mine]
        changed |= bool(mine.any())
    return changed


def _keep_own(corpus: Corpus, rare: Rarity, label: I32, anywhere: I64) -> tuple[I32, Learnt]:
    """Keep the families whose constant text is rare, and mostly found nowhere else; number them without gaps."""
    rows = np.flatnonzero(label >= 0)
    rows = rows[np.argsort(label[rows], kind="stable")]
    group = np.unique(label[rows], return_inverse=True)[1]
    learnt = learn(corpus, rows, group, rare)
    of = np.repeat(np.arange(len(learnt)), learnt.lengths)
    own = learnt.uses >= EXCLUSIVE * anywhere[slots(learnt.features, anywhere)]
    number = np.bincount(of, own, minlength=len(learnt))
    share = number / np.maximum(learnt.lengths, 1)
    good = _surprising(learnt, corpus) & ((share >= OWN) | (number >= MANY_OWN)) & (learnt.size >= SUPPORT)
    good &= (learnt.size >= MANY) | shaped(corpus, rows, group, learnt)
    out = np.full(len(label), -1, np.int32)
    out[rows] = np.where(good, np.cumsum(good) - 1, -1)[group]
    return out, learnt.only(good)
