"""What a template elicits, from rules kept as data, and whether that makes it harvest, harmless or unclear."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from kit.errors import CaseError
from kit.yaml_text import read_yaml

FIELDS = {"id", "title", "meaning", "capability", "kind", "weight", "long_answers", "part", "near",
          "all", "alone", "none", "look_alikes", "references", "fires", "silent"}  # fmt: skip
KINDS = ("elicitation", "relay", "probing", "look_alike")
NEAR = 400  # characters within which the groups of a rule must be found: long texts hold every word somewhere
MATCHES = 100  # matches of a group that are looked at
MAJORITY = 0.6  # share of the examples a rule must match when it does not match the skeleton
FILLERS = 20  # distinct prompts below which nothing can be trained on a template
LONG_TOKENS = 80  # mean answer, tokens, below which reasoning or text was not what came back
PEOPLE = 3  # accounts, and organisations where they are known two, before reach is more than one customer
SHARE = 0.2  # share of a template's requests that must show a thing before the template is said to do it
CLASS_REQUESTS = 30  # requests per account a class hands in at most


@dataclass(frozen=True)
class Rule:
    """One entry of kit/rules/*.yaml or of a case's rules/*.yaml."""

    id: str
    title: str
    meaning: str
    capability: str
    kind: str
    weight: str
    long_answers: bool = False
    part: str = ""
    near: int = NEAR
    all: tuple[re.Pattern[str], ...] = ()
    alone: tuple[re.Pattern[str], ...] = ()
    none: tuple[re.Pattern[str], ...] = ()
    look_alikes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        """Whether the folded text has something of every group of `all` close together, or one of `alone`; and
        nothing of `none`."""
        if not self._close(text) and not any(p.search(text) for p in self.alone):
            return False
        return not any(p.search(text) for p in self.none)

    def _close(self, text: str) -> bool:
        found: list[list[int]] = []
        for p in self.all:
            found.append([m.start() for m in islice(p.finditer(text), MATCHES)])
            if not found[-1]:
                return False
        reach = self.near or len(text)
        return any(all(any(abs(a - b) <= reach for b in other) for other in found) for a in found[0])


@dataclass(frozen=True)
class Known:
    """A known harness, evaluation tool or public benchmark."""

    name: str
    kind: str
    source: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        return all(p in text for p in self.all) and (not self.any or any(p in text for p in self.any))


@dataclass
class Facts:
    """What is measured of a template's use outside coding harnesses; counts are of requests unless named otherwise.

    fillers            different prompts            output_tokens     per answer, on average
    returned           prompts that hold an earlier answer to another account
    carried            requests with a reasoning block's signature that several accounts present
    persona_accounts   accounts that carry more than one product's own system prompt
    """

    part: str
    requests: int
    in_harness: int
    fillers: int
    accounts: int
    orgs: int
    output_tokens: float
    returned: int = 0
    carried: int = 0
    persona_accounts: int = 0
    rules: list[str] = field(default_factory=list)
    known_as: str | None = None
    known_kind: str = ""

    def reach(self, rarity_bits: float) -> float:
        """Customers it reaches, weighed by how rare it is and by how many fillings an account gives it."""
        if not self.accounts:
            return 0.0
        return (self.orgs or self.accounts) * rarity_bits * math.log2(1 + self.fillers / self.accounts)


def fold(text: str) -> str:
    """Compatibility forms unified, case and runs of spaces ignored."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold())


@cache
def shipped() -> tuple[tuple[Rule, ...], tuple[Known, ...]]:
    """The rules and the reference data that come with the kit."""
    folder = resources.files("kit") / "rules"
    found: list[Rule] = []
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml") and file.name not in ("known.yaml", "words.yaml"):
            found += parse(file.read_text(encoding="utf-8"), file.name)
    known = read_yaml((folder / "known.yaml").read_text(encoding="utf-8"), "known.yaml")
    return tuple(found), tuple(
        Known(k["name"], k["kind"], k["source"], *(tuple(map(fold, k.get(w, ()))) for w in ("any", "all")))
        for k in known
    )


def of_case(folder: Path | None) -> list[Rule]:
    """The kit's rules and the case's own; one of the case replaces the kit's of the same id."""
    rules = {r.id: r for r in shipped()[0]}
    for file in sorted((folder / "rules").glob("*.yaml")) if folder else ():
        rules |= {r.id: r for r in parse(file.read_text(encoding="utf-8"), str(file))}
    return list(rules.values())


def parse(text: str, name: str) -> list[Rule]:
    """The rules written in a YAML text. Raises CaseError naming the file and the entry that is wrong."""
    out = []
    for entry in read_yaml(text, name) or []:
        rule_id = entry.get("id", "?") if isinstance(entry, dict) else "?"
        try:
            if unknown := set(entry) - FIELDS:
                raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
            if entry["kind"] not in KINDS:
                raise ValueError(f"kind {entry['kind']!r} is none of {', '.join(KINDS)}")
            out.append(_rule(entry))
        except (ValueError, TypeError, KeyError, re.error) as e:
            raise CaseError(f"Rule {rule_id!r} in {name} is wrong ({e}); correct it and rebuild.") from e
    return out


def _rule(entry: dict[str, Any]) -> Rule:
    groups = {
        "all": tuple(_either(g) for g in entry["all"]),
        **{k: tuple(_either(p) for p in entry.get(k) or ()) for k in ("alone", "none")},
    }
    lists = {k: tuple(map(str, entry.get(k) or ())) for k in ("look_alikes", "references", "fires", "silent")}
    rest = {k: v for k, v in entry.items() if k not in (*groups, *lists)}
    if not groups["all"]:
        raise ValueError("it has no patterns")
    fields: dict[str, Any] = {**rest, **groups, **lists}
    return Rule(**fields)


def _either(group: str | list[str]) -> re.Pattern[str]:
    patterns = [group] if isinstance(group, str) else group
    spelt = (re.sub(r"\{([a-z_]+)\}", lambda m: f"(?:{_words()[m[1]]})", p) for p in patterns)
    # Texts are folded before they are searched, so what folding changes is changed here as well.
    joined = "|".join(f"(?:{p})" for p in spelt).replace("ß", "ss").replace("…", "...")
    return re.compile(joined, re.IGNORECASE)


@cache
def _words() -> dict[str, str]:
    """The vocabulary of words.yaml: a name, and an expression for any of its words."""
    text = (resources.files("kit") / "rules" / "words.yaml").read_text(encoding="utf-8")
    return {name: "|".join(f"(?:{p})" for p in words) for name, words in read_yaml(text, "words.yaml").items()}


def matching(rules: Sequence[Rule], part: str, skeleton: str, examples: Sequence[str]) -> list[str]:
    """Ids of the rules that match the skeleton or most of the examples."""
    constant, shown = fold(skeleton), [fold(e) for e in examples]
    return sorted(r.id for r in rules if r.part in ("", part) and _holds(r, constant, shown))


def known_as(skeleton: str, examples: Sequence[str]) -> Known | None:
    """The known harness, evaluation tool or benchmark the template is, if any."""
    constant, shown = fold(skeleton), [fold(e) for e in examples]
    return next((known for known in shipped()[1] if _holds(known, constant, shown)), None)


def _holds(thing: Rule | Known, skeleton: str, examples: Sequence[str]) -> bool:
    """Whether it matches the skeleton or more than MAJORITY of the examples; reads no more of them than it must."""
    if thing.matches(skeleton):
        return True
    left = len(examples)
    for example in examples:
        left -= not thing.matches(example)
        if left <= MAJORITY * len(examples):
            return False
    return left > 0


def verdict(facts: Facts, rules: dict[str, Rule]) -> tuple[str, str]:
    """(harvest | harmless | unclear, one sentence why). Never from language, country or volume alone."""
    mine = [rules[i] for i in facts.rules]
    telling = [r for r in mine if r.kind in ("elicitation", "relay") and r.weight == "strong"]
    ordinary = [r for r in mine if r.kind == "look_alike"]
    if facts.known_kind == "harness":
        return "harmless", f"It is the fixed prompt of {facts.known_as}, which all its users send."
    evidence = [r.title[0].lower() + r.title[1:] for r in telling] + _measured(facts, mine)
    if not evidence:
        return _without_evidence(facts, mine, ordinary)
    asks = " and ".join(evidence[:3])
    if doubt := _doubt(facts, telling, ordinary):
        return "unclear", f"It {asks}, but {doubt}."
    where = f"{facts.orgs:,} organisations" if facts.orgs else "unknown organisations"
    return (
        "harvest",
        f"It {asks}: {facts.fillers:,} different fillings from {facts.accounts:,} accounts of {where}.",
    )


def _measured(facts: Facts, mine: list[Rule]) -> list[str]:
    """What the requests themselves show, whatever the words are."""
    outside = max(facts.requests - facts.in_harness, 1)
    out = []
    if facts.returned >= max(FILLERS, SHARE * outside):
        out.append(f"brings back text answered to other accounts ({facts.returned:,} of {outside:,} requests)")
    if facts.carried >= max(FILLERS, SHARE * outside):
        out.append(f"presents reasoning blocks that other accounts present too ({facts.carried:,} of {outside:,})")
    if (
        any(r.id == "product_persona" for r in mine)
        and facts.orgs >= PEOPLE
        and facts.persona_accounts > facts.accounts / 2
    ):
        out.append(
            f"carries one of several products' own system prompts for users of {facts.persona_accounts:,} accounts"
        )
    return out


def _doubt(facts: Facts, telling: list[Rule], ordinary: list[Rule]) -> str:
    outside = facts.requests - facts.in_harness
    if outside < max(FILLERS, facts.requests / 20):
        return f"{facts.in_harness:,} of {facts.requests:,} requests were made inside a coding harness"
    if facts.known_kind == "evaluation" and all(r.capability == "judging" for r in telling):
        return f"it is the public prompt of {facts.known_as}, which evaluation teams everywhere send"
    if facts.accounts < PEOPLE:
        return f"only {facts.accounts} account{'s' * (facts.accounts != 1)} sent it"
    if facts.orgs == 1:
        return "one organisation sent all of it, which could be its own evaluation or product"
    if facts.fillers < FILLERS:
        return f"there are only {facts.fillers} different fillings"
    if telling and all(r.long_answers for r in telling) and facts.output_tokens < LONG_TOKENS:
        return f"the answers are short ({facts.output_tokens:.0f} tokens on average)"
    if any(r.id == "coursework" for r in ordinary) and outside / facts.accounts < CLASS_REQUESTS:
        return "it is set out as class work and each account sent few"
    if any(r.id == "decision_record" for r in ordinary):
        return "it is set out as the record of a business's own decisions"
    return ""


def _without_evidence(facts: Facts, mine: list[Rule], ordinary: list[Rule]) -> tuple[str, str]:
    if facts.known_as:
        return (
            "harmless",
            f"Its items are those of {facts.known_as}; nothing in it asks for reasoning or judgements.",
        )
    if strong := [r for r in ordinary if r.weight == "strong"]:
        return "harmless", f"{strong[0].title}: {strong[0].meaning[0].lower()}{strong[0].meaning[1:]}"
    if any(r.kind == "probing" for r in mine):
        return "unclear", "It probes safeguards; read examples and look for a later phase that scales one of them."
    if facts.fillers < FILLERS:
        return "harmless", f"Ordinary repeated text with {facts.fillers} different fillings."
    if facts.accounts < PEOPLE or facts.orgs == 1:
        return "harmless", "One customer's own form; nothing in it asks for what training needs."
    if facts.output_tokens >= LONG_TOKENS * 2 and facts.fillers >= 10 * FILLERS:
        return "unclear", "Many fillings and long answers from several customers, but no rule says what it elicits."
    return "unclear", "Several customers use it and no rule says what for; read examples."


def case_folder(con: duckdb.DuckDBPyConnection) -> Path | None:
    """The folder of the case whose database is being built, if it is a file."""
    own = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ((path,),) = con.execute(own).fetchall()
    return Path(path).parent if path else None
