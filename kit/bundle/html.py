"""The summary as one HTML file: no script, nothing fetched, readable on screen, on paper and by a screen reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from importlib import resources
from typing import Any

from kit.bundle.document import Block, Break, Code, Document, Facts, Heading, Items, Picture, Table, Text
from kit.result import visible

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def render(document: Document) -> str:
    """The document as HTML text."""
    style = _dense((resources.files("kit") / "bundle" / "summary.css").read_text(encoding="utf-8"))
    contents = [b for b in document.blocks if isinstance(b, Heading) and b.level == 2]
    links = "".join(f'<li><a href="#{_id(h)}">{_text(h.text)}</a></li>' for h in contents)
    body = "\n".join(WRITERS[type(b)](b) for b in document.blocks)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        "<meta name=viewport content=initial-scale=1>\n<meta name=referrer content=no-referrer>\n"
        f"<title>{_text(document.title)}</title>\n<style>{style}</style>\n"
        f"<body>\n<header><p class=mark>{_text(document.mark)}</p><h1>{_text(document.title)}</h1>"
        f"<p class=subtitle>{_text(document.subtitle)}</p></header>\n"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n<main>\n{body}\n</main>\n'
        f"<footer><p class=mark>{_text(document.mark)}</p></footer>\n</body>\n</html>\n"
    )


def _dense(style: str) -> str:
    """A style sheet without needless space, so that no forty characters of it stand in a prompt about pages too."""
    return re.sub(r"\s*([{}:;,])\s*", r"\1", re.sub(r"\s+", " ", style)).replace(";}", "}").strip()


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _breakable(text: str) -> str:
    """Text in which a long word (an id, a hash) may break, so that a column stays on the page."""
    pieces = re.split(r"(\S{25,})", visible(text))
    return "".join(
        "<wbr>".join(escape(piece[at : at + 16]) for at in range(0, len(piece), 16)) if odd else escape(piece)
        for odd, piece in ((i % 2, piece) for i, piece in enumerate(pieces))
    )


def _id(heading: Heading) -> str:
    return "s-" + re.sub(r"[^a-z0-9]+", "-", heading.text.lower()).strip("-")


def _heading(b: Heading) -> str:
    return f'<h{b.level} id="{_id(b)}">{_text(b.text)}</h{b.level}>'


def _paragraph(b: Text) -> str:
    return f"<p{f' class={b.style}' if b.style else ''}>{_text(b.text)}</p>"


def _items(b: Items) -> str:
    return "<ul>" + "".join(f"<li>{_text(i)}</li>" for i in b.items) + "</ul>"


def _facts(b: Facts) -> str:
    return "<dl>" + "".join(f"<div><dt>{_text(t)}</dt><dd>{_text(d)}</dd></div>" for t, d in b.rows) + "</dl>"


def _table(b: Table) -> str:
    def cell(i: int, text: str) -> str:
        return f"<td{' class=n' if i in b.numeric else ''}>{_breakable(text)}</td>"

    heads = "".join(
        f'<th scope="col"{" class=n" if i in b.numeric else ""}>{_text(c)}</th>' for i, c in enumerate(b.columns)
    )
    rows = "\n".join("<tr>" + "".join(cell(i, v) for i, v in enumerate(row)) + "</tr>" for row in b.rows)
    return (
        f'<div class=wide role="region" tabindex="0" aria-label="{_text(b.caption)}"><table>'
        f"<caption>{_text(b.caption)}</caption><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _picture(b: Picture) -> str:
    # HTML needs no namespace on an inline picture.
    drawn = re.sub(r' xmlns(:xlink)?="[^"]*"', "", b.figure.svg())
    return f"<figure>{drawn}<figcaption>{_text(b.figure.title)}. {_text(b.figure.alt)}</figcaption></figure>"


def _code(b: Code) -> str:
    return f'<pre tabindex="0"><code>{_text(b.text)}</code></pre>'


WRITERS: dict[type[Block], Callable[[Any], str]] = {
    Heading: _heading,
    Text: _paragraph,
    Items: _items,
    Facts: _facts,
    Table: _table,
    Picture: _picture,
    Code: _code,
    Break: lambda _: "<hr>",
}
