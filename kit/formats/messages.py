"""What was asked and what was answered, out of the bodies that model APIs exchange.

One reader for all vendors: OpenAI chat, completions and responses, Anthropic messages and text completions, Bedrock
Converse, Titan, Llama, Mistral, Cohere and Nova, Gemini, OpenTelemetry message parts, LangChain messages; whole,
as JSON text, as a list of streamed events, or as raw `data:` lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from kit.formats import exact

Fields = dict[str, Any]
USER = {"user", "human", "HumanMessage", "USER", "input_text", "message", "text", "prompt"}
SYSTEM = {"system", "developer", "SystemMessage", "SYSTEM"}
REASONING = {"thinking", "reasoning", "reasoning_content", "summary_text", "reasoning_text"}
TOOL_PARTS = {"tool_result", "tool_call_response", "function_call_output", "toolResult", "functionResponse"}
PARAMETERS = {
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP", "p"),
    "max_tokens": [
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "maxTokens",
        "maxOutputTokens",
        "max_tokens_to_sample",
        "maxTokenCount",
        "max_gen_len",
        "max_new_tokens",
    ],
    "seed": ("seed",),
    "stream": ("stream",),
    "request_model": ("model", "model_id", "modelId"),
    "end_user_id": ("user", "safety_identifier"),
    "conversation_id": ("conversation_id", "session_id"),
}
NESTED_PARAMETERS = (
    "inferenceConfig",
    "generationConfig",
    "generation_config",
    "textGenerationConfig",
    "parameters",
    "optional_params",
    "sampling_params",
)


def parsed(value: Any) -> Any:
    """JSON text as what it says; streamed `data:` lines as a list of events; anything else as it is."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        text = value.lstrip()
        if text[:1] in ("{", "["):
            try:
                return exact.loads(text.encode())
            except (ValueError, RecursionError):
                return value
        if text.startswith(("data:", "event:")):
            lines = (line[5:].strip() for line in text.splitlines() if line.startswith("data:"))
            return [parsed(line) for line in lines if line and line != "[DONE]"]
    return value


def is_cut_json(value: Any) -> bool:
    """Whether a text begins as JSON does but does not parse: a body that was cut at a limit."""
    return isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and isinstance(parsed(value), str)


def read_request(body: Any) -> Fields:
    """Canonical fields of a request body; {} when it holds none."""
    body = parsed(body)
    if isinstance(body, str):
        return {"prompt_text": body, "n_input_messages": 1} if body and not is_cut_json(body) else {}
    if isinstance(body, list):
        return _conversation(body, [])
    if not isinstance(body, dict):
        return {}
    if "body" in body and isinstance(parsed(body["body"]), dict) and "messages" not in body:
        body = parsed(body["body"])
    systems = [body[k] for k in SYSTEM_KEYS if body.get(k)]
    fields = _conversation(_messages_of(body), systems)
    for place in ({}, *(parsed(body.get(k)) for k in NESTED_PARAMETERS)):
        place = body if place == {} else place
        if isinstance(place, dict):
            for column, names in PARAMETERS.items():
                value = next((place[n] for n in names if place.get(n) is not None), None)
                if value is not None and not isinstance(value, dict | list) and column not in fields:
                    fields[column] = value
    metadata = parsed(body.get("metadata"))
    if isinstance(metadata, dict) and metadata.get("user_id") and "end_user_id" not in fields:
        fields["end_user_id"] = metadata["user_id"]
    tools = body.get("tools") or body.get("functions") or _at(body, "toolConfig", "tools")
    if isinstance(tools, list):
        nested = [
            t.get("functionDeclarations") or t.get("function_declarations") for t in tools if isinstance(t, dict)
        ]
        fields["n_tools"] = sum(len(n) for n in nested if isinstance(n, list)) or len(tools)
    return fields


SYSTEM_KEYS = (
    "system",
    "instructions",
    "system_instruction",
    "systemInstruction",
    "system_instructions",
    "preamble",
)


def _messages_of(body: Fields) -> list[Any]:
    for name in ("messages", "contents", "input", "prompt", "inputText", "input_text", "query", "text", "inputs"):
        value = parsed(body.get(name))
        if name == "input" and isinstance(value, dict):
            value = value.get("messages") or value.get("prompt") or value
        if name == "messages" and isinstance(value, dict):
            value = value.get("messages") or []
        if value in (None, "", [], {}):
            continue
        if name == "prompt" and isinstance(value, str) and "\n\nHuman:" in value:
            return _human_turns(value)
        turns = value if isinstance(value, list) and any(isinstance(v, dict) for v in value) else [value]
        return [*turns, *_history(body)]
    return _history(body)


def _history(body: Fields) -> list[Any]:
    """Cohere: earlier turns, and the new one beside them."""
    history, message = body.get("chat_history"), body.get("message")
    turns = list(history) if isinstance(history, list) else []
    return [*turns, {"role": "user", "content": message}] if isinstance(message, str) and message else turns


