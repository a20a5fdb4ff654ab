"""The findings ledger of a case: one claim each, the Results behind it, and what speaks against it.

findings.record(case, "one-operation", claim="...", supports=[links, nights], confidence="moderate",
                other_explanations="...")

`findings/ledger.jsonl` is append-only. Each line holds a whole finding and the hash of the line before it, so a
line that was changed, removed or moved later shows. The chain does not prove when a line was written, and not by
whom: who can write the folder can write a whole new chain. A signature or a time stamp on a bundle settles that.
"""

from __future__ import annotations

import getpass
import hashlib
import html
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from kit.case import Case, record_activity, replay
from kit.errors import CaseError, KitError, ParameterError
from kit.result import Result, counted, plain, visible, write_rows

CONFIDENCE = ("low", "moderate", "high")
LIKELIHOOD = {  # Intelligence Community Directive 203, one row of terms, per cent
    "almost no chance": (1, 5),
    "very unlikely": (5, 20),
    "unlikely": (20, 45),
    "roughly even chance": (45, 55),
    "likely": (55, 80),
    "very likely": (80, 95),
    "almost certain": (95, 99),
}
FAMILIES = ("identity", "infrastructure", "timing", "content", "reaction")
TERM, SURE = re.compile(rf"(?i)\b({'|'.join(LIKELIHOOD)})\b"), re.compile(r"(?i)\bconfiden(ce|t)\b")
EXPLANATION = ("explanation", "test", "outcome")
FIRST = "0" * 64
LOCK_STALE_S = 60.0


class Finding(dict[str, Any]):
    """A finding as stored; a notebook shows it as one line."""

    def __repr__(self) -> str:
        names = ", ".join(f"{s['name']} ({counted(s['rows'], 'row')})" for s in self["supports"])
        return visible(
            f"Recorded {self['slug']}, revision {self['revision']}: {self['claim']} "
            f"Confidence {self['confidence']}; rests on {names}."
        )

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))


