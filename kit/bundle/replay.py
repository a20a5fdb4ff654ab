"""Replay: load the exports of a bundle into a new case, ask every Result again and say exactly what differs."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from kit import derive, findings, load
from kit.bundle.document import words
from kit.case import Case, case_key, create_case, open_case
from kit.database import kit_digest
from kit.errors import KitError
from kit.load.container import sha256 as sha256_of

if TYPE_CHECKING:
    from kit.bundle.verification import Verification


@dataclass(frozen=True)
class Export:
    """A file to load again, with the format and the content setting it was loaded with."""

    file: Path
    format: str = ""
    content: str | None = None


def replay(outcome: Verification, given: list[Path], case: Path | None) -> None:
    plan_file = outcome.folder / "data" / "replay.json"
    if not plan_file.is_file():
        outcome.checked.append("Replay: this profile carries no results; verify the internal bundle to replay.")
        return
    plan = json.loads(plan_file.read_text(encoding="utf-8"))
    files, missing, same_files = _find_exports(outcome.folder, plan["exports"], given)
    if missing and not files:
        outcome.checked.append("Fixity checked; replay not possible.")
        outcome.differences.append(
            f"replay: exports missing: {', '.join(missing)}; say where the files that were loaded lie with "
            "--exports, or ask for --fixity-only"
        )
        return
    if plan["kit_sha256"] != kit_digest():
        sealed_with = plan["versions"]["distillation-incident-kit"]
        outcome.checked.append(
            f"Replay: this kit is not the one that sealed ({sealed_with}, other code or queries)."
        )
    key = _key(plan, case)
    if key is None:
        outcome.checked.append(
            "Replay: without the key of the case; secrets hashed with it come out otherwise (--case)."
        )
    with tempfile.TemporaryDirectory(prefix="replay-") as scratch:
        rebuilt = Path(scratch) / "case"
        try:
            again = _rebuild(rebuilt, outcome.folder / "data" / "case", files, key)
        except KitError as e:
            outcome.differences.append(f"replay: the case cannot be rebuilt: {e}")
            return
        if not same_files:
            unlike = ", ".join(missing) or "none was recorded"
            outcome.checked.append(
                f"Replay: from other files than those the bundle names ({unlike}); the rows are compared."
            )
        _compare(outcome, plan, again, same_files)


def _find_exports(
    folder: Path, recorded: list[dict[str, Any]], given: list[Path]
) -> tuple[list[Export], list[str], bool]:
    """The files to replay from, the recorded ones missing, and whether the former are those recorded."""
    offered = [f for g in given for f in (sorted(g.rglob("*")) if g.is_dir() else [g]) if f.is_file()]
    included = sorted(f for f in (folder / "data" / "exports").rglob("*") if f.is_file())
    found: list[Export] = []
    missing: list[str] = []
    for one in recorded:
        places = [*included, *offered, *([] if given else [Path(one["path"]), Path(one["full_path"])])]
        match = next((p for p in places if _is(p, one)), None)
        if match:
            found.append(Export(match, one["format"], one.get("content")))
        else:
            name = Path(one["path"]).name
            other = next((p for p in places if p.name == name and p.is_file()), None)
            missing.append(f"{name} ({other} is another file: {_unlike(other, one)})" if other else name)
    if offered and (missing or not recorded):
        return [Export(f) for f in offered], missing, False
    return ([], missing or ["none was recorded"], False) if missing or not recorded else (found, [], True)


def _unlike(file: Path, recorded: dict[str, Any]) -> str:
    size = file.stat().st_size
    if size != recorded["bytes"]:
        return f"{size:,} bytes, not {recorded['bytes']:,}"
    return f"SHA-256 {sha256_of(file)[:12]}…, not {recorded['sha256'][:12]}…"


def _is(file: Path, recorded: dict[str, Any]) -> bool:
    return file.is_file() and file.stat().st_size == recorded["bytes"] and sha256_of(file) == recorded["sha256"]


def _key(plan: dict[str, Any], case: Path | None) -> bytes | None:
    """The key of the case, if the case is at hand."""
    try:
        key = case_key(case or Path(plan["case_folder"]))
    except KitError:
        return None
    return key if hashlib.sha256(key).hexdigest() == plan["case_key_sha256"] else None


def _rebuild(folder: Path, settings: Path, exports: list[Export], key: bytes | None) -> Case:
    create_case(folder)
    for file in (f for f in settings.rglob("*") if f.is_file() and f.name != "case.build"):
        target = folder / file.relative_to(settings)
        if target.name not in ("activity.jsonl", "exports.toml"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    if key:
        (folder / "case.key").write_text(key.hex() + "\n")
    for (content, format_name), files in _by_format(exports):
        mapping = folder / "mappings" / format_name.removeprefix("mapping:")
        if format_name.startswith("mapping:"):
            load.load(folder, files, content=content, mapping=mapping)
        else:
            load.load(folder, files, content=content, format=format_name)
    derive.rebuild(folder)
    return open_case(folder)


def _by_format(exports: list[Export]) -> list[tuple[tuple[str | None, str], list[Path]]]:
    """The files that are loaded alike; the format is named only where it would not be recognised."""
    alike: dict[tuple[str | None, str], list[Path]] = {}
    for one in exports:
        auto = one.format in ("", "canonical") or (
            not one.format.startswith("mapping:") and load.plan(one.file).format_name == one.format
        )
        alike.setdefault((one.content, "auto" if auto else one.format), []).append(one.file)
    return list(alike.items())


def _compare(outcome: Verification, plan: dict[str, Any], again: Case, same_files: bool) -> None:
    compared = skipped = 0
    for recorded in plan["results"]:
        label = f"exhibit {recorded['exhibit']} ({recorded['name']}: {recorded['title']})"
        if not recorded["replays"] or (recorded["depends_on_files"] and not same_files):
            skipped += 1
            continue
        try:
            now = findings.ask_again(again, recorded)
        except KitError as e:
            outcome.differences.append(f"replay: {label}: {e}")
            continue
        compared += 1
        if now.digest != recorded["digest"]:
            sealed = pl.read_parquet(outcome.folder / "data" / "annexes" / f"{recorded['file']}.parquet")
            # Exports may lie elsewhere now: where they lay is no part of what they say.
            if not sealed.drop("path", strict=False).equals(now.frame.drop("path", strict=False)):
                outcome.differences.append(f"replay: {label}: {_difference(sealed, now.frame)}")
    outcome.checked.append(f"Replay: {compared} results made again and compared, {skipped} not comparable.")


def _difference(sealed: pl.DataFrame, now: pl.DataFrame) -> str:
    """What differs between the rows sealed and the rows made again: columns, row count, or the first cell."""
    if sealed.schema != now.schema:
        return f"columns {_columns(sealed)} sealed, {_columns(now)} now"
    if sealed.height != now.height:
        return f"{sealed.height:,} rows sealed, {now.height:,} now"
    for name in (c for c in sealed.columns if c != "path"):
        unequal = sealed[name].ne_missing(now[name])
        if unequal.any():
            at = unequal.arg_max() or 0
            before, after = words(sealed[name][at], 60), words(now[name][at], 60)
            n = int(unequal.sum())
            differ = f"{n:,} rows differ" if n > 1 else "1 row differs"
            return f"{differ} in {name}; first in row {at + 1}: {before} sealed, {after} now"
    return "the digests differ, the rows in the annex do not; the annex is not what was sealed with this digest"


def _columns(frame: pl.DataFrame) -> str:
    return ", ".join(f"{n} {t}" for n, t in frame.schema.items())
