"""The town: accounts, identifiers and requests as they pile up, and the frames they become.

A role (people, a look-alike, a campaign) opens accounts with `Town.open` and adds requests with `Town.emit`; both
take arrays, so a town of some 300,000 requests takes seconds. Nothing here knows what a campaign is, except that a
request may carry the name of one as truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from .clock import DAY, Floats, Ints
from .texts import Texts

Names = NDArray[Any]
Column = Sequence[Any] | NDArray[Any] | pl.Series | str | float | int | None

MODELS = ("orca-2-large", "orca-2-small", "orca-2-mini", "orca-3-large")
DISPOSABLE = ("mailnull.example", "tempbox.example", "ten-min.example")
FREE_MAIL = ("gmail.com", "outlook.com", "icloud.com", "qq.com", "proton.me")
COUNTRIES = ("US", "GB", "DE", "FR", "IN", "JP", "KR", "SG", "BR", "CA", "NL", "PL")
SDK_AGENTS = tuple(
    [f"OpenAI/Python 1.{60 + i}.0" for i in range(14)]
    + [f"Acme/JS 4.{20 + i}.1" for i in range(10)]
    + ["langchain/0.3.7", "node-fetch/3.3.2", "Go-http-client/2.0", "okhttp/4.12.0", "python-requests/2.32.3"]
)
LIBRARY_JA4 = tuple(
    f"t13d15{i:02d}h2_{a}_{b}"
    for i, (a, b) in enumerate(
        (
            ("8daaf6152771", "02713d6af862"),
            ("5b57614c22b0", "3d5424432f57"),
            ("acb858a92679", "18f69afefd3d"),
            ("f57a46bbacb6", "e7c285222651"),
            ("a09f3c656075", "e8f1e7e78f70"),
            ("002f85fd0f2a", "14788d8d241b"),
        ),
        start=11,
    )
)

Kind = pl.DataType | type[pl.DataType]
TEXT_COLUMNS = ("system_text", "prompt_text", "response_text")
REQUEST_COLUMNS: dict[str, Kind] = {
    "occurred_at": pl.Datetime("us", "UTC"),
    "account_id": pl.String,
    "api_key_id": pl.String,
    "conversation_id": pl.String,
    "client_ip": pl.String,
    "user_agent": pl.String,
    "ja4": pl.String,
    "request_model": pl.String,
    "temperature": pl.Float64,
    "top_p": pl.Float64,
    "max_tokens": pl.Int64,
    "system_text": pl.String,
    "prompt_text": pl.String,
    "response_text": pl.String,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "http_status": pl.Int64,
    "request_id": pl.String,
}
RARE_COLUMNS: dict[str, Kind] = {
    "end_user_id": pl.String,
    "finish_reason": pl.String,
    "signature_hash": pl.String,
}
"""Columns that appear in the export only if some request fills them."""
_LATER = {"occurred_at", "account_id", "api_key_id", "request_id", "input_tokens", *TEXT_COLUMNS}
EMITTED: dict[str, Kind] = {k: v for k, v in (REQUEST_COLUMNS | RARE_COLUMNS).items() if k not in _LATER}
EMITTED["truth"] = pl.String
"""What a role may say about its requests."""


@dataclass
class Town:
    """One incident in the making: `days` is the window, `release` the second at which orca-3-large came out."""

    rng: Generator
    texts: Texts
    start: datetime = datetime(2026, 4, 22, tzinfo=UTC)
    days: float = 45.0
    release: float = 20.583 * DAY
    scale: float = 1.0
    accounts: list[dict[str, Any]] = field(default_factory=list)
    identifiers: list[tuple[int, str, str]] = field(default_factory=list)
    blocks: list[pl.DataFrame] = field(default_factory=list)
    homes: list[str] = field(default_factory=list)
    exits: list[str] = field(default_factory=list)

    @property
    def end(self) -> float:
        """Length of the window in seconds."""
        return self.days * DAY

    def size(self, accounts: int, least: int = 1) -> int:
        """A number of accounts or requests at this town's scale."""
        return max(least, round(accounts * self.scale))

    def stamp(self, second: float) -> datetime:
        """The moment `second` seconds after the window opens."""
        return self.start + timedelta(milliseconds=round(second * 1000))

    # ---- accounts ---------------------------------------------------------------------------------------
    def open(
        self,
        role: str,
        count: int,
        created: Floats | float,
        *,
        domain: Sequence[str] | str,
        campaign: str = "",
        plan: str = "payg",
        verification: str = "card",
        org: str | None = None,
        country: str | None = None,
        signup: Sequence[str] | None = None,
    ) -> Ints:
        """Open `count` accounts, `created` in seconds (negative: before the window). Returns their indices."""
        base = len(self.accounts)
        when = np.broadcast_to(np.asarray(created, dtype=np.float64), (count,))
        domains = [domain] * count if isinstance(domain, str) else list(domain)
        shared_org = f"org_{self.token()}" if org else None
        addresses = signup or self.addresses(count)
        for i in range(count):
            key = self.token()
            self.accounts.append(
                {
                    "account_id": f"acct_{key}",
                    "org_id": shared_org or f"org_{key}",
                    "created_at": self.stamp(when[i]),
                    "email_domain": domains[i],
                    "declared_country": country or str(self.rng.choice(COUNTRIES)),
                    "plan": plan,
                    "verification": verification,
                    "signup_ip": addresses[i],
                    "status": "active",
                    "closed_at": None,
                    "role": role,
                    "campaign": campaign,
                }
            )
        return np.arange(base, base + count)

    def close(self, who: Ints, second: float, status: str = "suspended") -> None:
        """Suspend accounts at a moment of the window."""
        for index in who:
            self.accounts[index].update(status=status, closed_at=self.stamp(second))

    def identify(self, who: Ints, id_type: str, values: Sequence[str] | str) -> None:
        """Give every account one value of an identifier; a single string is shared by all."""
        given = [values] * len(who) if isinstance(values, str) else values
        self.identifiers += [(int(a), id_type, v) for a, v in zip(who, given, strict=True)]

    def token(self, bits: int = 56) -> str:
        """A fresh hexadecimal name."""
        return f"{int(self.rng.integers(0, 2**bits)):0{bits // 4}x}"

    def devices(self, who: Ints, share: float = 1.0) -> None:
        """A device of its own for about `share` of the accounts; the others were never seen in a browser."""
        seen = who[self.rng.random(len(who)) < share]
        self.identify(seen, "device_id", [f"dev_{self.token(40)}" for _ in seen])

    def cards(self, count: int, share: float = 0.0, most: int = 2) -> list[str]:
        """Payment fingerprints for `count` accounts; about `share` of them use a card of 2 to `most` accounts."""
        out = [f"card_{self.token(32)}" for _ in range(count)]
        left = list(self.rng.permutation(count)[: round(count * share)])
        while len(left) > 1:
            group = [left.pop() for _ in range(min(len(left), int(self.rng.integers(2, most + 1))))]
            for member in group:
                out[member] = out[group[0]]
        return out

    def mail(self, count: int, disposable: float, own: float = 0.08) -> list[str]:
        """E-mail domains: mostly free mail, some disposable, some of the account's own."""
        draw = self.rng.random(count)
        free = self.rng.choice(FREE_MAIL, count, p=(0.55, 0.2, 0.1, 0.1, 0.05))
        throw = self.rng.choice(DISPOSABLE, count, p=(0.7, 0.2, 0.1))
        name = self.rng.integers(0, 4000, count)
        return [
            str(throw[i])
            if draw[i] < disposable
            else f"co{name[i]}.example"
            if draw[i] < disposable + own
            else str(free[i])
            for i in range(count)
        ]

    def addresses(self, count: int) -> list[str]:
        """`count` invented public-looking IPv4 addresses."""
        first = self.rng.integers(24, 204, count)
        first = np.where(
            (first == 127) | (first == 100) | (first == 169) | (first == 172) | (first == 192), 81, first
        )
        rest = self.rng.integers(1, 255, (count, 3))
        return [f"{a}.{b}.{c}.{d}" for a, (b, c, d) in zip(first, rest, strict=True)]

    # ---- requests ---------------------------------------------------------------------------------------
    def emit(self, who: Ints, at: Floats, texts: pl.DataFrame, /, **columns: Column) -> None:
        """One request per element of `who` (account indices) and `at` (seconds) with the texts of the same row.

        `columns` are named as in the export (and `truth`); a scalar is repeated, a missing column is null.
        """
        given: dict[str, Column] = {"request_model": MODELS[0], "http_status": 200, "truth": ""}
        given.update(columns)
        filled = [_series(name, given.pop(name, None), len(who), kind) for name, kind in EMITTED.items()]
        if given:
            raise TypeError(f"no such columns: {sorted(given)}")
        timed = pl.DataFrame({"who": who, "at": at}).hstack(filled).hstack(texts.select(TEXT_COLUMNS))
        self.blocks.append(timed.filter((pl.col("at") >= 0) & (pl.col("at") < self.end)))

    def draw(self, pool: str, count: int, distinct: int = 30_000) -> pl.DataFrame:
        """`count` texts of a pool, with repetition, out of at most `distinct` different ones."""
        bank = self.texts.bank(pool, distinct)
        return bank[self.rng.integers(0, bank.height, count)]


def _series(name: str, values: Column, n: int, kind: Kind) -> pl.Series:
    """A column of `n` values; NaN becomes null."""
    if values is None or isinstance(values, str | float | int):
        series = pl.Series(name, [values]).new_from_index(0, n)
    else:
        mixed = isinstance(values, np.ndarray) and values.dtype.kind == "O"
        series = pl.Series(name, list(values) if mixed else values)
    return (series.fill_nan(None) if series.dtype == pl.Float64 else series).cast(kind)
