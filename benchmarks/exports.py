"""Make large exports of realistic length: prompts of ~600 and answers of ~1,500 characters, 17 fields a row."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from isal import igzip

SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ten",
    "dra",
    "vor",
    "se",
    "ri",
    "pu",
    "nal",
    "ost",
    "eck",
    "tha",
    "ino",
    "gar",
    "wel",
    "bim",
    "sou",
    "ter",
    "qui",
]


def vocabulary(rng: random.Random, size: int = 6000) -> list[str]:
    """Made-up words, short ones frequent."""
    return ["".join(rng.choices(SYLLABLES, k=1 + min(3, i // 200))) for i in range(size)]


def sentences(rng: random.Random, count: int = 20_000) -> list[str]:
    """Sentences of 8 to 20 words with Zipf-like word frequencies."""
    words = vocabulary(rng)
    weights = [1 / (i + 3) for i in range(len(words))]
    return [" ".join(rng.choices(words, weights, k=rng.randint(8, 20))).capitalize() + "." for _ in range(count)]


def rows(n: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """`n` rows of requests with canonical names."""
    rng = random.Random(seed)
    pool = sentences(rng)
    at = datetime(2026, 5, 1, tzinfo=UTC)
    for i in range(n):
        at += timedelta(milliseconds=rng.randint(1, 400))
        prompt = " ".join(rng.choices(pool, k=rng.randint(4, 12)))
        response = " ".join(rng.choices(pool, k=rng.randint(10, 28)))
        yield {
            "request_id": f"req_{seed:02d}{i:010x}",
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "account_id": f"acct_{rng.randint(0, 30_000):06d}",
            "api_key_id": f"key_{rng.randint(0, 60_000):06d}",
            "client_ip": f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
            "user_agent": rng.choice(("python-sdk/1.40", "node-sdk/4.2", "curl/8.5", "java-sdk/0.9")),
            "request_model": rng.choice(("large-3", "small-3", "mini-2")),
            "stream": rng.random() < 0.4,
            "temperature": round(rng.random(), 2),
            "max_tokens": rng.choice((512, 1024, 4096)),
            "prompt_text": prompt,
            "response_text": response,
            "input_tokens": len(prompt) // 4,
            "output_tokens": len(response) // 4,
            "http_status": 200 if rng.random() < 0.98 else 429,
            "cost_usd": round(len(response) * 2.5e-6, 6),
            "finish_reason": "stop",
        }


def write_ndjson_gz(path: Path, n: int, seed: int = 7) -> None:
    """`n` rows as gzipped NDJSON."""
    with igzip.open(path, "wb", compresslevel=2) as f:
        for row in rows(n, seed):
            f.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def write_csv_gz(path: Path, n: int, seed: int = 7) -> None:
    """`n` rows as gzipped CSV."""
    with igzip.open(path, "wt", compresslevel=2, encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, fieldnames=list(next(rows(1))))
        writer.writeheader()
        writer.writerows(rows(n, seed))
