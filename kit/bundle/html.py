"""The summary as one HTML file: no script, nothing fetched, readable on screen, on paper and by a screen reader."""

from __future__ import annotations

import re
from html import escape
from importlib import resources

from kit.bundle.document import Block, Break, Code, Document, Facts, Heading, Items, Picture, Table, Text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
PIECE = r"(?:[^&]|&\w+;|&#\w+;){16}"  # sixteen characters of escaped text


def render(document: Document) -> str:
    """The document as HTML text."""
    style = _dense((resources.files("kit") / "bundle" / "summary.css").read_text(encoding="utf-8"))
    contents = [b for b in document.blocks if isinstance(b, Heading) and b.level == 2]
    links = "".join(f'<li><a href="#{_id(h)}">{escape(h.text)}</a></li>' for h in contents)
    body = "\n".join(_block(b) for b in document.blocks)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        "<meta name=viewport content=initial-scale=1>\n<meta name=referrer content=no-referrer>\n"
        f"<title>{escape(document.title)}</title>\n<style>{style}</style>\n"
        f"<body>\n<header><p class=mark>{escape(document.mark)}</p><h1>{escape(document.title)}</h1>"
        f"<p class=subtitle>{escape(document.subtitle)}</p></header>\n"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n<main>\n{body}\n</main>\n'
        f"<footer><p class=mark>{escape(document.mark)}</p></footer>\n</body>\n</html>\n"
    )


def _dense(style: str) -> str:
    """A style sheet without needless space, so that no forty characters of it stand in a prompt about pages too."""
    return re.sub(r"\s*([{}:;,])\s*", r"\1", re.sub(r"\s+", " ", style)).replace(";}", "}").strip()


def _breakable(text: str) -> str:
    """Text in which a long word (an id, a hash) may break, so that a column stays on the page."""
    return re.sub(r"(?:[^\s&]|&\w+;|&#\w+;){25,}", lambda m: re.sub(PIECE, r"\g<0><wbr>", m[0]), escape(text))


def _id(heading: Heading) -> str:
    return "s-" + re.sub(r"[^a-z0-9]+", "-", heading.text.lower()).strip("-")


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f'<h{block.level} id="{_id(block)}">{escape(block.text)}</h{block.level}>'
        case Text():
            return f"<p{f' class={block.style}' if block.style else ''}>{escape(block.text)}</p>"
        case Items():
            return "<ul>" + "".join(f"<li>{escape(i)}</li>" for i in block.items) + "</ul>"
        case Facts():
            rows = (f"<div><dt>{escape(t)}</dt><dd>{escape(d)}</dd></div>" for t, d in block.rows)
            return f"<dl>{''.join(rows)}</dl>"
        case Table():
            return _table(block)
        case Picture():
            drawn = re.sub(r' xmlns(:xlink)?="[^"]*"', "", block.figure.svg())  # HTML needs no namespace
            return f"<figure>{drawn}<figcaption>{escape(block.caption)}</figcaption></figure>"
        case Code():
            return f'<pre tabindex="0"><code>{escape(block.text)}</code></pre>'
        case Break():
            return "<hr>"


def _table(b: Table) -> str:
    side = [" class=n" if i in b.numeric else "" for i in range(len(b.columns))]
    heads = "".join(f'<th scope="col"{s}>{escape(c)}</th>' for s, c in zip(side, b.columns, strict=True))
    rows = "\n".join(
        "<tr>" + "".join(f"<td{s}>{_breakable(v)}</td>" for s, v in zip(side, row, strict=True)) + "</tr>"
        for row in b.rows
    )
    name = escape(b.caption)
    return (
        f'<div class=wide role="region" tabindex="0" aria-label="{name}"><table>'
        f"<caption>{name}</caption><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )
