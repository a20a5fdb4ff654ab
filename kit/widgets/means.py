"""What a column means, in its heading and in a list below the table: those whose name does not say it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable

from kit.result import visible

HEADING = "What the columns mean"
P = "How often chance alone would give as much; 0.01 is once in a hundred"
Q = "As p, and already corrected for the number of things looked at"
BITS = "How rare: 1 bit is one account in two, 10 bits one in a thousand"
RANK = "Among comparable accounts: 1 is the most unusual, 0 the least"

# Wherever they stand.
STATISTICS = {
    "p": P,
    "p_value": P,
    "flat_p": "The share of comparable accounts with as little daily rhythm",
    "rhythm_p": "How often a day without rhythm would look as rhythmic by chance",
    "equal_spread_p": "How often requests that fall by lot would be spread as evenly",
    "same_template_p": "How often chance alone would give as many successors with that template",
    "same_template_q": Q,
    "q": Q,
    "q_value": Q,
    "n": "How many were counted or compared for this row",
    "z": "How many usual deviations away from what was to be expected",
    "lift": "How much more than to be expected; 0 is as expected",
    "expected": "What comparable times or accounts lead to expect",
    "null_value": "The share of ordinary accounts that show the same",
    "null_mean": "What is to be expected of accounts that act apart",
    "bits": BITS,
    "rarity_bits": BITS,
    "strength_bits": BITS,
    "requests_total": "All requests of these accounts; exchanges are those with the marks of the group",
    "stability": "How much of the group stays when a fifth of the requests is left out; 1 is all of it",
    "holders": "Accounts of the case that share this value",
}
# In the tables of the kit's own analyses; in a person's SQL the same name may be another thing.
COLUMNS = {
    "null": "What the row was compared with",
    "low": "The lower end of the range in which the value may lie",
    "high": "The upper end of the range in which the value may lie",
    "refused": "Blocked, HTTP 403, or ended by a content filter or a refusal",
    "rate_limited": "HTTP 429",
    "distinct_networks": "Different networks (AS numbers) it came from",
    "distinct_clients": "Different programs: user agent and TLS fingerprint together",
    "ips_per_day": "Different addresses on an active day, on average",
    "shared_minutes": "Minutes in which two or more addresses sent requests",
    "peak_in_flight": "Most requests unanswered at once",
    "gap_p10_s": "Seconds between requests: one gap in ten is shorter",
    "gap_median_s": "Seconds between requests: half of the gaps are shorter",
    "gap_p90_s": "Seconds between requests: nine gaps in ten are shorter",
    "longest_idle_s": "Seconds of the longest time without a request",
    "idle_hours_of_day": "Longest run of hours of the day in which it never sent anything, 0 to 24",
    "hour_entropy_bits": "How evenly requests fill the hours of the day; 4.585 is perfectly even",
    "rhythm_strength": "0 is round the clock, 1 is always the same hour",
    "weekend_share": "Share of its requests on Saturday and Sunday, UTC; 0.286 would be even",
    "hour_dispersion": "Requests per hour: 1 scatter as by lot, below 1 are metered out",
    "days_to_peak": "Days from the first request to the first day as busy as its busiest",
    "day_one_share": "Of the requests of its first 30 days, the share in the first 24 hours",
    "first_use_lag_s": "Seconds from the creation of the account to its first request",
    "age_days": "Age of the account at its first request",
    "requests_per_day": "Requests per day on which it was active",
    "cohort": "The comparable accounts: same plan, same age at first use",
    "cohort_n": "How many comparable accounts there are",
    "cohort_low": "Requests per active day: one comparable account in twenty has fewer",
    "cohort_median": "Requests per active day of the comparable account in the middle",
    "cohort_high": "Requests per active day: one comparable account in twenty has more",
    "volume_rank": f"{RANK}; by requests per active day",
    "flatness_rank": f"{RANK}; by how little daily rhythm it has",
    "restless_rank": f"{RANK}; by how short its longest rest is",
    "day_one_rank": f"{RANK}; by how much came on its first day",
    "addresses_rank": f"{RANK}; by addresses on one day",
    "refused_rank": f"{RANK}; by the share of refused requests",
    "rate_limited_rank": f"{RANK}; by the share of requests that met a rate limit",
    "source": "Where the price is from: logged, or the list prices of case.toml",
    "value_usd_30d": "What its use would cost in 30 days at this rate, US dollars",
    "plan_rank": "0 to 1 among accounts of its plan; 1 uses the most",
    "plan_n": "Accounts of its plan",
    "times_fee": "That value as a multiple of what the plan costs",
    "shift_at": "The hour in which the share on the new model changed",
    "shift_low": "The earliest hour it may have been, 95 times in 100",
    "shift_high": "The latest hour it may have been, 95 times in 100",
    "matched_share": "What comparable accounts did: their share on the new model after the release",
    "matched": "Comparable accounts: same plan, like volume",
    "difference": "How much further the set moved than comparable accounts",
    "spread": "1 means its accounts moved as one; above 1 each in its own measure",
    "window_h": "Hours after the closure within which successors were first seen",
    "successors": "Accounts first seen after the closure that soon did half of a closed account's volume",
    "median_lag_h": "Hours from the closure to the first request of the successor in the middle",
    "takeover": "Requests a day of the successors over those of the closed; near 1 the volume did not dip",
    "same_template": "Successors that use a rare template of the closed",
    "same_org": "Successors in an organisation of the closed",
    "fate": "What became of the first attempt",
    "switched": "Came again within 30 seconds another way: account, key, region or route",
    "left_out": "Requests of prompts sent over 50 times in all, which follow each other by chance",
    "with_template": "Its requests that use such a template",
    "from_accounts_at_most": "At most so many accounts had been given the answer that came back",
    "median_containment": "How much of the earlier answer stands in the prompt, in the middle case; 1 is all of it",
    "mean_containment": "How much of the earlier answer stands in the prompt, on average; 1 is all of it",
    "content_similarity": "How alike what they ask is: 1 the same, 0 unrelated, below 0 opposed",
    "content_rank": "Share of all accounts that are at least as similar",
    "habit_bits": "Parameters, clients, lengths and hours they share, weighed by how rare each is",
    "sampled": "Prompts that were read of this account",
}


def means(column: str, analysis: str) -> str:
    """What a column of a table means, "" where its name says it; `analysis` made the table, "" for plain SQL."""
    return STATISTICS.get(column) or (COLUMNS.get(column, "") if analysis else "")


def explained(columns: Iterable[str], analysis: str, name: Callable[[str], str] = visible) -> str:
    """The meanings as a list that is opened with a click or a key, as HTML; "" where every name says it."""
    said = {name(c): text for c in columns if (text := means(c, analysis))}
    pairs = "".join(f"<dt>{html.escape(c)}</dt><dd>{html.escape(text)}</dd>" for c, text in said.items())
    return f"<details><summary>{HEADING}</summary><dl>{pairs}</dl></details>" if pairs else ""
