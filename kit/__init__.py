"""Investigate suspected model distillation from exported LLM API logs, offline.

from kit import open_case
case = open_case("cases/INC-2026-001")
"""

import builtins

from kit.case import Case, create_case, open_case
from kit.errors import KitError
from kit.result import Result

__all__ = ["Case", "KitError", "Result", "create_case", "open_case"]
__version__ = "0.1.0"

if hasattr(builtins, "get_ipython"):  # in a notebook: %%sql, completion, and errors in one plain line
    from kit import magic

    magic.install()
