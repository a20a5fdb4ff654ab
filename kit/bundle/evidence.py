"""evidence.json: what a bundle claims, for machines. Built from the exhibits: it holds nothing they do not."""

from __future__ import annotations

from typing import Any

import polars as pl

from kit.bundle import decisions
from kit.bundle.decisions import Decided
from kit.result import plain

SCHEMA_VERSION = "1"
ATLAS = {
    "AML.T0024.002": "Exfiltration via AI Inference API: Extract AI Model",
    "AML.T0040": "AI Model Inference API Access",
    "AML.T0021": "Establish Accounts",
    "AML.T0048.004": "External Harms: AI Intellectual Property Theft",
}
OWASP = "LLM10:2025 Unbounded Consumption (model extraction via API, functional model replication)"
NIST = "AI 100-2 E2025, NISTAML.031 Model Extraction (privacy attacks)"
CLAIMS = {
    "A": "The requests happened as counted",
    "B": "The accounts are one operation",
    "C": "The purpose is to harvest outputs for training",
    "D": "Who is behind it",
    "E": "A model was trained on the outputs",
}
FAMILIES = ("identity", "infrastructure", "timing", "content", "reaction")
SUPPORTED = ("established", "supported", "partly supported")
COVERED = {  # what a row may carry, and what cannot be shown where rows lack it
    "with_time": ("time", "when requests without a time were made"),
    "with_account": ("account", "who made the requests that carry no account"),
    "with_address": ("client address", "infrastructure shared between accounts, where no address was logged"),
    "with_client": ("client description", "which software made the requests"),
    "with_prompt": ("prompt", "what was asked, where the prompt was not logged"),
    "with_response": ("answer", "what was answered, where the answer was not logged"),
    "with_tokens": ("token counts", "how much was taken, where tokens were not counted"),
    "with_cost": ("price", "what the requests cost, where no price was logged"),
}


def evidence(
    case: dict[str, Any], build: str, tables: dict[str, pl.DataFrame], found: list[dict[str, Any]], decided: Decided
) -> dict[str, Any]:
    """The content of evidence.json.

    `case` describes case and bundle, `tables` are the kit's own exhibits, `found` the findings, and `decided` what
    reviewers decided about each group.
    """
    content: dict[str, Any] = plain(
        {
            "schema_version": SCHEMA_VERSION,
            "case": case,
            "build": build,
            "coverage": coverage(tables),
            "findings": found,
            "clusters": clusters(tables, decided),
            "references": {"MITRE ATLAS": ATLAS, "OWASP": OWASP, "NIST": NIST},
        }
    )
    return content


def coverage(tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """What was received and how complete it is."""
    row = dict(tables["coverage"].row(0, named=True))
    out: dict[str, Any] = {**row, "exports": [], "cannot_show": cannot_show(row, tables["cannot_show"])}
    if "received" in tables and tables["received"].height:
        received = tables["received"]
        out["exports"] = received.to_dicts()
        out |= {k: int(received[k].sum() or 0) for k in ("lines", "loaded", "rejected", "blank")}
    if "rejects" in tables:
        out["rejects"] = tables["rejects"].to_dicts()
    return out


def cannot_show(row: dict[str, Any], signals: pl.DataFrame) -> list[str]:
    """What the received exports cannot show, first what is missing from them, then what no log has."""
    total = row["attempts"]
    gaps = [
        f"{about[0].upper()}{about[1:]} ({100 * (1 - row[column] / total):.0f}% of rows have no {name})."
        for column, (name, about) in COVERED.items()
        if total and row.get(column) is not None and row[column] < 0.995 * total
    ]
    if row.get("from_sampled_logs"):
        gaps.append("Everything: part of the logs is a sample, so counts are lower bounds.")
    if row.get("with_uncertain_time"):
        gaps.append("Exact times of some requests: their log gave no zone, or only when the line arrived.")
    if hidden := signals.filter(~pl.col("can_be_looked_for"))["signal"].to_list():
        named = "; ".join(name.partition(" ")[2] for name in hidden)
        gaps.append(f"{len(hidden)} of the {len(signals)} signals of harvesting, for want of columns: {named}.")
    return [
        *gaps,
        "Requests made through other providers, clouds or resellers, and answers bought from third parties.",
        "Who is behind the accounts, and whether any model was trained on the answers: logs do not record it.",
    ]


def clusters(tables: dict[str, pl.DataFrame], decided: Decided) -> list[dict[str, Any]]:
    """Every group examined, as it stands after review, proposed ones first: accounts, evidence, claims, reviews."""
    groups = []
    for row in tables["clusters"].iter_rows(named=True):
        own = {n: _of(frame, row["cluster_id"]) for n, frame in tables.items() if "cluster_id" in frame.columns}
        claims = {r.pop("claim"): r for r in own.get("claims", [])}
        given = {r.pop("family"): r for r in own.get("families", [])}
        groups.append(
            {
                **row,
                "members": own.get("members", []),
                "account_count": row["accounts"],
                "models": {r["request_model"]: r["exchanges"] for r in own.get("models", [])},
                "families": {f: given[f] for f in FAMILIES if f in given},
                "claims": claims,
                "alternatives": own.get("alternatives", []),
            }
        )
    out = decisions.applied(groups, decided)
    for group in out:
        group["accounts"] = sorted(m["account_id"] for m in group.pop("members") if m.get("account_id"))
        group["techniques"] = techniques(group["claims"], group["families"]) if group["proposed"] else []
    return sorted(out, key=lambda c: not c["proposed"])


def techniques(claims: dict[str, dict[str, Any]], families: dict[str, dict[str, Any]]) -> list[str]:
    """ATLAS techniques that the graded claims support; extraction only where claim C is at least partly so."""
    out = ["AML.T0040"]
    if claims.get("C", {}).get("grade") in SUPPORTED:
        out.insert(0, "AML.T0024.002")
    one_operation = claims.get("B", {}).get("grade") in SUPPORTED
    if one_operation and any(families.get(f, {}).get("holds") for f in ("identity", "reaction")):
        out.append("AML.T0021")
    return out


def _of(frame: pl.DataFrame, cluster_id: str) -> list[dict[str, Any]]:
    return frame.filter(pl.col("cluster_id") == cluster_id).drop("cluster_id").to_dicts()