def _human_turns(prompt: str) -> list[Any]:
    turns: list[Any] = []
    for i, part in enumerate(prompt.split("\n\nHuman:")):
        human, _, assistant = part.partition("\n\nAssistant:")
        if human.strip():
            turns.append({"role": "user" if i else "system", "content": human.strip()})
        if assistant.strip():
            turns.append({"role": "assistant", "content": assistant.strip()})
    return turns


def _conversation(messages: list[Any], systems: list[Any]) -> Fields:
    """The last human turn, the system text, the number of messages, and signed reasoning that was sent back."""
    system = [t for s in systems if (t := text_of(s))]
    last, digest, fields = "", hashlib.sha256(), Fields()
    count = 0
    for message in _flattened(messages):
        if isinstance(message, str):
            last, count = message, count + 1
            continue
        if not isinstance(message, dict):
            continue
        role = str(message.get("role") or message.get("type") or message.get("author") or "user")
        names = ("content", "content_parts", "parts", "text", "message", "output")
        content = next((message[k] for k in names if message.get(k) is not None), None)
        text = text_of(content)
        count += 1
        if role in SYSTEM:
            if text:
                system.append(text)
        elif text and role in USER:
            last = text
        signature = _signature(content) or message.get("encrypted_content")
        if signature:
            fields["signature_hash"] = hashlib.sha256(str(signature).encode("utf-8", "replace")).hexdigest()[:32]
            fields["prefix_hash"] = digest.hexdigest()[:32]
        digest.update(f"{role}\0{text}\0".encode("utf-8", "replace"))
    if system:
        fields["system_text"] = "\n\n".join(system)
    if last:
        fields["prompt_text"] = last
    if count:
        fields["n_input_messages"] = count
    return fields


def _flattened(messages: list[Any]) -> Iterator[Any]:
    for message in messages:
        if isinstance(message, list):  # LangChain: a list of conversations
            yield from message
        elif isinstance(message, dict) and isinstance(message.get("message"), dict):
            yield message["message"]
        elif isinstance(message, dict) and isinstance(message.get("kwargs"), dict):
            names = message.get("id")
            yield {"role": names[-1] if isinstance(names, list) and names else "user", **message["kwargs"]}
        else:
            yield message


def _signature(content: Any) -> Any:
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, dict):
            continue
        inner = _at(part, "reasoningContent", "reasoningText")
        found = part.get("signature") or part.get("thoughtSignature") or part.get("thought_signature")
        found = found or (inner.get("signature") if isinstance(inner, dict) else None)
        if found or part.get("type") == "redacted_thinking":
            return found or part.get("data")
    return None


def text_of(content: Any, *, reasoning: bool = False) -> str:
    """The visible text of a message's content (or its reasoning), parts joined by line ends."""
    content = parsed(content) if isinstance(content, str) and content[:2] in ("[{", '{"') else content
    if isinstance(content, str):
        return "" if reasoning else content
    if isinstance(content, dict):
        return _part_text(content, reasoning)
    if isinstance(content, list):
        texts = [text_of(p, reasoning=reasoning) for p in content]
        return "\n".join(t for t in texts if t)
    return "" if content is None or reasoning else str(content)


def _part_text(part: Fields, reasoning: bool) -> str:
    kind = str(part.get("type") or "")
    if kind in TOOL_PARTS or any(k in part for k in ("toolResult", "functionResponse", "function_response")):
        return ""
    if "reasoningContent" in part:
        inner = part["reasoningContent"]
        text = _at(inner, "reasoningText", "text") or (inner.get("text") if isinstance(inner, dict) else None)
        return str(text or "") if reasoning else ""
    if kind in REASONING or part.get("thought") is True:
        return _own_text(part) if reasoning else ""
    if reasoning:
        nested = part.get("content", part.get("parts"))
        return text_of(nested, reasoning=True) if isinstance(nested, list) else ""
    guarded = _at(part, "guardContent", "text")
    if guarded is not None:
        return text_of(guarded)
    return _own_text(part)


def _own_text(part: Fields) -> str:
    for name in ("text", "thinking", "content", "parts", "value", "reasoning", "summary", "message"):
        value = part.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list | dict) and value:
            return text_of(value) or text_of(value, reasoning=True)
    return ""


def _at(value: Any, *names: str) -> Any:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def joined(records: list[Fields], texts: frozenset[str]) -> Fields:
    """Records of one call as one: the first value of each field, pieces of the fields named in `texts` joined."""
    whole: Fields = {}
    for record in records:
        for name, value in record.items():
            if name == "properties":
                value = parsed(value)
            there = whole.get(name)
            if there in (None, "", [], {}):
                whole[name] = value
            elif isinstance(there, dict) and isinstance(value, dict):
                whole[name] = joined([there, value], texts)
            elif name in texts and value not in (None, "", [], {}):
                left, right = parsed(there), parsed(value)
                whole[name] = (
                    left + right if isinstance(left, list) and isinstance(right, list) else f"{there}{value}"
                )
    return whole
