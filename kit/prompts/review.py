"""What an investigator asks about prompts; each answer is a Result that can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from kit.case import Case, analysis
from kit.errors import ParameterError
from kit.result import Result, counted
from kit.stats import WEAK, Pooled, pooled_difference

UNITS = {
    "rarity_bits": "-log2 of the share of all accounts that use it",
    "reach_bits": "organisations x rarity_bits x log2(1 + fillings per account), outside coding harnesses",
    "slot_entropy_bits": "entropy of the fillings, bits",
}


@analysis
def templates(
    case: Case,
    *,
    part: str | None = None,
    verdict: str | None = None,
    accounts: list[str] | None = None,
    top: int = 50,
) -> Result:
    """Templates, widest rarity-weighted reach first: one row each with users, fillings, span, rules and verdict."""
    found = case.query("prompts/templates", part=part, verdict=verdict, accounts=accounts, top=top)
    return found.with_frame(found.frame, units=UNITS)


@analysis
def examples(case: Case, template_id: str, *, n: int = 10, chars: int = 2000) -> Result:
    """Up to n different texts of one template in an order that favours nobody: text, whole prompt, answer, account.

    The texts are hostile: show them only through Result, widgets or `visible`. Raises ParameterError for an
    unknown id.
    """
    if not case.sql("SELECT count(*) FROM templates WHERE template_id = $id", id=template_id).scalar():
        raise ParameterError(f"There is no template {template_id!r}; templates(case) lists them.")
    return case.query("prompts/examples", template_id=template_id, n=n, chars=chars)


@analysis
def template_days(
    case: Case, *, verdict: str | None = None, accounts: list[str] | None = None,
    since: str | None = None, until: str | None = None, top: int = 6,
) -> Result:  # fmt: skip
    """Requests and accounts per UTC day of the widest templates: template_id, day_at, requests, accounts."""
    return case.query(
        "prompts/template_days", verdict=verdict, accounts=accounts, since=since, until=until, top=top
    )


@analysis
def capabilities(
    case: Case, *, accounts: list[str] | None = None, since: str | None = None, until: str | None = None
) -> Result:
    """What the answers would teach: capability, kind of rule, requests, accounts, output tokens, share of requests.

    A request counts under every capability its templates have, so shares may add up to more than one.
    """
    return case.query("prompts/capabilities", accounts=accounts, since=since, until=until)


@analysis
def coverage(
    case: Case, *, accounts: list[str] | None = None, since: str | None = None, until: str | None = None
) -> Result:
    """Growth of what was covered: per UTC day the requests, new prompts, new templates, and both so far."""
    return case.query("prompts/coverage", accounts=accounts, since=since, until=until)


@analysis
def languages(
    case: Case, *, accounts: list[str] | None = None, since: str | None = None, until: str | None = None
) -> Result:
    """Languages of the prompts, by script and commonest words: language, script, requests, accounts, share.

    Describes the material; never a signal. Short texts, code and languages without words here are "not told".
    """
    return case.query("prompts/languages", accounts=accounts, since=since, until=until)


@analysis
def phases(
    case: Case, *, accounts: list[str] | None = None, since: str | None = None, until: str | None = None
) -> Result:
    """Trying, then scaling: per UTC day the templates in use, new ones, refusals, and the share of the top one."""
    found = case.query("prompts/phases", accounts=accounts, since=since, until=until)
    share = (pl.col("of_top_template") / pl.col("requests")).round(6).alias("top_share")
    refused = (pl.col("refused") / pl.col("requests")).round(6).alias("refused_share")
    return found.with_frame(found.frame.with_columns(share, refused))


@analysis
def flows(case: Case, *, accounts: list[str] | None = None, least: int = 2, top: int = 100) -> Result:
    """Pairs of accounts where answers to the first come back as prompts of the second, most first."""
    return case.query("prompts/flows", accounts=accounts, least=least, top=top)


@analysis
def returned(case: Case, *, top: int = 50) -> Result:
    """Accounts by the share of their prompts that hold an answer given earlier to another account."""
    return case.query("prompts/returned", top=top)


@analysis
def replayed_signatures(case: Case, *, top: int = 50) -> Result:
    """Signatures of reasoning blocks presented by several accounts or after different earlier messages."""
    return case.query("prompts/replayed_signatures", top=top)


@analysis
def rules(case: Case) -> Result:
    """The rules templates were matched with, and how many templates and requests each matched."""
    return case.query("prompts/rules")


@analysis
def users(case: Case, *, verdict: str = "harvest", least: int = 2, top: int = 10_000) -> Result:
    """Accounts that use templates of a verdict outside coding harnesses: requests with one, all requests, share."""
    return case.query("prompts/users", verdict=verdict, least=least, top=top)


@analysis
def similar_accounts(case: Case, account_id: str | None = None, *, top: int = 20) -> Result:
    """Accounts that ask alike, whether or not they share a template; without an id, alike to the first of
    users(case).

    One row per account: content_similarity (cosine of mean content vectors after the town's mean is taken
    away, -1 to
    1), content_rank (share of all accounts at least as similar), habit_bits (shared parameters, clients,
    lengths and
    hours, weighed by how few accounts have them). Raises ParameterError for an account without prompts.
    """
    found = case.query("prompts/contents", least=1)
    names = found["account_id"].to_list()
    if account_id is None:
        account_id = next(iter([*users(case, top=1)["account_id"], *names]), "")
    if account_id not in names:
        raise ParameterError(f"{account_id!r} has no prompts in this case; account_habits lists those that have.")
    vectors = _means(found)
    vectors = vectors - vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosine = np.round(vectors @ vectors[names.index(account_id)], 4)
    rank = np.round((len(names) - np.argsort(np.argsort(cosine, kind="stable"), kind="stable")) / len(names), 6)
    signatures = case.query("prompts/signatures", account_id=account_id)
    bits = pl.col("shared") * (len(names) / pl.col("accounts")).log(2)
    habit = signatures.frame.group_by("account_id").agg(bits.sum().round(3).alias("habit_bits"))
    frame = pl.DataFrame(
        {"account_id": names, "content_similarity": cosine, "content_rank": rank, "sampled": found["sampled"]}
    )
    frame = frame.filter(pl.col("account_id") != account_id).join(habit, on="account_id", how="left")
    frame = frame.with_columns(pl.col("habit_bits").fill_null(0.0))
    order = frame.sort(["content_similarity", "habit_bits", "account_id"], descending=[True, True, False]).head(top)
    return found.with_frame(order, name="similar_accounts")


@analysis
def pooled_test(
    case: Case, *, accounts: list[str], ordinary: list[str] | None = None, draws: int = 1000, seed: int = 1
) -> Result:
    """Is what these accounts ask, taken together, drawn from what ordinary accounts of this case ask?

    One row: prompts and organisations tested, the statistic, the threshold, p_value, different (true, false or null
    for too little data), the false-alarm rate found by testing ordinary organisations in the same way, the power at
    5, 10, 25, 50 and 100 % of this pool mixed into ordinary traffic, the smallest mixture seen with 95 % power.
    Whole organisations are drawn, never single prompts, and each counts at most 100 distinct prompts. `ordinary`
    defaults to accounts that mostly write free text, are in no proposed cluster and share no organisation
    with those
    tested. Method: kit.stats.pooled_difference. Raises ParameterError when none of the accounts
    named has prompts; without any the row says so.
    """
    found = case.query("prompts/contents", least=5)
    frame = found.frame.with_columns(pl.col("account_id").is_in(accounts).alias("tested"))
    if accounts and not frame["tested"].any():
        raise ParameterError("None of these accounts has five prompts in this case; choose accounts that have.")
    apart = ~pl.col("unit").is_in(frame.filter("tested")["unit"].unique().to_list())
    free = pl.col("account_id").is_in(ordinary) if ordinary is not None else pl.col("ordinary")
    frame = frame.filter(pl.col("tested") | (free & apart))
    sums, counts, tested = _units(frame)
    test = pooled_difference(sums, counts, tested, draws=draws, seed=seed)
    row = {
        "accounts": int(frame["tested"].sum()),
        "organisations": int(tested.sum()),
        "prompts": test.rows,
        "ordinary_organisations": int((~tested).sum()),
        "statistic": test.statistic,
        "threshold": test.threshold,
        "p_value": test.p_value,
        "different": test.different,
        "false_alarm_rate": test.false_alarm_rate,
        **{f"power_{round(100 * m)}": p for m, p in test.power.items()},
        "smallest_mixture": test.smallest_mixture,
        "note": test.note,
    }
    row["says"] = _says(row, test, left_out=len(set(accounts)) - int(frame["tested"].sum()))
    return found.with_frame(pl.DataFrame([row], infer_schema_length=None), name="pooled_test", units={
        "statistic": "squared distance of mean contents, in units of the spread between organisations",
        "smallest_mixture": "share of prompts like these in a pool of this size that would be seen 95 times in 100",
    })  # fmt: skip


def _says(row: dict[str, Any], test: Pooled, *, left_out: int) -> str:
    """What the pooled test found, as one sentence."""
    few = f"; {counted(left_out, 'account')} with fewer than five left out" if left_out else ""
    whom = f"What {counted(row['accounts'], 'account')} ask{'s' * (row['accounts'] == 1)}, taken together"
    whom += f" ({row['prompts']:,} prompts, at most 100 an organisation{few}),"
    if row["different"] is None:
        return f"{whom} cannot be compared with the ordinary: {row['note'][0].lower()}{row['note'][1:]}"
    seen = row["smallest_mixture"]
    sees = f"a share of {seen:.0%} of such prompts" if seen else "no share of such prompts reliably"
    differs = "differs from" if row["different"] else "is not distinguishable from"
    weak = f" {WEAK}" if row["different"] and test.alarmist else ""
    return (
        f"{whom} {differs} what ordinary accounts of this case ask (p = {row['p_value']:.2g}; "
        f"{test.alarms()}; in a pool of this size it notices {sees}).{weak}"
    )


def _means(found: Result) -> np.ndarray[Any, Any]:
    sums = np.array(found["content"].to_list(), float).reshape(len(found), -1)
    out: np.ndarray[Any, Any] = sums / found["sampled"].to_numpy()[:, None]
    return out


def _units(frame: pl.DataFrame) -> tuple[Any, Any, Any]:
    """Content sums, prompts and the tested mark per organisation, tested and other accounts kept apart."""
    keys: Sequence[tuple[str, bool]] = list(zip(frame["unit"].to_list(), frame["tested"].to_list(), strict=True))
    order = sorted(set(keys))
    at = {k: i for i, k in enumerate(order)}
    place = np.array([at[k] for k in keys], np.int64)
    content = np.array(frame["content"].to_list(), float).reshape(len(frame), -1)
    sums = np.zeros((len(order), content.shape[1]))
    np.add.at(sums, place, content)
    counts = np.bincount(place, frame["sampled"].to_numpy(), minlength=len(order))
    return sums, counts, np.array([t for _, t in order], bool)
