"""The few record shapes that no path can say: OTLP attribute lists and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def otlp(record: Any) -> Any:
    """A span or log record with its attribute lists, and those of its scope and resource, as plain objects."""
    if not isinstance(record, dict):
        return record
    flat = dict(record)
    for name in ("attributes", "body"):
        if name in flat:
            flat[name] = otlp_value({"kvlistValue": {"values": flat[name]}} if name == "attributes" else flat[name])
    if isinstance(flat.get("body"), dict) and "attributes" not in flat["body"]:
        flat["attributes"] = {**flat["body"], **(flat.get("attributes") or {})}
    events = [otlp(e) for e in flat.get("events") or [] if isinstance(e, dict)]
    for event in events:
        inner = event.get("attributes") or {}
        flat["attributes"] = {**inner, **(flat.get("attributes") or {})}
    outer = flat.get("^")
    while isinstance(outer, dict):
        inner = outer.get("resource") or outer.get("scope")
        if isinstance(inner, dict) and "attributes" in inner:
            flat.setdefault("resource", {}).update(otlp_value({"kvlistValue": {"values": inner["attributes"]}}))
        outer = outer.get("^")
    return flat


def otlp_value(value: Any) -> Any:
    """An OTLP AnyValue as a plain value; 64-bit integers may come as text."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind in ("kvlistValue", "kvlist_value"):
        pairs = inner.get("values", []) if isinstance(inner, dict) else []
        if isinstance(pairs, dict):
            return pairs
        return {p["key"]: otlp_value(p.get("value")) for p in pairs or [] if isinstance(p, dict) and "key" in p}
    if kind in ("arrayValue", "array_value"):
        return [otlp_value(v) for v in (inner or {}).get("values", [])]
    if kind.endswith(("Value", "_value")):
        return inner
    return value


DECODERS: dict[str, Callable[[Any], Any]] = {"otlp": otlp}
