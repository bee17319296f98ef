"""A document as a PDF on A4: vector figures, embedded fonts, bookmarks. The same document gives the same bytes."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfdoc import PDFString
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, PageBreak, PageTemplate

from pantau_collector.paper.blocks import (
    Block,
    Chart,
    Document,
    Facts,
    Heading,
    KeyFigures,
    Paragraph,
    Pictures,
    Table,
)
from pantau_collector.paper.fonts import fonts
from pantau_collector.paper.pdf_blocks import Cards, FactLines, FigureBlock, Lines, PictureRow, TableRows
from pantau_contract.printable import printable_line

_WIDTH, _HEIGHT = A4
_MARGIN, _FOOT = 16 * mm, 18 * mm
_BLUE, _SOFT = HexColor("#0b3d66"), "#4a4f55"
_PART = 300.0
"""Points that must be left on a page for a part to begin on it. The first part begins the second page."""
_SIZES = {1: 15.0, 2: 11.5, 3: 9.5}


def to_pdf(document: Document) -> bytes:
    """Return the document as a PDF 1.4 without scripts, forms or links."""
    fonts()
    file = BytesIO()
    frame = Frame(_MARGIN, _FOOT, _WIDTH - 2 * _MARGIN, _HEIGHT - _FOOT - _MARGIN, 0, 0, 0, 0)
    template = _Template(
        file,
        pagesize=A4,
        pageTemplates=[PageTemplate("page", [frame])],
        title=printable_line(document.title),
        author="Pantau",
        subject=printable_line(document.subtitle),
        invariant=1,
        pageCompression=1,
        lang=document.language,
    )
    template.build(list(_flowables(document)), canvasmaker=_canvas_maker(document))
    return file.getvalue()


def _flowables(document: Document) -> Iterator[Flowable]:
    yield Lines(document.title, 20, bold=True)
    yield Lines(document.subtitle, 9.5, colour=_SOFT)
    parts = 0
    for block in document.blocks:
        if isinstance(block, Heading) and block.level == 1:
            yield CondPageBreak(_PART) if parts else PageBreak()
            parts += 1
        yield _flowable(block)


def _flowable(block: Block) -> Flowable:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Heading(text, level):
            return Lines(text, _SIZES[level], bold=True, before=12 if level > 1 else 18, level=level)
        case Paragraph(text, note):
            return Lines(text, 7.5 if note else 9, colour=_SOFT if note else "#1a1a1a")
        case KeyFigures(figures):
            return Cards(figures)
        case Table(caption, columns, rows, strong):
            return TableRows(caption, columns, rows, strong)
        case Facts(facts):
            return FactLines(facts)
        case Chart(figure):
            return FigureBlock(figure)
        case Pictures(title, pictures):
            return PictureRow(title, pictures)


class _Template(BaseDocTemplate):
    """Adds a bookmark for each heading."""

    _has_part = False

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        """Note where a heading has been drawn."""
        if isinstance(flowable, Lines) and flowable.level:
            key = f"heading-{self.page}-{flowable.text}"
            self.canv.bookmarkPage(key)
            level = min(flowable.level - 1, 1) if self._has_part else 0
            self._has_part = True
            self.canv.addOutlineEntry(flowable.text, key, level, closed=level > 0)


def _canvas_maker(document: Document) -> type[Canvas]:
    class NumberedCanvas(Canvas):
        """Writes `page 2 of 9` at the end of each page, once it is known how many there are."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._pages: list[dict[str, Any]] = []
            catalogue: Any = self._doc.Catalog  # type: ignore[attr-defined]
            catalogue.Lang = PDFString(document.language)

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            """Keep a finished page."""
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            """Write all pages."""
            for i, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self._foot(i, len(self._pages))
                super().showPage()
            super().save()

        def _foot(self, page: int, pages: int) -> None:
            if page == 1:
                self.setFillColor(_BLUE)
                self.rect(0, _HEIGHT - 5, _WIDTH, 5, stroke=0, fill=1)
            self.setStrokeColor(HexColor("#d5d8dc"))
            self.setLineWidth(0.5)
            self.line(_MARGIN, 13 * mm, _WIDTH - _MARGIN, 13 * mm)
            self.setFont(fonts().regular, 7)
            self.setFillColor(HexColor(_SOFT))
            room = _WIDTH - 2 * _MARGIN - 80
            self.drawString(_MARGIN, 9 * mm, fonts().wrapped(document.footer, 7, room, most=1)[0])
            self.drawRightString(_WIDTH - _MARGIN, 9 * mm, document.page_of.format(page=page, pages=pages))

    return NumberedCanvas
