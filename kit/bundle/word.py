"""The summary as DOCX, for people who edit and comment: built-in styles, real headings, tables with header rows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

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
    import docx
    from docx.shared import Cm, Pt

    made = docx.Document()
    made.styles["Normal"].font.name = "Calibri"
    made.styles["Normal"].font.size = Pt(10)
    for section in made.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(1.8)
        section.top_margin = section.bottom_margin = Cm(1.7)
        section.header.paragraphs[0].text = document.mark
    properties = made.core_properties
    properties.title, properties.author, properties.language = _text(document.title), "", "en"
    properties.created = properties.modified = made_at.replace(tzinfo=None)
    made.add_heading(_text(document.title), 0)
    made.add_paragraph(_text(document.subtitle))
    for block in document.blocks:
        _write(made, block)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _text(text: str) -> str:
    """Text that XML can hold: everything not printable is shown as an escape."""
    return re.sub(r"[\ufffe\uffff]", lambda m: f"\\u{ord(m[0]):04x}", visible(text))


def _write(made: Any, block: Block) -> None:
    from docx.enum.text import WD_BREAK
    from docx.shared import Pt

    if isinstance(block, Heading):
        made.add_heading(_text(block.text), block.level - 1)
    elif isinstance(block, Text):
        run = made.add_paragraph().add_run(_text(block.text))
        run.font.size = {"lead": Pt(12), "note": Pt(8.5)}.get(block.style)
    elif isinstance(block, Items):
        for item in block.items:
            made.add_paragraph(_text(item), style="List Bullet")
    elif isinstance(block, Facts):
        for term, said in block.rows:
            paragraph = made.add_paragraph()
            paragraph.add_run(f"{_text(term)}: ").bold = True
            paragraph.add_run(_text(said))
    elif isinstance(block, Table):
        _table(made, block)
    elif isinstance(block, Picture):
        _picture(made, block)
    elif isinstance(block, Code):
        run = made.add_paragraph().add_run(_text(block.text))
        run.font.name, run.font.size = "Consolas", Pt(8)
    elif isinstance(block, Break):
        made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _table(made: Any, block: Table) -> None:
    from docx.shared import Cm

    made.add_paragraph(_text(block.caption), style="Caption")
    grid = made.add_table(rows=1 + len(block.rows), cols=len(block.columns), style="Table Grid")
    grid.autofit = False
    characters = [3 + w for w in column_widths([list(block.columns), *block.rows])]
    widths = [Cm(PAGE_WIDTH_CM * w / sum(characters)) for w in characters]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    for number, (row, values) in enumerate(zip(grid.rows, [block.columns, *block.rows], strict=True)):
        _fill(row.cells, values, widths, block.numeric, bold=number == 0)
    marker = grid.rows[0]._tr.get_or_add_trPr()
    marker.append(marker.makeelement(f"{{{marker.nsmap['w']}}}tblHeader", {}))
    made.add_paragraph()


def _fill(
    cells: Sequence[Any], values: Sequence[str], widths: Sequence[Any], numeric: frozenset[int], *, bold: bool
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    for i, (cell, value, width) in enumerate(zip(cells, values, widths, strict=True)):
        cell.width = width
        paragraph = cell.paragraphs[0]
        run = paragraph.add_run(_text(value))
        run.font.size, run.bold = Pt(8), bold
        if i in numeric:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _picture(made: Any, block: Picture) -> None:
    from docx.shared import Cm

    figure = block.figure
    shape = made.add_picture(io.BytesIO(figure.png()), width=Cm(16.5))
    shape._inline.docPr.set("descr", _text(figure.alt))
    shape._inline.docPr.set("title", _text(figure.title))
    made.add_paragraph(_text(f"{figure.title}. {figure.alt}"), style="Caption")
