"""Parameters: what is misspelt, of the wrong kind or impossible stops with a sentence that helps."""

from __future__ import annotations

import pytest

from kit import open_case, parameters
from kit.errors import ParameterError
from kit.parameters import between, check_names, one_of, yes_no

KINDS = {"PER": one_of("1 hour", "1 day"), "TOP": between(1, 50), "SHARE": between(0.0, 1.0), "STRICT": yes_no}


@pytest.fixture(scope="module")
def case(small_folder):
    return open_case(small_folder)


def check(case, **changes):
    names = {"CASE": str(case.folder), "PER": "1 hour", "TOP": 5, "SHARE": 0.5, "STRICT": True, **changes}
    return check_names(case, {k: v for k, v in names.items() if v is not ...}, KINDS)


def test_good_parameters_come_back_in_lower_case_with_times_in_utc(case):
    p = check(case, SINCE="2026-05-01", UNTIL="2026-05-03T02:00+02:00", ACCOUNTS=["acct_1"])
    assert p.window == {"since": "2026-05-01T00:00:00Z", "until": "2026-05-03T00:00:00Z"}
    assert (p.per, p.top, p.accounts) == ("1 hour", 5, ["acct_1"])
    assert "no zone was given: read as UTC" in p._repr_html_()
    assert check(case, SINCE="", ACCOUNTS=[]).accounts is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SINSE": "2026-05-01"}, r"SINSE is not a parameter of this notebook; did you mean SINCE\?"),
        ({"Since": "2026-05-01"}, r"Since is not a parameter.*did you mean SINCE"),
        ({"PER": ...}, r"The parameter PER is not set"),
        ({"PER": "1 hours"}, r"PER is '1 hours' \(did you mean '1 hour'\?\); choose one of"),
        ({"TOP": 0}, r"TOP is 0; give a number from 1 to 50"),
        ({"TOP": True}, r"TOP is True; give a whole number"),
        ({"SHARE": float("nan")}, r"SHARE is nan"),
        ({"STRICT": 1}, r"STRICT is 1; write True or False"),
        ({"SINCE": "1 May"}, r"SINCE is '1 May'; write a time like"),
        ({"SINCE": 20260501}, r"SINCE is 20260501; write a time like"),
        ({"SINCE": "2026-05-03", "UNTIL": "2026-05-02"}, r"is not before UNTIL"),
        ({"SINCE": "2027-01-01"}, r"holds no request; this case runs from 2026-05-01T00:30Z to 2026-05-05T23:30Z"),
        ({"ACCOUNTS": "acct_1"}, r"write a list of account ids in quotes"),
        (
            {"ACCOUNTS": ["acct_11"]},
            r"ACCOUNTS names 'acct_11', which this case does not hold; did you mean 'acct_",
        ),
        ({"CLUSTERS": ["c"]}, r"CLUSTERS names 'c'.*\[\] stands for all 0 clusters"),
        ({"CASE": "elsewhere"}, r"the open case is another"),
    ],
)
def test_a_bad_parameter_stops_and_says_what_to_do(case, changes, message):
    with pytest.raises(ParameterError, match=message):
        check(case, **changes)


def test_hostile_values_are_shown_as_text(case):
    shown = check(case, ACCOUNTS=["acct_1"])
    hostile = parameters.Parameters({"note": "<script>\u202e"}, {})
    assert "<script>" not in hostile._repr_html_()
    assert "\u202e" not in hostile._repr_html_() + repr(hostile)
    assert "acct_1" in shown._repr_html_()
