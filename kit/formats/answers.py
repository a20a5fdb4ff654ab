"""What was answered: text, reasoning, tokens and the reason it ended, whole or as streamed events of any vendor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kit.formats.messages import Fields, parsed, text_of

IDS = ("id", "responseId", "response_id", "generation_id")
BLOCKED = ("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")
ENDS = ("finish_reason", "stop_reason", "stopReason", "finishReason", "completionReason", "done_reason")


def read_response(body: Any) -> Fields:
    """Canonical fields of a response body; {} when it holds none."""
    body = parsed(body)
    if isinstance(body, str):
        return {"response_text": body} if body and body.lstrip()[:1] not in ("{", "[") else {}
    if isinstance(body, list):
        return _streamed(body)
    if not isinstance(body, dict):
        return {}
    for inner in ("body", "response"):
        wrapped = parsed(body.get(inner))
        if isinstance(wrapped, dict | list) and wrapped and not any(k in body for k in ("choices", "content")):
            return read_response(wrapped)
    fields = read_usage(body)
    answer, reasoning = _answer(body)
    if answer:
        fields["response_text"] = answer
    if reasoning:
        fields["reasoning_text"] = reasoning
    if reason := _ended(body):
        fields["finish_reason"] = reason
    fields.update(_identity(body))
    error = parsed(body.get("error"))
    if isinstance(error, dict):
        fields["error_type"] = error.get("code") or error.get("type") or error.get("status") or error.get("message")
    elif isinstance(error, str) and error:
        fields["error_type"] = error
    if body.get("amazon-bedrock-guardrailAction") == "INTERVENED" or fields.get("error_type") in BLOCKED:
        fields["outcome"] = "blocked"
    return fields


def _answer(body: Fields) -> tuple[str, str]:
    """The answer and the reasoning, in the place where this vendor puts them."""
    messages: list[Any] = []
    for choice in body.get("choices") or []:
        if isinstance(choice, dict):
            messages.append(choice.get("message") or choice.get("delta") or {"content": choice.get("text")})
    for candidate in body.get("candidates") or []:
        if isinstance(candidate, dict):
            messages.append(candidate.get("content"))
    if not messages:
        output = body.get("output")
        message = body.get("message")
        if isinstance(output, dict):
            messages.append(output.get("message") or output)
        elif isinstance(output, list):
            messages.extend(output)
        elif isinstance(message, dict):
            messages.append(message)
    if not messages:
        names = (
            "content",
            "generation",
            "completion",
            "outputText",
            "generated_text",
            "output_text",
            "text",
            "output",
        )
        single = next((body[n] for n in names if body.get(n)), None)
        several = next(
            (body[n] for n in ("results", "outputs", "generations") if isinstance(body.get(n), list)), None
        )
        for part in several or ([{"content": single}] if single is not None else []):
            value = (
                part.get("outputText") or part.get("text") or part.get("content")
                if isinstance(part, dict)
                else part
            )
            messages.append({"content": value})
    answers = [
        text_of(m.get("content") or m.get("parts") or m.get("text") if _is_message(m) else m) for m in messages
    ]
    reasons = [_reasoning(m) for m in messages]
    return "\n".join(a for a in answers if a), "\n".join(r for r in reasons if r)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and ("role" in value or "content" in value or "parts" in value)


def _reasoning(message: Any) -> str:
    if not isinstance(message, dict):
        return text_of(message, reasoning=True)
    direct = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(direct, str) and direct:
        return direct
    inner = message.get("content") or message.get("parts")
    return (
        text_of(message, reasoning=True) or text_of(inner, reasoning=True) if inner or "summary" in message else ""
    )


def _ended(body: Fields) -> str:
    lists = ("choices", "candidates", "results", "outputs", "generations")
    places = [body, *(c for n in lists for c in body.get(n) or [])]
    for place in places:
        if isinstance(place, dict):
            for name in ENDS:
                if isinstance(place.get(name), str) and place[name]:
                    return str(place[name])
    cut = body.get("incomplete_details")
    if isinstance(cut, dict) and isinstance(cut.get("reason"), str):
        return str(cut["reason"])
    return str(body["status"]) if body.get("object") == "response" and body.get("status") else ""


def _count(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None


def read_usage(body: Any) -> Fields:
    """Token counts with one meaning: input includes cached tokens, output includes reasoning."""
    body = parsed(body)
    if not isinstance(body, dict):
        return {}
    for name in ("usage", "usageMetadata", "usage_metadata", "amazon-bedrock-invocationMetrics", "metrics"):
        inner = parsed(body.get(name))
        if isinstance(inner, dict) and (found := _usage(inner)):
            return found
    return _usage(body)


def _usage(usage: Fields) -> Fields:
    def first(*names: str) -> int | None:
        return next((n for name in names if (n := _count(usage.get(name))) is not None), None)

    def detail(*names: str) -> int | None:
        for outer in names[:-1]:
            inner = usage.get(outer)
            if isinstance(inner, dict) and (n := _count(inner.get(names[-1]))) is not None:
                return n
        return None

    read = first("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount")
    write = first("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    apart = (read or 0) + (write or 0)  # these vendors count cached tokens beside the input, not in it
    if read is None:
        read = detail("prompt_tokens_details", "input_tokens_details", "cached_tokens")
    if read is None:
        read = first("cachedContentTokenCount", "cached_content_token_count", "prompt_cache_hit_tokens")
    fresh = first(
        *[
            "prompt_tokens",
            "input_tokens",
            "inputTokens",
            "inputTokenCount",
            "promptTokenCount",
            "prompt_token_count",
            "inputTextTokenCount",
            "prompt_eval_count",
        ]
    )
    reasoning = detail("completion_tokens_details", "output_tokens_details", "reasoning_tokens")
    output = first(
        *[
            "completion_tokens",
            "output_tokens",
            "outputTokens",
            "outputTokenCount",
            "generation_token_count",
            "eval_count",
            "totalOutputTokens",
        ]
    )
    if output is None:
        thoughts = first("thoughtsTokenCount", "thoughts_token_count")
        candidates = first("candidatesTokenCount", "candidates_token_count")
        if candidates is not None or thoughts is not None:
            output, reasoning = (candidates or 0) + (thoughts or 0), thoughts
    if fresh is not None and "prompt_tokens" not in usage:
        fresh += apart
    found = {
        "input_tokens": fresh,
        "cache_read_tokens": read,
        "cache_write_tokens": write,
        "output_tokens": output,
        "reasoning_tokens": reasoning,
    }
    return {k: v for k, v in found.items() if v is not None}


def _streamed(events: list[Any]) -> Fields:
    """Streamed events stitched together: texts joined, the last usage and reason kept."""
    fields: Fields = {}
    texts: list[str] = []
    thoughts: list[str] = []
    usage: Fields = {}
    for event in _events(events):
        for name in ("chunk", "event", "contentBlockDelta", "messageStop", "metadata", "messageStart"):
            if isinstance(event.get(name), dict):  # Converse and Nova name the kind of event by a key
                event = event[name]
        start = event.get("message") if event.get("type") == "message_start" else event.get("response")
        if isinstance(start, dict):
            usage.update(_raw_usage(start))
            fields.update(_identity(start))
            if event.get("type") == "response.completed":
                return read_response(start)
        _deltas(event, texts, thoughts)
        usage.update(_raw_usage(event))
        fields.update(_identity(event))
        inner = event.get("delta")
        if reason := _ended(event) or (_ended(inner) if isinstance(inner, dict) else ""):
            fields["finish_reason"] = reason
    fields.update(_usage(usage))
    for name, pieces in (("response_text", texts), ("reasoning_text", thoughts)):
        if joined := "".join(pieces):
            fields[name] = joined
    return fields


def _events(values: list[Any]) -> Iterator[Fields]:
    for value in values:
        value = parsed(value)
        if isinstance(value, list):  # several events of a stream in one text
            yield from _events(value)
        elif isinstance(value, dict):
            yield value


def _deltas(event: Fields, texts: list[str], thoughts: list[str]) -> None:
    delta = event.get("delta")
    if isinstance(delta, str):  # OpenAI responses events
        (thoughts if "reasoning" in str(event.get("type")) else texts).append(delta)
        return
    block = event.get("content_block")
    for part in (delta, block):
        if isinstance(part, dict):
            inner = part.get("reasoningContent")
            thoughts.append(str(part.get("thinking") or (inner or {}).get("text") or "") if part else "")
            texts.append(str(part.get("text") or part.get("completion") or ""))
    answer, thought = _answer(
        {k: v for k, v in event.items() if k not in ("delta", "message", "role", "content_block")}
    )
    texts.append(answer)
    thoughts.append(thought)


def _identity(event: Fields) -> Fields:
    found: Fields = {}
    identity = next((event[k] for k in IDS if isinstance(event.get(k), str)), None)
    if identity:
        found["response_id"] = identity
    model = event.get("model") or event.get("modelVersion") or event.get("model_version")
    if isinstance(model, str):
        found["response_model"] = model
    return found


def _raw_usage(event: Fields) -> Fields:
    found: Fields = {}
    for name in ("usage", "usageMetadata", "usage_metadata", "amazon-bedrock-invocationMetrics"):
        inner = event.get(name)
        if isinstance(inner, dict):
            found.update({k: v for k, v in inner.items() if v is not None})
    return found
