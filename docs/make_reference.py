"""Write the reference pages that repeat what the code says: tables, commands, formats.

python docs/make_reference.py            writes docs/reference/{tables,commands,formats}.md
python docs/make_reference.py --check    says which of them are out of date, exit code 1 if any is
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.__main__ import parser
from kit.formats import Format, formats

DOCS = Path(__file__).parent
SCHEMA = DOCS.parent / "kit" / "sql" / "schema"
FORMATS = DOCS.parent / "kit" / "formats"
MADE = "<!-- Made by docs/make_reference.py from {source}; change it there, then run the script again. -->"

AREAS = {
    "base": ("What was loaded", "Filled by `incident load` from the exports, one row for one record."),
    "volume": ("Volume", "Made after each load; `01_volume_analysis` reads them. Days and hours are UTC."),
    "prompts": ("Prompts", "Made after each load; `02_prompt_patterns` reads them."),
    "linkage": (
        "Linkage",
        "Made after each load; `03_account_linkage` reads them. A group is in `clusters` because it was examined. "
        "Only `proposed` says that the rule of three of five families held.",
    ),
}
TABLES_HEAD = """# Tables

A case answers SELECTs over these tables. Ask with `case.sql(...)`, `%%sql` or `incident sql`.

Four things to know before you count:

- **Count with `WHERE is_primary`.** The same request can be in two exports, and a client can retry. Nothing is ever
  deleted: the view `requests` has two columns beyond those below, `dup_group` (the same for all rows that are one
  event) and `is_primary` (true for exactly one of them).
- **Times are UTC.** `time_quality` says how sure that is: `utc` and `offset` are what the export stated,
  `naive_assumed` had no zone and was read as UTC, `log_arrival` is when the log line came in, `none` has no time.
- **Input tokens include cached ones, output tokens include reasoning,** whatever the export meant by the words.
- **A NULL is "the export does not say",** not zero. Look at the coverage in `00_intake` before you read a count of
  NULLs as an absence.

Country columns are there because exports carry them. No analysis of the kit uses them as evidence, and a query of
yours should not either.
"""
COMMANDS_HEAD = """# Commands

The console script is `incident`; `python -m kit` is the same. Every command has `--help`.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the thing asked for failed; one line on stderr says why and what to do |
| 2 | wrong usage; the usage is printed |

Two settings of the environment: `KIT_TRACEBACK=1` shows the whole Python traceback instead of one line, for a bug
report. `KIT_REVIEWER=name` says who is deciding, when the login name does not.
"""
FORMATS_HEAD = """# Export formats

`incident load` recognises these by their content; the file name is a hint at most. A file whose columns already
bear the names of [the tables](tables.md) (NDJSON, JSON, CSV or Parquet, plain, .gz or .zst) is `canonical` and
needs no format. For anything else, see [Load a format the kit does not know](../how-to/load-an-unknown-format.md).

