"""Families of texts: found whole, kept apart, the same whatever the order."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import accumulate

import numpy as np
import pytest

from kit.prompts import mining
from kit.prompts.corpus import read
from kit.prompts.tokens import NUMBER, U64, mix64, spans, tokenise

WORDS = [
    a + b + c for a in "bdgkmprst" for b in ("an", "el", "or", "ui") for c in ("dim", "fex", "gol", "nas", "ret")
]
HAN = "春夏秋冬山水云雨风月花鸟书画琴棋诗酒茶米面鱼虾田地天人王木火土金石玉牛马羊猪鸡犬龙虎兔"


def sentence(rng: random.Random, n: int) -> str:
    return " ".join(rng.choices(WORDS, k=n)) + "."


def text(rng: random.Random) -> str:
    return " ".join(sentence(rng, 9) for _ in range(rng.randint(2, 6)))


def mined(texts: list[str], seed: int = 0) -> list[int]:
    """Family of each text; ids are a permutation, as hashes would be."""
    ids = np.array(random.Random(seed).sample(range(10**9), len(texts)), np.uint64)
    corpus = read([(ids, texts)])
    label = dict(zip(corpus.ids.tolist(), mining.mine(corpus).label.tolist(), strict=True))
    return [label[i] for i in ids.tolist()]


def shuffled(rng: random.Random, parts: list[str]) -> str:
    return " ".join(rng.sample(parts, len(parts)))


def edited(rng: random.Random, words: list[str]) -> str:
    return " ".join(rng.choice(WORDS) if rng.random() < 0.05 else w for w in words)


BASE = [sentence(random.Random(k), 10) for k in range(8)]
HEAD, TAIL = (
    "Kindly lay out every deduction before you settle upon a figure:",
    "Close with one verdict, nothing after it.",
)
KINDS: dict[str, Callable[[random.Random], str]] = {
    "head": lambda r: f"{HEAD} {text(r)}",
    "tail": lambda r: f"{text(r)} {TAIL} Verdict in capitals.",
    "frame": lambda r: f"{HEAD}\n<<<\n{text(r)}\n>>>\n{TAIL}",
    "numbers": lambda r: (
        f"Order {r.randint(1, 9999)} of depot {r.randint(1, 99)} weighs how many stone after loss?"
    ),
    "free slots": lambda r: (
        f"Compose an ode upon {sentence(r, 2)} for the guild of {sentence(r, 2)} in solemn metre"
    ),
    "edits": lambda r: edited(r, " ".join(BASE).split()),
    "shuffle": lambda r: shuffled(r, BASE),
    "short marks": lambda r: f"{text(r)}\n\nWork between <<calc>> and <</calc>>, then answer.",
    "han": lambda r: f"请先完整写出你的推理过程再回答下面的问题:{''.join(r.choices(HAN, k=r.randint(20, 60)))}",
    "middle": lambda r: f"{text(r)} Hold the ledger of the harbour master in mind throughout. {text(r)}",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_family_is_found_whole_among_free_texts(kind: str) -> None:
    rng = random.Random(3)
    family = list({KINDS[kind](rng) for _ in range(80)})
    label = mined(family + [text(rng) for _ in range(600)])
    inside = label[: len(family)]
    assert max(inside.count(v) for v in set(inside)) >= 0.95 * len(family)
    assert -1 not in {max(inside, key=inside.count)}
    assert set(label[len(family) :]) == {-1}


def test_families_that_share_their_last_sentence_stay_apart() -> None:
    rng = random.Random(4)
    heads = [
        "Write the whole inner working of this puzzle, omit nothing at all:",
        "As a stern examiner mark both replies below by the rubric:",
    ]
    texts = [f"{h} {text(rng)} Let us think about it step by step." for h in heads for _ in range(60)]
    label = mined(texts + [text(rng) for _ in range(400)])
    assert len(set(label[:60])) == len(set(label[60:120])) == 1
    assert label[0] != label[60]
    assert -1 not in label[:120]


def test_a_common_beginning_is_no_family() -> None:
    rng = random.Random(5)
    label = mined([f"Can you write {text(rng)}" for _ in range(40)] + [text(rng) for _ in range(400)])
    assert set(label) == {-1}


def test_five_common_words_at_the_beginning_are_no_family_in_a_script_without_spaces_either() -> None:
    rng = random.Random(8)
    signs = [chr(0x4E00 + 3 * k) for k in range(1800)]
    words = ["".join(rng.choices(signs, k=rng.randint(1, 3))) for _ in range(3000)]
    weights = list(accumulate(1 / (k + 2) for k in range(len(words))))

    def prose(n: int) -> str:
        return "".join(rng.choices(words, cum_weights=weights, k=n))

    openings = ["".join(rng.choices(words[:60], k=5)) for _ in range(12)]
    texts = [f"{o}{prose(40)}" for o in openings for _ in range(40)] + [prose(45) for _ in range(12_000)]
    asked = prose(30)
    label = mined([f"{asked}{prose(40)}" for _ in range(60)] + texts)
    assert len(set(label[:60])) == 1
    assert label[0] != -1
    assert set(label[60:]) == {-1}


def test_a_sentence_quoted_here_and_there_is_no_family() -> None:
    rng = random.Random(6)
    quotes = [sentence(rng, 10) for _ in range(40)]
    texts = []
    for quote in quotes:
        for _ in range(10):
            parts = [sentence(rng, 9) for _ in range(6)]
            parts[rng.randrange(6)] = quote
            texts.append(" ".join(parts))
    label = mined(texts + [text(rng) for _ in range(200)])
    assert sum(v >= 0 for v in label) <= 0.05 * len(texts)


def test_families_do_not_depend_on_the_order_or_the_batches() -> None:
    rng = random.Random(7)
    texts = list({make(rng) for make in KINDS.values() for _ in range(30)} | {text(rng) for _ in range(200)})
    ids = np.array(rng.sample(range(10**9), len(texts)), np.uint64)
    results = []
    for seed, size in ((1, 1000), (2, 37)):
        order = np.random.default_rng(seed).permutation(len(texts))
        batches = [
            (ids[order[a : a + size]], [texts[i] for i in order[a : a + size]]) for a in range(0, len(texts), size)
        ]
        corpus = read(batches)
        families = mining.mine(corpus)
        results.append(
            (corpus.tokens.tobytes(), families.label.tobytes(), [c.tobytes() for c in families.constant])
        )
    assert results[0] == results[1]


@pytest.mark.parametrize("texts", [[], ["one"], ["", " ", "\n", "!!!", "…"], ["same words here"] * 4], ids=str)
def test_too_little_text_gives_no_family(texts: list[str]) -> None:
    assert set(mined(texts)) <= {-1}


def test_tokens_are_words_characters_masked_numbers_and_markup() -> None:
    def n(t: str) -> int:
        return int(tokenise([t])[1][0])

    assert (n("two words"), n("推理过程"), n("ภาษา"), n("a <b> c"), n("")) == (2, 4, 4, 5, 0)
    assert tokenise(["17, 2026-05-01 gpt4"])[0].tolist() == [NUMBER]
    assert tokenise(["Ｆｕｌｌ WIDTH"])[0].tolist() == tokenise(["full width"])[0].tolist()


@pytest.mark.parametrize(
    "hostile", ["\ud800 lone", "a\x00b", "\u202egnirts", "x" * 1_000_000, "\x1b[31mred", "=1+1", "é\u0301"]
)
def test_hostile_text_is_tokenised_without_an_error(hostile: str) -> None:
    tokens, counts = tokenise([hostile, "next one"])
    assert counts[1] == 2
    assert len(tokens) == counts.sum()
    assert counts[0] <= 420
    assert len(spans(hostile)[0]) >= 1


def test_texts_are_held_once_however_many_batches_they_come_in() -> None:
    def batches(n: int) -> Iterator[tuple[U64, list[str]]]:
        for k in range(n):
            words = [
                " ".join(f"{chr(97 + (k * i) % 26)}{chr(97 + j % 26)}x" for j in range(300)) for i in range(500)
            ]
            yield mix64(np.arange(500 * k, 500 * k + 500, dtype=np.uint64)), words

    read(batches(1))  # tables and machine code come before what is measured
    tracemalloc.start()
    corpus = read(batches(40))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(corpus), len(corpus.tokens)) == (20_000, 6_000_000)
    assert np.all(corpus.ids[1:] > corpus.ids[:-1])
    assert peak < 1.8 * corpus.tokens.nbytes  # the list and the array put together from it would be 2 and more


def test_a_corpus_is_the_same_in_whatever_batches_it_comes() -> None:
    texts = [f"{'a b c ' * (n % 7)}{n}" for n in range(300)]
    ids = mix64(np.arange(300, dtype=np.uint64))
    whole = read([(ids, texts)])
    turned = read([(ids[k : k + 7][::-1], texts[k : k + 7][::-1]) for k in reversed(range(0, 300, 7))])
    for one, other in zip(vars(whole).values(), vars(turned).values(), strict=True):
        assert np.array_equal(one, other)
    at = int(np.searchsorted(whole.ids, ids[9]))
    assert np.array_equal(whole.tokens[whole.offsets[at] : whole.offsets[at + 1]], tokenise([texts[9]])[0])


def test_an_empty_corpus_is_one() -> None:
    assert len(read([])) == 0
    assert read([]).offsets.tolist() == [0]
