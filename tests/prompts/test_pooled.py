"""The pooled test: ordinary pools of whole units are not called different, a quarter of another content is seen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kit.linkage.proposal import _purpose
from kit.prompts.review import _says
from kit.stats import WEAK, Pooled, pooled_difference

UNITS, WIDTH = 240, 24


def town(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of units that each have a content of their own: clustered, as accounts are."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(5, 100, UNITS)
    means = rng.normal(0, 0.3, (UNITS, WIDTH))
    return means * counts[:, None] + rng.normal(0, 1, (UNITS, WIDTH)) * np.sqrt(counts)[:, None], counts


def pool(rng: np.random.Generator, counts: np.ndarray, rows: int) -> np.ndarray:
    order = rng.permutation(len(counts))
    return order[: int(np.searchsorted(np.cumsum(counts[order]), rows)) + 1]


def test_pools_of_whole_ordinary_units_are_not_called_different() -> None:
    sums, counts = town(1)
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(30):
        tested = np.isin(np.arange(UNITS), pool(rng, counts, 1500))
        alarms += bool(pooled_difference(sums, counts, tested, draws=60).different)
    assert alarms == 0


def test_a_quarter_of_other_content_is_seen_and_the_power_says_so() -> None:
    sums, counts = town(1)
    rng = np.random.default_rng(3)
    other = rng.normal(0, 1, WIDTH) * 0.8
    units = rng.normal(0, 1, (20, WIDTH)) * np.sqrt(75) + other * 75
    everyone, sizes = np.concatenate([sums, units]), [*counts, *[75] * 20]
    seen = 0
    for _ in range(10):
        tested = np.isin(np.arange(UNITS + 5), [*pool(rng, counts, 1125), *range(UNITS, UNITS + 5)])
        seen += bool(pooled_difference(everyone[:-15], sizes[:-15], tested, draws=60).different)
    assert seen >= 9
    pure = pooled_difference(everyone, sizes, np.arange(UNITS + 20) >= UNITS, draws=200)
    assert pure.rows == 1500
    assert pure.power[0.25] is not None
    assert pure.power[0.25] >= 0.95
    assert pure.smallest_mixture is not None
    assert pure.smallest_mixture <= 0.25


def test_too_few_texts_or_units_give_no_answer_but_a_reason() -> None:
    sums, counts = town(1)
    few = pooled_difference(sums[:20], counts[:20], np.arange(20) < 2)
    assert few.different is None
    assert "Too little data" in few.note


def found(false_alarm_rate: float, different: bool = True) -> Pooled:
    about: dict[str, Any] = {"rows": 5094, "statistic": 1.0, "threshold": 0.5, "p_value": 0.001, "power": {}}
    more: dict[str, Any] = {"smallest_mixture": 0.25, "note": "", "trials": 1000}
    return Pooled(different=different, false_alarm_rate=false_alarm_rate, **about, **more)


def test_a_difference_with_many_false_alarms_is_said_to_show_nothing_by_itself() -> None:
    row = {
        "accounts": 106,
        "prompts": 5094,
        "different": True,
        "smallest_mixture": 0.25,
        "p_value": 0.001,
        "note": "",
    }
    said = _says(row, found(0.405), left_out=94)
    assert said.endswith(WEAK)
    assert "405 false alarms in 1,000 draws" in said
    assert "94 accounts with fewer than five left out" in said
    assert WEAK not in _says(row, found(0.05), left_out=0)
    assert WEAK not in _says(row | {"different": False}, found(0.405, False), left_out=0)


@pytest.mark.parametrize(
    ("template", "test", "confidence"),
    [
        (True, found(0.01), "moderate"),
        (True, found(0.405), "low"),
        (True, found(0.01, False), "low"),
        (False, found(0.01), "low"),
    ],
)
def test_a_purpose_is_moderately_sure_only_by_harvest_prompts_and_a_difference_with_few_false_alarms(
    template: bool, test: Pooled, confidence: str
) -> None:
    measured = SimpleNamespace(holds=template)
    cluster: Any = SimpleNamespace(proposed=True, group=SimpleNamespace(measured=lambda _: measured))
    grade, sure, basis = _purpose(cluster, test)
    assert (grade, sure) == ("partly supported", confidence)
    assert (WEAK in basis) == test.alarmist
