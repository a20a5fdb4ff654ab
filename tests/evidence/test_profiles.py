"""What leaves the house holds no id, no address, no personal data, and no forty characters of a prompt."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pypdf
import pytest
from hostile_case import prompt

from kit import Case, bundle, open_case, reviews
from kit.bundle.audience import Audience, quoted_texts, without_small_rows
from kit.bundle.sections import _claims
from kit.errors import BundleError
from kit.redact import Redactor

Sealed = Callable[[str], Path]


# where a long word may break, unseen by who reads
BREAKS = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]|<wbr ?/?>")


def words_in(folder: Path) -> str:
    """Every text of a bundle, unpacked; lines of a PDF are searched joined as well, as a long id may span two."""
    out = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        if file.suffix == ".docx":
            with zipfile.ZipFile(file) as z:
                out += [re.sub(r"<[^>]+>", " ", z.read(n).decode("utf-8", "replace")) for n in z.namelist()]
        elif file.suffix == ".pdf":
            pages = [page.extract_text() for page in pypdf.PdfReader(file).pages]
            out += [*pages, *(p.replace("\n", "") for p in pages)]
        elif file.suffix == ".parquet":
            out.append(pl.read_parquet(file).write_ndjson())
        else:
            out.append(file.read_bytes().decode("utf-8", "replace"))
    return BREAKS.sub("", "\n".join(out))


def test_the_search_finds_a_name_that_the_summary_lets_break(sealed: Sealed, tmp_path: Path) -> None:
    shutil.copy(next(sealed("internal").rglob("*.pdf")), tmp_path)
    raw = "\n".join(page.extract_text() for page in pypdf.PdfReader(next(tmp_path.glob("*.pdf"))).pages)
    broken = re.findall(r"[^\s]*\u200b[^\s]*", raw)
    assert broken
    assert all(BREAKS.sub("", w) in words_in(tmp_path) for w in broken)


@pytest.mark.parametrize("profile", ["partner", "public"])
def test_nothing_personal_and_no_prompt_is_in_a_shared_bundle(sealed: Sealed, profile: str) -> None:
    text = words_in(sealed(profile))
    found = [f"acct_{i:04d}" for i in range(40) if f"acct_{i:04d}" in text]
    found += [a for a in (f"198.51.100.{i}" for i in range(100)) if a in text]
    found += [
        w for w in ("@example", "example.net", "4111 1111", "1234567", "Jane", "Roe", "org_0", "req_0") if w in text
    ]
    found += ["INC-1"] if "INC-1" in text else []
    held = windows(text)
    found += [w for i in range(400) for w in windows(prompt(i)) & held]
    found += windows("The third step follows from the second, which is shown above.") & held
    assert found == []


def windows(text: str) -> set[str]:
    """Every run of forty characters, white space made even."""
    even = " ".join(text.split())
    return {even[a : a + 40] for a in range(len(even) - 39)}


def test_a_rule_or_a_model_that_one_customer_named_leaves_under_a_pseudonym(hostile: Case) -> None:
    audience = Audience(hostile, "partner", "bundle", "2026-06-01T00:00:00Z")
    named = pl.DataFrame(
        {
            "request_model": ["model-large", "ft:base:acme::x1", "not recorded"],
            "rules": [["rubric_grading", "asked_by_jane_roe"], [], None],
        }
    )
    out = audience._frame(named, lambda text, _: text)
    assert out["request_model"][0] == "model-large"
    assert out["request_model"][2] == "not recorded"
    assert out["request_model"][1].startswith("model-")
    assert "acme" not in out["request_model"][1]
    assert out["rules"][0][0] == "rubric_grading"
    assert "jane" not in out["rules"][0][1]
    assert audience.redactor.counts["pseudonym", "rules"] == 1


def test_the_internal_bundle_does_hold_them(sealed: Sealed) -> None:
    text = words_in(sealed("internal"))
    assert "acct_0003" in text
    assert "198.51.100.3" in text
    assert "by the rubric below and show every step of" in text


def test_pseudonyms_join_inside_a_bundle_and_not_across(sealed: Sealed, hostile: Case, tmp_path: Path) -> None:
    first = json.loads((sealed("partner") / "data" / "evidence.json").read_text())
    members = pl.read_parquet(next((sealed("partner") / "data" / "annexes").glob("*members.parquet")))
    group = first["clusters"][0]
    assert len(group["accounts"]) == 20
    assert set(group["accounts"]) < set(members["account_id"])
    stix = (sealed("partner") / "data" / "stix.json").read_text()
    assert all(a in stix for a in group["accounts"])
    assert first["findings"][0]["cluster_id"] == group["cluster_id"]
    other = bundle.seal(hostile, tmp_path / "other", profile="partner")
    second = json.loads((other / "data" / "evidence.json").read_text())
    assert not set(group["accounts"]) & set(second["clusters"][0]["accounts"])
    assert second["clusters"][0]["cluster_id"] != group["cluster_id"]
    assert second["build"] != first["build"]


def test_a_partner_bundle_has_an_expiry_date_a_marking_and_a_log(sealed: Sealed) -> None:
    case = json.loads((sealed("partner") / "data" / "evidence.json").read_text())["case"]
    assert case["tlp"] == "TLP:AMBER"
    assert case["expires_at"] > case["sealed_at"][:10]
    log = json.loads((sealed("partner") / "data" / "redaction-log.json").read_text())
    assert log["by_kind"]["pseudonym"] > 25
    assert log["by_kind"]["prompt text"] >= 1
    assert "acct_" not in json.dumps(log)


def test_no_word_that_a_person_wrote_reaches_a_partner(sealed: Sealed) -> None:
    finding, *_ = json.loads((sealed("partner") / "data" / "evidence.json").read_text())["findings"]
    assert finding["confidence"] == "moderate"
    assert finding["claim"] == "The words of this finding stay in the case; ask the sender."
    assert finding["contradicts"] == [{"text": "withheld"}] * 2
    assert finding["other_explanations"] == [{"explanation": "withheld"}]
    assert "act as one" not in words_in(sealed("partner"))


def test_a_public_bundle_holds_no_count_below_ten(sealed: Sealed) -> None:
    made = json.loads((sealed("public") / "data" / "evidence.json").read_text())
    assert [c["account_count"] for c in made["clusters"]] == [20]
    assert made["clusters"][0]["accounts"] == []
    assert made["findings"] == []
    small = []
    for file in (sealed("public") / "data" / "annexes").glob("exhibit*.parquet"):
        frame = pl.read_parquet(file)
        small += [
            (file.name, c) for c, t in frame.schema.items() if t.is_integer() and frame[c].is_between(1, 9).any()
        ]
    assert small == []


def test_rows_left_out_cannot_be_had_by_subtraction() -> None:
    frame = pl.DataFrame(
        {"cluster_id": ["a"] * 3 + ["b"], "accounts": [40, 12, 3, 30], "exchanges": [400, 120, 3, 9]}
    )
    assert without_small_rows(frame)["accounts"].to_list() == [40, 30]


def test_quotes_of_a_prompt_are_found_at_forty_characters_and_not_below(hostile: Case) -> None:
    asked = " ".join(prompt(5).split())
    longer, shorter = f"He said: {asked[7:47]} and left.", f"He said: {asked[7:46]}\u00a7 and left."
    spread = longer.replace("answer 5", "answer\n  5")
    other = "nothing of the kind stands in any of the prompts of this case"
    assert quoted_texts(hostile, [longer, shorter, spread, other]) == {longer, spread}


def test_a_shared_bundle_never_holds_the_exports(hostile: Case, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="never holds exports"):
        bundle.seal(hostile, tmp_path / "x", profile="partner", exports="include")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jane.roe+x@mail.example.co.uk now", "mail [e-mail] now"),
        ("card 4111-1111-1111-1111.", "card [card]."),
        ("not a card 4111111111111112", "not a card 4111111111111112"),
        ("iban DE89 3704 0044 0532 0130 00.", "iban [bank account]."),
        ("from 2001:db8::7 and 203.0.113.9/32", "from [address] and [address]"),
        ("call (415) 555-2671 or +442079460958", "call [phone] or [phone]"),
        ("key sk-proj-abcdEFGH1234567890 leaked", "key [key] leaked"),
        ("at 12 Baker Street near it", "at [street] near it"),
        ("we met Jane Q. Roe there", "we met [name] there"),
        ("Roe confirmed it, and so did ŁUKASZ WIŚNIEWSKI.", "[name] confirmed it, and so did [name]."),
        ("It was Nguyễn Thị Hương, P. J. O'Malley and Ludwig van der Heide", "It was [name], [name] and [name]"),
        ("Abd al-Rahman's card. Éloïse D'Aubigné paid.", "[name] card. [name] paid."),
        ("asked by 张三 and Екатерина today", "asked by [name] and [name] today"),
        ("en Calle Mayor 33, at 12 rue de la Paix, at Hauptstraße 5a", "en [street], at [street], at [street]"),
        ("téléphone 01 23 45 67 89 or 10.1.2.3:8080", "téléphone [phone] or [address]:8080"),
        ("see example.com/path and t13d1516h2_8daaf6152771_b186095e22b6", "see [link] and {JA4}"),
        ("see https://evil.example/x?y=1 and javascript:alert(1)", "see [link] and [link]"),
        ("Account acct_1 used 10.9.8.7", "Account {} used [address]"),
        (
            "Four of five families agree. 43,063 exchanges from 2026-04-27 00:00:07 to 2026-06-04, p = 0.001.",
            "Four of five families agree. 43,063 exchanges from 2026-04-27 00:00:07 to 2026-06-04, p = 0.001.",
        ),
    ],
)
def test_free_text_is_redacted_and_counted(text: str, expected: str) -> None:
    redactor = Redactor(b"key", known={"acct_1": "account"})
    ja4 = "t13d1516h2_8daaf6152771_b186095e22b6"
    assert redactor.text(text, "test") == expected.format(redactor.pseudonym("account", "acct_1"), JA4=ja4)
    assert sum(redactor.counts.values()) == expected.count("[") + expected.count("{}")


def test_the_search_reads_every_format(sealed: Sealed) -> None:
    assert words_in(sealed("public")).count("suspected harvesting of model outputs") >= 5


def test_what_a_reviewer_rejected_is_not_proposed_and_not_shared(hostile: Case, tmp_path: Path) -> None:
    shutil.copytree(hostile.folder, tmp_path / "INC-1")
    case = open_case(tmp_path / "INC-1")
    reviews.dispose(case, "cluster-a", "reject", reason="one declared reseller")
    inside = bundle.seal(case, tmp_path / "internal")
    made = json.loads((inside / "data" / "evidence.json").read_text())
    assert [c["proposed"] for c in made["clusters"]] == [False, False]
    assert "one declared reseller" in made["clusters"][0]["reason"]
    assert "Four families agree" in made["clusters"][0]["reason"]
    shared = bundle.seal(case, tmp_path / "partner", profile="partner")
    made = json.loads((shared / "data" / "evidence.json").read_text())
    assert [(c["proposed"], c["account_count"]) for c in made["clusters"]] == [(False, 5)]
    assert made["findings"] == []


def test_a_preview_is_a_page_in_a_frame_where_nothing_runs(hostile: Case) -> None:
    shown = bundle.preview(hostile, "public")._repr_html_()
    assert shown.startswith("<iframe sandbox title='Summary, profile public'")
    assert "<script" not in shown
    assert shown.count("<") == 2


def test_each_graded_claim_stands_beside_its_basis_where_the_reader_may_know_it():
    graded = {"statement": "The purpose is to harvest.", "grade": "partly supported", "confidence": "low"}
    cluster = {"cluster_id": "cluster-1", "claims": {"C": graded | {"basis": "Many false alarms."}}}
    assert _claims(cluster).rows == [["C", *graded.values(), "Many false alarms."]]
    assert _claims(cluster | {"claims": {"C": graded}}).rows == [["C", *graded.values()]]
