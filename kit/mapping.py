"""Propose a mapping file for an export in no known format, and try an edited one without loading anything.

`incident map FILE` and 00_intake use the same functions. A proposal is a guess from names and values: an
investigator confirms at least the time, the account, the model and the texts before loading with it.
"""

from __future__ import annotations

import html
import ipaddress
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from kit.errors import LoadError
from kit.formats import Format, Skipped, read_format
from kit.formats.messages import parsed
from kit.load.container import open_container
from kit.load.envelopes import unwrap
from kit.load.records import sample, shape_of
from kit.result import visible

SHOWN = 5
SAMPLED = 200
SURE = 0.5  # proposals below this are left out
SYNONYMS = {
    "request_id": "request_id requestid req_id id trace_id "
    "correlation_id correlationid x_request_id call_id event_id uuid",
    "response_id": "response_id completion_id generation_id message_id",
    "occurred_at": "occurred_at timestamp time ts at date "
    "datetime created_at created start_time starttime logging_time "
    "timegenerated event_time eventtime request_time effective_at edgestarttimestamp startedat received_at",
    "duration_ms": "duration_ms latency_ms duration latency "
    "elapsed_ms response_time response_time_ms took_ms delay_ms",
    "org_id": "org_id organization_id organisation_id org organization tenant_id tenant",
    "project_id": "project_id project workspace_id workspace team_id team",
    "account_id": "account_id account acct accountid customer_id "
    "customer org_id organization_id tenant_id user_id userid "
    "subscription_id",
    "api_key_id": "api_key_id key_id apikey_id api_key apikey token_id virtual_key key_hash credential_id",
    "user_id": "user_id userid user username principal uid member_id",
    "end_user_id": "end_user_id end_user enduser_id",
    "conversation_id": "conversation_id session_id conversation session thread_id chat_id",
    "client_ip": "client_ip ip ip_address clientip source_ip "
    "src_ip remote_addr remote_ip caller_ip sourceipaddress "
    "calleripaddress x_forwarded_for requester_ip_address peer address",
    "client_asn": "client_asn asn as_number",
    "client_country": "client_country country country_code geo_country",
    "user_agent": "user_agent useragent ua agent client",
    "ja3": "ja3 ja3_hash ja3hash ja3_fingerprint",
    "ja4": "ja4 ja4_fingerprint",
    "provider": "provider vendor backend upstream",
    "operation": "operation operation_name method_name call_type action",
    "endpoint": "endpoint path uri url route request_path",
    "region": "region location zone",
    "request_model": "request_model model model_name modelid model_id requested_model deployment engine",
    "response_model": "response_model model_served served_model model_version",
    "stream": "stream is_stream streamed streaming",
    "temperature": "temperature temp",
    "top_p": "top_p topp",
    "max_tokens": "max_tokens maxtokens max_output_tokens max_completion_tokens",
    "seed": "seed",
    "system_text": "system_text system system_prompt instructions",
    "prompt_text": "prompt_text prompt question input query user_message prompt_body request_text text",
    "response_text": "response_text response completion answer output reply assistant_message",
    "reasoning_text": "reasoning_text reasoning thinking",
    "input_tokens": "input_tokens prompt_tokens tokens_in in_tokens "
    "tokens_prompt req_units inputtokencount n_input_tokens",
    "cache_read_tokens": "cache_read_tokens cached_tokens cache_read_input_tokens",
    "cache_write_tokens": "cache_write_tokens cache_creation_input_tokens",
    "output_tokens": "output_tokens completion_tokens tokens_out "
    "out_tokens tokens_completion res_units outputtokencount",
    "reasoning_tokens": "reasoning_tokens thinking_tokens",
    "cost_usd": "cost_usd cost price spend amount_usd",
    "http_status": "http_status status_code response_code code status http_code",
    "outcome": "outcome result",
    "error_type": "error_type error error_code errorcode exception",
    "finish_reason": "finish_reason stop_reason",
    "cache_hit": "cache_hit cached",
}
NUMBERS = {"duration_ms", "temperature", "top_p", "cost_usd", "http_status", "max_tokens"}
OUTCOMES = {"ok", "error", "rate_limited", "blocked", "cancelled", "unknown"}


