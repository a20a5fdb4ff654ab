"""Reviews: appended, never lost, two people at once, disagreements shown."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kit import create_case, open_case, reviews
from kit.errors import ParameterError


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("KIT_REVIEWER", "ada")
    return open_case(create_case(tmp_path / "INC-1"))


def test_the_latest_decision_of_a_person_stands_and_the_earlier_one_is_kept(case):
    reviews.label(case, "t1", "harvest", reason="asks for reasoning")
    reviews.label(case, "t1", "harmless", reason="a course handout")
    assert reviews.current(case).select("by", "id", "verdict").rows() == [("ada", "t1", "harmless")]
    assert reviews.history(case)["verdict"].to_list() == ["harvest", "harmless"]
    assert reviews.current(open_case(case.folder))["reason"].to_list() == ["a course handout"]


def test_disagreements_between_reviewers_are_shown(case, monkeypatch):
    reviews.label(case, "t1", "harvest", reason="x")
    reviews.dispose(case, "c1", "accept", reason="x")
    monkeypatch.setenv("KIT_REVIEWER", "grace")
    reviews.label(case, "t1", "harmless", reason="y")
    reviews.dispose(case, "c1", "accept", reason="y")
    assert reviews.disagreements(case).rows() == [("template", "t1", "ada: harvest; grace: harmless")]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: reviews.label(c, "t", "bad", reason="x"), "choose one of harvest, harmless, unsure"),
        (lambda c: reviews.label(c, "t", "harvest", reason=" "), "has no reason"),
        (lambda c: reviews.dispose(c, "c", "split", reason="x"), "needs accounts"),
        (lambda c: reviews.dispose(c, "c", "merge", reason="x", into="c"), "needs into"),
    ],
)
def test_a_decision_needs_a_known_word_and_a_reason(case, call, message):
    with pytest.raises(ParameterError, match=message):
        call(case)
    assert reviews.history(case).is_empty()


def test_many_writers_at_once_lose_nothing(case):
    code = (
        "import sys; from kit import open_case, reviews\n"
        "case = open_case(sys.argv[1])\n"
        "for i in range(100): reviews.label(case, f'{sys.argv[2]}-{i}', 'unsure', reason='r' * 3000)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(case.folder), str(n)]) for n in range(3)]
    assert [p.wait() for p in both] == [0, 0, 0]
    assert reviews.history(case).height == 300
    assert reviews.current(case)["id"].n_unique() == 300


def test_a_torn_line_is_said_and_costs_no_other(case):
    reviews.label(case, "t1", "harvest", reason="x")
    file = case.folder / "reviews" / "ada.jsonl"
    file.write_bytes(file.read_bytes() + b'{"at": "2026')
    reviews.label(case, "t2", "harmless", reason="y")
    with pytest.warns(UserWarning, match=r"ada\.jsonl line 2 is torn"):
        assert reviews.current(case)["id"].to_list() == ["t1", "t2"]


def test_a_reviewer_name_cannot_leave_the_folder(case, monkeypatch):
    monkeypatch.setenv("KIT_REVIEWER", "../../etc/x")
    reviews.label(case, "t", "unsure", reason="x")
    assert [f.name for f in (case.folder / "reviews").iterdir()] == ["_.._etc_x.jsonl"]
    assert reviews.current(case)["by"].to_list() == ["../../etc/x"]


def test_a_picker_comes_back_as_its_person_left_it(case, monkeypatch):
    reviews.remember(case, "window", {"since": "2026-05-01T00:00:00Z"})
    reviews.remember(case, "window", {"since": "2026-05-02T00:00:00Z"})
    assert reviews.recall(case, "window") == {"since": "2026-05-02T00:00:00Z"}
    monkeypatch.setenv("KIT_REVIEWER", "grace")
    assert reviews.recall(case, "window") is None
