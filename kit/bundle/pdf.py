"""The summary as a tagged PDF (PDF/UA-1) with bookmarks, set by typst: no system packages, no network."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import datetime
from importlib import resources
from typing import Any

import typst

from kit.bundle.document import Block, Document, Picture, Table, column_widths
from kit.errors import BundleError

FULL_WIDTH_PX = 760.0
BEYOND_FONTS = re.compile("[^\n\t -~\xa0-\u024f\u0370-\u04ff\u2010-\u2026\u2030-\u203a\u20ac\u2212]")
BEYOND_ASCII = re.compile(r"[^\n\t -~]")


def render(document: Document, made_at: datetime) -> bytes:
    """The document as PDF. Raises BundleError if typst refuses it.

    typst uses its own fonts and those of the machine. Where no font has a character, PDF/UA forbids an empty box;
    then everything beyond Latin, Greek and Cyrillic is written as \\uXXXX, and if need be all that is not ASCII.
    """
    refused = ""
    for unknown in (None, BEYOND_FONTS, BEYOND_ASCII):
        try:
            return _set(json.dumps(_data(document, unknown), ensure_ascii=True), made_at)
        except RuntimeError as e:
            refused = str(e).splitlines()[0]
            if "could not be displayed" not in refused:
                break
    raise BundleError(f"The PDF cannot be set ({refused}); report this with the title of the case.")


def _set(data: str, made_at: datetime) -> bytes:
    template = (resources.files("kit") / "bundle" / "summary.typ").read_bytes()
    made = typst.compile(
        template, format="pdf", sys_inputs={"document": data}, pdf_standards=["ua-1"], timestamp=made_at
    )
    if not isinstance(made, bytes):
        raise BundleError("typst gave no PDF; reinstall the typst package.")
    return made


def _data(document: Document, unknown: re.Pattern[str] | None) -> dict[str, Any]:
    data = {
        "title": document.title or "Untitled",
        "subtitle": document.subtitle,
        "mark": document.mark,
        "blocks": [_block(b) for b in document.blocks],
    }
    return data if unknown is None else _escaped(data, unknown)


def _escaped(value: Any, unknown: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return unknown.sub(lambda m: f"\\u{ord(m[0]):04x}", value)
    if isinstance(value, dict):
        return {k: v if k == "svg" else _escaped(v, unknown) for k, v in value.items()}
    return [_escaped(v, unknown) for v in value] if isinstance(value, list) else value


def _block(block: Block) -> dict[str, Any]:
    """A block as the template reads it: its kind and its fields."""
    kind = type(block).__name__.lower()
    if isinstance(block, Picture):
        drawn = block.figure.svg()
        size = re.search(r'<svg\b[^>]*?\bwidth="([\d.]+)', drawn)
        width = min(1.0, float(size[1]) / FULL_WIDTH_PX) if size else 1.0
        return {"kind": kind, "svg": drawn, "alt": block.figure.alt, "caption": block.caption, "width": width}
    data = {"kind": kind, **{f.name: getattr(block, f.name) for f in fields(block)}}
    if isinstance(block, Table):
        data |= {"numeric": sorted(block.numeric), "widths": column_widths([block.columns, *block.rows])}
    return data