@dataclass(frozen=True)
class Guess:
    """One proposed column: where it lies, how sure (0 to 1), and a value seen there."""

    column: str
    path: str
    confidence: float
    example: str
    unit: str = ""


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping: guesses, the content bodies, five mapped rows, and what stays unmapped."""

    file: Path
    guesses: list[Guess]
    content: dict[str, list[str]]
    required: list[str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    unmapped: list[tuple[str, str]] = field(default_factory=list)

    def toml(self) -> str:
        """The mapping file."""
        lines = [
            "# Proposed by `incident map`; the number after each line is how sure the guess is, then a value seen.",
            "# Check the time, the account, the model and the texts; see docs/reference/mapping-files.md.",
            "[format]",
            f"title = {json.dumps('Mapping of ' + self.file.name)}",
            'kind = "requests"',
            "rank = 10   # 10 provider, 20 gateway, 30 observability, 40 network",
            "",
            "[recognise]",
            f"has = {json.dumps(self.required, ensure_ascii=False)}",
            "",
            "[columns]",
        ]
        for guess in self.guesses:
            path = json.dumps(guess.path, ensure_ascii=False)
            value = f'{{ path = {path}, as = "{guess.unit}" }}' if guess.unit else path
            lines.append(f"{guess.column} = {value}   # {guess.confidence:.2f}  {guess.example}")
        if self.content:
            lines += ["", "[content]"]
            lines += [f"{part} = {json.dumps(paths, ensure_ascii=False)}" for part, paths in self.content.items()]
        lines += ["", "# Not mapped:"] + [f"#   {path}   {example}" for path, example in self.unmapped]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        guesses = [f"  {g.column:18} {g.confidence:4.2f}  {g.path}   ({g.example})" for g in self.guesses]
        content = [f"  {part} body            {', '.join(paths)}" for part, paths in self.content.items()]
        rest = [f"  {path}   ({example})" for path, example in self.unmapped] or ["  nothing"]
        return "\n".join(["Mapped:", *guesses, *content, "", *_rows_text(self.rows), "", "Not mapped:", *rest])


def propose(file: Path) -> Proposal:
    """Propose a mapping from the first 200 records. Raises LoadError if the file holds no records with fields."""
    records = _records(file)
    fields = _fields(records)
    if not fields:
        raise LoadError(f"{file} holds no records with named fields; export it as NDJSON, CSV or Parquet first.")
    content = _bodies(fields)
    inside = tuple(p for paths in content.values() for p in paths)
    free = {p: v for p, v in fields.items() if not any(p == i or p.startswith(i + ".") for i in inside)}
    best: dict[str, Guess] = {}
    taken: set[str] = set()
    candidates = [g for column in SYNONYMS for path, values in free.items() if (g := _guess(column, path, values))]
    for guess in sorted(candidates, key=lambda g: (-g.confidence, list(SYNONYMS).index(g.column), g.path)):
        if guess.column not in best and guess.path not in taken:
            best[guess.column] = guess
            taken.add(guess.path)
    if "account_id" not in best and (user := best.get("user_id") or best.get("api_key_id")):
        best["account_id"] = Guess("account_id", user.path, SURE, user.example)
    guesses = [best[c] for c in SYNONYMS if c in best]
    required = [p for p, values in fields.items() if "." not in p and len(values) >= 0.95 * len(records)][:6]
    unmapped = [(p, _shown(v[0])) for p, v in free.items() if p not in taken]
    proposal = Proposal(Path(file), guesses, content, required, [], unmapped)
    return Proposal(Path(file), guesses, content, required, _mapped(_as_format(proposal), records), unmapped)


def dry_run(file: Path, mapping: Path) -> list[dict[str, Any]]:
    """The first five rows that a mapping file makes of an export. Raises LoadError if it is no mapping file."""
    return _mapped(read_format(Path(mapping), Path(mapping).stem), _records(file))


def editor(file: str | Path, out: str | Path) -> Any:
    """The proposal as widgets: a menu of fields for each column, five rows as they would load, and a button.

    `out` is the mapping file to write; it is not overwritten.
    """
    import ipywidgets as widgets

    proposal = propose(Path(file))
    records = _records(Path(file))
    paths = ["", *sorted(_fields(records))]
    first = {g.column: g for g in proposal.guesses}
    menus = {
        column: widgets.Dropdown(
            options=paths,
            value=first[column].path if column in first else "",
            description=column,
            style={"description_width": "11em"},
            layout={"width": "25em", "margin": "1px 12px 1px 0"},
        )
        for column in SYNONYMS
    }
    rows, said = widgets.HTML(), widgets.HTML()
    button = widgets.Button(description="Write the mapping file", layout={"width": "16em"})

    def chosen() -> Proposal:
        fields = _fields(records)
        picked = [(c, m.value) for c, m in menus.items() if m.value]
        guesses = [
            first[c]
            if c in first and first[c].path == path
            else Guess(c, path, 1.0, _shown(fields[path][0]), _fits(c, fields[path])[1])
            for c, path in picked
        ]
        taken = {path for _, path in picked}
        rest = [(p, e) for p, e in proposal.unmapped if p not in taken]
        return Proposal(Path(file), guesses, proposal.content, proposal.required, [], rest)

    def show(_: Any = None) -> None:
        text = "\n".join(_rows_text(_mapped(_as_format(chosen()), records)))
        style = "line-height: 1.35; max-height: 30em; overflow: auto"
        rows.value = f"<pre style='{style}' tabindex='0'>{html.escape(text)}</pre>"

    def write(_: Any) -> None:
        target = Path(out)
        if target.exists():
            said.value = html.escape(f"{target} exists; choose another file name.")
            return
        target.write_text(chosen().toml(), encoding="utf-8")
        said.value = html.escape(f"Wrote {target}. Load with: incident load CASE {file} --mapping {target}")

    for menu in menus.values():
        menu.observe(show, names="value")
    button.on_click(write)
    show()
    # The columns the proposal found stand first; the others fill the page below, not one long strip.
    wrap = {"flex_flow": "row wrap", "max_height": "24em", "overflow": "auto"}
    order = sorted(menus, key=lambda column: column not in first)
    return widgets.VBox([widgets.Box([menus[c] for c in order], layout=wrap), rows, button, said])


def propose_text(file: Path, out: Path | None = None) -> str:
    """What `incident map FILE` prints; the mapping file is written to `out` or beside the working directory."""
    proposal = propose(file)
    target = out or Path(f"{file.name.split('.')[0]}.mapping.toml")
    if target.exists():
        raise LoadError(f"{target} exists; choose another file with --out, or try it with --dry-run {target}.")
    target.write_text(proposal.toml(), encoding="utf-8")
    return (
        f"{proposal}\n\nWrote {target}. Edit it, try it with: incident map {file} --dry-run {target}\n"
        f"Then load with: incident load CASE {file} --mapping {target}"
    )


def try_mapping(file: Path, mapping: Path) -> str:
    """What `incident map FILE --dry-run MAPPING` prints."""
    return "\n".join([*_rows_text(dry_run(file, mapping)), "", "Nothing was loaded."])


def _records(file: Path) -> list[dict[str, Any]]:
    container = open_container(Path(file))
    values = sample(container, shape_of(container), SAMPLED)
    records = [r for v in values for r in unwrap(v) if isinstance(r, dict)]
    return list(islice(records, SAMPLED))


def _fields(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Dotted path -> the values seen there, in the order of appearance; lists and long nests count as values."""
    fields: dict[str, list[Any]] = {}

    def walk(value: Any, path: str, depth: int) -> None:
        value = parsed(value) if isinstance(value, str) and value[:1] == "{" else value
        if isinstance(value, dict) and value and depth < 4 and not _is_body(value):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}" if path else str(key), depth + 1)
        elif value not in (None, "", [], {}):
            fields.setdefault(path, []).append(value)

    for record in records:
        walk(record, "", 0)
    return fields


