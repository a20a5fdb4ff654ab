"""What each command does; the roof of the kit. kit/__main__.py turns these into the command line."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.case import create_case, open_case, read_activity, read_config, record_activity
from kit.errors import CaseError
from kit.result import Result, plain, visible

PROFILES = ("internal", "legal", "partner", "public")
CASE = (("case",), {"type": Path, "metavar": "CASE", "help": "the case folder"})


@dataclass(frozen=True)
class Command:
    """A function and the arguments it takes on the command line."""

    run: Callable[..., int | None]
    arguments: tuple[tuple[tuple[str, ...], dict[str, Any]], ...]


def new(case: Path, title: str) -> None:
    """Make a case folder with its settings and a copy of the notebooks."""
    from kit import notebooks

    create_case(case, title)
    notebooks.copy_templates(case)
    print(f"Made {case}. Next: incident load {case} EXPORT...")


def load(
    case: Path,
    paths: list[str],
    format: str = "auto",
    mapping: Path | None = None,
    content: str | None = None,
    leave_out: Sequence[str] = (),
) -> None:
    """Load exports (files, folders, globs) into a case; lines that cannot be read are kept as rejects."""
    from kit import derive
    from kit import load as loading

    read_config(case)
    loaded = loading.load(case, paths, format=format, mapping=mapping, content=content, leave_out=leave_out)
    if paths and not any(one.new for one in loaded) and derive.is_current(case):
        print(*loaded, "Nothing new; the case is as it was.", sep="\n")
        return
    started = time.monotonic()
    build = derive.rebuild(case)
    left_out = {"leave_out": list(leave_out)} if leave_out else {}
    record_activity(case, "load", paths=[str(p) for p in paths], **left_out, build=build)
    print(*loaded, sep="\n", end="\n" * bool(loaded))
    print(f"Derived tables rebuilt in {time.monotonic() - started:.1f} s; the case is at build {build}.")


def propose_mapping(file: Path, out: Path | None, dry_run: Path | None) -> None:
    """Propose a mapping file for an export in an unknown format, or try an edited one with --dry-run."""
    from kit import mapping

    print(mapping.try_mapping(file, dry_run) if dry_run else mapping.propose_text(file, out))


def run(case: Path) -> None:
    """Run every notebook of a case headless, in order, and keep the outputs in the case."""
    from kit import notebooks

    for ran in notebooks.run(case):
        print(ran)


def lab(case: Path, port: int, no_browser: bool) -> int:
    """Open JupyterLab on a case, on this machine only, without network."""
    from kit import lab as laboratory

    return laboratory.serve(case, port=port, open_browser=not no_browser)


def sql(case: Path, query: str, format: str) -> None:
    """Ask one SELECT of a case and print the rows."""
    _print_result(open_case(case).sql(query), format)


def export(case: Path, to: Path, profile: str, exports: str, sign_key: Path | None) -> None:
    """Seal the evidence of a case into a bundle that can be verified and replayed."""
    from kit import bundle

    folder = bundle.seal(open_case(case), to, profile=profile, exports=exports, sign_key=sign_key)
    print(f"Sealed {folder}. Check it with: incident verify {folder}")


def verify(folder: Path, exports: list[Path] | None, case: Path | None, fixity_only: bool) -> int:
    """Check that a bundle is as it was sealed and that its numbers come out again."""
    from kit import bundle

    outcome = bundle.verify(folder, exports=exports, case=case, fixity_only=fixity_only)
    print(outcome, file=sys.stdout if outcome.ok else sys.stderr)
    return 0 if outcome.ok else 1


def log(case: Path) -> None:
    """Print who did what, when, in a case."""
    read_config(case)
    for row in read_activity(case):
        rest = {k: v for k, v in row.items() if k not in ("at", "by", "action")}
        print(visible(f"{row['at']}  {row['by']}  {row['action']}  {json.dumps(rest, ensure_ascii=False)}"))


def demo(to: Path) -> int:
    """Take the sample incident from its exports to verified evidence, and say where the summary lies."""
    from kit import notebooks

    started = time.monotonic()
    marker = to / "case" / ".demo"
    if marker.exists():
        shutil.rmtree(to)
    elif to.exists() and any(to.iterdir()):
        raise CaseError(f"{to} exists and is not an earlier demo; choose another folder with --to.")
    case, bundle = to / "case", to / "evidence"
    new(case, "Sample incident")
    marker.touch()
    load(case, [str(notebooks.shipped_folder("sample_data/incident") / "exports")])
    run(case)
    export(case, bundle, "internal", "hash", None)
    code = verify(bundle, None, None, fixity_only=False)
    if code == 0:
        print(f"\nDone in {time.monotonic() - started:.0f} s.")
        print(f"The summary:         {(bundle / 'data' / 'summary.html').resolve()}")
        print(f"Open the notebooks:  {Path(sys.argv[0])} lab {case}")
    return code


def _print_result(result: Result, format: str) -> None:
    if format == "parquet":
        sys.stdout.flush()
        result.frame.write_parquet(sys.stdout.buffer)
    elif format == "csv":
        from kit.bundle.annexes import guarded_cells

        sys.stdout.write(guarded_cells(result.frame).write_csv())  # no formula for the spreadsheet that opens it
    elif format == "json":
        text = json.dumps([plain(row) for row in result.rows()], ensure_ascii=False, indent=1)
        print("".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text))
    else:
        print(_table(result))


def _table(result: Result, width: int = 60) -> str:
    """Every row as aligned text, long values cut with an ellipsis, nothing a terminal would act on."""

    def shown(value: Any) -> str:
        text = "" if value is None else visible(str(plain(value))).replace("\n", "\\n").replace("\t", "\\t")
        return text if len(text) <= width else text[: width - 1] + "…"

    rows = [list(result.frame.columns), *([shown(v) for v in row] for row in result.frame.iter_rows())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    rule = "  ".join("-" * w for w in widths)
    count = f"({len(result):,} row{'s' * (len(result) != 1)})"
    return "\n".join([lines[0], rule, *lines[1:], count])


COMMANDS = {
    "new": Command(new, (CASE, (("--title",), {"default": "", "help": "a title for people"}))),
    "load": Command(
        load,
        (
            CASE,
            (("paths",), {"nargs": "*", "metavar": "PATH", "help": "files, folders or globs; none: rebuild"}),
            (("--format",), {"default": "auto", "metavar": "NAME", "help": "a name under kit/formats, or auto"}),
            (("--mapping",), {"type": Path, "metavar": "FILE", "help": "a mapping file (see incident map)"}),
            (
                ("--content",),
                {
                    "choices": ("full", "excerpt", "hash"),
                    "help": "how much of the texts to keep; else as case.toml says",
                },
            ),
            (
                ("--leave-out",),
                {
                    "action": "append",
                    "default": [],
                    "metavar": "GLOB",
                    "help": "pass over files of this name or path",
                },
            ),
        ),
    ),
    "map": Command(
        propose_mapping,
        (
            (("file",), {"type": Path, "metavar": "FILE", "help": "an export in an unknown format"}),
            (("--out",), {"type": Path, "metavar": "FILE", "help": "where to write the mapping"}),
            (("--dry-run",), {"type": Path, "metavar": "MAPPING", "help": "try this mapping, load nothing"}),
        ),
    ),
    "run": Command(run, (CASE,)),
    "lab": Command(
        lab,
        (
            CASE,
            (("--port",), {"type": int, "default": 8888, "help": "the port to try first"}),
            (("--no-browser",), {"action": "store_true", "help": "print the address, open nothing"}),
        ),
    ),
    "sql": Command(
        sql,
        (
            CASE,
            (("query",), {"metavar": "SELECT", "help": "one SELECT statement"}),
            (("--format",), {"choices": ("table", "csv", "json", "parquet"), "default": "table"}),
        ),
    ),
    "export": Command(
        export,
        (
            CASE,
            (("--to",), {"type": Path, "required": True, "metavar": "DIR", "help": "the bundle folder to make"}),
            (("--profile",), {"choices": PROFILES, "default": "internal", "help": "for whom it is"}),
            (
                ("--exports",),
                {"choices": ("hash", "include"), "default": "hash", "help": "exports by hash, or in it"},
            ),
            (("--sign-key",), {"type": Path, "metavar": "KEY", "help": "an SSH key to sign the manifest with"}),
        ),
    ),
    "verify": Command(
        verify,
        (
            (("folder",), {"type": Path, "metavar": "DIR", "help": "the bundle folder"}),
            (
                ("--exports",),
                {"type": Path, "nargs": "+", "metavar": "PATH", "help": "where the exports lie now, to replay"},
            ),
            (("--case",), {"type": Path, "metavar": "CASE", "help": "the case folder, for its key, if it moved"}),
            (("--fixity-only",), {"action": "store_true", "help": "check the files, do not replay the numbers"}),
        ),
    ),
    "log": Command(log, (CASE,)),
    "demo": Command(demo, ((("--to",), {"type": Path, "default": Path("cases/demo"), "metavar": "DIR"}),)),
}
