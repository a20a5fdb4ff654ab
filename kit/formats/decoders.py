"""The few record shapes that no path can say: OTLP attribute lists, numbered attributes, plugin names as keys."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kit.formats.messages import parsed

NUMBERED = re.compile(r"^(?:gen_ai|llm)\.(prompt|completion|input_messages|output_messages)s?\.(\d+)\.(.+)$")
EVENT = re.compile(r"^gen_ai\.(system|user|assistant|tool|choice)(?:\.message)?$")


def otlp(record: Any) -> Any:
    """A span or log record with its attribute lists, and those of its scope and resource, as plain objects."""
    if not isinstance(record, dict):
        return record
    flat = dict(record)
    if isinstance(flat.get("attributes"), list):
        flat["attributes"] = _pairs(flat["attributes"])
    flat["body"] = otlp_value(flat.get("body"))
    flat["events"] = [otlp(e) for e in flat.get("events") or [] if isinstance(e, dict)]
    outer, resource = flat.get("^"), {}
    while isinstance(outer, dict):
        inner = outer.get("resource")
        if isinstance(inner, dict):
            resource = _pairs(inner.get("attributes"))
        outer = outer.get("^")
    flat["resource"] = resource
    return genai(flat) if "traceId" in flat or "spanId" in flat or "timeUnixNano" in flat else flat


def otlp_value(value: Any) -> Any:
    """An OTLP AnyValue as a plain value; 64-bit integers may come as text."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind in ("kvlistValue", "kvlist_value"):
        return _pairs(inner.get("values") if isinstance(inner, dict) else None)
    if kind in ("arrayValue", "array_value"):
        return [otlp_value(v) for v in (inner or {}).get("values") or []]
    return inner if kind.endswith(("Value", "_value")) else value


def _pairs(values: Any) -> dict[str, Any]:
    if isinstance(values, dict):
        return values
    return {v["key"]: otlp_value(v.get("value")) for v in values or [] if isinstance(v, dict) and "key" in v}


def genai(record: Any) -> Any:
    """A span with `request` and `response` bodies, put together from wherever the messages are."""
    if not isinstance(record, dict):
        return record
    flat = dict(record)
    attributes = _dotted(flat.get("attributes")) if "attributes" in flat else _dotted(flat)
    asked: dict[int, dict[str, Any]] = {}
    answered: dict[int, dict[str, Any]] = {}
    for key, value in attributes.items():
        if found := NUMBERED.match(key):
            turns = asked if found[1] in ("prompt", "input_messages") else answered
            turns.setdefault(int(found[2]), {})[found[3].removeprefix("message.")] = value
    requests = [dict(asked[n]) for n in sorted(asked)]
    responses = [dict(answered[n]) for n in sorted(answered)]
    events = [
        (str(e.get("name") or ""), {**_dotted(e.get("attributes")), **_body(e)}) for e in flat.get("events") or []
    ]
    events.append((str(flat.get("eventName") or attributes.get("event.name") or ""), _body(flat)))
    for name, body in events:
        if found := EVENT.match(name):
            if found[1] == "choice":
                responses.append({**body, **_body({"body": body.get("message")})})
            elif body:
                requests.append({"role": found[1], **body})
        for key, into in (("gen_ai.prompt", requests), ("gen_ai.completion", responses)):
            if body.get(key):
                into.extend(_as_messages(body[key]))
    for names, into in ((ASKED, requests), (ANSWERED, responses)):
        value = next((attributes[n] for n in names if attributes.get(n)), None)
        if value is not None and not into:
            into.extend(_as_messages(value))
    if requests or attributes.get("gen_ai.system_instructions"):
        flat["request"] = {"messages": requests, "system": parsed(attributes.get("gen_ai.system_instructions"))}
    if responses:
        flat["response"] = {"choices": [{"message": r, "finish_reason": r.get("finish_reason")} for r in responses]}
    flat["attributes"] = attributes
    return flat


ASKED = ("gen_ai.input.messages", "gen_ai.prompt", "llm.input_messages", "llm.prompts", "input.value")
ANSWERED = ("gen_ai.output.messages", "gen_ai.completion", "llm.output_messages", "output.value")


def _body(event: dict[str, Any]) -> dict[str, Any]:
    body = parsed(event.get("body"))
    return body if isinstance(body, dict) else {}


def _as_messages(value: Any) -> list[dict[str, Any]]:
    value = parsed(value)
    if isinstance(value, dict):
        if isinstance(value.get("messages"), list):
            return _as_messages(value["messages"])
        return [value.get("message", value)]
    if isinstance(value, list):
        return [
            m.get("message", _undotted(m)) if isinstance(m, dict) else {"role": "user", "content": m} for m in value
        ]
    return [{"role": "user", "content": value}]


def _undotted(message: dict[str, Any]) -> dict[str, Any]:
    return {k.removeprefix("message."): v for k, v in message.items()}


def _dotted(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested objects as one level with dotted names; lists stay as they are."""
    value = parsed(value)
    flat: dict[str, Any] = {}
    for key, inner in value.items() if isinstance(value, dict) else ():
        name = f"{prefix}{key}".removeprefix("attributes.")
        if isinstance(inner, dict) and key != "^":
            flat.update(_dotted(inner, f"{name}."))
        flat[name] = inner
    return flat


def kong(record: Any) -> Any:
    """A Kong log record with the entry of its AI plugin, whatever the plugin is called, under `plugin`."""
    if not isinstance(record, dict) or not isinstance(record.get("ai"), dict):
        return record
    plugins = [v for v in record["ai"].values() if isinstance(v, dict) and ("usage" in v or "meta" in v)]
    return {**record, "plugin": plugins[-1] if plugins else {}}


def audit(record: Any) -> Any:
    """A Google Cloud log entry; a BigQuery sink calls its payload by another name."""
    if isinstance(record, dict) and "protopayload_auditlog" in record:
        return {**record, "protoPayload": record["protopayload_auditlog"]}
    return record


def headers(record: Any) -> Any:
    """A record whose header lists, [{name, value}], are objects with lower-case names."""
    flat = dict(record) if isinstance(record, dict) else record
    request = flat.get("httpRequest") if isinstance(flat, dict) else None
    if isinstance(request, dict) and isinstance(request.get("headers"), list):
        named = {str(h.get("name", "")).lower(): h.get("value") for h in request["headers"] if isinstance(h, dict)}
        flat["httpRequest"] = {**request, "headers": named}
    return flat


def vllm(record: Any) -> Any:
    """A vLLM log line: the prompt is a Python literal, the sampling parameters are a Python call."""
    flat = dict(record)
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError):  # a cut prompt stays as it stands
        flat["prompt"] = ast.literal_eval(flat["prompt"]) if flat.get("prompt") else None
    flat["sampling"] = dict(re.findall(r"(\w+)=([^,()\[\]]*)", flat.get("params") or ""))
    return flat


DECODERS: dict[str, Callable[[Any], Any]] = {
    "otlp": otlp,
    "genai": genai,
    "kong": kong,
    "audit": audit,
    "headers": headers,
    "vllm": vllm,
}
