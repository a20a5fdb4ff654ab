"""Loops over millions of rows, compiled to machine code on first use and kept beside their source for the next."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Loop = TypeVar("Loop", bound=Callable[..., object])
TYPES = {  # arrays without gaps that are read only, and may be shared with a database
    int: numba.int64,
    NDArray[np.int64]: numba.types.Array(numba.int64, 1, "C", readonly=True),
    NDArray[np.int32]: numba.types.Array(numba.int32, 1, "C", readonly=True),
}


def compiled(loop: Loop) -> Loop:
    """The same function as machine code; where no folder can be written to, it is compiled anew in each process."""
    return _compiled(loop, None)


def compiled_for_its_types(loop: Loop) -> Loop:
    """The same, ready when its module is imported, for exactly what its annotations say (see TYPES)."""
    given = inspect.get_annotations(loop, eval_str=True)
    return _compiled(loop, tuple(TYPES[kind] for name, kind in given.items() if name != "return"))


def _compiled(loop: Loop, types: tuple[object, ...] | None) -> Loop:
    try:
        return cast(Loop, numba.njit(types, cache=True, nogil=True)(loop))
    except RuntimeError:
        return cast(Loop, numba.njit(types, nogil=True)(loop))
