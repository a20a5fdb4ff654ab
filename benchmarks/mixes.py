"""Three labelled mixes of prompts, made in different ways from words of our own: what belongs together is known.

Town    words with a Zipf-like frequency; families with numbers or free words in slots, a fixed head, tail or frame,
        edited words, shuffled sentences; free texts that quote sentences of one another
Bazaar  eleven languages, half of them without spaces, code, JSON, quoted text, few-shot preambles, system texts,
        short and very long prompts; free texts that open, close and import alike
Harbour other languages and sentences with a grammar, about topics; forms, tables, letters, queries, instructions in
        one language about a text in another, wordings that vary from place to place, slips of the pen; free texts
        that greet, sign and quote alike. Made after the other two and blind: nothing was set by it
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from itertools import accumulate

COMMON = [
    "the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as", "with", "be", "on", "by", "this", "are",
    "at", "from", "or", "an", "not", "have", "you", "which", "can", "your", "will", "one", "all", "there", "has",
    "more", "when", "do", "use", "how", "what", "please", "about", "into", "each", "write", "give", "make",
    "list", "text", "answer"
]  # fmt: skip
Making = Callable[[], str]


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

    def family(self) -> Making:
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


# (letters, what stands between words, what ends a sentence)
SCRIPTS = {
    "english": ("abcdefghiklmnoprstuvw", " ", "."), "german": ("abcdefghiklmnoprstuvwäöüß", " ", "."),
    "spanish": ("abcdefghilmnoprstuvñáéí", " ", "."), "turkish": ("abcçdefgğhıijklmnoöprsştuüvyz", " ", "."),
    "russian": ("абвгдежзийклмнопрстухчшыьэюя", " ", "."), "arabic": ("ابتجحدرسشصطعفقكلمنهوي", " ", "۔"),
    "hindi": ("कखगचजटडतदनपबमयरलवशसहािीुेो", " ", "।"),
    "korean": ("가나다라마바사아자차카타파하고노도로모보소오조기니디리미비시이지", " ", "."),
    "chinese": ("".join(map(chr, range(0x4E00, 0x4E00 + 1800, 3))), "", "。"),
    "japanese": ("".join(map(chr, [*range(0x3042, 0x3094), *range(0x5B50, 0x5B50 + 900, 5)])), "", "。"),
    "thai": ("กขคงจชซญดตถทธนบปผพฟภมยรลวศสหอะาิีุูเแโไ", "", " "),
}  # fmt: skip


class Bazaar:
    """Prompts as programs send them, in many languages and forms."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.words = {name: self._words(letters, space) for name, (letters, space, _) in SCRIPTS.items()}
        self.weights = list(accumulate(1 / (k + 2) for k in range(6000)))
        self.openers: dict[str, list[str]] = {}
        self.imports = [f"import {self.text('english', 1)}" for _ in range(60)]
        for name in SCRIPTS:
            self.openers[name] = [self.stock(name, self.rng.randint(2, 5)) for _ in range(40)]

    def _words(self, letters: str, space: str) -> list[str]:
        long = (2, 9) if space else (1, 3)
        return ["".join(self.rng.choices(letters, k=self.rng.randint(*long))) for _ in range(6000)]

    def text(self, language: str, n: int) -> str:
        return SCRIPTS[language][1].join(self.rng.choices(self.words[language], cum_weights=self.weights, k=n))

    def stock(self, language: str, n: int) -> str:
        """As everybody begins: of the commonest words only."""
        return SCRIPTS[language][1].join(self.rng.choices(self.words[language][:30], k=n))

    def prose(self, language: str, low: int, high: int) -> str:
        stop = SCRIPTS[language][2]
        return (stop + " ").join(
            self.text(language, self.rng.randint(5, 16)) for _ in range(self.rng.randint(low, high))
        )

    def code(self, lines: int) -> str:
        rng, name = self.rng, lambda: self.text("english", 1)
        forms = (
            lambda: f"def {name()}({name()}, {name()}):",
            lambda: f"    for {name()} in range({rng.randint(2, 99)}):",
            lambda: f"        {name()} = {name()}[{name()}] + {rng.randint(0, 9)}", lambda: f"    return {name()}",
            lambda: f"    if {name()} is None: raise ValueError('{name()} {name()}')",
        )  # fmt: skip
        return "\n".join([*rng.sample(self.imports, 3), *(rng.choice(forms)() for _ in range(lines))])

    def fields(self, n: int) -> str:
        rng = self.rng
        return ", ".join(
            f'"{self.text("english", 1)}": {rng.choice((rng.randint(0, 9999), rng.random()))}' for _ in range(n)
        )

    def family(self) -> Making:
        rng, say = self.rng, rng_language(self.rng)
        lines = partial(self.prose, say)
        fixed = self.prose(say, 2, 4)
        kinds: dict[str, Callable[[], Making]] = {
            "short": lambda: self._short(say),
            "long": lambda: lambda: f"{fixed}\n\n{lines(30, 160)}",
            "long tail": lambda: lambda: f"{lines(20, 120)}\n\n{fixed}",
            "json": lambda: self._json(say, fixed),
            "code": lambda: lambda: f"{fixed}\n```python\n{self.code(rng.randint(4, 40))}\n```",
            "quoted": lambda: lambda: f'{fixed}\n"""{lines(1, 6)}"""\n',
            "tagged": lambda: lambda: f"<doc>{lines(1, 8)}</doc>\n{fixed}",
            "few-shot": lambda: self._few_shot(say, fixed),
            "system": lambda: self._system(say),
            "greeted": lambda: lambda: f"{self.text(say, rng.randint(1, 6))}, {fixed} {lines(1, 5)}",
            "edited": lambda: self._edited(say),
            "reordered": lambda: self._reordered(say),
        }
        return kinds[rng.choice(list(kinds))]()

    def _short(self, say: str) -> Making:
        before, after = self.text(say, 5), self.text(say, 4)
        space = SCRIPTS[say][1]
        return lambda: f"{before}{space}{self.text(say, self.rng.randint(1, 3))}{space}{after}"

    def _json(self, say: str, fixed: str) -> Making:
        keys = [self.text("english", 1) for _ in range(4)]
        return lambda: (
            f'{{"{keys[0]}": "{fixed}", "{keys[1]}": {{{self.fields(self.rng.randint(2, 12))}}}, '
            f'"{keys[2]}": "{self.prose(say, 1, 4)}", "{keys[3]}": {self.rng.randint(0, 10**9)}}}'
        )

    def _few_shot(self, say: str, fixed: str) -> Making:
        shown = "\n".join(
            f"Q: {self.prose(say, 1, 2)}\nA: {self.text(say, 3)}" for _ in range(self.rng.randint(2, 5))
        )
        return lambda: f"{fixed}\n{shown}\nQ: {self.prose(say, 1, 3)}\nA:"

    def _system(self, say: str) -> Making:
        parts = [self.prose(say, 3, 8) for _ in range(3)]
        return lambda: f"{parts[0]} {self.text(say, 2)} {parts[1]} {self.rng.randint(1, 31)}.05.2026 {parts[2]}"

    def _edited(self, say: str) -> Making:
        words = self.rng.choices(self.words[say], cum_weights=self.weights, k=self.rng.randint(40, 120))
        return lambda: SCRIPTS[say][1].join(
            [
                *(self.text(say, 1) if self.rng.random() < 0.05 else w for w in words),
                self.text(say, self.rng.randint(0, 8)),
            ]
        )

    def _reordered(self, say: str) -> Making:
        parts = [self.text(say, self.rng.randint(8, 14)) + SCRIPTS[say][2] for _ in range(self.rng.randint(5, 9))]
        return lambda: " ".join(self.rng.sample(parts, len(parts)))

    def free(self) -> str:
        """What people send: stock opening words, pasted code that imports the same, a JSON record."""
        rng, say = self.rng, rng_language(self.rng)
        kind = rng.random()
        if kind < 0.35:
            return rng.choice(self.openers[say]) + SCRIPTS[say][1] + self.prose(say, 1, 6)
        if kind < 0.5:
            return f"{self.text(say, rng.randint(3, 12))}\n{self.code(rng.randint(3, 30))}"
        if kind < 0.6:
            return f"{self.text(say, rng.randint(3, 12))} {{{self.fields(rng.randint(3, 20))}}}"
        if kind < 0.7:
            return self.text(say, rng.randint(2, 8))
        return self.prose(say, 1, rng.choice((3, 8, 60)))

    mix = Town.mix  # families of 5 to 500 for 60 % of the texts
    pool: list[str]

    def sentence(self) -> str:
        return self.prose("english", 1, 1)


