"""Distinct texts as tokens, what groups of them have in common, and which texts hold that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled
from kit.prompts.tokens import CODE, HEAD, I64, SHORTEST, TAIL, U32, U64, pair, tokenise

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

SUPPORT = 5  # distinct texts a family needs
SAMPLE = 24  # members looked at to learn what is constant
COMMON = 0.7  # share of them that must hold a bigram for it to be constant
COVERED = 0.35  # share of a member's text that is constant, on average, when it neither opens nor closes it
PRIOR_BITS = np.array([2, 3, 2, 3, 4, 6, 7, 9.0])  # rough rarity of a token by its code, for few texts
PRIOR_TEXTS = 2000
PILES = 64  # parts of all ids, gathered apart and put in order one after the other
FIRST_IDS = np.arange(PILES, dtype=np.uint64) << np.uint64(58)
SAMPLED_TEXTS = 200_000  # texts from which the rarity of a token is learnt
REACH = np.arange(4)[:, None]  # tokens that a character can be part of stand within so many
ROOM = SAMPLE * (HEAD + TAIL)  # different values that the texts looked at can hold at most


class Grown:
    """Numbers that come in batches, in one array that grows where it lies: a list put together is there twice."""

    def __init__(self, dtype: Any) -> None:
        self.values: NDArray[Any] = np.empty(0, dtype)

    def add(self, more: NDArray[Any]) -> None:
        have = len(self.values)
        self.values.resize(have + len(more), refcheck=False)
        self.values[have:] = more


@dataclass
class Corpus:
    """Distinct texts as token hashes, ordered by id.

    Their bigrams would need as much room again, so they are made where they are looked at (tokens.pair).
    """

    ids: U64
    tokens: U32
    offsets: I64

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> I64:
        return np.diff(self.offsets)


def read(batches: Iterable[tuple[U64, list[str]]]) -> Corpus:
    """The corpus of the distinct texts in `batches` of (ids, texts), whatever order they come in."""
    piles = [(Grown(np.uint64), Grown(np.uint32), Grown(np.int64)) for _ in range(PILES)]
    for batch_ids, texts in batches:
        ids, tokens, offsets = _in_order(batch_ids, *tokenise(texts))
        edges = np.searchsorted(ids, FIRST_IDS).tolist()
        for pile, a, b in zip(piles, edges, [*edges[1:], len(ids)], strict=True):
            pile[0].add(ids[a:b])
            pile[1].add(tokens[offsets[a] : offsets[b]])
            pile[2].add(np.diff(offsets[a : b + 1]))
    whole = (Grown(np.uint64), Grown(np.uint32), Grown(np.int64))
    while piles:  # the room of each is free before the next is put in order
        ids, tokens, offsets = _in_order(*(grown.values for grown in piles.pop(0)))
        for grown, more in zip(whole, (ids, tokens, np.diff(offsets)), strict=True):
            grown.add(np.asarray(more))
    return Corpus(whole[0].values, whole[1].values, np.concatenate(([0], np.cumsum(whole[2].values))))


def _in_order(ids: U64, tokens: U32, counts: I64) -> tuple[U64, U32, I64]:
    """The same texts in the order of their ids, with offsets for the counts."""
    order = np.argsort(ids, kind="stable")
    begin = (np.cumsum(counts) - counts)[order]
    offsets = np.concatenate(([0], np.cumsum(counts[order])))
    return ids[order], _moved(tokens, begin, offsets), offsets


@compiled
def _moved(tokens: U32, begin: I64, offsets: I64) -> U32:
    out = np.empty_like(tokens)
    for text in range(len(begin)):
        for k in range(offsets[text + 1] - offsets[text]):
            out[offsets[text] + k] = tokens[begin[text] + k]
    return out


@dataclass
class Rarity:
    """How often a text holds a token, and an unspaced character after its like; a prior where texts are few."""

    tokens: F64
    pairs: F64
    texts: float

    def anywhere(self, tokens: U32) -> F64:
        """Bits of surprise that a text has each token somewhere."""
        return self._blend(np.log2((self.texts + 1) / (self._seen(tokens) + 1)), tokens)

    def following(self, bigrams: U32, run: list[U32]) -> F64:
        """Bits of each unspaced character run[1] after run[0], when run[2] and run[3] (or 0) come next.

        Half of a word tells the other half; and a character says no more than the runs of characters it is part of
        would, anywhere in a text, or five common words would count for more when written without spaces.
        """
        out = self._blend(np.log2((self._seen(run[0]) + 1) / (self.pairs[slots(bigrams, self.pairs)] + 1)), run[1])
        for token, last in zip(run[1:], (1, 1, 0), strict=True):
            part = (token != 0) & (token & CODE <= last)
            out[part] = np.minimum(out[part], self.anywhere(token[part]))
        return out

    def _seen(self, tokens: U32) -> F64:
        out: F64 = self.tokens[slots(tokens, self.tokens)]
        return out

    def _blend(self, learnt: F64, tokens: U32) -> F64:
        share = self.texts / (self.texts + PRIOR_TEXTS)
        out: F64 = share * learnt.clip(0) + (1 - share) * PRIOR_BITS[tokens & CODE]
        return out


def rarity(corpus: Corpus, size: NDArray[np.int32]) -> Rarity:
    """How rare tokens are, when `size` is in how large a group of texts alike each text stands.

    A group of any size counts as one text, so that it cannot make its own words look common.
    """
    weight = 1.0 / np.maximum(size[:SAMPLED_TEXTS], 1)  # ids are hashes, so the first ones are a fair sample
    tokens, pairs = (np.zeros(1 << min(24, max(12, int(corpus.offsets[len(weight)]).bit_length()))) for _ in "12")
    _weigh(corpus.tokens, corpus.offsets, weight, _shift(tokens), tokens)
    _weigh_characters(corpus.tokens, corpus.offsets, weight, _shift(pairs), pairs)
    return Rarity(tokens, pairs, float(weight.sum()))


@compiled
def _weigh_characters(tokens: U32, offsets: I64, weight: F64, shift: np.uint32, table: F64) -> None:
    for text in range(len(weight)):
        for k in range(offsets[text], offsets[text + 1] - 1):
            if tokens[k + 1] & CODE < SHORTEST:
                table[pair(tokens, k, offsets[text + 1]) >> shift] += weight[text]


def uses(corpus: Corpus) -> I64:
    """How often each bigram occurs anywhere, by hash."""
    table = np.zeros(1 << min(24, max(12, len(corpus.tokens).bit_length())), np.int64)
    _weigh_bigrams(corpus.tokens, corpus.offsets, _shift(table), table)
    return table


@compiled
def _weigh_bigrams(tokens: U32, offsets: I64, shift: np.uint32, table: I64) -> None:
    for text in range(len(offsets) - 1):
        for k in range(offsets[text], offsets[text + 1]):
            table[pair(tokens, k, offsets[text + 1]) >> shift] += 1


@compiled
def _weigh(values: U32, offsets: I64, weight: Any, shift: np.uint32, table: Any) -> None:
    for text in range(len(weight)):
        for value in values[offsets[text] : offsets[text + 1]]:
            table[value >> shift] += weight[text]


def slots(values: U32, table: NDArray[Any]) -> I64:
    """The place of each hash in a table whose length is a power of two."""
    return (values >> _shift(table)).astype(np.int64)


def _shift(table: NDArray[Any]) -> np.uint32:
    return np.uint32(33 - len(table).bit_length())


@dataclass
class Learnt:
    """What groups 0..k-1 have in common: constant bigrams group by group, bits of surprise, how many members."""

    features: U32
    uses: F64  # of each feature in the whole group, estimated
    offsets: I64
    bits: F64
    size: I64

    def __len__(self) -> int:
        return len(self.size)

    @property
    def lengths(self) -> I64:
        return np.diff(self.offsets)

    def of(self, group: int) -> U32:
        return self.features[self.offsets[group] : self.offsets[group + 1]]

    def only(self, wanted: Bools) -> Learnt:
        kept = np.repeat(wanted, self.lengths)
        offsets = np.concatenate(([0], np.cumsum(self.lengths[wanted])))
        return Learnt(self.features[kept], self.uses[kept], offsets, self.bits[wanted], self.size[wanted])


def learn(corpus: Corpus, rows: I64, group: I64, rare: Rarity) -> Learnt:
    """What the texts `rows` of each group (0..k-1, sorted) have in common, from the first SAMPLE of each."""
    size = np.bincount(group)
    sampled = np.minimum(size, SAMPLE)
    least = np.maximum(np.ceil(COMMON * sampled), np.minimum(sampled, SUPPORT - 1)).astype(np.int64)
    look = (rows, np.cumsum(size) - size, sampled, least)
    features, texts, places, offsets = _shared(corpus.tokens, corpus.offsets, *look)
    end = corpus.offsets[np.searchsorted(corpus.offsets, places, side="right")]
    runs = np.stack([np.where(at < end, corpus.tokens[np.minimum(at, end - 1)], 0) for at in places + REACH])
    of = np.repeat(np.arange(len(size), dtype=np.uint64), np.diff(offsets))
    estimated = texts * (size / np.maximum(sampled, 1))[of.astype(np.int64)]
    return Learnt(features, estimated, offsets, _surprise(rare, of, features, runs, len(size)), size)


def _surprise(rare: Rarity, of: U64, bigrams: U32, runs: U32, groups: int) -> F64:
    """Bits of the words in the bigrams of each group, and of its unspaced characters each after the one before."""
    group, (first, second, _, _) = of << np.uint64(32), runs
    unspaced = (second != 0) & (second & CODE < SHORTEST)
    tokens = distinct(np.concatenate((group | first, (group | second)[second & CODE >= SHORTEST])))
    tokens = tokens[~np.isin(tokens, (group | second)[unspaced])]
    bits = (rare.anywhere(tokens.astype(np.uint32)), rare.following(bigrams[unspaced], list(runs[:, unspaced])))
    whose = np.concatenate((tokens >> np.uint64(32), of[unspaced])).astype(np.int64)
    return np.bincount(whose, np.concatenate(bits), minlength=groups).astype(np.float64)


@compiled
def _shared(
    tokens: U32, offsets: I64, rows: I64, first: I64, sampled: I64, least: I64
) -> tuple[U32, I64, I64, I64]:
    """Bigrams that at least `least` of the first `sampled` texts of a group hold, sorted; how many do; where one is
    read; offsets."""
    room = 0
    for group in range(len(first)):
        longest = 0
        for row in rows[first[group] : first[group] + sampled[group]]:
            longest += offsets[row + 1] - offsets[row]
        room += longest // max(least[group], 1)
    out, texts, ends = np.empty(room, np.uint32), np.empty(room, np.int64), np.zeros(len(first) + 1, np.int64)
    places = np.empty(room, np.int64)
    mask = 1
    while mask < 2 * ROOM:
        mask *= 2
    key, of = np.empty(mask, np.uint32), np.full(mask, -1, np.int64)
    last, n, place = np.empty(mask, np.int64), np.empty(mask, np.int64), np.empty(mask, np.int64)
    mask -= 1
    used = np.empty(ROOM, np.int64)
    end = 0
    for group in range(len(first)):
        found = 0
        for row in rows[first[group] : first[group] + sampled[group]]:
            for k in range(offsets[row], offsets[row + 1]):
                value = pair(tokens, k, offsets[row + 1])
                at = np.int64(value >> np.uint32(3)) & mask
                while of[at] == group and key[at] != value:
                    at = (at + 1) & mask
                if of[at] != group:
                    of[at], key[at], last[at], n[at] = group, value, -1, 0
                    place[at] = k
                    used[found] = at
                    found += 1
                if last[at] != row:
                    last[at] = row
                    n[at] += 1
        begin = end
        for at in used[:found]:
            if n[at] >= least[group]:
                out[end], texts[end], places[end] = key[at], n[at], place[at]
                end += 1
        order = np.argsort(out[begin:end])
        out[begin:end], texts[begin:end] = out[begin:end][order], texts[begin:end][order]
        places[begin:end] = places[begin:end][order]
        ends[group + 1] = end
    return out[:end].copy(), texts[:end].copy(), places[:end].copy(), ends


def containment(corpus: Corpus, rows: I64, group: I64, learnt: Learnt) -> F64:
    """Which share of the constant bigrams of its group each text holds."""
    held = _held(corpus.tokens, corpus.offsets, rows, group, learnt.features, learnt.offsets)
    out: F64 = held / np.maximum(learnt.lengths[group], 1)
    return out


@compiled
def _held(tokens: U32, offsets: I64, rows: I64, group: I64, features: U32, feature_offsets: I64) -> I64:
    out, seen = np.zeros(len(rows), np.int64), np.full(len(features), -1, np.int64)
    for i in range(len(rows)):
        begin, end = feature_offsets[group[i]], feature_offsets[group[i] + 1]
        constant = features[begin:end]
        for k in range(offsets[rows[i]], offsets[rows[i] + 1]):
            bigram = pair(tokens, k, offsets[rows[i] + 1])
            at = begin + np.searchsorted(constant, bigram)
            if at < end and features[at] == bigram and seen[at] != i:
                seen[at] = i
                out[i] += 1
    return out


def shaped(corpus: Corpus, rows: I64, group: I64, learnt: Learnt) -> Bools:
    """Whether a group's constant text opens or closes most members, or is a good part of them.

    A sentence that a few texts hold somewhere in the middle is a quotation, not a form.
    """
    place = np.arange(len(group)) - np.searchsorted(group, group)
    looked_at = (place < SAMPLE) & (corpus.lengths[rows] > 2)
    rows, group = rows[looked_at], group[looked_at]
    first, length = corpus.offsets[rows], corpus.lengths[rows]
    share = np.stack([
        containment(corpus, rows, group, learnt) * learnt.lengths[group] / length,
        _constant(_pairs(corpus.tokens, first), group, learnt),
        _constant(_pairs(corpus.tokens, first + length - 2), group, learnt),
    ])  # fmt: skip
    n = np.maximum(np.bincount(group, minlength=len(learnt)), 1)
    covered, opens, closes = (np.bincount(group, s, minlength=len(learnt)) / n for s in share)
    out: Bools = (covered >= COVERED) | (opens >= COMMON) | (closes >= COMMON)
    return out


@compiled
def _pairs(tokens: U32, at: I64) -> U32:
    """The bigrams of the tokens at these places, none of them the last of its text."""
    out = np.empty(len(at), np.uint32)
    for i in range(len(at)):
        out[i] = pair(tokens, at[i], at[i] + 2)
    return out


def _constant(bigrams: U32, group: I64, learnt: Learnt) -> Bools:
    """Whether each bigram is constant in the group beside it."""
    of = np.repeat(np.arange(len(learnt), dtype=np.uint64), learnt.lengths)
    constant = (of << np.uint64(32)) | learnt.features
    return np.isin((group.astype(np.uint64) << np.uint64(32)) | bigrams, constant)


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The different values in order; by sorting, which for whole numbers beats numpy's hash table."""
    values = np.sort(values)
    return values[np.concatenate(([True], values[1:] != values[:-1]))[: len(values)]]
