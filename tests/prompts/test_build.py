"""The derived tables: the campaign's templates are harvest, look-alikes are not, and nothing depends on the
order."""

from __future__ import annotations

import random

import duckdb
from conftest import database, free, town

TABLES = (
    "templates",
    "account_templates",
    "response_flows",
    "account_habits",
    "account_signatures",
    "elicitation_rules",
)


def verdicts(con: duckdb.DuckDBPyConnection, role: str) -> dict[str, str]:
    """Verdict of each template that accounts of this role use, by skeleton."""
    found = con.execute(
        """SELECT DISTINCT t.skeleton, t.verdict FROM templates t JOIN account_templates USING (template_id)
        WHERE account_id LIKE $role || '%'""",
        {"role": role},
    ).fetchall()
    return dict(found)


def test_the_campaign_is_harvest_with_every_request_and_nobody_else(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute(
        """SELECT regexp_extract(account_id, '^[a-z]+') AS role, count(*) FROM request_templates t
        JOIN templates USING (template_id)
          WHERE verdict = 'harvest' AND NOT in_harness GROUP BY role ORDER BY role"""
    ).fetchall()
    assert found == [("camp", 240), ("clean", 60), ("relay", 240)]


def test_the_skeleton_shows_the_constant_text_and_its_slot(built: duckdb.DuckDBPyConnection) -> None:
    (skeleton,) = verdicts(built, "camp")
    assert skeleton.startswith("{…}")
    assert "between [[calc]] and [[/calc]] markers first, always" in skeleton


def test_look_alikes_are_harmless_and_say_why(built: duckdb.DuckDBPyConnection) -> None:
    for role in ("class", "trans", "coder", "monitor"):
        assert set(verdicts(built, role).values()) == {"harmless"}, role
    reasons = dict(built.execute("SELECT skeleton, verdict_reason FROM templates").fetchall())
    assert any("class work" in r.lower() or "pupils" in r for s, r in reasons.items() if s.startswith("Assignment"))


def test_free_text_belongs_to_no_template(built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute("SELECT count(*) FROM request_templates WHERE account_id LIKE 'person-%'").fetchall()[
        0
    ] == (0,)


def test_a_request_has_at_most_one_template_per_part(built: duckdb.DuckDBPyConnection) -> None:
    twice = (
        "SELECT count(*) FROM (SELECT 1 FROM request_templates GROUP BY source_id, line, part HAVING count(*) > 1)"
    )
    assert built.execute(twice).fetchall()[0] == (0,)


def test_counts_of_templates_add_up_from_requests(built: duckdb.DuckDBPyConnection) -> None:
    wrong = """SELECT count(*) FROM templates t WHERE requests <> (SELECT count(*) FROM request_templates r
        WHERE r.template_id = t.template_id) OR accounts <> (SELECT count(*) FROM account_templates a
        WHERE a.template_id = t.template_id)"""
    assert built.execute(wrong).fetchall()[0] == (0,)
    bits = built.execute(
        "SELECT rarity_bits, slot_entropy_bits FROM templates WHERE skeleton LIKE '%[[calc]]%'"
    ).fetchall()[0]
    accounts = built.execute("SELECT count(DISTINCT account_id) FROM requests").fetchall()[0]
    assert accounts is not None
    assert bits is not None
    assert abs(2 ** bits[0] - accounts[0] / 6) < 1e-3
    assert abs(2 ** bits[1] - 240) < 1e-2


def test_answers_that_come_back_are_found_with_both_ends(built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute("SELECT count(*) FROM returned_requests WHERE account_id LIKE 'clean-%'").fetchall()[
        0
    ] == (60,)
    ends = built.execute(
        "SELECT DISTINCT split_part(from_account_id, '-', 1), split_part(to_account_id, '-', 1) FROM response_flows"
    )
    assert ends.fetchall() == [("camp", "clean")]


def test_an_answer_that_repeats_what_somebody_pasted_before_does_not_come_back() -> None:
    """A page that many people paste: the model recites it to one of them, then another pastes it again."""
    rng = random.Random(4)
    page, new = " ".join(free(rng) for _ in range(3)), " ".join(free(rng) for _ in range(3))
    told = [
        ("a", f"Shorten: {page}", free(rng)),
        ("b", "Recite that page.", page),
        ("c", f"Explain: {page}", free(rng)),
        ("d", "Write something.", new),
        ("e", f"Clean this: {new}", free(rng)),
    ]
    con = database(
        [
            {
                "request_id": f"r{n}",
                "account_id": who,
                "occurred_at": f"2026-05-0{n + 1}T00:00:00Z",
                "prompt_text": asked,
                "response_text": answered,
            }
            for n, (who, asked, answered) in enumerate(told)
        ]
    )
    flows = con.execute("SELECT from_account_id, to_account_id, requests FROM response_flows").fetchall()
    assert flows == [("d", "e", 1)]


def test_a_sentence_in_more_than_twenty_answers_is_a_set_phrase_that_no_prompt_is_searched_for() -> None:
    rng = random.Random(5)
    phrase = " ".join(free(rng) for _ in range(3))
    con = database(
        [
            {
                "request_id": f"r{n}",
                "account_id": f"a{n}",
                "occurred_at": f"2026-05-{n + 1:02}T00:00:00Z",
                "prompt_text": f"Say it. {phrase}" if n else "Say something.",
                "response_text": f"{phrase} {free(rng)}",
            }
            for n in range(21)
        ]
    )
    rare, searched = "SELECT shingle, count(*) AS n FROM rare_shingles GROUP BY shingle", "FROM prompt_shingles"
    ((most, kept),) = con.execute(f"SELECT max(n), sum(n)::BIGINT FROM ({rare})").fetchall()
    assert most <= 20
    assert 0 < kept < 21 * 16 / 2  # of sketches of 16 shingles, most of which are the phrase
    assert con.execute(f"{searched} WHERE shingle NOT IN (SELECT shingle FROM rare_shingles)").fetchall() == []
    assert con.execute("SELECT count(*) FROM response_flows").fetchall() == [(0,)]


def test_tables_are_the_same_whatever_the_order_the_sources_and_the_threads(
    built: duckdb.DuckDBPyConnection,
) -> None:
    other = database(town(), seed=9, threads=1)
    for table in TABLES:
        assert built.execute(f"FROM {table}").fetchall() == other.execute(f"FROM {table}").fetchall(), table
    by_request = """SELECT r.request_id, t.part, t.template_id, t.in_harness FROM request_templates t
        JOIN requests r USING (source_id, line) ORDER BY ALL"""
    assert built.execute(by_request).fetchall() == other.execute(by_request).fetchall()


def test_a_case_without_texts_builds_empty_tables() -> None:
    con = database(
        [{"request_id": "r", "account_id": "a", "occurred_at": "2026-05-01T00:00:00Z", "prompt_text": None}]
    )
    assert [con.execute(f"SELECT count(*) FROM {t}").fetchall()[0] for t in TABLES[:4]] == [(0,)] * 4
