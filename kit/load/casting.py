"""From text to the canonical types, in one SELECT: times, numbers, masked secrets, how much of a text is kept."""

from __future__ import annotations

from functools import cache

import duckdb

from kit.database import create_tables
from kit.formats.secrets import mask_secrets

TEXTS = ("system_text", "prompt_text", "response_text", "reasoning_text")
SHOWN = ("api_key_id", "user_id", "end_user_id", "user_agent", "error_type", "id_value", "endpoint", "account_id")
MADE_HERE = {"source_id", "line", "occurred_at_raw", "time_quality", "outcome", "content_state"}
EXCERPT = 200
MACROS = """
CREATE OR REPLACE TEMP MACRO moment(t) AS coalesce(
  TRY_CAST(t AS TIMESTAMPTZ),
  CASE WHEN regexp_full_match(t, '[0-9]{9,19}([.][0-9]+)?') THEN make_timestamp(CAST(floor(
    CASE length(split_part(t, '.', 1))
      WHEN 9 THEN TRY_CAST(t AS DECIMAL(38, 9)) * 1000000 WHEN 10 THEN TRY_CAST(t AS DECIMAL(38, 9)) * 1000000
      WHEN 12 THEN TRY_CAST(t AS DECIMAL(38, 9)) * 1000 WHEN 13 THEN TRY_CAST(t AS DECIMAL(38, 9)) * 1000
      WHEN 15 THEN TRY_CAST(t AS DECIMAL(38, 9)) WHEN 16 THEN TRY_CAST(t AS DECIMAL(38, 9))
      WHEN 18 THEN TRY_CAST(t AS DECIMAL(38, 9)) / 1000 WHEN 19 THEN TRY_CAST(t AS DECIMAL(38, 9)) / 1000
    END) AS BIGINT)) END::TIMESTAMPTZ,
  TRY_CAST(try_strptime(t, ['%d/%b/%Y:%H:%M:%S %z', '%a, %d %b %Y %H:%M:%S %Z', '%m/%d/%Y, %I:%M:%S.%f %p',
    '%m/%d/%Y, %I:%M:%S %p', '%m/%d/%Y %I:%M:%S %p', '%b %d, %Y @ %H:%M:%S.%f']) AS TIMESTAMPTZ));
CREATE OR REPLACE TEMP MACRO said(t) AS CASE
  WHEN t IN ('', '-', 'null', 'NULL', 'None', '\\N', 'N/A', 'n/a', '(null)', 'undefined') THEN NULL ELSE t END;
CREATE OR REPLACE TEMP MACRO whole(t) AS coalesce(TRY_CAST(said(t) AS BIGINT),
  CASE WHEN regexp_full_match(t, '[0-9]{1,3}(,[0-9]{3})+') THEN TRY_CAST(replace(t, ',', '') AS BIGINT) END);
CREATE OR REPLACE TEMP MACRO quality(t) AS CASE
  WHEN moment(t) IS NULL THEN 'none'
  WHEN regexp_matches(t, '(Z|UTC|GMT|[+-]00:?(00)?)$') OR regexp_full_match(t, '[0-9.]+') THEN 'utc'
  WHEN regexp_matches(t, ':[0-9.]+ ?[+-][0-9]{2}(:?[0-9]{2})?$') THEN 'offset'
  ELSE 'naive_assumed' END;
"""
# A true HMAC-SHA256 in SQL: equal texts keep an equal hash within one case, and none outside it.
HMAC = "'hmac:' || sha256($outer || unhex(sha256($inner || encode({text}))))"


@cache
def table_columns(kind: str) -> dict[str, str]:
    """Column name -> DuckDB type of a canonical table."""
    with duckdb.connect() as con:
        create_tables(con)
        return {n: t for n, t, *_ in con.execute(f"DESCRIBE {kind}").fetchall()}


