"""Drafts for counsel: certificates under the Federal Rules of Evidence 902(13) and 902(14), and a custody log."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from kit.bundle import annexes, word
from kit.bundle.document import Block, Document, Facts, Heading, Items, Table, Text, words
from kit.bundle.phrases import wording
from kit.case import Case, read_activity

BLANK = "____________________"


def write(folder: Path, case: Case, evidence: dict[str, Any]) -> None:
    """Write the drafts and the custody log into `folder`."""
    folder.mkdir()
    made_at = datetime.fromisoformat(evidence["case"]["sealed_at"])
    for rule in wording()["certificates"]:
        draft = word.render(_certificate(rule, evidence), made_at)
        (folder / f"certificate-{rule}-draft.docx").write_bytes(draft)
    (folder / "custody-log.csv").write_bytes(annexes.spreadsheet_csv(custody(case)))


def custody(case: Case) -> pl.DataFrame:
    """Who did what, when, in the case: one row per line of activity.jsonl."""
    rows = []
    for entry in read_activity(case.folder):
        at, by, action = entry.pop("at"), entry.pop("by"), entry.pop("action")
        rows.append([at, by, action, json.dumps(entry, ensure_ascii=True)])
    schema = dict.fromkeys(("at", "by", "action", "detail"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _certificate(rule: str, evidence: dict[str, Any]) -> Document:
    """The draft for FRE 902(13) or 902(14): the words of wording.yaml, filled in, and the files by hash."""
    case, words_of = evidence["case"], dict(wording()["certificates"][rule])
    fills = {"kit_version": case["kit_version"], "build": evidence["build"], "case": case["id"], "blank": BLANK}
    title, head, declarant = (words_of.pop(k) for k in ("title", "head", "declarant"))
    blocks: list[Block] = [
        Text(head.format(rule=f"{rule.replace('-', '(')})")),
        Facts([(asked, BLANK) for asked in declarant]),
    ]
    for heading, paragraphs in words_of.items():
        blocks += [Heading(2, heading), *(Text(p.format(**fills)) for p in paragraphs)]
    blocks += [
        Heading(2, "The files"),
        *_exports(evidence),
        Heading(2, "Declaration"),
        Text("I declare under penalty of perjury that the foregoing is true and correct (28 U.S.C. 1746)."),
        Facts([("Executed on, at", BLANK), ("Signature", BLANK)]),
    ]
    subtitle = f"Case {case['id']} · bundle {case['bundle_id']} · draft made {case['sealed_at']}"
    return Document(title, subtitle, case["tlp"], blocks)


def _exports(evidence: dict[str, Any]) -> list[Block]:
    rows = [
        [str(x["path"]).replace("\\", "/").rsplit("/", 1)[-1], words(x["bytes"]), words(x["lines"]), x["sha256"]]
        for x in evidence["coverage"]["exports"]
    ]
    named = Table(
        "Files as read, with their SHA-256", ["File", "Bytes", "Lines", "SHA-256"], rows, frozenset({1, 2})
    )
    return [named] if rows else [Items([f"Files: {BLANK}"])]
