"""The findings recorded in a case, as a table."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from kit import findings
from kit.case import Case
from kit.result import visible

COLUMNS = ("finding", "claim", "confidence", "revision", "by")
LEFT = "style='text-align:left'"


@dataclass(frozen=True)
class Recorded:
    """The latest revision of every finding of a case; shows itself as a table."""

    findings: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.findings)

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col' {LEFT}>{h.capitalize()}</th>" for h in COLUMNS)
        body = "".join(
            f"<tr><th scope='row' {LEFT}>{_cell(f['slug'])}</th>"
            + "".join(f"<td {LEFT}>{_cell(f[c])}</td>" for c in COLUMNS[1:])
            + "</tr>"
            for f in self.findings
        )
        caption = f"<caption {LEFT}>{len(self)} findings recorded in this case</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        return "\n".join(f"{f['slug']}: {visible(f['claim'])}" for f in self.findings) or "no finding recorded yet"


def recorded(case: Case) -> Recorded:
    """What has been recorded in this case so far, by anybody."""
    return Recorded(findings.all(case))


def _cell(value: Any) -> str:
    return html.escape(visible(str(value)))
