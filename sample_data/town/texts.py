"""Where the words come from: a small interface, our own invented texts, and a file of other texts for development.

A bank is a frame of distinct texts (system_text, prompt_text, response_text) for one pool. The town draws rows from
banks by number and never looks at the words, so the same structure can be run with any texts.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl

from . import grammar

TEXT_COLUMNS: dict[str, Any] = {"system_text": pl.String, "prompt_text": pl.String, "response_text": pl.String}


class Texts(Protocol):
    """A source of texts. A pool may be two pools joined by "+": half of the rows from each."""

    def bank(self, pool: str, size: int) -> pl.DataFrame:
        """At most `size` distinct texts of a pool, the same ones at every call."""
        ...

    def pools(self, prefix: str) -> list[str]:
        """Names of the pools that begin so."""
        ...


class OwnTexts:
    """Texts written for this project, grown from small grammars; `seed` chooses the wordings of campaigns."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._banks: dict[tuple[str, int], pl.DataFrame] = {}

    def bank(self, pool: str, size: int) -> pl.DataFrame:
        """Grow the pool once and keep it."""
        key = (pool, size)
        if key not in self._banks:
            self._banks[key] = self._grow(pool, size)
        return self._banks[key]

    def pools(self, prefix: str) -> list[str]:
        """Pools the grammar knows."""
        return sorted(name for name in grammar.POOLS if name.startswith(prefix))

    def _grow(self, pool: str, size: int) -> pl.DataFrame:
        if "+" in pool:
            parts = pool.split("+")
            return pl.concat([self.bank(part, max(1, size // len(parts))) for part in parts])
        rng = np.random.default_rng([self.seed, zlib.crc32(pool.encode())])
        rows = grammar.POOLS[pool](rng, size)
        return pl.DataFrame(rows, schema=TEXT_COLUMNS, orient="row").unique(
            "prompt_text", keep="first", maintain_order=True
        )


class FileTexts:
    """Texts of a Parquet file with the columns pool, system_text, prompt_text, response_text.

    Where the file lacks a pool, `STAND_INS` names one to use instead; else our own texts step in.
    """

    STAND_INS: ClassVar = {
        "followup": "organic",
        "reseller": "organic",
        "corporate": "organic",
        "hackathon": "organic",
        "aggregator": "organic",
    }

    def __init__(self, path: Path, seed: int = 0) -> None:
        self.own = OwnTexts(seed)
        self.seed = seed
        frame = pl.read_parquet(path, columns=["pool", *TEXT_COLUMNS])
        parts = frame.partition_by("pool", maintain_order=True, include_key=False, as_dict=True)
        self._pools = {str(key[0]): part for key, part in parts.items()}
        self._banks: dict[tuple[str, int], pl.DataFrame] = {}

    def bank(self, pool: str, size: int) -> pl.DataFrame:
        """A seeded choice of `size` rows of the file's pool."""
        key = (pool, size)
        if key not in self._banks:
            self._banks[key] = self._choose(pool, size)
        return self._banks[key]

    def pools(self, prefix: str) -> list[str]:
        """Pools of the file, or own ones if the file has none of that prefix."""
        return sorted(name for name in self._pools if name.startswith(prefix)) or self.own.pools(prefix)

    def _choose(self, pool: str, size: int) -> pl.DataFrame:
        if "+" in pool:
            parts = pool.split("+")
            return pl.concat([self.bank(part, max(1, size // len(parts))) for part in parts])
        name = pool if pool in self._pools else self.STAND_INS.get(pool, "")
        if name not in self._pools:
            return self.own.bank(pool, size)
        frame = self._pools[name].cast(pl.String).unique("prompt_text", keep="first", maintain_order=True)
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        return frame[np.sort(rng.permutation(frame.height)[:size])]
