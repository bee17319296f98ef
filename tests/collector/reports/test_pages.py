"""A report as HTML and as PDF, read by others' parsers."""

import re
from decimal import Decimal
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from pantau_collector.reports.detail_pages import MAX_CAMERAS, MAX_OUTAGES
from pantau_collector.reports.document import Rate, Report
from pantau_collector.reports.html import render_html
from pantau_collector.reports.outage_views import LONGEST, MAX_BYTES
from pantau_collector.reports.pdf import render_pdf
from pantau_contract.words import LANGUAGES, Language, words
from tests.collector.intake.messages import about, jpeg
from tests.collector.reports.october import CAMERAS, CITY, CONTRACT, EMPTY, OUTAGES, Album, at

PICTURE = jpeg(about())
ALBUM = Album(before_17_cam1=(PICTURE, at(3, 4, 10)), after_17_cam1=(PICTURE, at(5, 8, 15)))


class Page(HTMLParser):
    """An HTML page: its text, its elements, and whatever is missing of what a screen reader needs."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(content.decode())
        self.close()
        assert self._open == []
        self.text = re.sub(r"\s+", " ", " ".join(self.texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "link", "br", "rect", "circle", "polyline", "polygon"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(report: Report = CONTRACT, language: Language = "en") -> Page:
    return Page(render_html(report, words(language), ALBUM))


def pdf(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content), strict=True)


def resources(reader: PdfReader, kind: str) -> list[Any]:
    """Return the fonts or images that the pages use."""
    of_pages: list[Any] = [each["/Resources"] for each in reader.pages]
    return [entry.get_object() for each in of_pages for entry in each.get(kind, {}).values()]


def text_of(reader: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(each.extract_text() for each in reader.pages))


def pdf_text(report: Report = CONTRACT, language: Language = "en") -> str:
    return text_of(pdf(render_pdf(report, words(language), ALBUM)))


SAID: dict[Language, str] = {
    "id": "Ketersediaan kamera, Oktober 2026|98,71 %|98,49 %|Target 99,5 %: TIDAK tercapai|Rp 6.250.000"
    "|Rp 118.750.000|3.120,0|3 Okt 2026 04.12|5.1.02.02.01.0030|keputusan 4|PT Galian|Rp 50.000",
    "en": "Camera availability, October 2026|98.71%|98.49%|Target 99.5%: NOT met|Rp 6,250,000|Rp 118,750,000"
    "|3,120.0|3 Oct 2026 04:12|Budi|again within 7 days|noc (mail)|decision 4|kabel terputus oleh galian|1 d 17 h",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_report_holds_in_both_languages(language: Language) -> None:
    for found in (page(CONTRACT, language).text, pdf_text(CONTRACT, language)):
        for text in SAID[language].split("|"):
            assert text in found, text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", [CONTRACT, CITY, EMPTY])
def test_the_same_report_is_the_same_bytes(report: Report, language: Language) -> None:
    for render in (render_html, render_pdf):
        assert render(report, words(language), ALBUM) == render(report, words(language), ALBUM)


def test_a_head_of_department_finds_all_on_the_first_page() -> None:
    first = re.sub(r"\s+", " ", pdf(render_pdf(CONTRACT, words("en"))).pages[0].extract_text())
    for text in (
        "98.71%",
        "98.49%",
        "NOT met",
        "Rp 6,250,000",
        "The five worst",
        "Kamera 1",
        "99.23%",
        "Page 1 of",
    ):
        assert text in first, text
    assert "The contract" not in first


def test_names_are_no_markup_and_turn_no_direction() -> None:
    hostile = page()
    assert not hostile.all("script")
    assert "<script>alert(1)</script> gnaro" in hostile.text
    for content in (render_html(CONTRACT, words("en")).decode(), pdf_text()):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", content)


def test_the_page_needs_nothing_from_anyone() -> None:
    content = render_html(CONTRACT, words("en"), ALBUM).decode()
    assert not re.search(r"https?:|url\(|@import|<link|<iframe|javascript:|\son\w+=", content)
    assert all((each["src"] or "").startswith("data:image/jpeg;base64,") for each in page().all("img"))
    [policy] = [each["content"] for each in page().all("meta") if "http-equiv" in each]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_the_page_can_be_read_aloud() -> None:
    found = page(CONTRACT, "id")
    assert found.all("html") == [{"lang": "id"}]
    assert all(each.get("alt") for each in found.all("img"))
    assert len(found.all("svg")) == 4
    assert all(each["role"] == "img" and len(each["aria-label"] or "") > 40 for each in found.all("svg"))
    assert all(each.get("scope") in {"col", "row"} for each in found.all("th"))
    assert len(found.all("table")) == len(found.all("caption"))
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1


def test_the_pdf_has_embedded_fonts_bookmarks_and_neither_scripts_nor_links() -> None:
    content = render_pdf(CONTRACT, words("id"), ALBUM)
    reader = pdf(content)
    assert reader.metadata is not None
    assert reader.metadata.title == "Ketersediaan kamera, Oktober 2026"
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "id"
    assert "Kamera" in [getattr(each, "title", "") for each in reader.outline]
    assert not re.search(rb"/JavaScript|/JS\b|/OpenAction|/URI|/Launch|/AcroForm", content)
    names = {font["/BaseFont"] for font in resources(reader, "/Font")}
    assert {name.split("+")[-1] for name in names} >= {"Inter-Regular", "Inter-SemiBold"}
    assert all("/Annots" not in each for each in reader.pages)


def test_the_longest_outages_are_shown_before_and_after() -> None:
    assert len(page().all("img")) == 2
    assert "Last good picture before, 3 Oct 2026 04:10:00 WIB" in page().text
    assert "First good picture after, 5 Oct 2026 08:15:00 WIB" in pdf_text()
    reader = pdf(render_pdf(CONTRACT, words("en"), ALBUM))
    assert PICTURE in [image._data for image in resources(reader, "/XObject")]


def test_a_picture_of_another_outage_or_camera_is_not_shown() -> None:
    wrong = Album(
        before_17_cam1=(PICTURE, at(9)), after_17_cam1=(PICTURE, at(1)), before_18_cam1=(PICTURE, at(17))
    )
    assert not Page(render_html(CONTRACT, words("en"), wrong)).all("img")


def test_the_ten_longest_are_shown_and_no_more_than_can_be_mailed() -> None:
    many = tuple(replace(OUTAGES[0], incident=100 + i, ms={}) for i in range(12))
    album = {f"before_{100 + i}_cam1": (PICTURE, at(2)) for i in range(12)}
    report = replace(CONTRACT, outages=many)
    assert len(Page(render_html(report, words("en"), Album(**album))).all("img")) == LONGEST == 10
    large = {name: (bytes(5_000_000), at(2)) for name in album}
    shown = Page(render_html(report, words("en"), Album(**large)))
    assert len(shown.all("img")) == 2 == MAX_BYTES // 5_000_000
    assert shown.text.count("all pictures together would be too large") == 8


def test_what_is_no_jpeg_leaves_an_empty_frame() -> None:
    broken = Album(before_17_cam1=(b"\xff\xd8\xff\xe0\x00", at(3)))
    assert "Simpang Kabil / Kamera 1: 3 Oct 2026 04:12" in text_of(pdf(render_pdf(CONTRACT, words("en"), broken)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_without_data_says_so(language: Language) -> None:
    said = words(language)("report.page.no_data")
    assert said in page(EMPTY, language).text
    assert said in pdf_text(EMPTY, language)
    assert len(pdf(render_pdf(EMPTY, words(language))).pages) == 1


def test_long_tables_are_cut_and_say_so() -> None:
    assert (MAX_CAMERAS, MAX_OUTAGES) == (500, 300)
    cameras = tuple(replace(CAMERAS[i % 7], camera=f"c{i}", name=f"Kamera nomor {i}") for i in range(1520))
    outages = tuple(replace(OUTAGES[0], camera=f"c{i % 520}", from_ms=at(1) + i * 60_000) for i in range(400))
    report = replace(CITY, cameras=cameras, outages=outages)
    text = page(report).text
    assert "500 of 1,520 are shown here. The CSV of this report has all of them." in text
    assert "300 of 400 are shown here." in text
    assert "The map shows the 40 worst of 1,520 cameras." in text
    assert len(pdf(render_pdf(report, words("en"))).pages) < 80


def test_a_target_that_cannot_be_judged_is_neither_met_nor_missed() -> None:
    account = replace(CONTRACT.accounts[0], is_met=None, target=Decimal("99.5"))
    text = page(replace(CONTRACT, accounts=(account,))).text
    assert "Target 99.5%: cannot be judged" in text
    assert "NOT met" not in text
    assert "99.5%: met" not in text


def test_a_running_month_says_until_when() -> None:
    period = replace(CONTRACT.period, is_running=True, to_ms=at(9, 12, 30))
    assert "these are the figures until 9 Oct 2026 12:30:00 WIB" in page(replace(CONTRACT, period=period)).text


def test_a_closed_month_says_by_whom() -> None:
    period = replace(CONTRACT.period, closed_ms=at(31, 10), closed_by="Siti")
    text = page(replace(CONTRACT, period=period)).text
    assert "Closed on 31 Oct 2026 10:00:00 WIB by Siti." in text
    assert "The month is final" not in text
    assert "The month is final" in page(replace(CONTRACT, period=period, is_final=True)).text


def test_a_camera_that_nobody_ever_measured_is_named_as_such_on_the_first_page() -> None:
    never = replace(CAMERAS[5], figures=replace(CAMERAS[5].figures, measured=Rate(0, 1000)))
    report = replace(CONTRACT, cameras=(*CAMERAS[:5], never))
    first = pdf(render_pdf(report, words("en"))).pages[0].extract_text()
    assert "1 camera was not measured at all in this period" in first
    assert "not measured at all" not in pdf_text()
