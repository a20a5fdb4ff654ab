"""A small town of our own making, as a built database."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import duckdb
import pytest

from kit import Case, create_case, open_case, prompts
from kit.database import build_database, create_tables, view_requests

Row = dict[str, object]
WORDS = [
    a + b + c for a in "bdgkmprst" for b in ("an", "el", "or", "ui") for c in ("dim", "fex", "gol", "nas", "ret")
]
TAGGED = "\n\nPut your full working between [[calc]] and [[/calc]] markers first, always, then the answer."
CLEAN = (
    "Clean this captured answer: drop every mention of a model or vendor, keep the steps, return only the text.\n\n"
)
HARNESS = "You are a coding agent in a terminal. Use the tools read_file and run_command on the repository."
PERSONAS = ["You are Brix, the assistant of Larkwood Bank.", "You are Mo, reading helper by Tallpine."]


def sentence(rng: random.Random, n: int = 9) -> str:
    return " ".join(rng.choices(WORDS, k=n)) + "."


def free(rng: random.Random) -> str:
    return " ".join(sentence(rng) for _ in range(rng.randint(2, 6)))


def town(seed: int = 1) -> list[Row]:
    """Requests of a campaign, a cleaner, a relay, a class, translators, a coding harness, a monitor and people."""
    rng, rows = random.Random(seed), []

    def ask(
        account: str, prompt: str, *, org: str = "", answer: str = "", tokens: int = 400, **more: object
    ) -> None:
        n = len(rows)
        at = f"2026-05-{1 + n % 28:02d}T{n % 24:02d}:{n % 60:02d}:{(n * 7) % 60:02d}Z"
        rows.append(
            {
                "request_id": f"r{n}",
                "account_id": account,
                "org_id": org or f"org-{account}",
                "occurred_at": at,
                "prompt_text": prompt,
                "response_text": answer or free(rng),
                "output_tokens": tokens,
                **more,
            }
        )

    for i in range(240):
        ask(
            f"camp-{i % 6}", free(rng) + TAGGED, temperature=0.8, max_tokens=16384, user_agent="fetch/1", tokens=900
        )
        ask(f"person-{i % 40}", free(rng), user_agent=f"browser/{i % 7}")
        ask(
            f"trans-{i % 4}",
            f"Translate into Danish, keep the layout, return only the translation: {free(rng)}",
            org="lingua",
        )
        ask(f"coder-{i % 8}", free(rng), system_text=HARNESS)
        ask(f"relay-{i % 5}", free(rng), system_text=PERSONAS[i % 2])
    for i in range(60):
        ask(
            f"class-{i % 20}",
            f"Assignment 4. Show your work step by step: sort {rng.sample(range(99), 6)} with heapsort.",
        )
        ask("monitor", "Reply with the word pong.", tokens=1)
    said = [str(r["response_text"]) for r in rows if str(r["account_id"]).startswith("camp-")]
    for i in range(60):
        rows.append(
            {
                **rows[0],
                "request_id": f"c{i}",
                "account_id": f"clean-{i % 4}",
                "org_id": f"org-clean-{i % 4}",
                "occurred_at": "2026-05-30T00:00:00Z",
                "prompt_text": CLEAN + said[i],
                "response_text": free(rng),
            }
        )
    return rows


def database(rows: list[Row], seed: int = 0, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """The rows shuffled into a database with the tables of prompts built."""
    order = list(rows)
    random.Random(seed).shuffle(order)
    con = duckdb.connect()
    con.execute("SET timezone = 'UTC'")
    con.execute(f"SET threads = {threads}")
    create_tables(con)
    con.execute("DROP TABLE requests")
    view_requests(con, [], with_duplicates=True)
    names = [r[0] for r in con.execute("DESCRIBE requests").fetchall()]
    con.execute("CREATE TEMP TABLE loaded AS FROM requests")
    con.execute("DROP VIEW requests")
    con.execute("CREATE TEMP VIEW requests AS FROM loaded")
    for n, row in enumerate(order):
        row = {"source_id": f"s{(n + seed) % 3}", "line": n, "is_primary": True, **row}
        con.execute(f"INSERT INTO loaded BY NAME SELECT {', '.join(f'? AS {k}' for k in row)}", list(row.values()))
    assert set(rows[0]) <= set(names)
    prompts.build(con)
    return con


@pytest.fixture(scope="session")
def built() -> duckdb.DuckDBPyConnection:
    return database(town())


@pytest.fixture(scope="session")
def make_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Row]], Case]:
    """A case folder of the given requests, loaded and built by the kit's own steps."""

    def make(rows: list[Row], rules: str = "") -> Case:
        from kit.load import build_side_tables, load

        folder = create_case(tmp_path_factory.mktemp("prompts") / "case")
        export = folder.parent / "requests.ndjson"
        export.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        if rules:
            (folder / "rules").mkdir()
            (folder / "rules" / "own.yaml").write_text(rules, encoding="utf-8")
        load(folder, [str(export)])
        build_database(folder, [lambda con: build_side_tables(folder, con), prompts.build])
        return open_case(folder)

    return make


@pytest.fixture(scope="session")
def town_case(make_case: Callable[[list[Row]], Case]) -> Case:
    return make_case(town())