def record(
    case: Case,
    slug: str,
    *,
    claim: str,
    supports: Sequence[Result] | Result,
    confidence: str,
    other_explanations: str | Sequence[dict[str, str]],
    likelihood: str | None = None,
    contradicts: Sequence[Result | str] | Result | str = (),
    sources: str = "",
    families: Sequence[str] = (),
    cluster_id: str | None = None,
) -> dict[str, Any]:
    """Record one claim in the case, or a new revision of it; returns the finding as stored.

    claim               one or two sentences, what is claimed
    supports            the Results it rests on; their rows are kept beside the finding
    confidence          low | moderate | high: how good the basis is
    other_explanations  what else would explain it, in words or as [{"explanation", "test", "outcome"}]
    likelihood          an ICD 203 term for how likely the claim is, or None
    contradicts         Results or sentences that speak against it
    sources             Admiralty grade, reliability A-F and credibility 1-6, such as "B2"
    families            of the five families of evidence, those that the claim rests on
    cluster_id          the cluster it is about, if any

    The same content again changes nothing; other content under the same slug is a new revision. Raises
    ParameterError for a value that is not one of the above.
    """
    results = [supports] if isinstance(supports, Result) else list(supports)
    against = [contradicts] if isinstance(contradicts, Result | str) else list(contradicts)
    explained = other_explanations
    if isinstance(explained, str):
        explained = [{"explanation": explained.strip()}] if explained.strip() else []
    content = {
        "slug": slug,
        "claim": claim.strip(),
        "confidence": confidence,
        "likelihood": likelihood,
        "sources": sources or None,
        "families": list(families),
        "cluster_id": cluster_id,
        "supports": [reference(r) for r in results],
        "contradicts": [reference(c) if isinstance(c, Result) else {"text": c.strip()} for c in against],
        "other_explanations": [{k: str(v) for k, v in one.items() if v} for one in explained],
    }
    _check(content)
    folder = case.folder / "findings"
    for result in [*results, *(c for c in against if isinstance(c, Result))]:
        _keep_rows(folder / "results", result)
    with _locked(folder):
        entries = read_ledger(folder / "ledger.jsonl")
        before = next((e["finding"] for e in reversed(entries) if e["finding"]["slug"] == slug), None)
        if before and not any(before[k] != v for k, v in content.items()):
            return Finding(before)
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        revision = before["revision"] + 1 if before else 1
        finding = {**content, "revision": revision, "at": at, "by": getpass.getuser(), "build": case.build}
        entry = seal_entry(finding, entries[-1]["hash"] if entries else FIRST, len(entries) + 1)
        with (folder / "ledger.jsonl").open("a", encoding="utf-8") as f:
            f.write(canonical(entry) + "\n")
            f.flush()
            os.fsync(f.fileno())
        (folder / f"{slug}.json.new").write_text(
            json.dumps(finding, ensure_ascii=True, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        os.replace(folder / f"{slug}.json.new", folder / f"{slug}.json")
    record_activity(case.folder, "finding", slug=slug, revision=revision, hash=entry["hash"])
    return Finding(finding)


def all(case: Case) -> list[dict[str, Any]]:
    """The latest revision of every finding of the case, in the order in which they were first recorded."""
    latest: dict[str, dict[str, Any]] = {}
    for entry in read_ledger(case.folder / "findings" / "ledger.jsonl"):
        latest[entry["finding"]["slug"]] = entry["finding"]
    return list(latest.values())


def rows_of(case: Case, reference: dict[str, Any]) -> pl.DataFrame:
    """The rows of a Result as they were when the finding was recorded. Raises CaseError if they are gone."""
    file = case.folder / "findings" / "results" / f"{reference['digest']}.parquet"
    if not file.is_file():
        raise CaseError(f"{file} is missing; restore it from a backup or record the finding again.")
    return pl.read_parquet(file)


def ask_again(case: Case, reference: dict[str, Any]) -> Result:
    """Ask the case once more what a Result was asked: the analysis if one made it, else its SQL."""
    if reference.get("call"):
        return replay(case, reference["call"], reference["arguments"])
    return case.sql(reference["sql"], reference["name"], **reference["parameters"])


def recheck(case: Case) -> pl.DataFrame:
    """Whether the Results behind the findings still come out: finding, result, rows, digest, outcome.

    `outcome` is "same", "changed since" (record the finding again), or why it cannot be asked.
    """
    rows = []
    for finding in all(case):
        for stored in (r for r in (*finding["supports"], *finding["contradicts"]) if "digest" in r):
            try:
                now = ask_again(case, stored)
                outcome = "same" if now.digest == stored["digest"] else "changed since"
            except KitError as e:
                outcome = str(e)
            rows.append([finding["slug"], stored["name"], stored["rows"], stored["digest"][:12], outcome])
    schema = dict.fromkeys(("finding", "result", "rows", "digest", "outcome"), pl.String) | {"rows": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def read_ledger(file: Path) -> list[dict[str, Any]]:
    """The entries of a ledger, first to last. Raises CaseError if a line is no JSON or the chain is broken."""
    entries: list[dict[str, Any]] = []
    if not file.is_file():
        return entries
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError as e:
            raise CaseError(f"{file} line {number} is no JSON; restore the ledger from a backup.") from e
    if broken := broken_links(entries):
        raise CaseError(f"{file}: {broken[0]}; restore the ledger from a backup.")
    return entries


def broken_links(entries: Iterable[dict[str, Any]]) -> list[str]:
    """What is wrong with a chain of ledger entries, one sentence each; empty when it holds."""
    wrong, previous = [], FIRST
    for number, entry in enumerate(entries, 1):
        try:
            expected = seal_entry(entry["finding"], previous, number)
            if entry != expected:
                wrong.append(f"entry {number} ({entry['finding']['slug']}) does not follow from the one before it")
            previous = entry["hash"]
        except (KeyError, TypeError):
            wrong.append(f"entry {number} is no ledger entry")
    return wrong


def seal_entry(finding: dict[str, Any], previous: str, number: int) -> dict[str, Any]:
    """The ledger entry that holds `finding` and follows the entry with the hash `previous`."""
    body = {"number": number, "previous": previous, "finding": finding}
    return {**body, "hash": hashlib.sha256(canonical(body).encode()).hexdigest()}


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and ASCII only: equal values give equal text."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _check(f: dict[str, Any]) -> None:
    """Raise ParameterError unless the content is that of a sound finding."""
    slug = f["slug"]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > 80:
        raise ParameterError(f"{slug!r} is no slug; use up to 80 lower-case letters, digits and single hyphens.")
    if not f["claim"]:
        raise ParameterError(f"The finding {slug} claims nothing; write the claim as a sentence.")
    if not f["supports"]:
        raise ParameterError(f"The finding {slug} rests on no Result; give at least one in supports=[...].")
    if f["confidence"] not in CONFIDENCE:
        raise ParameterError(f"{f['confidence']!r} is no confidence; choose one of {', '.join(CONFIDENCE)}.")
    if f["likelihood"] is not None and f["likelihood"] not in LIKELIHOOD:
        raise ParameterError(f"{f['likelihood']!r} is no ICD 203 term; choose one of {', '.join(LIKELIHOOD)}.")
    if f["sources"] and not re.fullmatch(r"[A-F][1-6]", f["sources"]):
        raise ParameterError(f"{f['sources']!r} is no Admiralty grade; use A to F and 1 to 6, as B2.")
    if unknown := [name for name in f["families"] if name not in FAMILIES]:
        raise ParameterError(f"{unknown[0]!r} is no family of evidence; choose from {', '.join(FAMILIES)}.")
    for one in f["other_explanations"]:
        if "explanation" not in one or set(one) - set(EXPLANATION):
            raise ParameterError(f"An explanation of {slug} has {', '.join(one)}; give {', '.join(EXPLANATION)}.")
    texts = [f["claim"], *(c.get("text", "") for c in f["contradicts"])]
    texts += [text for one in f["other_explanations"] for text in one.values()]
    for sentence in (s for text in texts for s in re.split(r"(?<=[.!?])\s", text)):
        if TERM.search(sentence) and SURE.search(sentence):
            raise ParameterError(
                f"The finding {slug} puts a likelihood and a confidence in one sentence ({sentence[:80]!r}); split "
                "them (ICD 203)."
            )


def reference(result: Result) -> dict[str, Any]:
    """What it takes to ask for a Result again, and to tell whether it is the same."""
    return {
        "name": result.name,
        "sql": result.sql,
        "parameters": plain(result.parameters),
        "call": result.call,
        "arguments": plain(result.arguments),
        "digest": result.digest,
        "rows": len(result),
        "units": dict(result.units),
    }


def _keep_rows(folder: Path, result: Result) -> None:
    folder.mkdir(exist_ok=True)
    target = folder / f"{result.digest}.parquet"
    if not target.exists():
        part = folder / f".{result.digest}.{os.getpid()}"
        write_rows(result.frame, part)
        os.replace(part, target)


@contextmanager
def _locked(folder: Path, wait_s: float = 10.0) -> Iterator[None]:
    """Hold the ledger alone, on any system: a file that only one process can make."""
    lock, deadline = folder / ".ledger.lock", time.monotonic() + wait_s
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            age = 0.0
            with suppress(FileNotFoundError):  # let go of between the two looks
                age = time.time() - lock.stat().st_mtime
            if age > LOCK_STALE_S:  # left by a process that was killed: recording takes milliseconds
                lock.unlink(missing_ok=True)
            elif time.monotonic() > deadline:
                raise CaseError(f"{lock} is held by another process; wait for it, or remove the file.") from None
            else:
                time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
