"""The sample incident and its generator: reproducible, true to its truth, complete, small, hostile in places."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_data" / "incident"
sys.path.insert(0, str(ROOT / "sample_data"))

import make_sample  # noqa: E402
import scenarios  # noqa: E402
from generate import LOOKALIKES, ONCE_PROPOSED, STRANGERS, read_texts  # noqa: E402

REQUEST_FILES = ("exports/gateway-1.parquet", "exports/gateway-2.ndjson.gz", "exports/gateway-3.csv.gz")
ROLES = {
    *("organic", "campaign", "eval_team", "enterprise_batch", "monitor", "translation", "reseller", "aggregator"),
    *("red_team", "explainability", "harness", "cron", "class", "hackathon", "vpn_crowd", "tutorial"),
    *("launch_day", "corporate"),
}

TEXTS = read_texts(None, 3)
"""One source for all scenarios: it grows every pool once."""


def content(path: Path) -> bytes:
    """What a file says, whatever compressor or Parquet writer wrote it."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).write_ndjson().encode()
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, made anew."""
    folder = tmp_path_factory.mktemp("sample") / "incident"
    make_sample.write(make_sample.build(), folder)
    return folder


@pytest.fixture(scope="module")
def requests() -> pl.DataFrame:
    """The readable requests of all three files with the columns that tests look at; duplicates stay."""
    columns = ["request_id", "account_id", "prompt_text", "request_model"]
    lines = gzip.decompress((SAMPLE / REQUEST_FILES[1]).read_bytes()).split(b"\n")
    read = [row for row in map(readable, lines) if row is not None]
    return pl.concat(
        [
            pl.read_parquet(SAMPLE / REQUEST_FILES[0], columns=columns),
            pl.DataFrame([[row.get(c) for c in columns] for row in read], schema=columns, orient="row"),
            pl.read_csv(io.BytesIO(content(SAMPLE / REQUEST_FILES[2])), infer_schema=False).select(columns),
        ]
    )


def readable(line: bytes) -> dict[str, str] | None:
    """A line as a request, or nothing."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def files(folder: Path) -> Iterator[Path]:
    """Every file of a sample except the check sums."""
    return (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "SHA256SUMS")


def test_the_same_seed_gives_the_same_bytes(again: Path, tmp_path: Path) -> None:
    make_sample.write(make_sample.build(), tmp_path)
    assert (tmp_path / "SHA256SUMS").read_text() == (again / "SHA256SUMS").read_text()


def test_the_committed_sample_is_what_the_generator_makes(again: Path) -> None:
    made, kept = list(files(again)), list(files(SAMPLE))
    assert [p.relative_to(again) for p in made] == [p.relative_to(SAMPLE) for p in kept]
    for new, old in zip(made, kept, strict=True):
        assert content(new) == content(old), new.name


def test_the_committed_sample_matches_its_check_sums() -> None:
    lines = (SAMPLE / "SHA256SUMS").read_text().splitlines()
    named = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert named == {
        p.relative_to(SAMPLE).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files(SAMPLE)
    }


