"""Load exported logs into a case.

One export becomes one immutable Parquet part named by its hash; exports.toml lists the parts that belong to the
case and is swapped in last, so a load that fails or is killed changes nothing and can be repeated.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from kit.case import case_key, read_config
from kit.database import has_part, read_exports
from kit.errors import LoadError
from kit.formats import Format, format_named, read_format
from kit.load.container import sha256
from kit.load.files import find_files
from kit.load.joins import build_side_tables
from kit.load.plan import Plan, plan
from kit.load.staging import Staging
from kit.load.writer import Writers

__all__ = ["Loaded", "build_side_tables", "load", "plan", "read_exports"]
CONTENT = ("full", "excerpt", "hash")
MOST_NAMED = 20  # unreadable files named in one error


@dataclass(frozen=True)
class Loaded:
    """What became of one export: lines = loaded + rejected + blank."""

    source_id: str
    path: str
    kind: str
    format: str
    lines: int
    loaded: int
    rejected: int
    blank: int
    new: bool
    note: str = ""

    @classmethod
    def passed_over(cls, file: Path, why: str) -> Loaded:
        """A file that was not read."""
        return cls("", str(file), "", "", 0, 0, 0, 0, new=False, note=f"passed over: {why}")

    def __str__(self) -> str:
        if not self.new:
            return f"{self.path}: {self.note}"
        parts = [f"{self.loaded:,} of {self.lines:,} records loaded"]
        parts += [f"{self.rejected:,} rejected"] if self.rejected else []
        parts += [f"{self.blank:,} blank"] if self.blank else []
        note = f"; {self.note}" if self.note else ""
        return f"{self.path}: {', '.join(parts)} into {self.kind} ({self.format}, source {self.source_id}){note}"


def load(
    folder: Path,
    paths: Sequence[str | Path],
    *,
    format: str = "auto",
    mapping: Path | None = None,
    content: str | None = None,
    leave_out: Sequence[str] = (),
) -> list[Loaded]:
    """Stage every export that is not in the case yet; the caller rebuilds the database.

    `paths` are files, folders (all files below) or globs, without those that a glob in `leave_out` fits, by name or
    whole path; a file that is passed over is in the answer, with the reason. `format` is "auto" or a name under
    kit/formats; `mapping` is a mapping file for exports in a format of their own; `content` says how much of the
    texts is kept ("full", "excerpt", "hash"; else what case.toml says). Raises LoadError, with the case as it was,
    if a path is missing or an export cannot be read as a whole; the error names all that cannot.
    """
    folder = Path(folder)
    content = content or str(read_config(folder).get("privacy", {}).get("content", "full"))
    if content not in CONTENT:
        raise LoadError(f"content {content!r} is none of {', '.join(CONTENT)}; correct case.toml or --content.")
    chosen = read_format(Path(mapping), f"mapping:{Path(mapping).name}") if mapping else None
    chosen = format_named(format) if chosen is None and format != "auto" else chosen
    files, passed = find_files(paths, leave_out)
    with _alone(folder):
        before = [e for e in read_exports(folder) if has_part(folder, e)]
        known = {e["sha256"]: e for e in before}
        digests = [(file, sha256(file) if file.is_file() else "") for file in files]
        done = [Loaded.passed_over(file, why) for file, why in passed.items()]
        done += [_known(known[digest], file) for file, digest in digests if digest in known]
        entries = list(before)
        plans = _plans([(file, digest) for file, digest in digests if digest not in known], chosen)
        if not plans:
            return done
        with _bar(sum(p.container.size for p in plans)) as bar, closing(_writers(folder, content)) as writers:
            for one in plans:
                entry = _stage(folder, one, writers, bar)
                if mapping:
                    entry["mapping"] = _keep_mapping(folder, Path(mapping))
                changed = [e for e in entries if e["path"] == entry["path"]]
                note = f"changed since source {changed[-1]['sha256'][:16]}, kept beside it" if changed else ""
                entries.append(entry)
                done.append(_loaded(entry, note))
        _write_exports(folder, entries)
    return done


def _keep_mapping(folder: Path, mapping: Path) -> str:
    """Keep the mapping in the case, so that a replay reads the export alike; returns its text."""
    kept, text = folder / "mappings" / mapping.name, mapping.read_text(encoding="utf-8")
    if kept.is_file() and kept.read_text(encoding="utf-8") != text:
        raise LoadError(f"{mapping.name} was used here with other contents; give the new mapping another name.")
    kept.parent.mkdir(exist_ok=True)
    new = kept.with_name(f"{kept.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, kept)
    return text


def _writers(folder: Path, content: str) -> Writers:
    for name in ("requests", "rejects", "side", "exports", ".spill"):
        (folder / name).mkdir(exist_ok=True)
        for left in folder.glob(f"{name}/*.partial" if name != ".spill" else ".spill/*-*.*"):
            left.unlink(missing_ok=True)  # by a load that was killed: this one has the case to itself
    return Writers(folder / ".spill", case_key(folder), content)


def _stage(folder: Path, one: Plan, writers: Writers, bar: Any) -> dict[str, Any]:
    record = folder / "exports" / f"{one.sha256}.json"
    entry = _staged(folder, record, one, writers.content)
    if entry is None:

        def progress(read: int, written: int) -> None:
            bar.rows += written
            bar.update(read)
            if written:
                bar.set_postfix_str(f"{bar.rows:,} rows", refresh=False)

        before = bar.n
        Staging(folder, one, writers, case_key(folder), progress).run()
        bar.update(before + one.container.size - bar.n)  # not every reader counts its bytes; a short bar ends red
        entry = json.loads(record.read_text(encoding="utf-8"))
    else:
        bar.update(one.container.size)
    loaded_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # As it was typed, and where that was: a notebook and a replay run in another folder.
    said = {"path": str(one.path), "full_path": str(one.path.resolve())}
    return {**said, "how": "referenced", "loaded_at": loaded_at, **entry}


def _staged(folder: Path, record: Path, one: Plan, content: str) -> dict[str, Any] | None:
    """The record of an export that an earlier, interrupted load finished in the same way."""
    if not record.is_file():
        return None
    entry: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    same = entry["content"] == content and entry["format"] == one.format_name
    part = folder / "requests" / f"{one.sha256}.parquet"
    return entry if same and (one.kind != "requests" or part.is_file()) else None


def _write_exports(folder: Path, entries: list[dict[str, Any]]) -> None:
    lines = ["# The exports of this case; written by `incident load`, the parts are named by their sha256.", ""]
    for entry in entries:
        lines.append("[[exports]]")
        lines += [f"{name} = {_toml(value)}" for name, value in entry.items()]
        lines.append("")
    new = folder / "exports.toml.new"
    new.write_text("\n".join(lines), encoding="utf-8")
    os.replace(new, folder / "exports.toml")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in sorted(value.items())) + "}"
    return json.dumps(value, ensure_ascii=True)


def _known(entry: dict[str, Any], file: Path) -> Loaded:
    note = f"already in the case as source {entry['source_id']}, loaded {entry['loaded_at']}; nothing to do"
    return Loaded(
        entry["source_id"], str(file), entry["kind"], entry["format"], *_numbers(entry), new=False, note=note
    )


def _loaded(entry: dict[str, Any], note: str) -> Loaded:
    return Loaded(
        entry["source_id"], entry["path"], entry["kind"], entry["format"], *_numbers(entry), new=True, note=note
    )


def _numbers(entry: dict[str, Any]) -> tuple[int, int, int, int]:
    return entry["lines"], entry["loaded"], entry["rejected"], entry["blank"]


def _plans(files: list[tuple[Path, str]], chosen: Format | None) -> list[Plan]:
    """How each file is read, equal files once. Raises one LoadError that names every file that cannot be."""
    plans: dict[str, Plan] = {}
    refused: list[LoadError] = []
    for file, digest in files:
        if digest and digest in plans:
            continue
        try:
            plans[digest] = plan(file, chosen, digest)
        except LoadError as e:
            refused.append(e)
    if len(refused) == 1 and len(files) == 1:
        raise refused[0]
    if refused:
        more = len(refused) - MOST_NAMED
        named = [f"  {e}" for e in refused[:MOST_NAMED]] + [f"  and {more:,} more"] * (more > 0)
        head = f"{len(refused):,} of {len(files):,} files cannot be read, so nothing was loaded; mend or map them, "
        raise LoadError("\n".join([head + "or pass them over with --leave-out GLOB:", *named]))
    return list(plans.values())


def _bar(total: int) -> Any:
    """A progress bar in the terminal or the notebook, after two seconds; none in a pipe."""
    in_notebook = "ipykernel" in sys.modules
    kind: Any = tqdm
    if in_notebook:
        from tqdm.auto import tqdm as kind
    hidden = total == 0 or not (in_notebook or sys.stderr.isatty())
    bar = kind(total=total, unit="B", unit_scale=True, unit_divisor=1024, desc="load", delay=2, disable=hidden)
    bar.rows = 0  # of all exports so far
    return bar


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the case's load lock; a killed process lets it go. Raises LoadError if another load holds it."""
    with (folder / ".load.lock").open("a+b") as lock:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise LoadError(f"Another load into {folder} is running; wait for it and try again.") from e
        yield
