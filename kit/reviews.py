"""What reviewers decided: labels of templates and dispositions of clusters, one append-only file per person.

reviews.label(case, template_id, "harvest", reason="asks for reasoning in tags")
reviews.dispose(case, cluster_id, "reject", reason="declared reseller")
reviews.current(case)          # what stands now
reviews.disagreements(case)    # where reviewers differ

A decision is never changed, only followed by another; the latest of each person about each subject stands. Two
people, or one person in two notebooks, may write at once: each line is written in one piece at the end of the file.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from kit.case import Case, record_activity
from kit.errors import ParameterError

LABELS = ("harvest", "harmless", "unsure")
DISPOSITIONS = ("accept", "reject", "split", "merge", "unsure")
VERDICTS = {"template": LABELS, "cluster": DISPOSITIONS}
SCHEMA: dict[str, Any] = {
    "at": pl.String,
    "by": pl.String,
    "subject": pl.String,
    "id": pl.String,
    "verdict": pl.String,
    "reason": pl.String,
    "accounts": pl.List(pl.String),
    "into": pl.String,
    "build": pl.String,
}


def reviewer() -> str:
    """Who is deciding: the name in KIT_REVIEWER, else the login name."""
    return os.environ.get("KIT_REVIEWER") or getpass.getuser()


def label(case: Case, template_id: str, verdict: str, *, reason: str) -> None:
    """Label a template harvest, harmless or unsure. Raises ParameterError without a reason or for another word."""
    _append(case, "template", template_id, verdict, reason)


def dispose(
    case: Case, cluster_id: str, verdict: str, *, reason: str, accounts: Sequence[str] = (), into: str = ""
) -> None:
    """Accept, reject, split or merge a cluster, or say unsure, with the reason.

    A split names the `accounts` that belong apart, a merge the cluster it goes `into`.
    """
    if verdict == "split" and not accounts:
        raise ParameterError(f"A split of {cluster_id} needs accounts=[...], those that belong apart.")
    if verdict == "merge" and (not into or into == cluster_id):
        raise ParameterError(f"A merge of {cluster_id} needs into=..., the other cluster.")
    _append(case, "cluster", cluster_id, verdict, reason, accounts=sorted(accounts), into=into)


def remember(case: Case, name: str, state: dict[str, Any]) -> None:
    """Keep the state of a picker, so that it can be brought back after a restart of the kernel."""
    _write(case, {"subject": "picker", "id": name, "state": state})


def recall(case: Case, name: str) -> dict[str, Any] | None:
    """The state this person last left the picker `name` in, or None."""
    mine = [r for r in _read(case, reviewer()) if r["subject"] == "picker" and r["id"] == name]
    return dict(mine[-1]["state"]) if mine else None


def history(case: Case) -> pl.DataFrame:
    """Every decision of everybody, oldest first.

    Columns: at (ISO 8601, UTC), by, subject (template or cluster), id, verdict, reason, accounts, into, build.
    """
    rows = [row for who in _people(case) for row in _read(case, who) if row["subject"] in VERDICTS]
    frame = pl.DataFrame([{c: row.get(c) for c in SCHEMA} for row in rows], schema=SCHEMA)
    return frame.sort("at", "by", "id", maintain_order=True)


def current(case: Case) -> pl.DataFrame:
    """What stands now: the latest decision of each person about each subject, columns as in `history`."""
    latest = history(case).unique(["by", "subject", "id"], keep="last", maintain_order=True)
    return latest.sort("subject", "id", "by")


def disagreements(case: Case) -> pl.DataFrame:
    """Subjects on which the reviewers' latest decisions differ: subject, id, and `verdicts` as "name: verdict"."""
    standing = current(case)
    each = standing.group_by("subject", "id").agg(
        pl.col("verdict").n_unique().alias("kinds"),
        (pl.col("by") + ": " + pl.col("verdict")).sort().str.join("; ").alias("verdicts"),
    )
    return each.filter(pl.col("kinds") > 1).drop("kinds").sort("subject", "id")


def _append(case: Case, subject: str, id: str, verdict: str, reason: str, **more: Any) -> None:
    if verdict not in VERDICTS[subject]:
        raise ParameterError(
            f"{verdict!r} is no verdict on a {subject}; choose one of {', '.join(VERDICTS[subject])}."
        )
    if not reason.strip():
        raise ParameterError(f"The verdict on {subject} {id} has no reason; say why in a few words.")
    _write(case, {"subject": subject, "id": id, "verdict": verdict, "reason": reason.strip(), **more})
    record_activity(case.folder, "review", subject=subject, id=id, verdict=verdict, reviewer=reviewer())


def _write(case: Case, row: dict[str, Any]) -> None:
    who = reviewer()
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = json.dumps({"at": stamp, "by": who, **row, "build": case.build}, ensure_ascii=True)
    file = case.folder / "reviews" / f"{_file_name(who)}.jsonl"
    file.parent.mkdir(exist_ok=True)
    torn = file.is_file() and not file.read_bytes().endswith(b"\n") and file.stat().st_size > 0
    # One write at the end of the file: lines of two notebooks follow each other and never mix.
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, (("\n" if torn else "") + line + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _people(case: Case) -> list[str]:
    return sorted(f.stem for f in (case.folder / "reviews").glob("*.jsonl"))


def _read(case: Case, who: str) -> list[dict[str, Any]]:
    file = case.folder / "reviews" / f"{_file_name(who)}.jsonl"
    rows = []
    for number, line in enumerate(file.read_bytes().splitlines() if file.is_file() else [], 1):
        if not line:
            continue
        try:
            row = json.loads(line)
            row["subject"], row["id"], row["at"], row["by"]
        except (ValueError, KeyError, TypeError):
            warnings.warn(f"{file.name} line {number} is torn and left out; the file keeps it.", stacklevel=4)
            continue
        rows.append(row)
    return rows


def _file_name(who: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", who).lstrip(".") or "reviewer"
