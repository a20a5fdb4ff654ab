"""The summary as DOCX, for people who edit and comment: built-in styles, real headings, tables with header rows."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.shared import Cm, Pt

from kit.bundle.document import (
    Block,
    Break,
    Code,
    Document,
    Facts,
    Heading,
    Items,
    Picture,
    Table,
    Text,
    column_widths,
)
from kit.result import visible

PAGE_WIDTH_CM = 17.4


def render(document: Document, made_at: datetime) -> bytes:
    """The document as DOCX."""

    made = docx.Document()
    made.styles["Normal"].font.name = "Calibri"
    made.styles["Normal"].font.size = Pt(10)
    for section in made.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(1.8)
        section.top_margin = section.bottom_margin = Cm(1.7)
        section.header.paragraphs[0].text = document.mark
    properties = made.core_properties
    properties.title, properties.author, properties.language = document.title, "", "en"
    properties.created = properties.modified = made_at.replace(tzinfo=None)
    made.add_heading(document.title, 0)
    made.add_paragraph(document.subtitle)
    for block in document.blocks:
        _write(made, block)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _write(made: Any, block: Block) -> None:
    match block:
        case Heading():
            made.add_heading(block.text, block.level - 1)
        case Text():
            run = made.add_paragraph().add_run(block.text)
            run.font.size = {"lead": Pt(12), "note": Pt(8.5)}.get(block.style)
        case Items():
            for item in block.items:
                made.add_paragraph(item, style="List Bullet")
        case Facts():
            for term, said in block.rows:
                paragraph = made.add_paragraph()
                paragraph.add_run(f"{term}: ").bold = True
                paragraph.add_run(said)
        case Table():
            _table(made, block)
        case Picture():
            shape = made.add_picture(io.BytesIO(block.figure.png()), width=Cm(16.5))
            shape._inline.docPr.set("descr", visible(block.figure.alt))
            shape._inline.docPr.set("title", visible(block.figure.title))
            made.add_paragraph(block.caption, style="Caption")
        case Code():
            run = made.add_paragraph().add_run(block.text)
            run.font.name, run.font.size = "Consolas", Pt(8)
        case Break():
            made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _table(made: Any, block: Table) -> None:
    made.add_paragraph(block.caption, style="Caption").paragraph_format.keep_with_next = True
    grid = made.add_table(rows=1 + len(block.rows), cols=len(block.columns), style="Table Grid")
    grid.autofit = False
    characters = [3 + w for w in column_widths([block.columns, *block.rows])]
    widths = [Cm(PAGE_WIDTH_CM * w / sum(characters)) for w in characters]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for number, (row, values) in enumerate(zip(grid.rows, [block.columns, *block.rows], strict=True)):
        for i, (cell, value, width) in enumerate(zip(row.cells, values, widths, strict=True)):
            cell.width = width
            run = cell.paragraphs[0].add_run(value)
            run.font.size, run.bold = Pt(8), number == 0
            if i in block.numeric:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for row in grid.rows:
        _mark(row, "cantSplit")  # a row is read whole, on one page
    _mark(grid.rows[0], "tblHeader")
    made.add_paragraph()


def _mark(row: Any, name: str) -> None:
    marker = row._tr.get_or_add_trPr()
    marker.append(marker.makeelement(f"{{{marker.nsmap['w']}}}{name}", {}))
