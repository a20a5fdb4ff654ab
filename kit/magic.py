"""What the kit adds to a notebook: the cell magic %%sql, completion of names, and errors in one plain line.

%%sql night_traffic --since 2026-05-01
SELECT account_id, count(*) AS requests FROM requests WHERE occurred_at >= $since::TIMESTAMPTZ GROUP BY account_id

`import kit` in a notebook switches it on. The answer goes into the variable `night_traffic`; `$since` is bound from
the argument, or else from the notebook's variable of that name, never pasted into the text.
"""

from __future__ import annotations

import builtins
import os
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import datetime
from difflib import get_close_matches
from html import escape
from threading import Event, Thread
from time import monotonic
from typing import Any

import polars as pl

from kit.case import Case
from kit.errors import KitError, QueryError
from kit.result import SHOWN_ROWS, Result, still_table, visible
from kit.shortage import shortage

PATIENCE_S = 2.0
USAGE = "%%sql NAME --parameter value, then one SELECT on the lines below"
KEYWORDS = ("SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "BETWEEN", "JOIN")


def install() -> bool:
    """Switch on %%sql, completion and plain errors in the notebook that runs; False where there is none."""
    ask = getattr(builtins, "get_ipython", None)
    shell = ask() if ask else None
    if shell is None or getattr(shell, "kit_installed", False):
        return False
    shell.kit_installed = True
    shell.register_magic_function(_SqlMagic(shell), "cell", "sql")
    shell.set_custom_exc((KitError, KeyboardInterrupt, MemoryError, NameError), _show_error)
    if os.environ.get("KIT_HEADLESS") != "1":
        _Progress(shell)
    shell.display_formatter.mimebundle_formatter.for_type(Result, lambda r: _show_result(shell, r))
    shell.display_formatter.formatters["text/html"].for_type(pl.DataFrame, _show_frame)
    shell.Completer.custom_matchers.append(_matcher(shell))
    return True


class _SqlMagic:
    """%%sql NAME [--case VARIABLE] [--parameter value ...]: ask the case in the variable `case` one SELECT."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.__doc__ = type(self).__doc__

    def __call__(self, line: str, cell: str) -> Any:
        from kit.widgets.table import Answer

        names = self.shell.user_ns
        name, given = parse_line(line)
        case = _case(names, given.pop("case", "case"))
        answer = Answer.of(case, cell, name or "answer", bind(cell, given, names))
        if name:
            names[name] = answer
        return answer


def parse_line(line: str) -> tuple[str, dict[str, str]]:
    """The name and the arguments of a %%sql line. Raises QueryError with the usage if it reads otherwise."""
    try:
        words = shlex.split(line)
    except ValueError as e:
        raise QueryError(f"{e} in the line {line!r}; write it as {USAGE}.") from e
    name = words.pop(0) if words and not words[0].startswith("--") else ""
    if name and not name.isidentifier():
        raise QueryError(f"{name!r} is no name for a variable; write it as {USAGE}.")
    given: dict[str, str] = {}
    while words:
        flag = words.pop(0)
        if not flag.startswith("--") or not flag[2:].replace("-", "_").isidentifier() or not words:
            raise QueryError(f"{flag!r} is not an argument with a value; write it as {USAGE}.")
        given[flag[2:].replace("-", "_")] = words.pop(0)
    return name, given


def bind(query: str, given: dict[str, str], names: dict[str, Any]) -> dict[str, Any]:
    """A value for every $parameter of the query: from the line, else the checked parameters `p`, else a variable.

    Raises QueryError for one that has no value, naming the nearest that has.
    """
    import duckdb

    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error:
        return dict(given)  # the case says what is wrong with the text
    wanted = sorted({str(p) for s in statements for p in s.named_parameters})
    checked = getattr(names.get("p"), "values", {})
    bound: dict[str, Any] = {n: _number(v) for n, v in given.items()}
    for name in wanted:
        if name in bound:
            continue
        found = checked[name] if name in checked else names.get(name, ...)
        found = getattr(found, "value", found)  # a threshold
        if not isinstance(found, str | int | float | bool | list | tuple | datetime | type(None)):
            near = get_close_matches(name, [*given, *checked, *(n for n in names if not n.startswith("_"))], 1)
            hint = f" (did you mean ${near[0]}?)" if near else ""
            raise QueryError(
                f"${name} has no value{hint}; give it as --{name} VALUE or set {name} = ... in a cell."
            )
        bound[name] = list(found) if isinstance(found, tuple) else found
    return bound


def _number(text: str) -> Any:
    """An argument as a number when it is written as one; ids with leading zeros and times stay text."""
    if re.fullmatch(r"-?(0|[1-9]\d{0,17})", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", text) else text


def _case(names: dict[str, Any], variable: str) -> Case:
    case = names.get(variable)
    if not isinstance(case, Case):
        raise QueryError(f"There is no open case in the variable {variable!r}; run case = open_case(CASE) first.")
    return case


def _show_error(
    shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None
) -> None:
    said = visible(_plainly(shell, error, trace))
    if not said or os.environ.get("KIT_TRACEBACK") == "1":
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    from IPython.display import publish_display_data

    box = (
        "border-left: 4px solid #8c2d04; padding: 6px 10px; color: #111; background: #fdf3ec; font: 14px sans-serif"
    )
    data = {"text/html": f'<div role="alert" style="{box}">{escape(said)}</div>', "text/plain": said}
    publish_display_data(data)  # type: ignore[no-untyped-call]


def _plainly(shell: Any, error: BaseException, trace: Any) -> str:
    """What a person reads in place of a traceback; empty where only the traceback helps."""
    if isinstance(error, KeyboardInterrupt):
        return "Stopped. Nothing in the case has changed."
    if short := shortage(error):
        return f"The cell was stopped, for {short.said}; {short.remedy} and run it again."
    if not isinstance(error, NameError):
        return str(error)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_globals is not shell.user_ns:
        return ""
    near = get_close_matches(error.name, [n for n in shell.user_ns if not n.startswith("_")], 1)
    hint = f"did you mean {near[0]}? If not, run" if near else "run"
    return f"There is no {error.name} yet; {hint} the cells above first: Run > Run All Above Selected Cell."


class _Progress:
    """A line that counts the seconds of a cell that runs for longer than two; it goes when the cell ends."""

    def __init__(self, shell: Any) -> None:
        self.ended = Event()
        self.ended.set()
        shell.events.register("pre_run_cell", self.begin)
        shell.events.register("post_run_cell", self.end)

    def begin(self, _: Any) -> None:
        """Start the clock of a cell."""
        self.ended = Event()
        self.counting = Thread(target=_count, args=(self.ended,), daemon=True)
        self.counting.start()

    def end(self, _: Any) -> None:
        """Stop it, and wait until its line is gone."""
        if not self.ended.is_set():
            self.ended.set()
            self.counting.join(timeout=2)


def _count(ended: Event) -> None:
    from IPython.display import HTML, display

    started = monotonic()
    if ended.wait(PATIENCE_S):
        return
    line: Any = None
    while not ended.wait(1 if line else 0):
        said = f"Working, {monotonic() - started:.0f} s. The square in the toolbar above stops it."
        shown: Any = HTML(f"<p role='status'>{said}</p>")  # type: ignore[no-untyped-call]
        if line is None:
            line = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        else:
            line.update(shown)
    if line is not None:
        line.update(HTML(""))  # type: ignore[no-untyped-call]


def _show_result(shell: Any, result: Result) -> Any:
    from kit.widgets.table import Answer, show

    if isinstance(result, Answer):
        return result._repr_mimebundle_()
    case = shell.user_ns.get("case")
    return show(result, case if isinstance(case, Case) else None)


def _show_frame(frame: pl.DataFrame) -> str:
    """A bare frame as the tables of the kit look: every column, fifty rows, nothing in it that can act."""
    page = frame.head(SHOWN_ROWS)
    return still_table(page, f"rows 1 to {page.height:,} of {frame.height:,}" if frame.height else "no rows")


def _matcher(shell: Any) -> Callable[[Any], Any]:
    """Names of tables and columns for what is being written in a %%sql cell or in case.sql(\"...\")."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()  # type: ignore[untyped-decorator]
    def complete_sql(context: Any) -> Any:
        case = shell.user_ns.get("case")
        inside = context.full_text.lstrip().startswith("%%sql") or ".sql(" in context.full_text
        if not inside or not isinstance(case, Case):
            return {"completions": []}
        word = re.search(r"\w*$", context.text_until_cursor)
        start = word[0].lower() if word else ""
        found = [SimpleCompletion(n, type="sql") for n in _names(case) if n.lower().startswith(start)]
        return {
            "completions": found,
            "matched_fragment": word[0] if word else "",
            "suppress": bool(found and start),
        }

    matcher: Callable[[Any], Any] = complete_sql
    return matcher


def _names(case: Case) -> Iterator[str]:
    columns = "SELECT DISTINCT unnest([table_name, column_name]) AS name FROM duckdb_columns() WHERE NOT internal"
    yield from case.sql(f"{columns} ORDER BY name")["name"].to_list()
    yield from KEYWORDS
