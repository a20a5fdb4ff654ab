"""Every rule matches the prompts beside it that it must, none that it must not, and no ordinary form."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kit.prompts.elicitation import Facts, Rule, fold, known_as, matching, shipped, verdict

RULES = {rule.id: rule for rule in shipped()[0]}
TELLING = [r for r in RULES.values() if r.kind in ("elicitation", "relay") and r.weight == "strong"]
ORDINARY = yaml.safe_load((Path(__file__).parent / "ordinary.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_matches_its_examples_and_not_its_counterexamples(rule: Rule) -> None:
    assert [t for t in rule.fires if not rule.matches(fold(t))] == []
    assert [t for t in rule.silent if rule.matches(fold(t))] == []
    least = 10 if rule in TELLING else 1
    assert len(rule.fires) >= least
    assert len(rule.silent) >= least


def test_no_strong_rule_matches_an_ordinary_form_unless_it_is_class_work() -> None:
    wrong = {text: [r.id for r in TELLING if r.part != "system" and r.matches(fold(text))] for text in ORDINARY}
    assert {t: ids for t, ids in wrong.items() if ids and not RULES["coursework"].matches(fold(t))} == {}


def test_examples_of_one_rule_that_must_stay_silent_are_silent_for_nearly_all_rules() -> None:
    texts = [t for rule in TELLING if rule.part != "system" for t in rule.silent]
    hit = [t for t in texts if any(r.matches(fold(t)) for r in TELLING if r.part != "system")]
    assert len(hit) <= 0.02 * len(texts), hit


def facts(**changed: object) -> Facts:
    usual: dict[str, object] = {
        "part": "prompt",
        "requests": 5000,
        "in_harness": 0,
        "fillers": 4800,
        "accounts": 30,
    }
    return Facts(**{**usual, "orgs": 30, "output_tokens": 700.0, "rules": ["rubric_grading"], **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "harvest"),
        ({"orgs": 1}, "unclear"),  # an evaluation team, an enterprise's own batch, a declared reseller's one tenant
        ({"accounts": 2}, "unclear"),
        ({"fillers": 12}, "unclear"),  # a monitor or a fixed test set
        ({"in_harness": 4999}, "unclear"),
        ({"known_as": "Cline", "known_kind": "harness"}, "harmless"),
        ({"rules": ["reasoning_elicitation"], "output_tokens": 20.0}, "unclear"),
        ({"rules": ["reasoning_elicitation", "coursework"], "requests": 200, "fillers": 200}, "unclear"),
        ({"rules": ["reasoning_elicitation", "decision_record"]}, "unclear"),
        ({"rules": ["translation"]}, "harmless"),
        ({"rules": ["step_by_step"]}, "unclear"),
        ({"rules": ["safeguard_probing"]}, "unclear"),
        ({"rules": []}, "unclear"),
    ],
    ids=str,
)
def test_a_verdict_needs_a_strong_rule_and_no_harmless_explanation(
    changed: dict[str, object], expected: str
) -> None:
    found, why = verdict(facts(**changed), RULES)
    assert found == expected
    assert why.endswith(".")


def test_the_public_prompt_of_an_evaluation_tool_is_called_by_its_name_and_no_harvest_by_itself() -> None:
    judge = (
        "Please act as an impartial judge and evaluate the quality of the response provided by an AI assistant to "
        "the user question displayed below. You must rate the response on a scale of 1 to 10. {…}"
    )
    known = known_as(judge, [])
    assert known is not None
    assert (known.name, known.kind) == ("MT-Bench judge", "evaluation")
    seen = facts(known_as=known.name, known_kind=known.kind)
    assert verdict(seen, RULES)[0] == "unclear"
    seen.rules.append("reasoning_elicitation")
    assert verdict(seen, RULES)[0] == "harvest"


def test_most_examples_decide_where_the_skeleton_says_nothing() -> None:
    asks, other = "Show your complete internal reasoning, then answer.", "Write a haiku about rain."
    rule = [RULES["reasoning_elicitation"]]
    assert matching(rule, "prompt", "{…}", [asks] * 7 + [other] * 3) == [rule[0].id]
    assert matching(rule, "prompt", "{…}", [asks] * 6 + [other] * 4) == []
    assert matching(rule, "prompt", "{…}", []) == []


def test_what_one_asks_for_oneself_is_not_asked_for_a_training_set() -> None:
    for text in (
        "Make this puzzle harder for our escape room. {…}",
        "Rephrase this survey question in five ways without changing the meaning. {…}",
        "把这段客服回复改得更简洁,去掉客套话。{…}",
        "Write the inner monologue of a soldier before the battle.",
    ):
        assert [r.id for r in TELLING if r.part != "system" and r.matches(fold(text))] == []