def test_compressed_files_carry_no_time() -> None:
    for path in SAMPLE.rglob("*.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0"
        assert zlib.decompressobj(31).decompress(path.read_bytes())


def test_the_sample_is_small_and_realistically_many() -> None:
    assert sum(p.stat().st_size for p in SAMPLE.rglob("*") if p.is_file()) < 3_000_000
    assert 20_000 <= pl.read_csv(SAMPLE / "truth.csv")["requests"].sum() <= 40_000


def test_truth_agrees_with_the_exports(requests: pl.DataFrame) -> None:
    truth = pl.read_csv(SAMPLE / "truth.csv", schema_overrides={"campaign": pl.String})
    accounts = pl.read_csv(SAMPLE / "exports" / "accounts.csv", infer_schema=False)
    assert set(truth["account_id"]) == set(accounts["account_id"])
    once = requests.unique("request_id")
    counted = dict(once.group_by("account_id").len().iter_rows())
    assert {a: n for a, n in truth.select("account_id", "requests").iter_rows() if n} == counted
    bad = truth.filter(pl.col("role") == "campaign")
    assert (bad["campaign_requests"] <= bad["requests"]).all()
    assert truth.filter(pl.col("role") != "campaign")["campaign_requests"].sum() == 0
    assert set(bad["campaign"]) == {"fixed_prompt", "load_balanced", "low_and_wide"}


def test_every_harmless_group_is_there() -> None:
    active = pl.read_csv(SAMPLE / "truth.csv").filter(pl.col("requests") > 0)
    assert set(active["role"]) == ROLES
    assert active.filter(pl.col("role") == "harness").height > 90


def test_the_ban_and_the_second_pool_are_there() -> None:
    truth = pl.read_csv(SAMPLE / "truth.csv").filter(pl.col("campaign") == "fixed_prompt")
    accounts = pl.read_csv(SAMPLE / "exports" / "accounts.csv", infer_schema=False).join(truth, on="account_id")
    banned = accounts.filter(pl.col("status") == "suspended")
    assert 5 < banned.height < accounts.height
    (ban,) = set(banned["closed_at"])
    later = accounts.filter(pl.col("status") == "active")
    assert (later["created_at"].str.slice(0, 10) >= "2026-05-05").all()
    assert ban.startswith("2026-05-06")


def test_exports_are_as_untidy_as_real_ones(requests: pl.DataFrame) -> None:
    lines = gzip.decompress((SAMPLE / REQUEST_FILES[1]).read_bytes()).rstrip(b"\n").split(b"\n")
    assert sum(readable(line) is None for line in lines) == make_sample.TORN
    assert requests.height - requests["request_id"].n_unique() == 2 * make_sample.OVERLAP
    accounts = pl.read_csv(SAMPLE / "exports" / "accounts.csv", infer_schema=False)
    assert accounts["email_domain"].null_count() == make_sample.HOLES


def test_hostile_texts_are_among_the_prompts(requests: pl.DataFrame) -> None:
    text = "\n".join(requests["prompt_text"].drop_nulls().unique())
    for sign in ("<script>", "\x1b[31m", "\u202e", "=HYPERLINK(", "{{7*7}}", "Ignore all previous instructions"):
        assert sign in text, sign
    for sign in ("请", "ください", "Wie ", "¿"):
        assert sign in text, sign


def test_prompts_of_people_do_not_look_alike(requests: pl.DataFrame) -> None:
    truth = pl.read_csv(SAMPLE / "truth.csv").filter(pl.col("role") == "organic").select("account_id")
    prompts = requests.join(truth, on="account_id")["prompt_text"]
    assert prompts.n_unique() > 0.5 * len(prompts)


@pytest.mark.parametrize("name", sorted(scenarios.SCENARIOS))
def test_every_scenario_runs_small_and_marks_its_harvest(name: str) -> None:
    incident = scenarios.build(name, 3, TEXTS, scale=0.03)
    roles = set(incident.truth_accounts["role"])
    full = name in ("full_town", "doubled_town")
    harmless = len(LOOKALIKES) + (len(STRANGERS) if full or name.startswith(("crowded", "scattered")) else 0)
    harmless += len(ONCE_PROPOSED) if full or name == "mistaken_town" else name in ("office_town", "bot_town")
    assert len(roles - {"campaign", "organic"}) == harmless
    campaigns = set(incident.truth_requests["truth"])
    assert (campaigns == set()) is name.endswith("_town")
    named = incident.truth_accounts.filter(pl.col("campaign_requests") > 0)
    assert set(named["campaign"]) == campaigns
    assert named["campaign_requests"].sum() == incident.truth_requests.height
    assert incident.requests["request_id"].n_unique() == incident.requests.height
    assert incident.requests["occurred_at"].is_sorted()


def test_a_cleaner_is_asked_to_clean_what_others_were_answered() -> None:
    incident = scenarios.build("cleaner", 5, TEXTS, scale=0.03)
    rows = incident.requests.join(incident.truth_requests, on="request_id")
    answers = rows["response_text"].drop_nulls().unique().to_list()
    long = [a for a in answers if len(a) > 60]
    prompts = rows.filter(pl.col("response_text").is_null())["prompt_text"].to_list()
    assert sum(any(a in p for a in long) for p in prompts[:50]) > 25


def test_signatures_travel_between_accounts() -> None:
    incident = scenarios.build("signature_replay", 5, TEXTS, scale=0.05)
    seen = incident.requests.drop_nulls("signature_hash").group_by("signature_hash")
    accounts = seen.agg(pl.col("account_id").n_unique())["account_id"].to_list()
    assert max(accounts) >= 3
