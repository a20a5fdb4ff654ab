"""The exhibits of a bundle: the kit's own queries about the evidence, and the Results behind the findings."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from kit import findings, intake, reviews
from kit.bundle.decisions import Decided
from kit.case import Case
from kit.errors import KitError
from kit.result import Result


@dataclass(frozen=True)
class Exhibit:
    """One Result as evidence.

    number   1, 2, 3 ... in the bundle; files and the summary name it by this
    key      which query it answers ("evidence/clusters"), or the slug of the finding it belongs to
    title    what it shows, in words
    result   the rows as they are now
    shown    the columns the summary prints, in order; the annex has them all
    replays  whether asking again gave the same rows, so that a replay must too
    note     what a reader must know about it, or ""
    """

    number: int
    key: str
    title: str
    result: Result
    shown: tuple[str, ...]
    replays: bool = True
    note: str = ""

    @property
    def label(self) -> str:
        return f"Exhibit {self.number}"

    @property
    def file(self) -> str:
        """The stem of its annex files."""
        return f"exhibit-{self.number:02d}-{re.sub('[^a-z0-9]+', '-', self.key.rpartition('/')[2].lower())[:60]}"

    @property
    def depends_on_files(self) -> bool:
        """Whether it tells how the exports were cut into files, so that other cuts of the same rows differ."""
        files = {"source_id", "line", "path"} & set(self.result.frame.columns)
        return bool(files or re.search(r"\b(sources|rejects)\b", self.result.sql))

    def with_frame(self, frame: pl.DataFrame) -> Exhibit:
        shown = tuple(c for c in self.shown if c in frame.columns)
        return replace(self, result=self.result.with_frame(frame), shown=shown)


# The kit's own queries (kit/sql/evidence) in order, and the columns of each that the summary prints.
ASKED = {
    "received": "path format kind bytes lines loaded rejected blank",
    "rejects": "source_id reason lines first_line",
    "coverage": "requests duplicates accounts with_account with_address with_prompt with_tokens",
    "contents": "received rows sum_of_hashes",
    "clusters": "cluster_id proposed accounts exchanges requests_total first_at last_at",
    "days": "cluster_id day exchanges accounts output_tokens",
    "models": "cluster_id request_model exchanges accounts input_tokens output_tokens",
    "members": "cluster_id proposed account_id pool exchanges requests_total strength_bits",
    "families": "cluster_id family holds statistic value null_value n",
    "alternatives": "cluster_id explanation test outcome detail",
    "claims": "cluster_id claim grade confidence basis",
    "templates": "cluster_id template_id part verdict exchanges accounts skeleton",
    "cited_lines": "cluster_id export_sha256 line request_id account_id",
    "cited_requests": "cluster_id account_id occurred_at request_model prompt_text response_text",
}


def gather(case: Case, found: list[dict[str, Any]]) -> list[Exhibit]:
    """Every exhibit of a case: the kit's own, then those of the findings, each Result once."""
    exhibits: list[Exhibit] = []
    for number, (name, shown) in enumerate(ASKED.items(), 1):
        result = case.query(f"evidence/{name}")
        title = result.sql.partition("\n")[0].removeprefix("-- ").rstrip(".")
        exhibits.append(Exhibit(number, f"evidence/{name}", title, result, tuple(shown.split())))
    signals = intake.cannot_show(case)
    title = "Signals of harvesting, and which of them these logs cannot show"
    exhibits.append(
        Exhibit(len(exhibits) + 1, "evidence/cannot_show", title, signals, tuple(signals.frame.columns))
    )
    seen = {(e.result.name, e.result.digest) for e in exhibits}
    for finding in found:
        for reference in results_behind(finding):
            if (reference["name"], reference["digest"]) not in seen:
                seen.add((reference["name"], reference["digest"]))
                exhibits.append(_of_finding(case, finding, reference, len(exhibits) + 1))
    return exhibits


def results_behind(finding: dict[str, Any]) -> list[dict[str, Any]]:
    """The references to Results in a finding, those that support it and those that contradict it."""
    return [r for r in (*finding["supports"], *finding["contradicts"]) if "digest" in r]


def dispositions(case: Case) -> Decided:
    """What reviewers decided about each group and stands now: by, at, verdict, reason, accounts (split), into."""
    standing = reviews.current(case).filter(pl.col("subject") == "cluster")
    out: Decided = {}
    for row in standing.select("id", "by", "at", "verdict", "reason", "accounts", "into").iter_rows(named=True):
        out.setdefault(row.pop("id"), []).append(row)
    return out


def rejected(decided: Decided) -> list[str]:
    """The groups that a reviewer rejected or wants split: one is enough not to share a group as proposed."""
    return sorted(
        c for c, verdicts in decided.items() if any(v["verdict"] in ("reject", "split") for v in verdicts)
    )


def frames(exhibits: list[Exhibit]) -> dict[str, pl.DataFrame]:
    """The rows of the kit's own exhibits by the name of the query."""
    return {e.key.removeprefix("evidence/"): e.result.frame for e in exhibits if e.key.startswith("evidence/")}


def reference(exhibit: Exhibit) -> dict[str, Any]:
    """What a replay needs to make the exhibit again and compare it."""
    return {
        **findings.reference(exhibit.result),
        "exhibit": exhibit.number,
        "file": exhibit.file,
        "title": exhibit.title,
        "replays": exhibit.replays,
        "depends_on_files": exhibit.depends_on_files,
    }


def _of_finding(case: Case, finding: dict[str, Any], reference: dict[str, Any], number: int) -> Exhibit:
    """The Result as it was recorded; a note says when the case no longer gives the same."""
    frame = findings.rows_of(case, reference)
    recorded = Result(
        frame,
        reference["sql"],
        reference["parameters"],
        finding["build"],
        reference["name"],
        reference["units"],
        reference["call"],
        reference["arguments"],
    )
    note = ""
    try:
        same = findings.ask_again(case, reference).digest == reference["digest"]
        if not same:
            note = (
                f"These are the rows as recorded on build {finding['build']}; asked again on build {case.build}, "
                "the case gave other rows. Record the finding again, or say why the recorded rows stand."
            )
    except KitError as e:
        same, note = False, f"The case can no longer be asked this: {e}"
    title = f"{reference['name'].replace('_', ' ')} (finding {finding['slug']})"
    return Exhibit(number, finding["slug"], title, recorded, tuple(frame.columns[:7]), same, note)
