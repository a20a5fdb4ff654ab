"""The summary as a tagged PDF (PDF/UA-1) with bookmarks, set by typst: no system packages, no network."""

from __future__ import annotations

import json
import re
from datetime import datetime
from importlib import resources
from typing import Any

from kit.bundle.document import Block, Code, Document, Facts, Heading, Items, Picture, Table, Text
from kit.errors import BundleError
from kit.result import visible

FULL_WIDTH_PX = 760.0


def render(document: Document, made_at: datetime) -> bytes:
    """The document as PDF. Raises BundleError if typst refuses it."""
    import typst

    data = {
        "title": visible(document.title),
        "subtitle": visible(document.subtitle),
        "mark": document.mark,
        "blocks": [_block(b) for b in document.blocks],
    }
    try:
        made = typst.compile(
            (resources.files("kit") / "bundle" / "summary.typ").read_bytes(),
            format="pdf",
            sys_inputs={"document": json.dumps(data, ensure_ascii=True)},
            pdf_standards=["ua-1"],
            timestamp=made_at,
        )
    except typst.TypstError as e:
        raise BundleError(
            f"The PDF cannot be set ({str(e).splitlines()[0]}); report this with the case title."
        ) from e
    if not isinstance(made, bytes):
        raise BundleError("typst gave no PDF; reinstall the typst package.")
    return made


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": visible(block.text)}
    if isinstance(block, Text):
        return {"kind": "text", "style": block.style, "text": visible(block.text)}
    if isinstance(block, Items):
        return {"kind": "items", "items": [visible(i) for i in block.items]}
    if isinstance(block, Facts):
        return {"kind": "facts", "rows": [[visible(t), visible(d)] for t, d in block.rows]}
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Picture):
        return _picture(block)
    if isinstance(block, Code):
        return {"kind": "code", "text": visible(block.text)}
    return {"kind": "break"}


def _table(table: Table) -> dict[str, Any]:
    rows = [[visible(v) for v in row] for row in table.rows]
    columns = list(zip(*[list(table.columns), *rows], strict=True))
    words = [min(26, max(len(word) for text in column for word in [*text.split(), ""])) for column in columns]
    longest = [max(len(text) for text in column) for column in columns]
    return {
        "kind": "table",
        "caption": visible(table.caption),
        "columns": [visible(c) for c in table.columns],
        "rows": rows,
        "numeric": sorted(table.numeric),
        # In proportion to the text, but wide enough for the longest word and none wider than a paragraph.
        "widths": [max(6, w + 1, min(n, 44)) for n, w in zip(longest, words, strict=True)],
    }


def _picture(picture: Picture) -> dict[str, Any]:
    drawn = picture.figure.svg()
    size = re.search(r'<svg\b[^>]*?\bwidth="([\d.]+)', drawn)
    width = min(1.0, float(size[1]) / FULL_WIDTH_PX) if size else 1.0
    figure = picture.figure
    caption = f"{figure.title}. {figure.alt}"
    return {"kind": "picture", "svg": drawn, "alt": figure.alt, "caption": caption, "width": width}