def prepare(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection what `cast_select` needs: the macros, and the function that masks secrets."""
    con.execute("SET timezone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    con.execute("SET preserve_insertion_order = true")
    con.execute(
        "SET disabled_optimizers = 'in_clause'"
    )  # it makes a join of each IN, and planning five times longer
    con.execute(MACROS)
    con.create_function("mask_secrets", lambda text: mask_secrets(text, key), ["VARCHAR"], "VARCHAR")


def cast_select(kind: str, have: frozenset[str], content: str, suspect: str) -> str:
    """The columns of a SELECT that turns text columns of canonical names into the typed columns of table `kind`.

    `have` names the columns that are there, `suspect` is the SQL of whether {column} may hold a secret. The last
    column, `failed`, has one bit for each column in `checked_columns` whose value could not be read as its type.
    """
    out = [
        f'CAST({_column(kind, name, sql_type, have, content, suspect)} AS {sql_type}) AS "{name}"'
        for name, sql_type in table_columns(kind).items()
        if name not in ("source_id", "line")
    ]
    bits = [
        f"CASE WHEN said({n}) IS NOT NULL AND {_typed(n, t)} IS NULL THEN {1 << i} ELSE 0 END"
        for i, (n, t) in enumerate(checked_columns(kind).items())
        if n in have
    ]
    out.append(f"({' | '.join(bits) or '0'})::BIGINT AS failed")
    return ",\n".join(out)


@cache
def checked_columns(kind: str) -> dict[str, str]:
    """The columns of a table that are not plain text."""
    return {n: t for n, t in table_columns(kind).items() if t != "VARCHAR" and n != "line"}


def content_keys(key: bytes) -> dict[str, bytes]:
    """The two padded keys of HMAC-SHA256, for `content='hash'`."""
    block = key.ljust(64, b"\0")
    return {"inner": bytes(b ^ 0x36 for b in block), "outer": bytes(b ^ 0x5C for b in block)}


def _column(kind: str, name: str, sql_type: str, have: frozenset[str], content: str, suspect: str) -> str:
    if kind == "requests" and name in MADE_HERE:
        return _made(name, have, content)
    if name not in have:
        return f"NULL::{sql_type}"
    if name in TEXTS:
        return _text(name, content, suspect)
    if name in SHOWN:
        return f"said({_masked(name, suspect)})"
    if sql_type == "VARCHAR":
        return f"said({name})"
    return _typed(name, sql_type)


def _typed(name: str, sql_type: str) -> str:
    if sql_type.startswith("TIMESTAMP"):
        return f"moment({name})"
    if sql_type == "BIGINT":
        return f"whole({name})"
    value = f"TRY_CAST(said({name}) AS {sql_type})"
    return f"CASE WHEN isfinite({value}) THEN {value} END" if sql_type == "DOUBLE" else value


def _text(name: str, content: str, suspect: str) -> str:
    masked = _masked(name, suspect)
    if content == "excerpt":
        return f"left({masked}, {EXCERPT})"
    if content == "hash":
        return f"CASE WHEN {name} <> '' THEN {HMAC.format(text=name)} ELSE {name} END"
    return masked


def _masked(name: str, suspect: str) -> str:
    return f"CASE WHEN {suspect.format(column=name)} THEN mask_secrets({name}) ELSE {name} END"


def _made(name: str, have: frozenset[str], content: str) -> str:
    def given(column: str) -> str:
        return f"said({column})" if column in have else "NULL"

    if name == "occurred_at_raw":
        return f"coalesce({given('occurred_at_raw')}, {given('occurred_at')})"
    if name == "time_quality":
        derived = "quality(occurred_at)" if "occurred_at" in have else "'none'"
        return f"coalesce({given('time_quality')}, {derived})"
    if name == "outcome":
        status = "TRY_CAST(said(http_status) AS INTEGER)" if "http_status" in have else "NULL"
        error = given("error_type")
        return (
            f"coalesce({given('outcome')}, CASE WHEN {status} = 429 THEN 'rate_limited' WHEN {status} = 499 THEN "
            f"'cancelled' WHEN {status} >= 400 THEN 'error' WHEN {error} IS NOT NULL THEN 'error' "
            f"WHEN {status} >= 100 THEN 'ok' ELSE 'unknown' END)"
        )
    texts = [t for t in TEXTS if t in have]
    some = " OR ".join(f"{t} <> ''" for t in texts) or "false"
    long = " OR ".join(f"length({t}) > {EXCERPT}" for t in texts) or "false"
    changed = {
        "full": "",
        "excerpt": f"WHEN {long} THEN 'truncated' ",
        "hash": f"WHEN {some} THEN 'redacted' ",
    }[content]
    said = given("content_state")
    return f"CASE {changed}WHEN {said} IS NOT NULL THEN {said} WHEN {some} THEN 'full' ELSE 'not_logged' END"
