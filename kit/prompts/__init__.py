"""What was asked: templates, what they elicit, habits, flows, and whether a pool differs from the ordinary.

prompts.templates(case, verdict="harvest")
prompts.pooled_test(case, accounts=[...])
"""

from __future__ import annotations

import duckdb

from kit.prompts.review import (
    capabilities,
    coverage,
    examples,
    flows,
    languages,
    phases,
    pooled_test,
    replayed_signatures,
    returned,
    rules,
    similar_accounts,
    template_days,
    templates,
    users,
)

__all__ = [
    "build",
    "capabilities",
    "coverage",
    "examples",
    "flows",
    "languages",
    "phases",
    "pooled_test",
    "replayed_signatures",
    "returned",
    "rules",
    "similar_accounts",
    "template_days",
    "templates",
    "users",
]


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables of kit/sql/schema/prompts.sql from the view `requests`."""
    from kit.prompts import habits, judging, returns, skeletons  # here: the compiler takes half a second to import

    habits.build(con, skeletons.build(con))
    returns.build(con)
    judging.build(con)
