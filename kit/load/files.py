"""Which files a load reads: what the given paths name, less what is passed over, and why."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Sequence
from pathlib import Path

from kit.errors import LoadError
from kit.formats import formats


def find_files(paths: Sequence[str | Path], leave_out: Sequence[str] = ()) -> tuple[list[Path], dict[Path, str]]:
    """The files that paths, folders and globs name, in order, each once; and those passed over, with the reason.

    `leave_out` are globs over a file's name or its whole path. Raises LoadError if a path holds no file, if
    a glob to leave out fits none, or if nothing is left.
    """
    found: dict[Path, None] = {}
    passed: dict[Path, str] = {}
    skip = {p: f.title for f in formats().values() for p in f.recognise.get("skip", [])}
    for given in paths:
        files = _below(given)
        for file in files:
            if why := _why_passed_over(file, files == [Path(given)], leave_out, skip):
                passed[file] = why
            else:
                found[file] = None
        if not files:
            raise LoadError(f"{given} holds no files to load; check the path.")
    for pattern in leave_out:
        if not any(_fits(file, pattern) for file in passed):
            raise LoadError(f"--leave-out {pattern} fits none of the files; correct it or leave it away.")
    if passed and not found:
        file, why = next(iter(passed.items()))
        raise LoadError(f"No file is left to load: {file} is passed over ({why}); check the paths.")
    return list(found), passed


def _below(given: str | Path) -> list[Path]:
    path = Path(given)
    if path.is_dir():
        return sorted(f for f in path.rglob("*") if f.is_file())
    if path.exists() or not glob.has_magic(str(given)):
        return [path]
    return sorted(f for name in glob.glob(str(given), recursive=True) if (f := Path(name)).is_file())


def _why_passed_over(file: Path, named: bool, leave_out: Sequence[str], skip: dict[str, str]) -> str:
    """Why a file is not read, or ""; a file that was given by its own name is read whatever the name."""
    if pattern := next((p for p in leave_out if _fits(file, p)), ""):
        return f"left out by {pattern}"
    if named:
        return ""
    if file.name.startswith((".", "_")):
        return f"a name with {file.name[0]} in front is taken for a marker; name the file itself to load it"
    pattern = next((p for p in skip if fnmatch.fnmatch(file.as_posix(), p)), "")
    return f"no records in such a file of {skip[pattern]}" if pattern else ""


def _fits(file: Path, pattern: str) -> bool:
    return fnmatch.fnmatch(file.name, pattern) or fnmatch.fnmatch(file.as_posix(), pattern)
