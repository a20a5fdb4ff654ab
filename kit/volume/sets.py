"""What a set of accounts is and took: profiles beside their cohort, acting together, the extraction estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from kit import stats
from kit.case import Case, analysis
from kit.errors import ParameterError
from kit.result import Result, counted
from kit.volume.select import Accounts, chosen, steady

SUMMED = [
    "requests",
    "exchanges",
    "without_tokens",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "list_usd",
    "logged_usd",
]
Prices = Mapping[str, Sequence[float]]
COUNTED = "answered primary requests; tokens as the provider logged them, cached input and reasoning included"
NOT_COUNTED = (
    "duplicates, refused and failed attempts, anything outside the export, transcripts bought elsewhere, "
    "requests of accounts not in the set"
)
NO_PRICE = "no price: write prices under [parameters] in case.toml, then open the case again"


@analysis
def profiles(case: Case, *, accounts: Accounts = None, cluster: str | None = None, least: int = 20) -> Result:
    """Every account's profile beside its cohort: same plan, same age at first use (new, under 90 days, older).

    One row per account, most requests first: the columns of account_profiles (see kit/sql/schema/volume.sql),
    requests_per_day, refused_share, rate_limited_share, cohort, cohort_n,
    cohort_low, cohort_median and cohort_high (requests_per_day, 5, 50 and 95 % of it). The ranks run from 0 to 1 in
    the cohort, 1 the most unusual: volume_rank (most requests a day), flatness_rank (least daily rhythm),
    restless_rank (shortest longest idle), day_one_rank (most on day one), addresses_rank (most addresses on a day),
    refused_rank, rate_limited_rank. flat_p: share of the cohort, itself included, with as little rhythm or less.
    comparison: "too little data" under `least` requests or under 20 accounts in the cohort; then ranks are empty.
    """
    units = {"gap_median_s": "seconds", "longest_idle_s": "seconds", "value_usd": "US dollars", "age_days": "days"}
    asked = case.query("volume/profiles", accounts=chosen(case, accounts, cluster), least=least)
    return asked.with_frame(asked.frame, name="account_profiles", units=units)


@analysis
def plan_value(
    case: Case,
    *,
    accounts: Accounts = None,
    cluster: str | None = None,
    prices: Prices | None = None,
    fees: Mapping[str, float] | None = None,
) -> Result:
    """What each account's use would cost at list price in 30 days, beside what its plan costs.

    `prices`: model -> [US dollars per million input tokens, per million output tokens]; `fees`: plan -> dollars a
    month; both default to the case's [parameters]. Logged cost is used where the export has it. Rows: account_id,
    plan, requests, active_days, value_usd_30d (over the days from first to last use, at least one), source (logged,
    list price, no price), fee_usd, times_fee (nothing where the plan is free), plan_rank (0 to 1 among accounts of
    the plan), plan_n. Where no account has a price, one row says so for all.
    """
    priced = _prices(case, prices)
    paid = {k: float(v) for k, v in (fees or case.parameters.get("fees") or {}).items()}
    asked = case.query(
        "volume/value",
        accounts=chosen(case, accounts, cluster),
        models=list(priced),
        input_usd=[float(p[0]) for p in priced.values()],
        output_usd=[float(p[1]) for p in priced.values()],
    )
    fee = pl.col("plan").replace_strict(list(paid), list(paid.values()), default=None, return_dtype=pl.Float64)
    frame = asked.frame.with_columns(fee_usd=fee if paid else pl.lit(None, pl.Float64))
    frame = frame.with_columns(
        times_fee=pl.when(pl.col("fee_usd") > 0).then(pl.col("value_usd_30d") / pl.col("fee_usd")).round(3)
    )
    if frame.height and not frame["value_usd_30d"].count():
        every: dict[str, Any] = {
            "account_id": f"(all {counted(frame.height, 'account')})",
            "requests": frame["requests"].sum(),
        }
        frame = pl.DataFrame([every | {"source": NO_PRICE}], schema=frame.schema)
    return asked.with_frame(frame, name="plan_value", units={"value_usd_30d": "US dollars per 30 days"})


@analysis
def synchrony(
    case: Case, *, accounts: Accounts = None, cluster: str | None = None, rounds: int = 100, seed: int = 0
) -> Result:
    """Do these accounts act together beyond what their own daily and weekly rhythms explain?

    One row per measure (null: kit.stats.synchrony): measure, statistic and null_mean (over all days), z and p (over
    the three quarters of days on which the set was least together), lift (how much more than the null, as a share
    of the pairs in one bin or of the unevenness of turns), accounts, events, verdict; then "equal shares": their
    requests on days most were active, variance over a fair lot's (1 by lot, below it dealt out evenly). The set's
    verdict stands in every row. Needs a set: all accounts of a town have no common rhythm to test. Raises
    ParameterError without one.
    """
    ids = chosen(case, accounts, cluster)
    if ids is None:
        raise ParameterError("Synchrony needs a set of accounts; give accounts= or cluster=.")
    asked = case.query("volume/set_events", accounts=ids)
    found = stats.synchrony(
        asked["account_id"].to_numpy(), asked["at_ms"].to_numpy() / 1000, rounds=rounds, seed=seed
    )
    rows: list[dict[str, Any]] = [
        {k: m[k] for k in ("measure", "statistic", "null_mean", "lift", "z", "p")} for m in found.measures
    ] or [{"measure": "pairs active together"}]
    ratio, p, n = stats.equal_shares(case.query("volume/set_daily", accounts=ids)["requests"].to_numpy())
    rows.append({"measure": f"equal shares of {n} accounts", "statistic": ratio, "null_mean": 1.0, "p": p})
    schema: dict[str, Any] = {"measure": pl.String} | dict.fromkeys(
        ("statistic", "null_mean", "lift", "z", "p"), pl.Float64
    )
    frame = pl.DataFrame(rows, schema=schema).with_columns(
        accounts=pl.lit(found.n_accounts),
        events=pl.lit(found.n_events),
        verdict=pl.lit(found.verdict),
    )
    return asked.with_frame(steady(frame), name="synchrony", units={"z": "standard deviations of the null"})


@analysis
def acting_together(
    case: Case,
    *,
    accounts: Accounts = None,
    cluster: str | None = None,
    top: int = 8,
    rounds: int = 40,
    seed: int = 0,
    alpha: float = 0.01,
) -> Result:
    """The test of `synchrony` on one set, or on every candidate: clusters, users of a rare template, organisations.

    One row per set, of all candidates with five or more accounts at most `top` (clusters first, then those with
    most requests): kind, group_id, accounts, events, strongest (measure with the smallest p), z, p (over the
    measures), q (Benjamini-Hochberg over the sets), verdict: together (q <= alpha), not beyond their own rhythms,
    too little data.
    """
    ids = chosen(case, accounts, cluster)
    asked = case.query("volume/groups", least=5, share=0.1, top=top)
    rows: list[dict[str, Any]] = []
    one = {"kind": "cluster" if cluster else "accounts", "group_id": cluster or "", "accounts": ids}
    for group in [one] if ids else asked.rows():
        times = case.query("volume/set_events", accounts=group["accounts"])
        at_s = times["at_ms"].to_numpy() / 1000
        found = stats.synchrony(times["account_id"].to_numpy(), at_s, rounds=rounds, seed=seed)
        best = min(found.measures, key=lambda m: (m["p"], -m["z"]), default={"measure": None, "z": None})
        row = {"accounts": found.n_accounts, "events": found.n_events, "p": found.p, "verdict": found.verdict}
        row |= {"strongest": best["measure"], "z": best["z"], "kind": group["kind"]}
        rows.append(row | {"group_id": group["group_id"]})
    for row, q in zip(rows, stats.benjamini_hochberg([r["p"] for r in rows]), strict=True):
        row["q"] = float(q)
        if row["verdict"] != stats.TOO_LITTLE:
            row["verdict"] = "together" if q <= alpha else "not beyond their own rhythms"
    schema: dict[str, Any] = {"kind": pl.String, "group_id": pl.String, "accounts": pl.Int64, "events": pl.Int64}
    schema |= {"strongest": pl.String, "z": pl.Float64, "p": pl.Float64, "q": pl.Float64, "verdict": pl.String}
    frame = pl.DataFrame(rows, schema=schema).sort("q", "kind", "group_id", nulls_last=True)
    return asked.with_frame(steady(frame), name="acting_together", units={"z": "standard deviations of the null"})


@analysis
def extraction(
    case: Case, *, accounts: Accounts = None, cluster: str | None = None, prices: Prices | None = None
) -> Result:
    """An estimate of what was taken, by model: exchanges, distinct prompts, tokens, value at list price.

    With a cluster only the exchanges attributed to it count, else every answered request of the accounts. Rows: one
    per model and a last one, all models: requests, exchanges, accounts, distinct_prompts (the total counts a prompt
    sent to two models once), input_tokens, output_tokens, reasoning_tokens, without_tokens (exchanges whose tokens
    the export lacks: the sums are lower bounds), list_usd (at `prices`, model -> [per million in, per million out],
    default the case's [parameters]; empty where no price is known), logged_usd, first_at, last_at, counted,
    not_counted. A scale, not a damage claim.
    """
    ids = chosen(case, accounts, cluster)
    only = _attributed(case, cluster)
    asked = case.query("volume/extraction", accounts=ids, cluster=only)
    priced = _prices(case, prices)
    rows = [r | {"list_usd": _list_price(r, priced)} for r in asked.rows()]
    if rows:
        whole = case.query("volume/extraction_total", accounts=ids, cluster=only).rows()[0]
        rows.append({"request_model": "all models"} | {k: _total(rows, k) for k in SUMMED} | whole)
    usd = pl.Decimal(18, 6)
    schema = dict(asked.frame.schema) | {"list_usd": usd, "logged_usd": usd}
    frame = pl.DataFrame(rows, schema=schema).with_columns(counted=pl.lit(COUNTED), not_counted=pl.lit(NOT_COUNTED))
    units = {"list_usd": "US dollars at list price", "input_tokens": "tokens", "output_tokens": "tokens"}
    return asked.with_frame(frame, name="extraction", units=units)


@analysis
def extraction_by_capability(case: Case, *, accounts: Accounts = None, cluster: str | None = None) -> Result:
    """The exchanges of a set by what their templates elicit: capability (rules, joined by +), exchanges,
    distinct_prompts, input_tokens, output_tokens. "(no rule matches)" is not the same as harmless."""
    ids = chosen(case, accounts, cluster)
    only = _attributed(case, cluster)
    return case.query("volume/extraction_by_capability", accounts=ids, cluster=only)


def _attributed(case: Case, cluster: str | None) -> str | None:
    """The cluster, if requests of its members are attributed to it one by one."""
    count = "SELECT count(*) AS n FROM cluster_requests WHERE cluster_id = $c"
    return cluster if cluster and case.sql(count, "attributed", c=cluster).scalar() else None


def _prices(case: Case, prices: Prices | None) -> dict[str, tuple[Decimal, Decimal]]:
    given = prices or case.parameters.get("prices") or {}
    priced: dict[str, tuple[Decimal, Decimal]] = {}
    for model, pair in given.items():
        if isinstance(pair, str) or len(pair) != 2 or any(float(v) < 0 for v in pair):
            raise ParameterError(
                f"The price of {model!r} is not a pair; give [dollars per million in, per million out]."
            )
        priced[str(model)] = (Decimal(str(pair[0])), Decimal(str(pair[1])))
    return priced


def _list_price(row: dict[str, Any], prices: dict[str, tuple[Decimal, Decimal]]) -> Decimal | None:
    if row["request_model"] not in prices:
        return None
    per_in, per_out = prices[row["request_model"]]
    usd: Decimal = (row["input_tokens"] * per_in + row["output_tokens"] * per_out) / 1_000_000
    return usd


def _total(rows: list[dict[str, Any]], column: str) -> Any:
    """The sum, or nothing where a part of it is unknown."""
    values = [r[column] for r in rows]
    return None if any(v is None for v in values) else sum(values[1:], values[0])
