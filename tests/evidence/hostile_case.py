"""A small case whose texts, ids and titles try to do harm, with linkage tables filled by hand."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import duckdb

from kit import Case, findings

PAYLOADS = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)> javascript:alert(4)',
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3",
    "'already guarded",
    "</style><style>body{display:none}</style>",
    "\u202eevil\u202c \u2066isolated\u2069 \x1b[31mred\x1b[0m \x00nul",
    '#set page(fill: red) #read("/etc/passwd") $x$ *bold* [link](javascript:alert(5)) ![i](http://evil.example/i.png)',
    "| table | cell | ``` code ``` <!-- --> &lt; {{7*7}} ${7*7}",
    "../../../../etc/passwd",
)
PERSONAL = "Write to jane.roe@example.org or call +49 30 1234567; card 4111 1111 1111 1111; from 198.51.100.77."


def prompt(i: int) -> str:
    """A long prompt of which no forty characters may leave in a shared bundle."""
    task = f"Grade answer {i} by the rubric below and show every step of the reasoning behind it."
    return f"{task} {PERSONAL} {PAYLOADS[i % len(PAYLOADS)]}"


def write_exports(folder: Path, *, seed: int = 7, parts: int = 1) -> list[Path]:
    """Exports of 400 requests by 40 accounts, shuffled by `seed` and cut into `parts` files."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "request_id": f"req_{i:05d}",
            "occurred_at": f"2026-05-{1 + i // 40:02d}T{i % 24:02d}:{i % 60:02d}:00Z",
            "account_id": f"acct_{i % 40:04d}",
            "client_ip": f"198.51.100.{i % 40}",
            "user_agent": "client/1.0",
            "conversation_id": PAYLOADS[i % len(PAYLOADS)],
            "request_model": "model-large" if i % 3 else "=model-small",
            "prompt_text": prompt(i),
            "response_text": f"Answer {i}. The third step follows from the second, which is shown above.",
            "input_tokens": 100 + i,
            "output_tokens": 200 + i,
            "http_status": 200,
        }
        for i in range(400)
    ]
    random.Random(seed).shuffle(rows)
    files = []
    for part in range(parts):
        file = folder / f"requests-{part}.csv"
        with file.open("w", newline="", encoding="utf-8") as f:
            writer = csv.DictWriter(f, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows[part::parts])
        files.append(file)
    accounts = folder / "accounts.csv"
    lines = [f"acct_{i:04d},org_{i:03d},mail{i}.example.net,free" for i in range(40)]
    accounts.write_text("account_id,org_id,email_domain,plan\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return [*files, accounts]


def fill_linkage(con: duckdb.DuckDBPyConnection) -> None:
    """One proposed group of twenty accounts, one dismissed group of five, payloads in every text."""
    for table in ("clusters", "cluster_accounts", "cluster_requests", "cluster_evidence"):
        con.execute(f"DELETE FROM {table}")
    con.execute("""INSERT INTO cluster_requests SELECT 'cluster-a', source_id, line FROM requests
        WHERE is_primary AND account_id < 'acct_0020' ORDER BY source_id, line""")
    con.execute("""INSERT INTO cluster_accounts SELECT
            CASE WHEN account_id < 'acct_0020' THEN 'cluster-a' ELSE 'cluster-b' END,
            account_id, count(*), count(*), 20.5, NULL
        FROM requests WHERE is_primary AND account_id < 'acct_0025' GROUP BY account_id ORDER BY account_id""")
    con.execute(
        """INSERT INTO clusters SELECT 'cluster-a', true, $t, 20, count(*), count(*), sum(input_tokens),
        sum(output_tokens), min(occurred_at), max(occurred_at), 0.9 FROM requests WHERE account_id < 'acct_0020'""",
        {"t": f"Four families agree. {PAYLOADS[0]}"},
    )
    con.execute(
        "INSERT INTO clusters VALUES ('cluster-b', false, ?, 5, 0, 50, 0, 0, NULL, NULL, 0.5)", [PAYLOADS[2]]
    )
    for family in ("identity", "infrastructure", "timing", "content", "reaction"):
        con.execute(
            "INSERT INTO cluster_evidence VALUES ('cluster-a', ?, ?, ?, 12, 0.5, 0.001, 20, ?)",
            [family, family != "reaction", PAYLOADS[1], "Account acct_0003 shares 198.51.100.3 with acct_0004."],
        )
    for payload in PAYLOADS:
        con.execute(
            "INSERT INTO cluster_alternatives VALUES ('cluster-a', ?, ?, 'possible', ?)",
            [f"class {payload}", payload, f"As in: {prompt(3)}"],
        )
    grades = [("established", "high"), ("supported", "high"), ("partly supported", "moderate")]
    grades += [("not assessed", "none"), ("cannot be shown", "none")]
    for letter, (grade, confidence) in zip("ABCDE", grades, strict=True):
        con.execute(
            "INSERT INTO cluster_claims VALUES ('cluster-a', ?, ?, ?, ?, ?)",
            [letter, f"Statement {letter}.", grade, confidence, PAYLOADS[4]],
        )


def record_findings(case: Case) -> None:
    """Two findings with payloads and personal data in their words."""
    busy = case.sql(
        "SELECT account_id, count(*) AS requests, any_value(prompt_text ORDER BY request_id) AS first_prompt "
        "FROM requests GROUP BY account_id ORDER BY account_id",
        "busiest",
    )
    findings.record(
        case,
        "one-operation",
        claim="Account acct_0003 and 19 more act as one, says mary.major@example.net of Mary Major. <b>Bold</b>",
        supports=[busy],
        confidence="moderate",
        likelihood="likely",
        sources="A2",
        families=["content", "timing"],
        cluster_id="cluster-a",
        other_explanations=f"A class by Jane Roe of {PAYLOADS[9]}",
        contradicts=[
            f"acct_0005 paid by invoice. {prompt(3)}",
            "It got: The third step follows from the second, which is shown above.",
        ],
    )
