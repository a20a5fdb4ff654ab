"""The command line: incident new | load | sql (more below)."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from kit import case as cases
from kit import derive, load
from kit.errors import KitError


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="incident")
    sub = parser.add_subparsers(dest="command", required=True)
    p = sub.add_parser("new")
    p.add_argument("case", type=Path)
    p.add_argument("--title", default="")
    p = sub.add_parser("load")
    p.add_argument("case", type=Path)
    p.add_argument("paths", type=Path, nargs="*")
    p = sub.add_parser("sql")
    p.add_argument("case", type=Path)
    p.add_argument("query")
    a = parser.parse_args(argv)
    try:
        if a.command == "new":
            cases.create_case(a.case, a.title)
        elif a.command == "load":
            cases.read_config(a.case)
            for one in load.load(a.case, a.paths):
                print(one)
            print(derive.rebuild(a.case))
        else:
            print(cases.open_case(a.case).sql(a.query).frame)
    except KitError as e:
        print(f"incident: {e}", file=sys.stderr)
        return 1
    return 0


def run() -> None:
    """The entry point of the console script.

    Leaves without interpreter shutdown: DuckDB's bindings print leak warnings there that would bury our one line.
    """
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