*Gives* is what the format can hold; whether your export holds it depends on how logging was set up, and `00_intake`
counts it. *Lacks* is what no export of this format can show. Prompts and answers are in a log only where somebody
switched them on. *Account* is what the log names closest to one: with a cloud provider that is often a customer's
project or subscription, not a person.
"""
ABILITIES = {  # what a reader asks of a log -> the columns that answer it
    "time": ("occurred_at",),
    "account": ("account_id",),
    "key": ("api_key_id",),
    "address": ("client_ip",),
    "client": ("user_agent", "ja3", "ja4"),
    "prompt": ("prompt_text",),
    "answer": ("response_text",),
    "tokens": ("input_tokens", "output_tokens"),
    "price": ("cost_usd",),
}
FROM_BODIES = {  # part of a body that a format reads -> what it can fill
    "request": ("prompt_text",),
    "response": ("response_text", "output_tokens"),
    "usage": ("input_tokens",),
}


@dataclass
class Table:
    """A table of the schema with the comments of its CREATE statement."""

    name: str
    about: str
    columns: list[tuple[str, str, str]]


def tables_of(sql: str) -> list[Table]:
    """The tables of a schema file, with what the comments say about each and about its columns."""
    found: list[Table] = []
    for line in sql.splitlines():
        code, _, comment = line.partition("--")
        if begun := re.match(r"CREATE TABLE (\w+)", code):
            found.append(Table(begun[1], comment.strip(), []))
        elif column := re.match(r'  "?(\w+)"? ([A-Z][\w\[\]]*(?:\(\d+, \d+\))?),?\s*$', code):
            found[-1].columns.append((column[1], column[2], comment.strip()))
        elif code.strip() not in ("", ");"):
            raise SystemExit(f"{line!r} is no column as the reference expects it; one column a line.")
    return found


def tables_page() -> str:
    """docs/reference/tables.md."""
    areas = {area: tables_of((SCHEMA / f"{area}.sql").read_text(encoding="utf-8")) for area in AREAS}
    lines = [MADE.format(source="kit/sql/schema/*.sql"), TABLES_HEAD, "| table | what a row is |", "|---|---|"]
    lines += [f"| [`{t.name}`](#{t.name}) | {cell(t.about)} |" for tables in areas.values() for t in tables]
    for area, (title, about) in AREAS.items():
        lines += ["", f"## {title}", "", about]
        for table in areas[area]:
            lines += ["", f"### {table.name}", ""]
            lines += [f"{table.about[:1].upper()}{table.about[1:]}.", ""] if table.about else []
            lines += ["| column | type | meaning |", "|---|---|---|"]
            lines += [f"| `{n}` | {t} | {cell(about)} |" for n, t, about in table.columns]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """docs/reference/commands.md."""
    subparsers = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    lines = [MADE.format(source="incident COMMAND --help"), COMMANDS_HEAD]
    for name, command in subparsers.choices.items():
        actions = [a for a in command._actions if a.dest != "help"]
        usage = " ".join(["incident", name, *(_usage(a) for a in actions)])
        lines += [f"## incident {name}", "", command.description or "", "", "```text", usage, "```", ""]
        if actions:
            lines += ["| argument | meaning |", "|---|---|"]
            lines += [f"| `{cell(_flag(a))}` | {cell(_meaning(a))} |" for a in actions]
            lines.append("")
    return "\n".join(lines)


def _flag(action: argparse.Action) -> str:
    value = "{" + ", ".join(action.choices) + "}" if action.choices else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return value + ("..." if action.nargs in ("*", "+") else "")
    if action.nargs == 0:
        return action.option_strings[0]
    return f"{action.option_strings[0]} {value}{'...' if action.nargs in ('*', '+') else ''}"


def _usage(action: argparse.Action) -> str:
    optional = (action.option_strings and not action.required) or action.nargs in ("*", "?")
    return f"[{_flag(action)}]" if optional else _flag(action)


def _meaning(action: argparse.Action) -> str:
    said = action.help or ""
    if action.required and action.option_strings:
        return f"{said} (must be given)".strip()
    if action.default not in (None, False, "", []):
        return f"{said} (else `{_plain(action.default)}`)".strip()
    return said


def _plain(value: Any) -> str:
    return value.as_posix() if isinstance(value, Path) else str(value)


def formats_page() -> str:
    """docs/reference/formats.md."""
    lines = [MADE.format(source="kit/formats/*.toml"), FORMATS_HEAD]
    known = formats()
    for kind, title in (
        ("requests", "Logs of requests"),
        ("usage_buckets", "Usage reports: sums per time bucket, never single requests"),
        ("identifiers", "Sign-ins, keys and payment: what accounts were seen with"),
        ("accounts", "Accounts"),
        ("model_releases", "Model releases"),
    ):
        rows = [f for f in known.values() if f.kind == kind]
        if not rows:
            continue
        lines += [f"## {title}", "", "| name | what it is | gives | lacks | know this |", "|---|---|---|---|---|"]
        for one in rows:
            gives, lacks = abilities(one)
            note, link = _header(one.name)
            what = f"[{cell(one.title)}]({link})" if link else cell(one.title)
            lines.append(f"| `{one.name}` | {what} | {gives} | {lacks} | {cell(note)} |")
        lines.append("")
    return "\n".join(lines)


def abilities(one: Format) -> tuple[str, str]:
    """What a format can hold and what it lacks, in words."""
    if one.kind == "model_releases":
        return "the day of release", ""
    if one.kind != "requests":
        named = [*one.identifiers.get("values", {}), *(c for c in one.columns if c not in ("source_id", "line"))]
        return ", ".join(
            f"`{n}`" for n in dict.fromkeys(named)
        ), "single requests" if one.kind != "accounts" else ""
    columns = set(one.columns) | {c for body in one.content for c in FROM_BODIES.get(body, ())}
    gives = [name for name, wanted in ABILITIES.items() if columns & set(wanted)]
    gives += ["rows of `identifiers`"] if one.identifiers else []
    return ", ".join(gives), ", ".join(name for name in ABILITIES if name not in gives)


def _header(name: str) -> tuple[str, str]:
    """The comment at the top of a format's file and the address of its documentation."""
    words, link = [], ""
    for line in (FORMATS / f"{name}.toml").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        text = line.lstrip("# ").strip()
        link, words = (text, words) if text.startswith("https://") else (link, [*words, text])
    return " ".join(words), link


def cell(text: str) -> str:
    """Text that may stand in a cell of a Markdown table."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


PAGES = {"tables.md": tables_page, "commands.md": commands_page, "formats.md": formats_page}


def main() -> int:
    """Write the pages, or with --check say which are out of date."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        file, text = DOCS / "reference" / name, make()
        if check and (not file.is_file() or file.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            file.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/reference/{name} is out of date; run: python docs/make_reference.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
