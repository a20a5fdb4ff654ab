"""What a reviewer decides about a group is in evidence.json: reject, split, merge, and who disagrees."""

from __future__ import annotations

import pytest

from kit.bundle.decisions import applied


def group(name: str, accounts: str, *, proposed: bool = True) -> dict:
    members = [
        {"account_id": a, "exchanges": 10, "requests_total": 12, "input_tokens": 100, "output_tokens": 300}
        for a in accounts
    ]
    sums = {c: sum(m[c] for m in members) for c in ("exchanges", "requests_total", "input_tokens", "output_tokens")}
    found = {"cluster_id": name, "proposed": proposed, "reason": "Proposed.", "account_count": len(members)}
    return found | sums | {"members": members, "claims": {"B": {"grade": "supported"}}, "stability": 0.9}


def verdict(by: str, what: str, **more) -> dict:
    return {"by": by, "at": "2026-11-25T10:00:00Z", "verdict": what, "reason": f"{by} says so"} | more


def after(decided, *groups):
    return {g["cluster_id"]: g for g in applied(list(groups), decided)}


def names(g) -> str:
    return "".join(m["account_id"] for m in g["members"])


def test_one_rejection_is_enough_and_names_the_reviewer():
    g = after({"x": [verdict("ada", "accept"), verdict("bob", "reject")]}, group("x", "abc"))["x"]
    assert not g["proposed"]
    assert g["reason"] == "Rejected in review (bob, 2026-11-25: bob says so). The kit: Proposed."
    assert g["reviewers_differ"]


def test_a_split_takes_the_named_accounts_out_of_the_proposal_and_its_sums():
    found = after({"x": [verdict("ada", "split", accounts=["b", "z"])]}, group("x", "abc"))
    rest, apart = found["x"], found["x-apart"]
    assert (names(rest), rest["proposed"], rest["account_count"], rest["exchanges"]) == ("ac", True, 2, 20)
    assert (names(apart), apart["proposed"], apart["output_tokens"]) == ("b", False, 300)
    assert apart["claims"] == {}
    assert "ada" in rest["reason"]
    assert rest["reason"].endswith("Named for the split but not in the group: z.")
    assert "ada" in apart["reason"]


def test_a_merge_gives_the_whole_to_the_other_group_once():
    found = after({"y": [verdict("ada", "merge", into="x")]}, group("x", "abc"), group("y", "cd"))
    assert (names(found["x"]), found["x"]["account_count"], found["x"]["exchanges"]) == ("abcd", 4, 40)
    assert not found["y"]["proposed"]
    assert found["y"]["reason"].startswith("Merged into x in review")


@pytest.mark.parametrize("other", [verdict("bob", "accept"), verdict("bob", "merge", into="z")])
def test_a_merge_that_another_reviewer_does_not_share_adds_nobody(other):
    decided = {"y": [verdict("ada", "merge", into="x"), other]}
    found = after(decided, group("x", "abc"), group("y", "de"), group("z", "f"))
    assert names(found["x"]) == "abc"
    assert found["y"]["proposed"]


def test_without_reviews_nothing_changes():
    g = after({}, group("x", "ab"))["x"]
    assert (g["proposed"], g["reviews"], g["reviewers_differ"]) == (True, [], False)
