"""Blocks and figures as HTML and PDF, whatever is in them."""

from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from pantau_collector.paper.blocks import (
    Block,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Pictures,
    Table,
)
from pantau_collector.paper.figure import Circle, Figure, Line, Polygon, Rect, Text, hatching
from pantau_collector.paper.fonts import fonts
from pantau_collector.paper.html import to_html
from pantau_collector.paper.pdf import to_pdf
from pantau_collector.paper.svg import to_svg

FIGURE = Figure(
    200,
    100,
    'A "figure" <of> shapes',
    "one & two",
    (
        Rect(10, 10, 50, 20, "#0072b2", "#1a1a1a", hatch=True),
        Line(((0, 0), (20, 10), (40, 0)), dash=(2, 1)),
        Polygon(((0, 0), (5, 5), (0, 5)), stroke="#1a1a1a"),
        Circle(100, 50, 5),
        Text(100, 90, "<tspan>Ж ☺\u202e", anchor="middle", bold=True),
    ),
)


def document(*blocks: Block) -> Document:
    return Document("Title", "subtitle", "en", "footer", "Page {page} of {pages}", blocks)


def text_of(*blocks: Block) -> str:
    reader = PdfReader(BytesIO(to_pdf(document(*blocks))), strict=True)
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_a_figure_is_well_formed_and_says_what_it_shows() -> None:
    svg = ET.fromstring(to_svg(FIGURE))
    assert svg.attrib["aria-label"] == 'A "figure" <of> shapes. one & two'
    assert [each.text for each in svg.iter("text")] == ["<tspan>Ж ☺"]
    assert len(list(svg.iter("polyline"))) == 1 + len(hatching(Rect(10, 10, 50, 20)))
    assert to_pdf(document(Chart(FIGURE))) == to_pdf(document(Chart(FIGURE)))


@pytest.mark.parametrize("size", [(50, 20), (20, 50), (1, 1), (7, 100)])
def test_hatching_stays_within_its_rectangle(size: tuple[float, float]) -> None:
    rect = Rect(3, 5, *size)
    for line in hatching(rect):
        for x, y in line.points:
            assert 3 <= x <= 3 + size[0]
            assert 5 <= y <= 5 + size[1]


def test_neither_a_number_nor_a_word_of_a_header_is_broken_in_a_narrow_column() -> None:
    columns = (Column("Name", 100), Column("Dikecualikan", 0.1), Column("Rupiah", 0.1, number=True))
    text = text_of(Table("Caption", columns, (("a name " * 40, "x", "123.456.789.012,5"),)))
    assert "123.456.789.012,5" in text
    assert "Dikecualikan" in text


@pytest.mark.parametrize("text", ["x" * 5000, "word " * 1000, "", "\n\u2028\x00\ud800", "漢字 " * 50])
def test_any_text_fits_everywhere(text: str) -> None:
    blocks = (
        Heading(text, 1),
        Paragraph(text),
        KeyFigures(tuple(KeyFigure(text, text, text) for _ in range(5))),
        Facts(((text, text),)),
        Table(text, (Column(text), Column(text, number=True)), ((text, text),) * 3),
        Chart(Figure(200, 20, text, text, (Text(0, 10, text),))),
        Pictures(text, ()),
    )
    assert len(PdfReader(BytesIO(to_pdf(document(*blocks))), strict=True).pages) < 20
    to_html(document(*blocks)).decode("utf-8")


def test_lines_are_as_wide_as_they_may_be_and_lose_nothing() -> None:
    text = "satu dua tiga " + "x" * 100 + " empat"
    lines = fonts().wrapped(text, 8, 100)
    assert all(fonts().width(line, 8) <= 100 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert fonts().wrapped("one two three", 8, 20, most=1)[0].endswith("…")


def test_a_table_goes_on_over_pages_with_its_header_on_each() -> None:
    table = Table(
        "Caption", (Column("Camera"), Column("No.", number=True)), tuple((f"c{i}", str(i)) for i in range(200))
    )
    reader = PdfReader(BytesIO(to_pdf(document(table))), strict=True)
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) > 2
    assert all("Camera" in page and f"Page {i} of {len(pages)}" in page for i, page in enumerate(pages, start=1))
    assert all(f"c{i}\n" in "".join(pages) for i in range(200))


def test_a_figure_higher_than_a_page_is_made_smaller() -> None:
    high = Figure(500, 3000, "high", "", (Rect(0, 0, 500, 3000),))
    assert len(PdfReader(BytesIO(to_pdf(document(Paragraph("before"), Chart(high)))), strict=True).pages) == 1
