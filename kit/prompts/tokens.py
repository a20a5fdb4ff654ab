"""Texts to tokens, many at a time: words where a script has spaces, characters where it has none, numbers
masked."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

HEAD, TAIL = 280, 140  # tokens kept of a long text: what is constant stands in front, at the end, or near them
NUMBER = np.uint32(7)  # every token with a digit in it: 17, 2026-05-01, gpt4, 0x3f
SEPARATOR, WORD, DIGIT, SINGLE, MARK = 0, 1, 2, 3, 4
MARKUP = "<>[]{}#|=~^`*"  # a run of these is a token: markers, headings and fences tell templates apart
# Scripts written without spaces between words: each character is a token of its own.
UNSPACED = (
    (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
CHARS = 1 << 19  # characters worked on at a time: what fits the processor's cache
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64


@cache
def _tables() -> tuple[NDArray[np.uint8], U64]:
    """Class and folded, mixed value of every code point."""
    kind = np.zeros(0x110000, np.uint8)
    fold = np.arange(0x110000, dtype=np.uint64)
    for code in range(0x30000):
        char = chr(code)
        if char.isdecimal():
            kind[code] = DIGIT
        elif char.isalnum() or unicodedata.category(char)[0] == "M" or char == "_":
            kind[code] = WORD
            plain = unicodedata.normalize("NFKC", char).lower()
            fold[code] = ord(plain) if len(plain) == 1 else code
    for char in MARKUP:
        kind[ord(char)] = MARK
    for first, last in UNSPACED:
        part = kind[first : last + 1]
        part[part == WORD] = SINGLE
    kind[0x20000:0x40000] = SINGLE
    return kind, mix64(fold)


def mix64(x: U64) -> U64:
    """A bijective scramble of 64 bits (the finaliser of SplitMix64)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: U64 = x ^ (x >> np.uint64(31))
    return out


@cache
def _powers(size: int) -> tuple[U64, U64]:
    """Powers of the base and of its inverse, for hashing any span from one running sum."""
    up, down = np.full(size, _BASE, np.uint64), np.full(size, pow(_BASE, -1, 1 << 64), np.uint64)
    up[0] = down[0] = 1
    return np.multiply.accumulate(up), np.multiply.accumulate(down)


def tokenise(texts: list[str]) -> tuple[U32, I64]:
    """Token hashes of all texts one after the other, and how many each text has (at most HEAD + TAIL).

    The three low bits of a token hold its length in characters less one (7 and more as 7); runs of number tokens
    count as one.
    """
    tokens, counts = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    edges = np.searchsorted(ends, np.arange(CHARS, (ends[-1] if len(ends) else 0) + CHARS, CHARS), side="right")
    first = 0
    for edge in [*edges.tolist(), len(texts)]:
        if (last := min(max(edge, first + 1), len(texts))) > first:
            found, n, _, _ = _scan(texts[first:last])
            short, kept = _shorten(found, n)
            tokens.append(short)
            counts.append(kept)
            first = last
    return np.concatenate(tokens), np.concatenate(counts)


def spans(text: str) -> tuple[U32, I64, I64]:
    """Tokens of one text with the character positions where each starts and ends; nothing left out."""
    tokens, _, starts, ends = _scan([text])
    return tokens, starts, ends


def _scan(texts: list[str]) -> tuple[U32, I64, I64, I64]:
    kinds, folds = _tables()
    joined = "\n".join(texts) + "\n"
    code = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kind = kinds[code]
    inside = (kind == WORD) | (kind == DIGIT)
    single = kind == SINGLE
    run = np.where(inside, 1, np.where(kind == MARK, 2, 0)).astype(np.int8)
    change = np.diff(run, prepend=0, append=0)
    first_of_run, last_of_run = (change[:-1] != 0) & (run > 0), (change[1:] != 0) & (run > 0)
    starts = np.flatnonzero(first_of_run | single)
    ends = np.flatnonzero(last_of_run | single) + 1
    up, down = _powers(1 << max(12, len(code).bit_length()))
    sums = np.zeros(len(code) + 1, np.uint64)
    np.cumsum(folds[code] * up[: len(code)], out=sums[1:])
    tokens = (mix64((sums[ends] - sums[starts]) * down[starts]) >> np.uint64(32)).astype(np.uint32)
    length = np.minimum(ends - starts - 1, 7).astype(np.uint32)
    tokens = (tokens & np.uint32(0xFFFFFFF8)) | length
    digits = np.zeros(len(code) + 1, np.int64)
    np.cumsum(kind == DIGIT, out=digits[1:])
    tokens[digits[ends] > digits[starts]] = NUMBER
    text_ends = np.cumsum(np.fromiter((len(t) + 1 for t in texts), np.int64, len(texts)))
    last = np.searchsorted(starts, text_ends)
    first = np.concatenate(([0], last[:-1]))
    repeated = np.zeros(len(tokens), bool)
    repeated[1:] = (tokens[1:] == NUMBER) & (tokens[:-1] == NUMBER)
    repeated[first[first < len(tokens)]] = False
    kept = np.concatenate(([0], np.cumsum(~repeated)))
    return tokens[~repeated], kept[last] - kept[first], starts[~repeated], ends[~repeated]


def _shorten(tokens: U32, counts: I64) -> tuple[U32, I64]:
    if not len(counts) or counts.max() <= HEAD + TAIL:
        return tokens, counts
    position = np.arange(len(tokens)) - np.repeat(np.cumsum(counts) - counts, counts)
    left = np.repeat(counts, counts) - position
    return tokens[(position < HEAD) | (left <= TAIL)], np.minimum(counts, HEAD + TAIL)