def rng_language(rng: random.Random) -> str:
    return rng.choice(list(SCRIPTS))


# per language: what opens, fills and closes a syllable, the most syllables of a word, what joins words, full stop
TONGUES = {
    "polish": ("b c d g k ł m n p r s t w z cz sz", "a e i o ó u y ą ę", " n r", 4, " ", ". "),
    "greek": ("β γ δ κ λ μ ν π ρ σ τ φ χ", "α ε η ι ο υ", " ς ν", 4, " ", ". "),
    "vietnamese": ("b ch đ h kh l m ng ph t tr v", "à á ạ â ế ì ó ộ ư ữ", " n ng t", 1, " ", ". "),
    "hebrew": (" ".join("בגדהוזחטכלמנספצקרשת"), " י ו", " ם", 3, " ", ". "),
    "tamil": (" ".join("கசடதபமயரலவ"), " ா ி ு ே", "", 4, " ", ". "),
    "swahili": ("b ch d g h j k l m n p s t w y z mb nd", "a e i o u", "", 4, " ", ". "),
    "hangul": (" ".join(map(chr, range(0xAC00, 0xAC00 + 9000, 97))), "", "", 3, " ", ". "),
    "kanji": (" ".join(map(chr, range(0x6000, 0x6000 + 4000, 5))), "", "", 2, "", "。"),
    "kana": (" ".join(map(chr, range(0x3042, 0x3094))), "", "", 4, "", "。"),
    "khmer": (" ".join(map(chr, range(0x1780, 0x17A3))), " ា ិ ី ុ", " ់", 3, "", "។ "),
    "lao": (" ".join("ກຂຄງຈສຊຍດຕຖທນບປຜຝພຟມຢຣລວຫອ"), "າ ິ ີ ຸ ູ", " ນ ງ", 2, "", " "),
}  # fmt: skip