def _is_body(value: dict[str, Any]) -> bool:
    return any(k in value for k in ("messages", "contents", "choices", "candidates")) or (
        "role" in value and "content" in value
    )


def _bodies(fields: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Fields that hold whole request or response bodies."""
    content: dict[str, list[str]] = {}
    for path, values in fields.items():
        value = parsed(values[0])
        first = value[0] if isinstance(value, list) and value else value
        if not isinstance(first, dict):
            continue
        leaf = path.rpartition(".")[2].lower()
        answered = {"choices", "candidates", "delta"} & set(first) or first.get("role") == "assistant"
        if answered or (_is_body(first) and re.search("resp|output|complet|answer", leaf)):
            content.setdefault("response", []).append(path)
        elif _is_body(first):
            content.setdefault("request", []).append(path)
    return content


def _guess(column: str, path: str, values: list[Any]) -> Guess | None:
    leaf = _plain(path.rpartition(".")[2])
    names = SYNONYMS[column].split()
    score = 0.0
    if leaf in names:
        score = 0.95 - 0.4 * names.index(leaf) / len(names)
    elif _plain(path) in names:
        score = 0.9
    elif any(leaf.endswith("_" + n) or leaf.startswith(n + "_") for n in names if len(n) > 3):
        score = 0.6
    fit, unit = _fits(column, values)
    score = score * fit if score else (0.55 if fit == 1.0 and column == "client_ip" else 0.0)
    return Guess(column, path, round(score, 2), _shown(values[0]), unit) if score >= SURE else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def _fits(column: str, values: list[Any]) -> tuple[float, str]:
    """How well the values suit a column, and the unit of its time if it is a number."""
    seen = values[:50]
    if column == "occurred_at":
        numbers = [v for v in seen if re.fullmatch(r"\d{9,19}(\.\d+)?", str(v))]
        if len(numbers) == len(seen):
            digits = Counter(len(str(v).split(".")[0]) for v in numbers).most_common(1)[0][0]
            return 1.0, {12: "epoch_ms", 13: "epoch_ms", 15: "epoch_us", 16: "epoch_us"}.get(
                digits, "epoch_ns" if digits >= 18 else "epoch_s"
            )
        return _share(seen, lambda v: bool(re.search(r"\d{1,4}[-/]\w{2,3}[-/]\d{2,4}", str(v)))), ""
    if column == "client_ip":
        return _share(seen, _is_address), ""
    if column.endswith("_tokens") or column in NUMBERS:
        return _share(seen, lambda v: bool(re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", str(v)))), ""
    if column == "outcome":
        return _share(seen, lambda v: str(v).lower() in OUTCOMES), ""
    if column.endswith("_text"):
        return _share(seen, lambda v: isinstance(v, str)), ""
    return _share(seen, lambda v: not isinstance(v, dict | list)), ""


def _share(values: list[Any], test: Any) -> float:
    return sum(bool(test(v)) for v in values) / len(values)


def _is_address(value: Any) -> bool:
    try:
        ipaddress.ip_address(str(value).split(",")[0].strip())
    except ValueError:
        return False
    return "." in str(value) or ":" in str(value)


def _as_format(proposal: Proposal) -> Format:
    columns: dict[str, Any] = {
        g.column: {"path": g.path, "as": g.unit} if g.unit else g.path for g in proposal.guesses
    }
    return Format("proposal", "", "requests", 10, {}, {}, columns, dict(proposal.content))


def _mapped(fmt: Format, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for record in records:
        try:
            for whole in fmt.records_in(record):
                rows += [row for kind, row in fmt.rows(whole) if kind == fmt.kind]
        except Skipped:
            continue
        if len(rows) >= SHOWN:
            break
    return rows[:SHOWN]


def _rows_text(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["No record gives a row; check [recognise] and [records]."]
    lines = [f"The first {len(rows)} rows:"]
    for number, row in enumerate(rows, 1):
        lines.append(f"  row {number}")
        lines += [f"    {name:18} {_shown(value, 90)}" for name, value in row.items()]
    return lines


def _shown(value: Any, width: int = 48) -> str:
    text = visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    text = text.replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= width else text[: width - 1] + "…"
