"""What was received: exports and their spans, gaps, clocks, rejects, coverage, repeats, and what cannot be shown.

Each function returns a Result; times are UTC, counts are rows unless the column says otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from kit.case import Case, analysis
from kit.database import read_exports
from kit.result import Result

# The signals an investigation looks for, by number, and the columns each one needs: every group needs one column.
SIGNALS: dict[str, tuple[tuple[str, ...], ...]] = {
    "1 concentrated volume": (("occurred_at",), ("account_id",), ("output_tokens", "input_tokens")),
    "2 one template in many accounts": (("account_id",), ("prompt_text", "system_text")),
    "3 synchronised timing": (("occurred_at",), ("account_id",)),
    "4 use round the clock": (("occurred_at",), ("account_id",)),
    "5 new account at its limit at once": (("occurred_at",), ("accounts.created_at",)),
    "6 plan and usage do not match": (("accounts.plan",), ("cost_usd", "output_tokens")),
    "7 shared payment or registration": (
        ("identifiers.payment_fingerprint", "accounts.email_domain", "accounts.signup_ip"),
    ),
    "8 shared infrastructure": (("client_ip", "identifiers.ip"), ("ja4", "ja3", "user_agent", "client_asn")),
    "9 one key from many addresses": (("api_key_id",), ("client_ip",)),
    "10 replacement after a ban": (("accounts.closed_at", "outcome=blocked"), ("occurred_at",)),
    "11 failover after a refusal": (("http_status", "outcome=blocked", "outcome=rate_limited"), ("occurred_at",)),
    "12 turn to a new model": (("request_model",), ("model_releases",)),
    "13 elicitation of reasoning": (("prompt_text",),),
    "14 probing, then exploiting": (("prompt_text",), ("outcome=blocked", "finish_reason", "response_text")),
    "15 replayed reasoning signatures": (("signature_hash",), ("account_id",)),
    "16 rubric grading": (("prompt_text",), ("response_text", "output_tokens")),
    "17 cleaning of harvested text": (("prompt_text",), ("response_text",)),
    "18 relay of other services' users": (("prompt_text", "system_text"), ("end_user_id", "user_agent")),
    "19 harvest mixed with other traffic": (("prompt_text",), ("account_id",)),
    "20 coverage sweep of tasks": (("prompt_text",),),
    "21 paired rewriting of topics": (("prompt_text",),),
    "22 missing or inconsistent context": (("client_ip", "client_asn"), ("accounts.signup_ip", "user_agent")),
    "23 scheduled checks of countermeasures": (("prompt_text",), ("occurred_at",)),
    "24 stolen keys": (("api_key_id",), ("client_asn", "client_ip", "user_agent")),
}


@analysis
def sources(case: Case) -> Result:
    """One row per export: path, format, lines = loaded + rejected + blank, span, times without zone, SHA-256."""
    return case.query("intake/sources")


@analysis
def gaps(case: Case, *, hours: float = 1.0) -> Result:
    """Stretches without a single request, at least `hours` long and ten times the usual longest pause.

    Columns: from_at, until_at, hours. The export may lack those hours, or the service was down.
    """
    return case.query("intake/gaps", hours=hours)


@analysis
def skew(case: Case) -> Result:
    """Where two exports hold the same event: how many seconds the second one's clock is behind the first's."""
    return case.query("intake/skew")


@analysis
def rejects(case: Case) -> Result:
    """Lines that could not be read, by export and reason: lines, first_line, first_excerpt."""
    return case.query("intake/rejects")


@analysis
def duplicates(case: Case) -> Result:
    """Rows that repeat an event, by pair of exports: rows, events. Nothing was deleted."""
    return case.query("intake/duplicates")


@analysis
def accounts(case: Case) -> Result:
    """How many accounts the case knows, and with what: what, accounts."""
    return case.query("intake/accounts")


@analysis
def coverage(case: Case) -> Result:
    """For every column of requests, how many primary rows have a value: column_name, rows, share (0 to 1)."""
    counted = case.sql(
        "SELECT count(*) AS total, count(COLUMNS(* EXCLUDE (source_id, line, dup_group, is_primary))) "
        "FROM requests WHERE is_primary",
        "coverage",
    )
    values = counted.frame.row(0, named=True)
    total = values.pop("total")
    frame = pl.DataFrame(
        {"column_name": list(values), "rows": list(values.values())},
        schema={"column_name": pl.String, "rows": pl.Int64},
    ).with_columns((pl.col("rows") / max(total, 1)).round(6).alias("share"))
    units = {"rows": "primary rows with a value", "share": "of all primary rows, 0 to 1"}
    return counted.with_frame(frame.sort("rows", "column_name", descending=[True, False]), units=units)


def export_file(case: Case, path: str) -> Path:
    """Where an export lies that was loaded by this path, whatever folder it was typed in; else the path itself."""
    known = {e["path"]: e.get("full_path", e["path"]) for e in read_exports(case.folder)}
    return Path(known.get(path, path))


@analysis
def cast_failures(case: Case) -> Result:
    """Values that were there but could not be read as their type: path, column_name, values. They are NULL now."""
    rows = [
        {"path": e["path"], "column_name": name, "values": count}
        for e in sorted(read_exports(case.folder), key=lambda e: str(e["sha256"]))
        for name, count in sorted(e.get("failed", {}).items())
    ]
    frame = pl.DataFrame(rows, schema={"path": pl.String, "column_name": pl.String, "values": pl.Int64})
    listed = case.sql("SELECT path, sha256 FROM sources ORDER BY path, sha256", "cast_failures")
    return listed.with_frame(frame)


@analysis
def cannot_show(case: Case) -> Result:
    """Which of the 24 signals this data cannot show: signal, can_be_looked_for, missing (columns without a value).

    A column counts as there when at least one primary row in a hundred has it; a table when it has a row.
    """
    there = _there(case)
    rows = []
    for signal, groups in SIGNALS.items():
        missing = [" or ".join(group) for group in groups if not any(name in there for name in group)]
        rows.append({"signal": signal, "can_be_looked_for": not missing, "missing": "; ".join(missing)})
    return case.sql("SELECT count(*) AS requests FROM requests", "cannot_show").with_frame(pl.DataFrame(rows))


def _there(case: Case) -> set[str]:
    filled = {r["column_name"] for r in coverage(case).rows() if r["share"] >= 0.01}
    one = case.sql(
        "SELECT count(created_at) AS c, count(plan) AS p, count(closed_at) AS x, count(email_domain) AS e, "
        "count(signup_ip) AS s, (SELECT count(*) FROM model_releases) AS m FROM accounts"
    ).rows()[0]
    names = {"c": "created_at", "p": "plan", "x": "closed_at", "e": "email_domain", "s": "signup_ip"}
    filled |= {f"accounts.{column}" for key, column in names.items() if one[key]}
    filled |= {"model_releases"} if one["m"] else set()
    kinds: list[dict[str, Any]] = case.sql("SELECT DISTINCT id_type FROM identifiers ORDER BY 1").rows()
    filled |= {f"identifiers.{row['id_type']}" for row in kinds}
    outcomes = case.sql("SELECT DISTINCT outcome FROM requests WHERE outcome IS NOT NULL ORDER BY 1").rows()
    return filled | {f"outcome={row['outcome']}" for row in outcomes}


def summary(case: Case) -> str:
    """One sentence on what was received, for a finding: exports, lines, requests, accounts, span."""
    row = case.sql(
        "SELECT (SELECT count(*) FROM sources) AS exports, (SELECT sum(lines) FROM sources) AS lines, "
        "(SELECT sum(rejected) FROM sources) AS rejected, count(*) FILTER (is_primary) AS requests, "
        "count(*) FILTER (NOT is_primary) AS repeats, count(DISTINCT account_id) AS accounts, "
        "strftime(min(occurred_at) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M') AS first_at, "
        "strftime(max(occurred_at) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M') AS last_at FROM requests"
    ).rows()[0]
    span = f"from {row['first_at']} to {row['last_at']} UTC" if row["first_at"] else "without times"
    return (
        f"{row['exports']:,} exports with {row['lines'] or 0:,} lines were received; "
        f"{row['rejected'] or 0:,} lines "
        f"could not be read. They hold {row['requests']:,} requests of {row['accounts']:,} accounts, {span}, "
        f"and {row['repeats']:,} rows that repeat one of them."
    )
