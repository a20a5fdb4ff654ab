"""What each profile leaves out or changes, done once on the exhibits, before anything is written from them.

partner  pseudonyms for every id, no prompts, no words of people, no personal data, template hashes, an expiry date
public   aggregates of proposed groups; no number below ten, no row about fewer than ten accounts, no free text
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from kit.bundle.exhibits import Exhibit
from kit.case import Case, case_key
from kit.prompts import elicitation
from kit.redact import Redactor, lower_case_words, tokens

K = 10
WINDOW = 40  # no run of this many characters of a prompt may leave
SHORTEST_ID = 5  # a shorter word of letters alone, or a number, may be an id and is far more often none
MIXED = re.compile(r"(?=.*[^\W\d])(?=.*\d)")
TEXTS_PER_SHARE = 200_000
EXPIRES_AFTER_DAYS = 180
PUBLIC = ("coverage", "clusters", "days", "models", "families", "alternatives", "claims", "cannot_show")
PARTNER = (*PUBLIC, "members", "templates")
DROPPED = {
    "partner": ("skeleton", "template_id"),
    "public": ("statistic", "summary", "statement", "basis", "detail"),
}
DROPPED_NUMBERS = ("value", "null_value", "p_value", "n", "stability")  # statistics of single groups, not public
AS_THEY_ARE = (
    "skeleton_sha256",
    "family",
    "claim",
    "grade",
    "confidence",
    "part",
    "verdict",
    "known_as",
    "signal",
    "missing",
)
IN_THE_CASE = "The words of this finding stay in the case; ask the sender."
PSEUDONYMS = {"account_id": "account", "cluster_id": "group"}
PUBLIC_REASON = "Proposed by the rule of three of five families of evidence, content among them."


@dataclass
class Audience:
    """Adapts what is sealed for partner or public."""

    case: Case
    profile: str
    bundle_id: str
    sealed_at: str

    def __post_init__(self) -> None:
        key = hmac.new(case_key(self.case.folder), self.bundle_id.encode(), "sha256").digest()
        self.redactor = Redactor(key)

    def describe(self, case: dict[str, Any]) -> dict[str, Any]:
        """The `case` part of evidence.json without names."""
        kept = ("profile", "tlp", "bundle_id", "sealed_at", "kit_version")
        days = int(self.case.config.get("privacy", {}).get("expires_after_days", EXPIRES_AFTER_DAYS))
        out = {
            "id": self.redactor.pseudonym("case", case["id"]),
            "title": "suspected harvesting of model outputs",
            "opened_at": str(case.get("opened_at", ""))[:10],
            **{k: case[k] for k in kept},
        }
        if self.profile == "partner":
            out["expires_at"] = (date.fromisoformat(self.sealed_at[:10]) + timedelta(days=days)).isoformat()
        return out

    def build(self) -> str:
        """A build id that cannot be compared with that of another bundle."""
        return self.redactor.pseudonym("build", self.case.build)

    def adapt(
        self, exhibits: list[Exhibit], found: list[dict[str, Any]], rejected: list[str]
    ) -> tuple[list[Exhibit], list[dict[str, Any]]]:
        """The exhibits and findings that this audience gets, without the groups that reviewers rejected."""
        wanted = PARTNER if self.profile == "partner" else PUBLIC
        kept = [e for e in exhibits if e.key.removeprefix("evidence/") in wanted and e.key.startswith("evidence/")]
        kept = [e.with_frame(_without(e.result.frame, rejected, DROPPED[self.profile])) for e in kept]
        found = [f for f in found if f["cluster_id"] not in rejected]
        frames = [e.result.frame for e in kept]
        if self.profile == "public":
            frames = self._aggregated(kept)
        found = [self._finding(i, f) for i, f in enumerate(found, 1)] if self.profile == "partner" else []
        self.redactor.ordinary |= lower_case_words(_texts(frames))
        clean = self._cleaner(_texts(frames))
        kept = [
            replace(e.with_frame(self._frame(f, clean)), number=i, note=self._note())
            for i, (e, f) in enumerate(zip(kept, frames, strict=True), 1)
        ]
        return kept, found

    def log(self) -> dict[str, Any]:
        """How much was replaced, by kind and place; never what."""
        places = sorted(self.redactor.counts.items())
        kinds: Counter[str] = Counter()
        for (kind, _), n in places:
            kinds[kind] += n
        return {
            "profile": self.profile,
            "by_kind": dict(sorted(kinds.items())),
            "by_place": [{"kind": kind, "place": place, "replaced": n} for (kind, place), n in places],
        }

    # --- texts ---

    def _cleaner(self, texts: list[str]) -> Callable[[str, str], str]:
        """How to clean any of `texts`, once every id and every run of a prompt in them is known."""
        words = sorted({w for t in texts for w in tokens(t) if len(w) >= SHORTEST_ID or MIXED.match(w)})
        known = self.case.query("evidence/known_values", words=words).frame
        self.redactor.known = dict(zip(known["value"], known["kind"], strict=True))
        quoting = quoted_texts(self.case, texts)

        def clean(text: str, place: str) -> str:
            if text in quoting:
                self.redactor.counts["prompt text", place] += 1
                return "[withheld: quotes a prompt]"
            return self.redactor.text(text, place)

        return clean

    def _named(self) -> dict[str, set[str]]:
        """By column, the names that are not of this case's or one customer's making; any other gets a pseudonym."""
        models = self.case.query("evidence/public_models", least=K).frame["request_model"]
        return {"request_model": {"not recorded", *models}, "rules": {r.id for r in elicitation.shipped()[0]}}

    def _frame(self, frame: pl.DataFrame, clean: Callable[[str, str], str]) -> pl.DataFrame:
        columns = []
        named_by_all = self._named()
        for series in frame:
            kind = PSEUDONYMS.get(series.name)
            if series.name in named_by_all:
                columns.append(self._public_names(series, named_by_all[series.name]))
            elif kind:
                named = [v if v is None else self.redactor.pseudonym(kind, v) for v in series]
                self.redactor.counts["pseudonym", series.name] += len(named) - series.null_count()
                columns.append(pl.Series(series.name, named, dtype=pl.String))
            elif series.dtype == pl.String and series.name not in AS_THEY_ARE:
                cleaned = [v if v is None else clean(v, series.name) for v in series]
                columns.append(pl.Series(series.name, cleaned, dtype=pl.String))
            else:
                columns.append(series)
        out = pl.DataFrame(columns)
        if "cluster_id" not in out.columns or ("exchanges" in out.columns and "account_id" not in out.columns):
            return out
        # The order of the ids must not show in the order of the rows.
        return out.sort([c for c in ("cluster_id", "account_id") if c in out.columns], maintain_order=True)

    def _public_names(self, series: pl.Series, public: set[str]) -> pl.Series:
        """A column of names, or of lists of them, with a pseudonym for each that is not public."""

        def shown(name: str | None) -> str | None:
            if name is None or name in public:
                return name
            self.redactor.counts["pseudonym", series.name] += 1
            return self.redactor.pseudonym(series.name.removeprefix("request_").removesuffix("s"), name)

        if series.dtype == pl.String:
            return pl.Series(series.name, [shown(v) for v in series], dtype=pl.String)
        lists = [v if v is None else [shown(one) for one in v] for v in series]
        return pl.Series(series.name, lists, dtype=series.dtype)

    def _finding(self, number: int, finding: dict[str, Any]) -> dict[str, Any]:
        """A finding as graded, without its author, its Results, and any word that a person wrote.

        What people write may name anybody, in ways no rule finds; what is withheld is said to be there.
        """
        group = finding["cluster_id"]
        explained = finding["other_explanations"]
        self.redactor.counts["free text", "finding"] += 1 + len(finding["contradicts"]) + len(explained)
        return {
            **{k: finding[k] for k in ("confidence", "likelihood", "sources", "families", "revision", "at")},
            "slug": f"finding-{number}",
            "claim": IN_THE_CASE,
            "by": "withheld",
            "cluster_id": group and self.redactor.pseudonym("group", group),
            "supports": [],
            "contradicts": [{"text": "withheld"} for _ in finding["contradicts"]],
            "other_explanations": [{"explanation": "withheld"} for _ in explained],
        }

    def _note(self) -> str:
        if self.profile == "partner":
            return "Pseudonyms stand for ids; they are the same within this bundle and differ in every other."
        return f"Numbers below {K} and rows about fewer than {K} accounts are left out."

    # --- aggregates ---

    def _aggregated(self, kept: list[Exhibit]) -> list[pl.DataFrame]:
        frames = {e.key.removeprefix("evidence/"): e.result.frame for e in kept}
        large = frames["clusters"].filter(pl.col("proposed") & (pl.col("accounts") >= K))
        out = []
        for name, frame in frames.items():
            if "cluster_id" in frame.columns:
                frame = frame.filter(pl.col("cluster_id").is_in(large["cluster_id"].to_list()))
            if name in ("days", "models"):
                frame = without_small_rows(frame)
            if name == "clusters":
                frame = frame.with_columns(reason=pl.lit(PUBLIC_REASON))
            out.append(_rounded(frame.drop(*DROPPED_NUMBERS, strict=False)))
        return out


def without_small_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows about at least ten accounts; where those left out are few, the smallest kept one goes too.

    Without the second step the rows left out could be had by subtraction from the total of the group.
    """
    kept = []
    for _, own in frame.group_by("cluster_id", maintain_order=True):
        large, small = own.filter(pl.col("accounts") >= K), own.filter(pl.col("accounts") < K)
        if small.height and large.height and small["accounts"].sum() < K:
            large = large.filter(pl.int_range(pl.len()) != large["accounts"].arg_min())
        kept.append(large)
    return pl.concat(kept) if kept else frame


