"""Payloads in prompts, ids, titles and file names stay text in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from hostile_case import PAYLOADS, write_exports
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import bundle, derive, load, open_case
from kit.bundle import annexes, document, html, markdown, pdf, word
from kit.case import create_case

Sealed = Callable[[str], Path]
PROFILES = ("internal", "legal", "partner", "public")


class Page(HTMLParser):
    """What a browser would act on in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_page_holds_no_script_handler_link_or_outside_source(sealed: Sealed, profile: str) -> None:
    text = (sealed(profile) / "data" / "summary.html").read_text(encoding="utf-8")
    page = Page(text)
    allowed = {"html", "meta", "title", "style", "body", "header", "nav", "main", "footer", "h1", "h2", "h3", "p"}
    allowed |= {"ul", "li", "a", "dl", "div", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    allowed |= {"figure", "figcaption", "pre", "code", "hr", "svg", "g", "path", "text", "rect", "line", "defs"}
    allowed |= {"clippath", "desc", "tspan", "wbr"}
    assert set(page.tags) <= allowed
    assert page.tags.count("style") == 1
    names = {name for name, _ in page.attributes}
    assert not {n for n in names if n.startswith("on")} | (
        names & {"src", "action", "srcset", "data", "formaction"}
    )
    assert all(v.startswith("#") for n, v in page.attributes if n in ("href", "xlink:href"))
    assert "url(http" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "\x00" not in text


def test_the_page_shows_the_payload_as_text(sealed: Sealed) -> None:
    text = (sealed("internal") / "data" / "summary.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\\u202eevil" in text


@pytest.mark.parametrize("profile", PROFILES)
def test_no_csv_cell_can_run_in_a_spreadsheet(sealed: Sealed, profile: str) -> None:
    files = sorted((sealed(profile) / "data").rglob("*.csv"))
    assert files
    for file in files:
        text = file.read_bytes().decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                number = re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", cell)
                assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), (file.name, cell)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_documents_hold_no_action_and_no_outside_reference(sealed: Sealed, profile: str) -> None:
    for file in (sealed(profile) / "data").rglob("*.docx"):
        with zipfile.ZipFile(file) as z:
            names = z.namelist()
            assert not [n for n in names if "vba" in n.lower() or "embeddings" in n]
            relations = "".join(z.read(n).decode() for n in names if n.endswith(".rels"))
            assert 'TargetMode="External"' not in relations
            body = z.read("word/document.xml").decode()
            assert "instrText" not in body
            assert "fldSimple" not in body
    for file in (sealed(profile) / "data").rglob("*.pdf"):
        raw = file.read_bytes()
        for action in (b"/JavaScript", b"/JS", b"/OpenAction", b"/Launch", b"/URI", b"/EmbeddedFile"):
            assert action not in raw, (file.name, action)


def test_markdown_keeps_payloads_as_text(sealed: Sealed) -> None:
    text = (sealed("internal") / "data" / "summary.md").read_text(encoding="utf-8")
    prose = "\n".join(line for line in text.split("\n") if not line.startswith("    "))
    assert not re.search(r"(?<!\\)<", prose)
    assert not re.search(r"(?<!\\)\]\(", prose)


def test_stix_is_plain_json_with_every_character_shown(sealed: Sealed) -> None:
    raw = (sealed("internal") / "data" / "stix.json").read_bytes()
    assert raw.isascii()
    assert json.loads(raw)["type"] == "bundle"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_guarded_cell_gives_its_text_back(text: str) -> None:
    cell = annexes.guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    shown = cell if not text.startswith(tuple(annexes.STARTERS)) else cell.removeprefix("'")
    assert shown == document.visible(text)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=80))
def test_any_text_renders_in_html_markdown_and_docx(text: str) -> None:
    blocks = [document.Text(text), document.Items([text]), document.Code(text), document.Heading(2, text)]
    table = document.Table(text, [text, "x"], [[text, text]])
    made = document.Document(text, text, "TLP:RED", [*blocks, table, document.Facts([(text, text)])])
    assert set(Page(html.render(made)).tags) <= {
        *("html", "meta", "title", "style", "body", "header", "p", "h1", "h2", "nav", "ul", "li", "a", "main"),
        *(
            "pre",
            "code",
            "div",
            "wbr",
            "table",
            "caption",
            "thead",
            "tr",
            "th",
            "tbody",
            "td",
            "dl",
            "dt",
            "dd",
            "footer",
        ),
    }
    markdown.render(made).encode("utf-8")


@pytest.mark.parametrize("payload", [*PAYLOADS, "#let x = 1", "\\u{202e}", "]]>", "\ud800", "مرحبا 你好 שלום"])
def test_any_payload_renders_in_pdf_and_docx(payload: str) -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 5, 1, tzinfo=UTC)
    table = document.Table(payload, [payload], [[payload]])
    made = document.Document(payload or "x", payload, "TLP:RED", [document.Text(payload), table])
    assert pdf.render(made, at).startswith(b"%PDF")
    assert zipfile.ZipFile(io.BytesIO(word.render(made, at))).testzip() is None


def test_a_file_name_cannot_lead_out_of_the_bundle(tmp_path: Path) -> None:
    source = write_exports(tmp_path / "exports")[0]
    hostile = source.with_name("=cmd..%2f..\\<script>.csv")
    source.rename(hostile)
    folder = create_case(tmp_path / "INC-6")
    load.load(folder, [hostile])
    derive.rebuild(folder)
    made = bundle.seal(open_case(folder), tmp_path / "bundle", exports="include")
    names = [p.name for p in (made / "data" / "exports").rglob("*.csv")]
    assert names == ["_cmd..-2f..__script_.csv".replace("-", "_")]
    assert bundle.verify(made).ok


def test_annexes_are_complete_and_say_how_many_rows_they_have(sealed: Sealed) -> None:
    folder = sealed("internal") / "data" / "annexes"
    index = pl.read_csv(folder / "index.csv")
    assert len(index) >= 14
    for row in index.iter_rows(named=True):
        twin = pl.read_parquet(folder / f"{row['file']}.parquet")
        text = (folder / f"{row['file']}.csv").read_bytes().decode("utf-8-sig")
        assert row["rows"] == twin.height == len(list(csv.reader(io.StringIO(text, newline="")))) - 1
    cited = pl.read_parquet(next(folder.glob("*cited-lines.parquet")))
    assert cited.height == 200


def test_a_case_in_which_nothing_is_proposed_says_so_and_no_more(tmp_path: Path) -> None:
    folder = create_case(tmp_path / "INC-7")
    load.load(folder, [write_exports(tmp_path / "exports")[0]])
    derive.rebuild(folder)
    made = bundle.seal(open_case(folder), tmp_path / "bundle")
    text = (made / "data" / "summary.md").read_text(encoding="utf-8")
    assert "No group of accounts in the received logs is proposed as one operation." in text
    assert "does not show that nothing happened" in text
    assert "further group" not in text
    assert json.loads((made / "data" / "evidence.json").read_text())["coverage"]["requests"] == 400
