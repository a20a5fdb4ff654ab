"""The command line: incident new | load | map | run | lab | sql | export | verify | log | demo.

Exit codes: 0 done, 1 the thing asked for failed (one line on stderr that says what to do), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from kit import __version__
from kit.commands import COMMANDS
from kit.errors import KitError
from kit.shortage import shortage


def parser() -> argparse.ArgumentParser:
    """The parser of every command, each with its own --help."""
    top = argparse.ArgumentParser(
        prog="incident", description="Investigate suspected model distillation from exported LLM API logs, offline."
    )
    top.add_argument("--version", action="version", version=f"incident {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        doc = (command.run.__doc__ or "").strip()
        sub = commands.add_parser(name, help=doc.split("\n", 1)[0], description=doc)
        for flags, options in command.arguments:
            sub.add_argument(*flags, **options)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = vars(parser().parse_args(argv))
    command = COMMANDS[arguments.pop("command")]
    try:
        return command.run(**arguments) or 0
    except KeyboardInterrupt:
        print("incident: stopped; the case is as it was, ask again when you like.", file=sys.stderr)
    except BrokenPipeError:  # the reader of our output left, as `head` does
        raise
    except Exception as e:
        said = _in_one_line(e)
        if not said or os.environ.get("KIT_TRACEBACK") == "1":
            raise
        print(f"incident: {said}", file=sys.stderr)
    return 1


def _in_one_line(error: Exception) -> str:
    """What a person can act on; empty where only the traceback helps."""
    if isinstance(error, KitError):
        return str(error)
    if short := shortage(error):
        return f"{short.said}; {short.remedy} and try again."
    if isinstance(error, OSError):
        where = f"{Path(error.filename)}: " if error.filename else ""
        return f"{where}{error.strerror or error}; free the file or the disk and try again."
    return ""


def run() -> None:
    """The entry point of the console script.

    Leaves without interpreter shutdown: DuckDB's bindings print leak warnings there that would bury our one line.
    """
    try:
        code = main()
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 1
    except BrokenPipeError:
        os._exit(141)  # as a shell reports a command whose reader left
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
