"""Records inside the envelopes that log shippers, log searches and paged APIs put around them."""

from __future__ import annotations

from typing import Any

from kit.formats.messages import parsed

# Lists of records: the keys that hold them.
LISTS = (
    *("records", "Records", "logEvents", "events", "Events", "hits", "data", "value", "result", "results"),
    *("items", "entries", "logs", "tables"),
)
# One record: the keys that hold it, as an object or as JSON text.
ALWAYS = ("_source", "@message", "_raw", "CloudTrailEvent")
WITH_LITTLE_ELSE = ("message", "jsonPayload", "event", "result", "detail")
LITTLE_ELSE = {
    "@timestamp", "timestamp", "id", "ingestionTime", "time", "host", "source", "sourcetype", "index", "success",
    "@ptr", "@log", "@logStream", "logStream", "logStreamName", "eventId", "insertId", "logName", "severity",
    "receiveTimestamp", "stream", "preview", "offset", "lastrow", "version", "detail-type", "account", "region",
    "_index", "_id", "_score", "_type", "partition", "topic", "key",
}  # fmt: skip

OBJECTS_BESIDE = {"resource", "labels", "fields", "operation", "sourceLocation"}


def unwrap(value: Any, depth: int = 0) -> list[Any]:
    """The records inside a value: itself if it is no envelope."""
    if isinstance(value, list):
        if value and all(isinstance(v, dict) and v.keys() == {"field", "value"} for v in value):
            return unwrap({v["field"]: v["value"] for v in value}, depth)  # a row of CloudWatch Logs Insights
        return [r for v in value for r in unwrap(v, depth)]
    if not isinstance(value, dict) or depth > 4:
        return [value]
    for name in (*ALWAYS, *WITH_LITTLE_ELSE):
        inner = parsed(value.get(name))
        if isinstance(inner, dict) and len(inner) > 1 and (name in ALWAYS or _holds(value, name)):
            return unwrap(inner, depth + 1)
    if rows := _table(value):
        return unwrap(rows, depth + 1)
    for name in LISTS:
        inner = value.get(name)
        if name == "hits" and isinstance(inner, dict):
            return unwrap(inner, depth + 1)
        if isinstance(inner, list) and inner and all(isinstance(v, dict | list) for v in inner):
            others = [v for k, v in value.items() if k != name]
            if len(others) < 8 and not any(isinstance(v, dict) and len(v) > 3 for v in others):
                return unwrap(inner, depth + 1)
    return [value]


def _table(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table with its column names apart, as Log Analytics answers a query."""
    columns, rows = value.get("columns"), value.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return []
    names = [str(c.get("name") if isinstance(c, dict) else c) for c in columns]
    return [dict(zip(names, r, strict=True)) for r in rows if isinstance(r, list) and len(r) == len(names)]


def _holds(value: dict[str, Any], name: str) -> bool:
    """Whether a value is there only to hold what is under `name`: JSON text, or an object beside no other."""
    others = {k for k in value if k != name and not isinstance(value[k], list)}
    objects = {k for k in others if isinstance(value[k], dict)}
    text = isinstance(value[name], str)
    return others - objects <= LITTLE_ELSE and (text or (name != "message" and objects <= OBJECTS_BESIDE))
