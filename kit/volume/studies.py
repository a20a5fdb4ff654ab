"""What events did to the traffic: releases, bans, blocks. Each study names its null, its sample, and its limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from kit import stats
from kit.case import Case, analysis
from kit.errors import ParameterError
from kit.result import Result
from kit.volume.select import Accounts, chosen, steady

TIME = pl.Datetime("us", "UTC")
LEAST_ACCOUNTS, LEAST_MATCHED, LEAST_REQUESTS = 5, 20, 10
LARGEST_SHARE = 0.1  # of all accounts: a wider template is a common tool, not a set
LEAST_SHIFT = 0.10  # a pivot moves a tenth of the traffic more than comparable accounts do
USUAL_PROMPT = 50
PIVOT: dict[str, Any] = {"kind": pl.String, "group_id": pl.String, "request_model": pl.String, "released_at": TIME}
PIVOT |= {"shift_at": TIME, "shift_low": TIME, "shift_high": TIME, "share_before": pl.Float64}
PIVOT |= {"share_24h": pl.Float64, "share_after": pl.Float64, "matched_share": pl.Float64, "difference": pl.Float64}
PIVOT |= {"low": pl.Float64, "high": pl.Float64, "p": pl.Float64, "q": pl.Float64, "accounts": pl.Int64}
PIVOT |= {"matched": pl.Int64, "requests": pl.Int64, "spread": pl.Float64, "verdict": pl.String}


@analysis
def release_pivot(
    case: Case, *, accounts: Accounts = None, cluster: str | None = None, days: int = 7, alpha: float = 0.01
) -> Result:
    """Did a set of accounts turn to a new model at its release, more than comparable accounts did?

    Without accounts every candidate set is studied: clusters (their exchanges), users of a rare template that is no
    known harness (its requests), members of an organisation (all they asked). Difference in differences: the change
    of an account's share of requests on the new model, `days` before to `days` after the release, less that of
    accounts outside the set with the same plan and similar volume. Accounts of one client that move as one, as when
    a tool changes its default, count as a single comparison.

    One row per set and release: shift_at (hour the set's share changed, 95 % between shift_low and shift_high),
    share_before, share_24h, share_after (of the set's requests), matched_share, difference with low and high
    (bootstrap over accounts, 95 %), p (Mann-Whitney, set above matched), q (Benjamini-Hochberg over all rows),
    accounts, matched, requests, spread (variance of the accounts' shares over what one common share would give: 1
    means they moved as one), verdict: pivot, no pivot, before the release, as others of its tool (they use one
    client, and its other users moved likewise), too little data. A pivot needs q <= alpha, a difference of 0.1, and
    a shift from the release to 48 h after it.
    """
    ids = chosen(case, accounts, cluster)
    asked = case.query("volume/releases")
    rows = []
    for release in asked.rows():
        at, model = release["released_at"], release["request_model"]
        hour = at.replace(minute=0, second=0, microsecond=0)
        town = case.query("volume/town", model=model, at=hour, days=days).frame
        sets = case.query(
            "volume/around_release",
            model=model,
            at=hour,
            days=days,
            least=LEAST_ACCOUNTS,
            share=LARGEST_SHARE,
            accounts=None if cluster else ids,
            cluster=cluster,
        ).frame
        for (kind, group), uptake in sets.group_by("kind", "group_id", maintain_order=True):
            name = {"kind": kind, "group_id": group, "request_model": model, "released_at": at}
            rows.append(name | _pivot(town, uptake, hour, days))
        if ids is not None and not sets.height:
            quiet = {"request_model": model, "released_at": at, "p": float("nan"), "accounts": 0, "requests": 0}
            rows.append(quiet | {"kind": "accounts", "group_id": cluster or "", "verdict": stats.TOO_LITTLE})
    for row, q in zip(rows, stats.benjamini_hochberg([r["p"] for r in rows]), strict=True):
        row["q"] = None if np.isnan(q) else float(q)
        row["verdict"] = row["verdict"] or _pivot_verdict(row, alpha)
        row.pop("as_its_tool", None)
    frame = pl.DataFrame(rows, schema=PIVOT).sort("q", "kind", "group_id", "request_model", nulls_last=True)
    units = {"difference": "share of requests, 0 to 1", "spread": "ratio of variances"}
    return asked.with_frame(steady(frame), name="release_pivot", units=units)


def _pivot(town: pl.DataFrame, uptake: pl.DataFrame, hour: datetime, days: int) -> dict[str, Any]:
    later = pl.col("hour_at") >= hour
    ours = uptake.group_by("account_id", maintain_order=True).agg(
        before=pl.col("requests").filter(~later).sum(),
        before_on=pl.col("on_model").filter(~later).sum(),
        after=pl.col("requests").filter(later).sum(),
        after_on=pl.col("on_model").filter(later).sum(),
    )
    members = ours["account_id"].implode()
    town = town.join(_changes(town).select("account_id", "share", "change"), on="account_id", maintain_order="left")
    whole = town.filter(pl.col("account_id").is_in(members))
    inside, outside = _changes(ours), _matched(whole, town.filter(~pl.col("account_id").is_in(members)))
    out: dict[str, Any] = {"accounts": inside.height, "matched": outside.height, "p": float("nan"), "verdict": None}
    out |= {"requests": int(inside["after"].sum())}
    if inside.height < LEAST_ACCOUNTS or outside.height < LEAST_MATCHED:
        return out | {"verdict": stats.TOO_LITTLE}
    from scipy.stats import mannwhitneyu

    a, b = inside["change"].to_numpy(), outside["change"].to_numpy()
    low, high = np.quantile(_resampled(a, 0) - _resampled(b, 1), [0.025, 0.975])
    out["p"] = float(mannwhitneyu(a, b, alternative="greater").pvalue)
    total, on = inside["after"].to_numpy(), inside["after_on"].to_numpy()
    before, before_on = inside["before"].to_numpy(), inside["before_on"].to_numpy()
    out |= {"share_before": float(before_on.sum() / before.sum()), "share_after": float(on.sum() / total.sum())}
    out |= {"matched_share": float(outside["share"].to_numpy().mean()), "spread": _spread(on, total)}
    out |= {"difference": float(a.mean() - b.mean()), "low": float(low), "high": float(high)}
    out["as_its_tool"] = _as_its_tool(whole, town.filter(~pl.col("account_id").is_in(members)))
    return out | _shift(uptake, hour, days)


def _as_its_tool(inside: pl.DataFrame, outside: pl.DataFrame) -> bool:
    """Whether four of five accounts use one client, and accounts outside the set that use it moved as they did."""
    inside, outside = (f.filter(pl.col("change").is_not_null()) for f in (inside, outside))
    clients = inside["client"].drop_nulls().value_counts(sort=True)
    if not clients.height or clients["count"][0] < 0.8 * inside.height:
        return False
    peers = outside.filter(pl.col("client") == clients["client"][0])
    moved, theirs = inside["change"].to_numpy().mean(), peers["change"].to_numpy()
    return bool(peers.height >= LEAST_ACCOUNTS and theirs.mean() > moved - LEAST_SHIFT)


def _changes(accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts with enough requests on both sides: their share on the model after, and its change."""
    active = accounts.filter((pl.col("before") >= LEAST_REQUESTS) & (pl.col("after") >= LEAST_REQUESTS))
    share = pl.col("after_on") / pl.col("after")
    return active.with_columns(share=share, change=share - pl.col("before_on") / pl.col("before"))


def _spread(on: np.ndarray[Any, Any], total: np.ndarray[Any, Any]) -> float:
    """Variance of shares over the binomial variance around one common share."""
    share = on.sum() / total.sum()
    return float(np.mean((on / total - share) ** 2 / (max(share * (1 - share), 1e-9) / total)))


def _matched(inside: pl.DataFrame, outside: pl.DataFrame) -> pl.DataFrame:
    """Accounts outside of like plan (where enough) and volume; those of one tool that move as one count once."""
    if not inside.height:
        return outside.clear()
    low, high = (float(np.quantile(inside["before"].to_numpy(), q)) for q in (0.05, 0.95))
    similar = outside.filter(pl.col("before").is_between(low / 2, high * 2), pl.col("change").is_not_null())
    same_plan = similar.filter(pl.col("plan").is_in(inside["plan"].drop_nulls().unique().implode()))
    alike = same_plan if same_plan.height >= LEAST_MATCHED else similar
    units = []
    for _, users in alike.group_by("client", maintain_order=True):
        tool = users.height >= LEAST_ACCOUNTS and users["client"][0] is not None
        as_one = tool and _spread(users["after_on"].to_numpy(), users["after"].to_numpy()) < 2
        units.append(
            users.head(1).with_columns(change=pl.lit(users["change"].mean()), share=pl.lit(users["share"].mean()))
            if as_one
            else users
        )
    return pl.concat(units) if units else alike


def _shift(uptake: pl.DataFrame, hour: datetime, days: int) -> dict[str, Any]:
    """Hour of the change of share, and the share in the day after the release."""
    totals, hits = np.zeros(48 * days), np.zeros(48 * days)
    begin = hour - timedelta(days=days)
    for at, n, on in uptake.group_by("hour_at").agg(pl.col("requests", "on_model").sum()).rows():
        i = int((at - begin).total_seconds() // 3600)
        totals[i], hits[i] = n, on
    change = stats.binomial_change(hits, totals)
    day = slice(24 * days, 24 * days + 24)
    share = float(hits[day].sum() / totals[day].sum()) if totals[day].sum() else None
    if change.verdict == stats.TOO_LITTLE or change.p > 0.01 or change.after < change.before:
        return {"share_24h": share}
    moments = {"shift_at": change.index, "shift_low": change.low, "shift_high": change.high}
    return {"share_24h": share} | {k: begin + timedelta(hours=v) for k, v in moments.items()}


def _resampled(values: np.ndarray[Any, Any], seed: int) -> np.ndarray[Any, Any]:
    pick = np.random.default_rng(seed).integers(0, values.size, (1000, values.size))
    means: np.ndarray[Any, Any] = values[pick].mean(axis=1)
    return means


def _pivot_verdict(row: dict[str, Any], alpha: float) -> str:
    hour = row["released_at"]
    if row["q"] is None or row["q"] > alpha or row["difference"] < LEAST_SHIFT or row.get("shift_at") is None:
        return "no pivot"
    if row["shift_high"] < hour - timedelta(hours=1):
        return "before the release"
    if row["shift_low"] > hour + timedelta(hours=48):
        return "no pivot"
    return "as others of its tool" if row["as_its_tool"] else "pivot"


LEAST_WINDOWS = 5  # of ordinary time, to say how many new accounts a window brings
BAN: dict[str, Any] = {"closed_at": TIME, "closed_accounts": pl.Int64, "window_h": pl.Int64, "successors": pl.Int64}
BAN |= {"expected": pl.Float64, "p": pl.Float64, "q": pl.Float64, "median_lag_h": pl.Float64}
BAN |= {"before_per_day": pl.Float64, "after_per_day": pl.Float64, "takeover": pl.Float64, "low": pl.Float64}
BAN |= {"high": pl.Float64, "same_template": pl.Int64, "same_template_p": pl.Float64}
BAN |= {"same_template_q": pl.Float64, "same_org": pl.Int64, "n": pl.Int64}
BAN |= {"verdict": pl.String, "successor_ids": pl.List(pl.String)}


@analysis
def ban_replacement(
    case: Case, *, accounts: Accounts = None, cluster: str | None = None, days: int = 7, alpha: float = 0.01
) -> Result:
    """After accounts were closed together, did others take their place, and did the volume dip?

    One row per batch of closures (within six hours of each other). Successors are accounts that reach half the
    typical volume of the closed in their first week, first seen in the 6, 24 or 72 h after the closure: the widest
    of these windows whose p is at most 1e-4 or three times the smallest (given accounts or a cluster: only their
    members).
    expected and p: negative binomial over the n other windows, times three; q over the batches. before_per_day and
    after_per_day: requests of the closed, then of the successors; takeover: their ratio, with low and high
    (bootstrap over days, 95 %). same_template: successors who use a rare template of the closed (same_template_p:
    binomial, against accounts that are not successors; same_template_q over the batches); same_org: successors in
    an organisation of the closed.
    verdict: replaced (q <= alpha and takeover of at least a half; where the closed have rare templates, three
    successors use one as well and same_template_q <= alpha); newcomers with other work (the number alone);
    same work, number may be chance (the templates alone); replaced, or same work, in its own organisation (as
    before, and half of the successors are of it); not replaced; too little data; no closures.
    """
    ids = chosen(case, accounts, cluster)
    asked = case.query("volume/closures", accounts=ids)
    rows = []
    for batch in asked.rows():
        uses = case.query("volume/first_uses", at=batch["closed_at"], closed=batch["accounts"], days=days).frame
        row = {"closed_at": batch["closed_at"], "closed_accounts": len(batch["accounts"])}
        rows.append(row | _replacement(case, uses, batch["closed_at"], batch["accounts"], ids, days))
    if not rows:
        rows = [{"verdict": "no closures", "closed_accounts": 0, "p": float("nan")}]
    for p, corrected in (("p", "q"), ("same_template_p", "same_template_q")):
        for row, q in zip(rows, stats.benjamini_hochberg([r.get(p, np.nan) for r in rows]), strict=True):
            row[corrected] = None if np.isnan(q) else float(q)
    for row in rows:
        row["verdict"] = row.get("verdict") or _ban_verdict(row, alpha)
    units = {"takeover": "successors' requests a day / those of the closed before", "n": "windows compared with"}
    return asked.with_frame(steady(pl.DataFrame(rows, schema=BAN)), name="ban_replacement", units=units)


def _replacement(
    case: Case, uses: pl.DataFrame, at: datetime, closed: list[str], ids: list[str] | None, days: int
) -> dict[str, Any]:
    typical = uses.filter(pl.col("closed"))["before"].to_numpy()
    sizeable = uses.filter(
        pl.col("first_week") >= 0.5 * 7 * (float(np.median(typical)) if typical.size else 0) / days
    )
    first = np.array([t.timestamp() for t in sizeable["first_at"]])
    begin, stop = (float(f(t.timestamp() for t in uses["first_at"])) for f in (min, max))
    window, expected, p, n = _most_new(first, at.timestamp(), begin + 7 * stats.DAY, stop)
    out: dict[str, Any] = {"window_h": window, "expected": expected, "p": p, "n": n}
    if len(closed) < 3 or n < LEAST_WINDOWS:
        return out | {"p": float("nan"), "verdict": stats.TOO_LITTLE}
    new = sizeable.filter(
        (pl.col("first_at") >= at) & (pl.col("first_at") < at + timedelta(hours=window)) & ~pl.col("closed")
    )
    if ids is not None:
        new = new.filter(pl.col("account_id").is_in(ids))
    out |= {"successors": new.height, "successor_ids": sorted(new["account_id"])}
    out["same_org"] = int(new["same_org"].sum())
    if new.height:
        lags = [(t - at).total_seconds() / 3600 for t in new["first_at"]]
        out["median_lag_h"] = float(np.median(lags))
    others = uses.filter(~pl.col("closed") & ~pl.col("account_id").is_in(new["account_id"].implode()))
    if uses["templates"].sum() > 0:
        share = (float(others["same_template"].sum()) + 1) / (others.height + 1)
        out["same_template"] = int(new["same_template"].sum())
        out["same_template_p"] = stats.binomial_tail(out["same_template"], new.height, share)
    return out | _takeover(case, at, closed, sorted(new["account_id"]), days)


def _most_new(first: np.ndarray[Any, Any], at: float, begin: float, stop: float) -> tuple[int, float, float, int]:
    """The widest window after `at` with about as surprising a number of first uses as any, or beyond doubt.

    Returns its hours, the number expected, p and how many windows it is compared with. `begin` leaves out the first
    week of the export: there everybody is seen for the first time.
    """
    tried: list[tuple[int, float, float, int]] = []
    for hours in (6, 24, 72):
        width, step = hours * 3600, min(hours, 24) * 3600
        starts = np.arange(begin, stop - width + 1, step)
        starts = starts[(starts + width <= at) | (starts >= at + 72 * 3600)]
        counts = np.array([np.sum((first >= s) & (first < s + width)) for s in starts])
        n = counts.size * step // width
        if n < LEAST_WINDOWS:
            continue
        mean = max(float(counts.mean()), 0.5 / n)
        ratio = max(1.0, float(counts.var(ddof=1)) / mean)
        seen = int(np.sum((first >= at) & (first < at + width)))
        # a few windows know their mean within one standard error: taken at its upper end
        p = min(1.0, 3 * float(stats.count_p(seen, mean + np.sqrt(mean * ratio / n), ratio)[0]))
        tried.append((hours, mean, p, n))
    if not tried:
        return 24, float("nan"), 1.0, 0
    doubt = max(1e-4, 3 * min(p for _, _, p, _ in tried))
    return next(window for window in reversed(tried) if window[2] <= doubt)


def _takeover(case: Case, at: datetime, closed: list[str], new: list[str], days: int) -> dict[str, Any]:
    def daily(who: list[str], span: range) -> np.ndarray[Any, Any]:
        found = dict(case.query("volume/daily", accounts=who, at=at, days=days).frame.rows())
        return np.array([found.get(d, 0) for d in span], float)

    before = daily(closed, range(-days, 0))
    after = daily(new, range(days)) if new else np.zeros(days)
    out = {"before_per_day": float(before.mean()), "after_per_day": float(after.mean())}
    if before.sum() == 0:
        return out
    ratio = _resampled(after, 1) / np.maximum(_resampled(before, 0), 1e-9)
    low, high = np.quantile(ratio, [0.025, 0.975])
    return out | {"takeover": out["after_per_day"] / out["before_per_day"], "low": float(low), "high": float(high)}


def _ban_verdict(row: dict[str, Any], alpha: float) -> str:
    crowd = row["q"] is not None and row["q"] <= alpha and (row.get("takeover") or 0) >= 0.5
    known = row["same_template_q"] is not None
    same = known and row["same_template"] >= 3 and row["same_template_q"] <= alpha
    if not crowd and not same:
        return "not replaced"
    own = 2 * row["same_org"] >= row["successors"]
    if not crowd:
        return "same work in its own organisation" if own else "same work, number may be chance"
    if own:
        return "replaced in its own organisation"
    return "replaced" if same or not known else "newcomers with other work"


@analysis
def failover(
    case: Case, *, accounts: Accounts = None, cluster: str | None = None, within_s: float = 30.0
) -> Result:
    """After a 403 or 429, does the same prompt come back within seconds by another account, key, region or route?

    One row per fate of the first attempt: refused (403, 429), failed (5xx: any resilience router retries those),
    answered (the base rate). requests, switched, share, switched_account, left_out (requests of prompts sent over
    50 times in all, such as a monitor's: they follow each other by chance), p (binomial, against the share after
    answered ones), verdict: fails over, as after an answer, too little data (under 20 such requests), base rate.
    """
    asked = case.query(
        "volume/failover", accounts=chosen(case, accounts, cluster), within_s=within_s, usual=USUAL_PROMPT
    )
    found = {r["fate"]: r for r in asked.rows()}
    nothing = dict.fromkeys(("requests", "switched", "switched_account", "left_out"), 0)
    base = found.get("answered", nothing)
    rate = (base["switched"] + 1) / (base["requests"] + 1)
    rows = []
    for fate in ("refused", "failed", "answered"):
        r = found.get(fate, nothing | {"fate": fate})
        p = stats.binomial_tail(r["switched"], r["requests"], min(rate, 1.0))
        verdict = "fails over" if p <= 0.001 and r["switched"] >= 5 else "as after an answer"
        if fate == "answered":
            verdict, p = "base rate", float("nan")
        elif r["requests"] < 20 or base["requests"] < 20:
            verdict, p = stats.TOO_LITTLE, float("nan")
        rows.append(r | {"share": r["switched"] / max(r["requests"], 1), "p": p, "verdict": verdict})
    schema: dict[str, Any] = {"fate": pl.String} | dict.fromkeys(nothing, pl.Int64)
    frame = pl.DataFrame(rows, schema=schema | {"share": pl.Float64, "p": pl.Float64, "verdict": pl.String})
    return asked.with_frame(steady(frame), name="failover", units={"share": f"switched within {within_s:g} s"})


@analysis
def ramp(case: Case, *, accounts: Accounts = None, cluster: str | None = None, days: int = 14) -> Result:
    """How fast accounts get going: cumulative share of the requests of their first `days` days, day by day.

    Rows: who (these accounts, all others), days, accounts (at least five), low, median, high (quartiles of what is
    reached, 0 to 1). Only accounts with 20 requests in that time, seen from their start (first used within a week
    of creation, or after the first week of the export) and for the whole of it. At full speed from the first day is
    a straight line; slow adoption hangs below it; one busy day and then little stands far above it.
    """
    return case.query("volume/ramp", accounts=chosen(case, accounts, cluster), days=days)


@analysis
def uptake(
    case: Case, *, accounts: Accounts = None, cluster: str | None = None, model: str | None = None, days: int = 7
) -> Result:
    """Share of requests on a new model around its release, for a set and for all other accounts, every six hours.

    Rows: who, hours_after (start of the window, from the release), requests, on_model, accounts, share. The
    first release within the export if `model` is not given. Raises ParameterError if there is none.
    """
    found = [r for r in case.query("volume/releases").rows() if model in (None, r["request_model"])]
    ids = chosen(case, accounts, cluster)
    if not found or ids is None:
        raise ParameterError("No release to study: give accounts= or cluster=, and a model released in the export.")
    release = {"model": found[0]["request_model"], "at": found[0]["released_at"]}
    return case.query("volume/uptake", accounts=ids, days=days, hours=6, **release)