class Harbour:
    """Texts about topics, with a grammar of their own, in the forms that offices and programs use."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.little = {say: [self._word(say, 1) for _ in range(40)] for say in TONGUES}
        self.topics = {say: [self._topic(say) for _ in range(60)] for say in TONGUES}
        self.greetings = {say: [self._stock(say) for _ in range(25)] for say in TONGUES}
        self.partings = {say: [self._stock(say) for _ in range(25)] for say in TONGUES}

    def _word(self, say: str, most: int | None = None) -> str:
        parts, pick = [x.split(" ") for x in TONGUES[say][:3]], self.rng.choice
        return "".join(pick(part) for _ in range(self.rng.randint(1, most or TONGUES[say][3])) for part in parts)

    def _topic(self, say: str) -> list[str]:
        """The words of a topic; commoner ones several times."""
        words = [self._word(say) for _ in range(220)]
        return words + words[:60] + words[:20] * 3

    def _stock(self, say: str) -> str:
        return TONGUES[say][4].join(self.rng.choices(self.little[say], k=self.rng.randint(1, 4)))

    def clause(self, say: str, topic: list[str]) -> str:
        """Little words and words of the topic in turn."""
        words = []
        for _ in range(self.rng.randint(3, 8)):
            words += self.rng.choices(self.little[say], k=self.rng.choice((0, 1, 1, 2)))
            words += self.rng.choices(topic, k=self.rng.choice((1, 1, 2)))
        return TONGUES[say][4].join(words)

    def prose(self, say: str, low: int, high: int) -> str:
        topic, stop = self.rng.choice(self.topics[say]), TONGUES[say][5]
        return stop.join(self.clause(say, topic) for _ in range(self.rng.randint(low, high))) + stop.rstrip()

    def words(self, say: str, n: int) -> str:
        return TONGUES[say][4].join(self.rng.choices(self.rng.choice(self.topics[say]), k=n))

    def family(self) -> Making:
        rng = self.rng
        say, other = rng.choice(list(TONGUES)), rng.choice(list(TONGUES))
        asked, more, extra = (self.prose(say, 2, 4) for _ in range(3))
        labels = [self.words(say, rng.randint(1, 3)) for _ in range(rng.randint(4, 8))]
        items = [x for text in (asked, more) for x in text.split(TONGUES[say][5]) if x]
        kinds: dict[str, Making] = {
            "form": lambda: "\n".join([asked, *(f"{x}: {self.words(say, rng.randint(1, 6))}" for x in labels)]),
            "table": lambda: "\n".join(
                [asked, " | ".join(labels), *(self._row(say, len(labels)) for _ in range(rng.randint(2, 12)))]
            ),
            "letter": lambda: f"{rng.choice(self.greetings[say])},\n{self.prose(say, 1, 9)}\n\n{asked}\n{more}",
            "abroad": lambda: f"{asked}\n\n{self.prose(other, 1, 9)}",
            "inserted": lambda: f"{asked} «{self.words(say, 2)}» {more} «{self.words(say, 3)}» {extra}",
            "between": lambda: f"{self.prose(say, 1, 3)}\n--\n{asked} {more}\n--\n{self.prose(say, 1, 3)}",
            "query": lambda: (
                f"{asked}\nSELECT {labels[0]}, {labels[1]} FROM {labels[2]} "
                f"WHERE {labels[3]} = '{self.words(say, 2)}' LIMIT {rng.randint(1, 900)};"
            ),
            "slips": lambda: self._slipped(asked + more),
            "list": lambda: "\n* ".join([*rng.sample(items, len(items) - 1), self.prose(say, 1, 1), extra]),
            "varied": self._varied(say),
        }  # fmt: skip
        return kinds[rng.choice(list(kinds))]

    def _row(self, say: str, n: int) -> str:
        return " | ".join(self.rng.choice((self.words(say, 1), str(self.rng.randint(0, 9999)))) for _ in range(n))

    def _slipped(self, text: str) -> str:
        """Characters left out or doubled, one in sixty."""
        return "".join(c * self.rng.choice((0, 2)) if self.rng.random() < 1 / 60 else c for c in text)

    def _varied(self, say: str) -> Making:
        """Every sentence in one of two wordings, then a text."""
        turns = [(self.prose(say, 1, 1), self.prose(say, 1, 1)) for _ in range(3)]
        fixed = [self.prose(say, 1, 2) for _ in turns]
        return lambda: " ".join(
            [
                *(f"{self.rng.choice(two)} {one}" for two, one in zip(turns, fixed, strict=True)),
                self.prose(say, 1, 4),
            ]
        )

    def free(self) -> str:
        rng = self.rng
        say = rng.choice(list(TONGUES))
        text = self.prose(say, 1, rng.choice((2, 5, 30)))
        if rng.random() < 0.4:
            text = rng.choice(self.greetings[say]) + TONGUES[say][4] + text
        if rng.random() < 0.3:
            text += "\n" + rng.choice(self.partings[say])
        if rng.random() < 0.2:
            text += f"\n> {rng.choice(self.pool)}\n{self.prose(say, 1, 3)}"
        return text

    mix = Town.mix
    pool: list[str]

    def sentence(self) -> str:
        return self.prose(self.rng.choice(list(TONGUES)), 1, 1)
