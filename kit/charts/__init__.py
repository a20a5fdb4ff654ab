"""Charts: each takes a Result and gives a Figure, interactive in JupyterLab and a still picture everywhere else.

charts.over_time(volume.requests(case, per="1 hour"))

The charts of an area live in kit/charts/<area>.py; their names are found here without importing them early.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from kit.charts.base import ChartError, Figure, bars, lines

# Altair loads a JSON validator, and that the grammar of international addresses, if JupyterLab has installed it: at
# import it takes three times as long as all of Altair. The validator does without, and no chart holds an address.
cast("dict[str, Any]", sys.modules).setdefault("rfc3987_syntax", None)

AREAS = ("base", "volume", "prompts", "linkage")
__all__ = ["ChartError", "Figure", "bars", "lines"]


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for area in AREAS:
            module = import_module(f"kit.charts.{area}")
            if name == area:
                return module
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"There is no chart {name!r}; dir(charts) lists them.")


def __dir__() -> list[str]:
    return sorted({name for area in AREAS for name in import_module(f"kit.charts.{area}").__all__})
