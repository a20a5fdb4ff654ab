"""Every .sql file says what it answers, declares its parameters, and binds to the empty schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from kit.database import create_tables, view_requests

SQL = Path(__file__).parent.parent / "kit" / "sql"
FILES = sorted(f for f in SQL.rglob("*.sql") if f.parent.name != "schema")
DECLARED = re.compile(r"^-- \$(\w+) ([A-Z_]+(?:\([\d, ]+\))?(?:\[\])?):", re.MULTILINE)


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET timezone = 'UTC'")
        create_tables(con)
        con.execute("DROP TABLE requests")
        view_requests(con, [], with_duplicates=True)
        yield con


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SQL).as_posix())
def test_a_query_declares_its_parameters_and_binds_to_the_empty_schema(
    file: Path, empty: duckdb.DuckDBPyConnection
) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("-- "), "the first line says what the query answers"
    declared = dict(DECLARED.findall(text))
    statements = duckdb.extract_statements(re.sub(r"\{(\w+)\}", "account_id", text))
    used = {name for s in statements for name in s.named_parameters}
    assert used == set(declared), "each $parameter has a line `-- $name TYPE: meaning`"
    for statement in statements:
        values = dict.fromkeys(statement.named_parameters)
        empty.execute(statement, values) if values else empty.execute(statement)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SQL).as_posix())
def test_a_query_has_a_total_order_or_fills_a_table(file: Path) -> None:
    text = file.read_text(encoding="utf-8").upper()
    assert "ORDER BY" in text or "INSERT INTO" in text or "CREATE" in text


def test_every_column_of_the_canonical_tables_is_explained_or_plain_from_its_name() -> None:
    requests = (SQL / "schema" / "base.sql").read_text(encoding="utf-8").split(");", 1)[0]
    columns = [line for line in requests.splitlines() if re.match(r"  \w+ [A-Z]", line)]
    assert len(columns) >= 50
    assert [line for line in columns if "--" not in line] == []
