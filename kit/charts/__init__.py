"""Charts: each takes a Result and gives a Figure, interactive in JupyterLab and a still picture everywhere else.

charts.over_time(volume.requests(case, per="1 hour"))

The charts of an area live in kit/charts/<area>.py; their names are found here without importing them early.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.charts.base import ChartError, Figure, bars, lines

AREAS = ("base", "volume", "prompts", "linkage")
__all__ = ["ChartError", "Figure", "bars", "lines"]


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        for area in AREAS:
            module = _area(area)
            if module and name == area:
                return module
            if module and name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"There is no chart {name!r}; dir(charts) lists them.")


def __dir__() -> list[str]:
    return sorted({name for area in AREAS if (module := _area(area)) for name in module.__all__})


def _area(name: str) -> ModuleType | None:
    if find_spec(f"kit.charts.{name}") is None:
        return None
    return import_module(f"kit.charts.{name}")