def quoted_texts(case: Case, texts: list[str]) -> set[str]:
    """Those of `texts` that hold 40 characters in a row of any prompt, system text or answer of the case.

    Any such run holds one of the text's own 20-character blocks whole, so the blocks are looked for in all prompts
    at once, and only where one is found the texts are compared.
    """
    even = {t: " ".join(t.split()) for t in texts if len(t) >= WINDOW}
    half = WINDOW // 2
    blocks: dict[str, set[str]] = {}
    for text, flat in even.items():
        for at in range(0, len(flat) - half + 1, half):
            blocks.setdefault(flat[at : at + half], set()).add(text)
    if not blocks:
        return set()
    patterns = sorted(blocks)
    quoting: set[str] = set()
    rows = case.query("evidence/coverage").frame["attempts"][0]
    shares = max(1, -(-rows // TEXTS_PER_SHARE))
    for share in range(shares):
        prompts = case.query("evidence/prompt_texts", share=share, shares=shares).frame["text"]
        hits = prompts.filter(prompts.str.contains_any(patterns))
        found = hits.str.extract_many(patterns, overlapping=True)
        for prompt, present in zip(hits, found, strict=True):
            for text in {t for block in present for t in blocks[block]} - quoting:
                flat = even[text]
                if any(flat[i : i + WINDOW] in prompt for i in range(len(flat) - WINDOW + 1)):
                    quoting.add(text)
    return quoting


def _without(frame: pl.DataFrame, rejected: list[str], columns: tuple[str, ...]) -> pl.DataFrame:
    """A frame without the groups that were rejected and without the columns that this audience does not get."""
    frame = frame.drop(*columns, strict=False)
    return frame.filter(~pl.col("cluster_id").is_in(rejected)) if "cluster_id" in frame.columns else frame


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """No count below ten, no time finer than a day."""
    numbers = [c for c, t in frame.schema.items() if t.is_integer()]
    times = [c for c, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    return frame.with_columns(
        *(pl.when(pl.col(c).is_between(1, K - 1)).then(None).otherwise(pl.col(c)).alias(c) for c in numbers),
        *(pl.col(c).dt.truncate("1d") for c in times),
    )


def _texts(frames: list[pl.DataFrame]) -> list[str]:
    return [v for f in frames for s in f if s.dtype == pl.String for v in s if v]
