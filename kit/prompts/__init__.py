"""What was asked: templates, what they elicit, habits, flows, and whether a pool differs from the ordinary."""

from __future__ import annotations

import duckdb

from kit.prompts import flows, habits, judging
from kit.prompts import templates as _templates


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables of kit/sql/schema/prompts.sql from the view `requests`."""
    habits.build(con, _templates.build(con))
    flows.build(con)
    judging.build(con)
