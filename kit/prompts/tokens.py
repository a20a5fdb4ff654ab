"""Texts to tokens, many at a time: words where a script has spaces, characters where it has none, numbers
masked."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

HEAD, TAIL = 280, 140  # tokens kept of a long text: what is constant stands in front, at the end, or near them
CODE = np.uint32(7)  # bits of a token that say what it is: 0 an unspaced letter, 1 an ideograph, or a word
SHORTEST = np.uint32(2)  # code of a word of one character; 3 of two characters, and so on to 7 of six and more
NUMBER = np.uint32(7)  # every token with a digit in it: 17, 2026-05-01, gpt4, 0x3f
SEPARATOR, WORD, DIGIT, SINGLE, LETTER, MARK = 0, 1, 2, 3, 4, 5
MARKUP = "<>[]{}#|=~^`*"  # a run of these is a token: markers, headings and fences tell templates apart
# Scripts written without spaces between words: each character is a token, taken together with the one before it, or
# with the two before it where a few dozen letters make up all words (Thai, Lao, Tibetan, Burmese, Khmer, kana).
IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
UNSPACED_LETTERS = (
    (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F),
)  # fmt: skip
CHARS = 1 << 19  # characters worked on at a time: what fits the processor's cache
BASE = np.uint64(0x9E3779B97F4A7C15)


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
    for ranges, unspaced in ((IDEOGRAPHS, SINGLE), (UNSPACED_LETTERS, LETTER)):
        for first, last in ranges:
            part = kind[first : last + 1]
            part[part == WORD] = unspaced
    kind[0x20000:0x40000] = SINGLE
    return kind, mix64(fold)


def mix64(x: U64) -> U64:
    """A bijective scramble of 64 bits (the finaliser of SplitMix64)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: U64 = x ^ (x >> np.uint64(31))
    return out


mix = cast("Callable[[np.uint64], np.uint64]", compiled(mix64))  # the same of one number inside a compiled loop


def tokenise(texts: list[str]) -> tuple[U32, I64]:
    """Token hashes of all texts one after the other, and how many each text has (at most HEAD + TAIL).

    The three low bits of a token hold its code; runs of number tokens count as one.
    """
    tokens, counts = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    edges = np.searchsorted(ends, np.arange(CHARS, (ends[-1] if len(ends) else 0) + CHARS, CHARS), side="right")
    first = 0
    for edge in [*edges.tolist(), len(texts)]:
        if (last := min(max(edge, first + 1), len(texts))) > first:
            found, n, _, _ = _scanned(texts[first:last], HEAD, TAIL)
            tokens.append(found)
            counts.append(n)
            first = last
    return np.concatenate(tokens), np.concatenate(counts)


def spans(text: str) -> tuple[U32, I64, I64]:
    """Tokens of one text with the character positions where each starts and ends; nothing left out."""
    tokens, _, starts, ends = _scanned([text], len(text), 0)
    return tokens, starts, ends


@compiled
def bigrams_of(tokens: U32) -> U32:
    """A hash of each token of a text with the next one; the last with nothing."""
    out = np.empty_like(tokens)
    for k in range(len(tokens)):
        out[k] = pair(tokens, k, len(tokens))
    return out


@compiled
def pair(tokens: U32, k: int, end: int) -> np.uint32:
    """The bigram of token k with the next one, of a text that ends before `end`."""
    ahead = tokens[k + 1] if k + 1 < end else np.uint32(0)
    return np.uint32(mix((np.uint64(tokens[k]) << np.uint64(32)) | np.uint64(ahead)) >> np.uint64(32))


def _scanned(texts: list[str], head: int, tail: int) -> tuple[U32, I64, I64, I64]:
    """Tokens, how many each text has, and where in the joined texts each starts and ends."""
    code = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    tokens, counts = np.empty(len(code), np.uint32), np.empty(len(texts), np.int64)
    starts, stops = np.empty(len(code), np.int64), np.empty(len(code), np.int64)
    n = _scan(code, ends, *_tables(), head, tail, tokens, counts, starts, stops)
    return tokens[:n].copy(), counts, starts[:n], stops[:n]


@compiled
def _scan(
    code: U32, ends: I64, kinds: NDArray[np.uint8], folds: U64, head: int, tail: int,
    tokens: U32, counts: I64, starts: I64, stops: I64,
) -> int:  # fmt: skip
    """Fill the last four; how many tokens there are. The middle of a text beyond head + tail is left out."""
    n = at = 0
    for text in range(len(ends)):
        begin, begin_at, end = n, at, ends[text]
        while at < end:
            kind = kinds[code[at]]
            if kind == SEPARATOR:
                at += 1
                continue
            start, digit, hashed, power = at, False, np.uint64(0), np.uint64(1)
            while True:  # a polynomial of the characters of one word, one run of markup or one single character
                hashed += folds[code[at]] * power
                power *= BASE
                digit |= kinds[code[at]] == DIGIT
                at += 1
                if kind in (SINGLE, LETTER) or at == end:
                    break
                ahead = kinds[code[at]]
                if ahead in (SEPARATOR, SINGLE, LETTER) or (ahead == MARK) != (kind == MARK):
                    break
            if kind in (SINGLE, LETTER):
                context = 1 if kind == SINGLE else 2
                for back in range(start - 1, max(start - 1 - context, begin_at - 1), -1):
                    if kinds[code[back]] not in (SINGLE, LETTER):
                        break
                    hashed = hashed * BASE + folds[code[back]]
            if digit and n > begin and tokens[n - 1] == NUMBER:
                continue
            form = 0 if kind == LETTER else 1 if kind == SINGLE else min(at - start + 1, 7)
            whole = (mix(hashed) >> np.uint64(32)) & np.uint64(0xFFFFFFF8) | np.uint64(form)
            tokens[n] = NUMBER if digit else np.uint32(whole)
            starts[n], stops[n] = start, at
            n += 1
        if n - begin > head + tail:
            for k in range(tail):
                tokens[begin + head + k] = tokens[n - tail + k]
            n = begin + head + tail
        counts[text] = n - begin
    return n
