"""What others check passes: STIX validator, BagIt, PDF structure, Word, the schema of evidence.json."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import bagit
import docx
import pypdf
import pytest
from stix2validator import ValidationOptions, validate_string

from kit import Case, bundle

Sealed = Callable[[str], Path]
PROFILES = ("internal", "legal", "partner", "public")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_bag_is_valid(sealed: Sealed, profile: str) -> None:
    assert bagit.Bag(str(sealed(profile))).validate()
    assert bundle.verify(sealed(profile), fixity_only=True).ok


@pytest.mark.parametrize("profile", PROFILES)
def test_stix_is_valid_in_strict_mode(sealed: Sealed, profile: str) -> None:
    text = (sealed(profile) / "data" / "stix.json").read_text(encoding="utf-8")
    outcome = validate_string(text, ValidationOptions(strict=True, version="2.1"))
    assert outcome.is_valid, outcome.errors


def test_stix_names_the_extraction_technique_and_the_marking(sealed: Sealed) -> None:
    objects = json.loads((sealed("internal") / "data" / "stix.json").read_text())["objects"]
    by_type = {t: [o for o in objects if o["type"] == t] for t in {o["type"] for o in objects}}
    ids = {r["external_id"] for o in by_type["attack-pattern"] for r in o["external_references"]}
    assert "AML.T0024.002" in ids
    assert "AML.T0024.001" not in ids
    marking = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"
    assert all(o.get("object_marking_refs") == [marking] for o in objects if o["type"] != "marking-definition")
    assert len(by_type["user-account"]) == 20
    assert by_type["observed-data"][0]["number_observed"] == 200


@pytest.mark.parametrize("profile", PROFILES)
def test_the_pdf_has_text_tags_bookmarks_and_a_language(sealed: Sealed, profile: str) -> None:
    reader = pypdf.PdfReader(sealed(profile) / "data" / "summary.pdf")
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert (reader.metadata.title or "").startswith("Evidence summary")
    bookmarks = [o.title for o in _flat(reader.outline)]
    assert "In short" in bookmarks
    assert "Exhibits" in bookmarks
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "20 accounts" in text
    assert "What would change our mind" in reader.pages[0].extract_text()


def _flat(outline: list[object]) -> list[pypdf.generic.Destination]:
    return [d for o in outline for d in (_flat(o) if isinstance(o, list) else [o])]  # type: ignore[list-item]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_docx_opens_and_says_the_same(sealed: Sealed, profile: str) -> None:
    made = docx.Document(str(sealed(profile) / "data" / "summary.docx"))
    headings = [p.text for p in made.paragraphs if (p.style.name if p.style else "").startswith("Heading")]
    assert "In short" in headings
    assert any("tblHeader" in t._tbl.xml for t in made.tables)


def test_the_docx_opens_in_libreoffice(sealed: Sealed, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    file = sealed("internal") / "data" / "summary.docx"
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    convert = [office, home, "--headless", "--convert-to", "txt:Text", "--outdir", str(tmp_path), str(file)]
    subprocess.run(convert, check=True, timeout=120, capture_output=True)
    assert "What we do not claim" in (tmp_path / "summary.txt").read_text(encoding="utf-8-sig")


def test_the_legal_bundle_has_unsigned_drafts_and_a_custody_log(sealed: Sealed) -> None:
    folder = sealed("legal") / "data" / "legal"
    for rule in ("902-13", "902-14"):
        draft = [p.text for p in docx.Document(str(folder / f"certificate-{rule}-draft.docx")).paragraphs]
        assert draft[0].startswith("DRAFT.")
        assert f"Signature: {'_' * 20}" in draft
        assert any("hearsay, relevance" in text for text in draft)
    log = (folder / "custody-log.csv").read_bytes().decode("utf-8-sig").splitlines()
    assert log[0] == "at,by,action,detail"
    assert [line.split(",")[2] for line in log[1:]][:2] == ["new", "finding"]


def test_evidence_json_has_the_keys_of_the_contract(sealed: Sealed, hostile: Case) -> None:
    made = json.loads((sealed("internal") / "data" / "evidence.json").read_text())
    assert made["schema_version"] == "1"
    assert made["build"] == hostile.build
    assert {"case", "coverage", "findings", "clusters"} <= set(made)
    first, second = made["clusters"]
    assert first["proposed"]
    assert first["accounts"] == [f"acct_{i:04d}" for i in range(20)]
    assert (first["exchanges"], first["requests_total"]) == (200, 200)
    assert first["first_at"].endswith("Z")
    assert set(first["families"]) == {"identity", "infrastructure", "timing", "content", "reaction"}
    assert set(first["claims"]) == set("ABCDE")
    assert set(first["alternatives"][0]) >= {"explanation", "test", "outcome"}
    assert first["techniques"] == ["AML.T0024.002", "AML.T0040", "AML.T0021"]
    assert not second["proposed"]
    assert second["reason"]
    assert made["coverage"]["requests"] == 400
