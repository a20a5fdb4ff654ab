"""The summary as Markdown: every text escaped, so that none of it is markup, a link or HTML."""

from __future__ import annotations

import re

from kit.bundle.document import Block, Break, Code, Document, Facts, Heading, Items, Picture, Table, Text


def render(document: Document) -> str:
    """The document as Markdown (CommonMark with tables)."""
    head = [f"# {_text(document.title)}", f"**{_text(document.mark)}**", _text(document.subtitle)]
    return "\n\n".join([*head, *(_block(b) for b in document.blocks)]) + "\n"


def _text(text: str) -> str:
    """One line of text in which nothing is markup; a scheme such as javascript: is no link either."""
    line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_{}\[\]<>()#|~!&])", r"\\\1", line)
    escaped = re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", escaped)
    escaped = re.sub(r"^([-+=])", r"\\\1", escaped)
    return re.sub(r"(?i)\b(\w+)(://|\.(?=www))", r"\1\\\2", escaped).replace("@", "\\@")


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_text(block.text)}"
        case Text():
            return _text(block.text)
        case Items():
            return "\n".join(f"- {_text(i)}" for i in block.items)
        case Facts():
            return "\n".join(f"- **{_text(t)}:** {_text(d)}" for t, d in block.rows)
        case Table():
            return _table(block)
        case Picture():
            return f"*Chart: {_text(block.caption)}*"
        case Code():
            return "\n".join("    " + line for line in block.text.split("\n"))
        case Break():
            return "---"


def _table(table: Table) -> str:
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.columns))]
    rows = [[_text(c) for c in table.columns], rule, *([_text(v) for v in row] for row in table.rows)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([f"*{_text(table.caption)}*", "", *lines])
