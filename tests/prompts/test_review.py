"""What an investigator asks: answers with values, replayable, and hostile prompts as plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import PERSONAS, Row, town

from kit import Case, prompts
from kit.case import replay
from kit.errors import CaseError, ParameterError

CAMPAIGN = [f"camp-{i}" for i in range(6)]
EVERY: dict[str, dict[str, Any]] = {
    "templates": {"verdict": "harvest"},
    "template_days": {"verdict": "harvest"},
    "capabilities": {"accounts": CAMPAIGN},
    "coverage": {"accounts": CAMPAIGN},
    "languages": {},
    "phases": {"accounts": CAMPAIGN},
    "flows": {},
    "returned": {},
    "replayed_signatures": {},
    "rules": {},
    "similar_accounts": {"account_id": "camp-0"},
}


@pytest.mark.parametrize("name", EVERY)
def test_an_analysis_replays_to_the_same_digest(name: str, town_case: Case) -> None:
    result = getattr(prompts, name)(town_case, **EVERY[name])
    assert len(result) or name == "replayed_signatures"
    assert replay(town_case, result.call, result.arguments).digest == result.digest


def test_the_campaign_leads_by_rarity_weighted_reach(town_case: Case) -> None:
    first = prompts.templates(town_case, part="prompt").rows()[0]
    assert "[[calc]]" in first["skeleton"]
    assert first["verdict"] == "harvest"
    assert first["accounts"] == 6


def test_capabilities_name_reasoning_for_the_campaign_and_nothing_for_people(town_case: Case) -> None:
    mix = {r["capability"]: r["share"] for r in prompts.capabilities(town_case, accounts=CAMPAIGN).rows()}
    assert mix["reasoning"] == 1.0
    people = prompts.capabilities(town_case, accounts=["person-1", "person-2"]).rows()
    assert [(r["capability"], r["share"]) for r in people] == [("not said by any rule", 1.0)]


def test_languages_are_told_by_script_and_by_their_commonest_words(make_case: Callable[[list[Row]], Case]) -> None:
    texts = {
        "English": "What is the reason for this and how are you?", "German": "Warum ist das nicht mit der Post da?",
        "French": "Donnez la liste des villes dans le pays.", "Japanese": "今日は何ですか",
        "Chinese": "今天天气怎么样",
        "Russian": "Как это работает и что для этого нужно?", "Thai": "สวัสดีตอนเช้า", "not told": "x = 1",
    }  # fmt: skip
    rows: list[Row] = [
        {"request_id": f"r{i}", "account_id": "a", "occurred_at": "2026-05-01T00:00:00Z", "prompt_text": text}
        for i, text in enumerate(texts.values())
    ]
    assert sorted(r["language"] for r in prompts.languages(make_case(rows)).rows()) == sorted(texts)


def test_coverage_counts_each_prompt_once(town_case: Case) -> None:
    grown = prompts.coverage(town_case, accounts=CAMPAIGN)
    assert grown["prompts_so_far"].max() == grown["new_prompts"].sum() == 240


def test_accounts_of_the_campaign_are_most_alike(town_case: Case) -> None:
    near = prompts.similar_accounts(town_case, "camp-0", top=5)["account_id"].to_list()
    assert sorted(near) == CAMPAIGN[1:]


def test_the_pooled_test_tells_the_campaign_from_people_and_people_from_nobody(town_case: Case) -> None:
    row = prompts.pooled_test(
        town_case, accounts=CAMPAIGN, ordinary=[f"person-{i}" for i in range(40)], draws=200
    ).rows()[0]
    assert row["different"] is None
    assert "Too little data" in row["note"]


def test_hostile_prompts_come_out_as_text(make_case: Callable[..., Case]) -> None:
    nasty = [
        "<script>alert(1)</script>",
        "\x1b[31mred\x07",
        "\u202egnol\u202c",
        "=HYPERLINK(1)",
        "y" * 1_000_000,
        "a\u0000b",
    ]
    rows: list[Row] = [
        {**r, "prompt_text": f"{nasty[i % 6]} {r['prompt_text']}"}
        for i, r in enumerate(town())
        if "camp" in str(r["account_id"])
    ]
    case = make_case(rows)
    template = prompts.templates(case, part="prompt")["template_id"][0]
    result = prompts.examples(case, template, n=50)
    shown = result._repr_html_()
    assert "<script" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "&lt;script&gt;" in shown
    assert max(len(t) for t in result["text"]) <= 2000
    assert result["characters"].max() > 1_000_000


def test_an_unknown_template_or_account_is_said(town_case: Case) -> None:
    with pytest.raises(ParameterError, match="no template 'tpl_x'"):
        prompts.examples(town_case, "tpl_x")
    with pytest.raises(ParameterError, match="'nobody' has no prompts"):
        prompts.similar_accounts(town_case, "nobody")


OWN = """
- id: calc_markers
  title: Uses the calc markers of this incident
  meaning: The markers were seen in a tip.
  capability: reasoning
  kind: elicitation
  weight: strong
  all:
    - - 'larkwood bank'
"""


def test_a_rule_of_the_case_is_used_and_listed(make_case: Callable[..., Case]) -> None:
    rows = [r for r in town() if str(r["account_id"]).startswith("relay")]
    case = make_case(rows, OWN)
    matched = {r["skeleton"]: r["rules"] for r in prompts.templates(case, part="system").rows()}
    assert "calc_markers" in matched[PERSONAS[0]]
    assert "calc_markers" not in matched[PERSONAS[1]]
    assert "calc_markers" in prompts.rules(case)["rule_id"].to_list()


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("- id: [", "is not YAML"),
        (OWN.replace("kind: elicitation", "kind: bad"), "kind 'bad'"),
        (OWN.replace("larkwood bank", "("), "calc_markers"),
        (OWN.replace("weight", "wieght"), "wieght"),
    ],
)
def test_a_wrong_rule_names_its_file_and_entry(text: str, say: str, make_case: Callable[..., Case]) -> None:
    with pytest.raises(CaseError, match=r"own\.yaml") as error:
        make_case(
            [{"request_id": "r", "account_id": "a", "occurred_at": "2026-05-01T00:00:00Z", "prompt_text": "hi"}],
            text,
        )
    assert say in str(error.value)
