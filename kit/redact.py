"""Pseudonyms that hold inside one bundle, and redaction of personal data in free text, counted.

Phones are found by `phonenumbers`, cards and bank accounts by `python-stdnum`; both carry their data with them.
For names no library that works offline did as well as the rule here (docs/decisions/0002): every word with a
capital goes, unless it begins a sentence and is an ordinary word, or is a term of the field; and every word in
another script. What is left out wrongly can be asked for; what is passed on wrongly cannot be called back. A Latin
name written without capitals is not found, so words that people wrote are withheld whole (kit/bundle/audience.py).
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

# None finds numbers with a country code from anywhere
REGIONS = (None, "US", "GB", "DE", "FR", "ES", "IT", "IN", "CN", "JP", "BR", "RU")
EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+")
LINK = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\bjavascript:\S*|\b(?:[\w-]+\.)+(?-i:[a-z]{2,})\b(?:/\S*)?"
)
SECRET = re.compile(
    r"(?i)\b(?:sk|pk|rk|ghp|gho|ghs|xox[abprs]|hf|glpat|AKIA|ASIA|AIza|ya29)[-_A-Za-z0-9.]{14,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]+-----"
    r"|(?<![\w/+])(?![tq]\d\d[di]\w{6}_[0-9a-f]{12}_[0-9a-f]{12}\b)"  # a client fingerprint (JA4) is no key
    r"(?=[\w/+-]*\d)(?=[\w/+-]*[A-Z])(?=[\w/+-]*[a-z])[\w/+-]{28,}={0,2}"
)
DIGITS = re.compile(r"(?<![\w.])\d(?:[ -]?\d){11,18}(?![\w])")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?=:\d)|\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?(?!\w)"
    r"|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:/\d+)?(?![\w:]))"
)
ROADS = r"(?i:rue|avenue|boulevard|via|viale|piazza|calle|avenida|rua|ulica|ul\.)"
STREET = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[A-Z][\w'.-]* ){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|"
    r"Court|Ct|Square|Place|Terrace)\b\.?|\b[A-ZÄÖÜ][\w-]*(?:straße|strasse|weg|platz|gasse|allee) \d+[a-z]?\b"
    rf"|\b\d{{1,5}}[a-z]?,? {ROADS} [^,.;\n]{{2,40}}|\b{ROADS} [^,.;\d\n]{{2,40}},? (?:n\S{{0,2}} )?\d+\b"
)
WORD = re.compile(r"(?<!\w)[^\W\d_]+(?:['’-][^\W\d_]+)*(?!\w)")
SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|\n\s*|[\"“(]\s*)\Z")
PARTICLES = "van|von|vom|zu|der|den|de|del|della|di|da|dos|du|la|le|bin|ibn|al|el|y"
ONE_NAME = re.compile(
    rf"(?:\b[A-Z]\. ?)*\[name\](?:(?:[ '’-]+(?:(?:{PARTICLES})\b|[A-Z]\.)){{0,3}}[ '’-]+\[name\])*"
)
UNCASED = re.compile(r"[\u0370-\u1dff\u1f00-\u1fff\u2e80-\ud7ff\uf900-\ufdff\ufe70-\uffef\U00010000-\U0003ffff]+")
TERMS = frozenset(
    re.findall(r"\w+", "AI AML API ATLAS HTTP ICD ID IP JSON LLM MITRE NIST OWASP SHA SQL STIX TLP TLS URL UTC")
)
COMMON = frozenset(
    re.findall(
        r"\w+",
        "a account accounts after all also an and any as at because before between both but by counted "
        "dismissed each every families few for form four from had has he her his how i if in is it its many "
        "most needs neither no none nor not of on once one only or other our proposed request requests she "
        "since six so some such ten than that the their them then there these they this those three to two "
        "under until we were what when where whether which while who whose why with without you your",
    )
)


@dataclass
class Redactor:
    """Redacts texts for one bundle.

    key     secret of this case and bundle; other bundles give other pseudonyms
    known   value -> kind, for the values of the case that must not stand in any text ("account", "address", ...)
    ordinary  words that may begin a sentence with a capital and are no names, in lower case
    counts  (kind, place) -> how many were replaced
    """

    key: bytes
    known: dict[str, str] = field(default_factory=dict)
    ordinary: frozenset[str] = COMMON
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def pseudonym(self, kind: str, value: str) -> str:
        """The name that stands for `value` in this bundle, the same wherever it occurs."""
        mac = hmac.new(self.key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), "sha256").digest()
        return f"{kind}-{base64.b32encode(mac)[:12].decode().lower()}"

    def text(self, text: str, place: str) -> str:
        """`text` without personal data; what was replaced is counted under `place`."""
        text = unicodedata.normalize("NFC", text)
        for kind, replace in self._rules():
            text, n = replace(text)
            if n:
                self.counts[kind, place] += n
        return text

    def _rules(self) -> Iterable[tuple[str, Callable[[str], tuple[str, int]]]]:
        yield "known id", self._known
        yield "e-mail", lambda t: EMAIL.subn("[e-mail]", t)
        yield "link", lambda t: LINK.subn("[link]", t)
        yield "bank account", lambda t: _checked(IBAN, _is_iban, "[bank account]", t)
        yield "card", lambda t: _checked(DIGITS, _is_card, "[card]", t)
        yield "key", lambda t: SECRET.subn("[key]", t)
        yield "address", lambda t: _checked(ADDRESS, _is_address, "[address]", t)
        yield "street", lambda t: STREET.subn("[street]", t)
        yield "phone", _phones
        yield "name", self._names
        yield "other script", lambda t: UNCASED.subn("[text]", t)

    def _known(self, text: str) -> tuple[str, int]:
        n = 0

        def replaced(found: re.Match[str]) -> str:
            nonlocal n
            kind = self.known.get(found[0])
            n += kind is not None
            return self.pseudonym(kind, found[0]) if kind else found[0]

        for pattern in TOKENS:
            text = pattern.sub(replaced, text)
        return text, n

    def _names(self, text: str) -> tuple[str, int]:
        def replaced(found: re.Match[str]) -> str:
            word = found[0]
            if word.islower() or len(word) == 1 or word in TERMS:
                return word
            begins = SENTENCE_START.search(text[max(0, found.start() - 3) : found.start()])
            return word if begins and word.lower() in self.ordinary else "[name]"

        return ONE_NAME.subn("[name]", WORD.sub(replaced, text))


# A value of the case may hold dots, colons or dashes: try the longest reading of a word first, then its pieces.
TOKENS = (
    re.compile(r"[^\s\"'“”<>(){}\[\],;|]+[^\s\"'“”<>(){}\[\],;|.:!?]"),
    re.compile(r"[\w@.-]+\w"),
    re.compile(r"\w+"),
)


def tokens(text: str) -> set[str]:
    """Every reading of the words of a text that could be a value of the case."""
    return {m for pattern in TOKENS for m in pattern.findall(text)}


def lower_case_words(texts: Iterable[str]) -> frozenset[str]:
    """The words that texts of our own write in lower case: none of them is a name only for beginning a sentence."""
    return frozenset(w for t in texts for w in WORD.findall(t) if w.islower())


def _checked(pattern: re.Pattern[str], check: Callable[[str], bool], instead: str, text: str) -> tuple[str, int]:
    n = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal n
        if not check(found[0]):
            return found[0]
        n += 1
        return instead

    return pattern.sub(replaced, text), n


def _is_card(digits: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(re.sub(r"\D", "", digits)))


def _is_iban(text: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(text))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def _phones(text: str) -> tuple[str, int]:
    """Phone numbers, as `phonenumbers` finds them; a bare row of digits needs a country code."""
    import phonenumbers

    spans = set()
    for region in REGIONS:
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            if re.search(r"[+(]|\d[ ./-]\d", match.raw_string) and not re.match(r"\d{4}-\d\d", match.raw_string):
                spans.add((match.start, match.end))
    out, end = "", len(text)
    n = 0
    for start, stop in sorted(spans, key=lambda s: (-s[1], s[0])):
        if stop <= end:
            out = f"[phone]{text[stop:end]}{out}"
            end, n = start, n + 1
    return text[:end] + out, n
