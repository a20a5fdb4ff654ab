"""From a town to files: exports as an investigator gets them, and the truth beside them."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .world import MODELS, RARE_COLUMNS, REQUEST_COLUMNS, Town

ACCOUNT_COLUMNS = (
    "account_id",
    "org_id",
    "created_at",
    "email_domain",
    "declared_country",
    "plan",
    "verification",
    "signup_ip",
    "status",
    "closed_at",
)


@dataclass(frozen=True)
class Incident:
    """Finished frames: what the investigator sees, and the truth per account and request."""

    requests: pl.DataFrame
    accounts: pl.DataFrame
    identifiers: pl.DataFrame
    releases: pl.DataFrame
    truth_accounts: pl.DataFrame
    truth_requests: pl.DataFrame
    seed: int

    def summary(self) -> dict[str, Any]:
        """Totals per campaign, as in truth/summary.json."""
        marked = self.truth_requests.join(
            self.requests.select("request_id", "occurred_at", "output_tokens"), on="request_id"
        )
        totals = (
            marked.group_by("truth")
            .agg(
                exchanges=pl.len(),
                accounts=pl.col("account_id").n_unique(),
                output_tokens=pl.col("output_tokens").sum(),
                first_at=pl.col("occurred_at").min(),
                last_at=pl.col("occurred_at").max(),
            )
            .sort("truth")
        )
        campaigns = [
            {k: str(v) if isinstance(v, datetime) else v for k, v in row.items()} for row in totals.to_dicts()
        ]
        return {
            "seed": self.seed,
            "requests": self.requests.height,
            "accounts": self.accounts.height,
            "campaigns": campaigns,
        }


def finish(town: Town, seed: int) -> Incident:
    """Sort the requests by time, name them, count their tokens, and set the truth apart."""
    rows = pl.concat(town.blocks).sort("at", maintain_order=True)
    order = np.random.default_rng([seed, 77]).permutation(rows.height)
    names = pl.Series("account_id", [a["account_id"] for a in town.accounts])
    rows = rows.with_columns(
        occurred_at=pl.lit(town.start)
        + pl.duration(microseconds=(pl.col("at") * 1000).round().cast(pl.Int64) * 1000),
        account_id=names.gather(rows["who"]),
        api_key_id=pl.lit(None, dtype=pl.String),
        request_id=pl.Series(_names(order, seed)),
        input_tokens=_tokens(rows, "system_text") + _tokens(rows, "prompt_text") + 3,
        output_tokens=_outputs(rows, seed),
    )
    rows = rows.with_columns(
        occurred_at=pl.col("occurred_at").cast(pl.Datetime("us", "UTC")),
        response_text=pl.when(pl.col("http_status") == 200).then("response_text"),
        output_tokens=pl.when(pl.col("http_status") == 200).then("output_tokens").otherwise(0),
    )
    rare = [c for c in RARE_COLUMNS if rows[c].null_count() < rows.height]
    truth = rows.filter(pl.col("truth") != "").select("request_id", "account_id", "truth")
    return Incident(
        rows.select(*REQUEST_COLUMNS, *rare),
        _accounts(town),
        _identifiers(town),
        _releases(town),
        _truth(town, rows),
        truth,
        seed,
    )


def _names(order: np.ndarray[Any, Any], seed: int) -> list[str]:
    mask = (seed * 0x9E3779B97F4A7C15 + 0x5DEECE66D) % 2**64
    return [f"req_{(int(n) * 0xD1342543DE82EF95 + mask) % 2**64:016x}" for n in order]


def _tokens(rows: pl.DataFrame, column: str) -> pl.Series:
    return (rows[column].str.len_bytes().fill_null(0) / 4.2).ceil().cast(pl.Int64)


def _outputs(rows: pl.DataFrame, seed: int) -> pl.Series:
    """Output tokens: as given, else about 270 with a long tail."""
    drawn = np.random.default_rng([seed, 78]).lognormal(5.5, 0.7, rows.height).clip(1, 4000)
    return rows["output_tokens"].fill_null(pl.Series(drawn).cast(pl.Int64))


def _accounts(town: Town) -> pl.DataFrame:
    frame = pl.DataFrame(town.accounts, infer_schema_length=None)
    times = [
        pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00")
        for c in ("created_at", "closed_at")
        if frame[c].dtype != pl.Null
    ]
    return frame.with_columns(times).select(ACCOUNT_COLUMNS)


def _identifiers(town: Town) -> pl.DataFrame:
    names = [a["account_id"] for a in town.accounts]
    rows = [(names[a], kind, value) for a, kind, value in town.identifiers]
    return pl.DataFrame(rows, schema=["account_id", "id_type", "id_value"], orient="row")


def _releases(town: Town) -> pl.DataFrame:
    old = "2025-11-03T00:00:00Z"
    new = town.stamp(town.release).strftime("%Y-%m-%dT%H:00:00Z")
    return pl.DataFrame({"request_model": list(MODELS), "released_at": [old, old, old, new]})


def _truth(town: Town, rows: pl.DataFrame) -> pl.DataFrame:
    """Role and campaign of every account, with its requests and those that belong to the campaign."""
    marked = pl.col("truth") != ""
    counted = rows.group_by("account_id").agg(
        requests=pl.len(),
        campaign_requests=marked.sum(),
        campaign_output_tokens=pl.col("output_tokens").filter(marked).sum(),
    )
    base = pl.DataFrame([{k: a[k] for k in ("account_id", "role", "campaign")} for a in town.accounts])
    return base.join(counted, on="account_id", how="left", maintain_order="left").with_columns(
        pl.col("requests", "campaign_requests", "campaign_output_tokens").fill_null(0)
    )


# ---- files ----------------------------------------------------------------------------------------------
def write(incident: Incident, folder: Path, form: str = "parquet", parts: int = 1) -> None:
    """Write exports/ and truth/; `form` is parquet, ndjson (gz) or csv (gz), requests in `parts` by time."""
    exports, truth = folder / "exports", folder / "truth"
    exports.mkdir(parents=True, exist_ok=True)
    truth.mkdir(exist_ok=True)
    suffix = {"parquet": "parquet", "ndjson": "ndjson.gz", "csv": "csv.gz"}[form]
    size = -(-incident.requests.height // parts)
    for number in range(parts):
        name = f"requests.{suffix}" if parts == 1 else f"requests-{number:03d}.{suffix}"
        write_requests(incident.requests.slice(number * size, size), exports / name)
    for name, frame in (
        ("accounts", incident.accounts),
        ("identifiers", incident.identifiers),
        ("model_releases", incident.releases),
    ):
        frame.write_csv(exports / f"{name}.csv")
    incident.truth_accounts.write_csv(truth / "accounts.csv")
    incident.truth_requests.write_parquet(truth / "requests.parquet")
    (truth / "summary.json").write_text(json.dumps(incident.summary(), indent=1) + "\n")


def write_requests(frame: pl.DataFrame, path: Path, keep_empty: bool = True) -> None:
    """One file of requests, its form told by the suffix; compressed files carry no time stamp."""
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd", compression_level=12)
    elif ".ndjson" in path.suffixes:
        path.write_bytes(pack("".join(ndjson_lines(frame, keep_empty)).encode()))
    else:
        text = io.BytesIO()
        stamped(frame).write_csv(text)
        path.write_bytes(pack(text.getvalue()))


def ndjson_lines(frame: pl.DataFrame, keep_empty: bool = True) -> list[str]:
    """One JSON object a line; without `keep_empty` fields that are null are left out."""
    rows = stamped(frame).iter_rows(named=True)
    kept = (row if keep_empty else {k: v for k, v in row.items() if v is not None} for row in rows)
    return [json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in kept]


def stamped(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as ISO 8601 text, in UTC, with milliseconds."""
    return frame.with_columns(pl.col("occurred_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))


def pack(data: bytes) -> bytes:
    """Gzip without name or time, so that equal bytes in are equal bytes out."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=9, mtime=0) as file:
        file.write(data)
    return out.getvalue()
