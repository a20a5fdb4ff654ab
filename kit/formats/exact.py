"""JSON in and out without losing a digit: orjson where it is exact, the standard library beyond 64 bits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import orjson

WIDE = re.compile(rb"[0-9]{19}")  # only a number this long can exceed 64 bits; orjson would make it a float
LONGEST_INT = 4000  # digits; Python refuses to convert more, such a number stays text


def whole_number(text: str) -> int | str:
    """A whole number of any size; one that is longer than Python converts stays as written."""
    return int(text) if len(text) <= LONGEST_INT else text


DECODER = json.JSONDecoder(parse_int=whole_number, parse_constant=str)  # NaN and Infinity stay as written


def loads(raw: bytes) -> Any:
    """One JSON value. Raises ValueError if it is none, RecursionError if it is nested too deeply."""
    if not WIDE.search(raw):
        return orjson.loads(raw)
    orjson.loads(raw)  # the standard library accepts what is not JSON; a refusal is the caller's to look at
    return DECODER.decode(raw.decode("utf-8"))


def dumps(value: Any, default: Callable[[Any], Any] = str) -> bytes:
    """A value as compact JSON; keys that are no text become text."""
    try:
        return orjson.dumps(value, default=default, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a whole number beyond 64 bits, half of a surrogate pair, many levels
        text = json.dumps(value, default=default, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")
