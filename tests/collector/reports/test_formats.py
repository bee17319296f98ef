"""The files: what is in them, that nothing in them is a formula, and that the same report gives the same bytes."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from msgspec.structs import replace

from pantau_collector.reports import as_json, as_xlsx, tables
from pantau_collector.reports.document import Rate, Report
from pantau_collector.reports.formats import FORMATS, render
from pantau_contract.words import LANGUAGES, Language, words
from tests.collector.reports.small_city import SmallCity


@pytest.fixture
def report(city: SmallCity) -> Report:
    return city.maker().contract("rawat")


def rows_of(content: bytes, delimiter: str) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def sheet(content: bytes, name: str) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [tuple(cell.value for cell in row) for row in book[name].rows]


def test_csv_is_what_excel_expects_in_each_language(report: Report) -> None:
    indonesian = rows_of(render(report, "csv", words("id"), "accounts"), ";")
    english = rows_of(render(report, "csv", words("en"), "accounts"), ",")
    assert indonesian[0][:3] == ["Kontrak", "Nama", "Nomor kontrak"]
    assert english[0][:3] == ["Contract", "Name", "Contract number"]
    (there, here) = (dict(zip(each[0], each[1], strict=True)) for each in (indonesian, english))
    assert (there["Ketersediaan %"], here["Availability %"]) == (
        "87,996",
        "87.996",
    )  # 178.5 h of 2 x 744 h were lost
    assert here["Fee (Rp)"] == "10000000"
    assert render(report, "csv", words("en"), "accounts").count(b"\r\n") == 2


def test_every_outage_is_a_line_of_csv_with_local_times(report: Report) -> None:
    head, *rows = rows_of(render(report, "csv", words("en"), "outages"), ",")
    assert len(rows) == len(report.outages)
    first = dict(zip(head, rows[0], strict=True))
    assert (first["Camera"], first["From"], first["To"]) == ("gate", "2026-10-05 10:00:00", "2026-10-05 16:00:00")
    assert (first["Minutes in the month"], first["Whose time"]) == ("360.00", "down: camera")
    assert first["Evidence"] == "the agent's samples"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|'/c calc'!A0"])
def test_no_cell_is_a_formula(report: Report, text: str) -> None:
    hostile = replace(report, cameras=(replace(report.cameras[0], name=text, owner=text),))
    cells = [cell for row in rows_of(render(hostile, "csv", words("en"), "cameras"), ",") for cell in row]
    assert f"'{text}" in cells
    assert text not in cells
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx.render(hostile, words("en"))))
    found = [cell for row in book["Cameras"].rows for cell in row if cell.value is not None]
    assert {cell.data_type for cell in found} <= {"s", "n"}
    assert not any(cell.hyperlink for cell in found)


def test_the_workbook_has_a_sheet_for_each_table_with_rows(report: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx.render(report, words("en"))))
    assert book.sheetnames == ["Summary", "Contracts", "Cameras", "Outages", "Days", "Deductions", "Left out"]
    assert book.properties.created == datetime(2000, 1, 1)  # noqa: DTZ001 # not the time of day at which it was made
    rows = sheet(as_xlsx.render(report, words("en")), "Outages")
    assert rows[1][3:5] == (datetime(2026, 10, 5, 10), datetime(2026, 10, 5, 16))  # noqa: DTZ001 # Excel's have none
    assert rows[1][5] == 360
    summary = dict(sheet(as_xlsx.render(report, words("id")), "Ringkasan")[1:])
    assert summary["Biaya (Rp)"] == 10_000_000
    assert summary["Target tercapai"] == "tidak"


def test_of_many_outages_the_workbook_has_the_longest_and_says_how_many_it_lacks(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_xlsx.MAX_OUTAGES == 20_000
    monkeypatch.setattr(as_xlsx, "MAX_OUTAGES", 3)
    rows = sheet(as_xlsx.render(report, words("en")), "Outages")
    longest = sorted(report.outages, key=lambda each: each.ms_in_period)[-3:]
    assert sorted(row[5] for row in rows[1:4]) == [round(each.ms_in_period / 60_000, 2) for each in longest]
    lacks = len(report.outages) - 3
    assert rows[-1][0] == f"{lacks} shorter outages are left out here: the CSV has all."


def test_json_holds_the_whole_report_and_its_version(report: Report) -> None:
    content = as_json.render(report)
    assert as_json.parse(content) == report
    values = json.loads(content)
    assert values["version"] == 1
    assert values["accounts"][0]["fee"] == "10000000"
    with pytest.raises(ValueError, match="a report of version 2, and this program knows 1"):
        as_json.parse(content.replace(b'"version":1', b'"version":2'))
    with pytest.raises(ValueError, match="not a report"):
        as_json.parse(content[:-2])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_report_gives_the_same_bytes(city: SmallCity, form: str, language: Language) -> None:
    one, other = (city.maker().city("owner") for _ in range(2))
    chosen = next(each for each in FORMATS if each == form)
    assert render(one, chosen, words(language)) == render(other, chosen, words(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_has_as_many_cells_as_headings(city: SmallCity, report: Report, language: Language) -> None:
    for each in (report, city.maker().city("camera")):
        for name in tables.NAMES:
            table = tables.table(each, name, words(language))
            assert all(len(row) == len(table.headings) for row in table.rows)
            assert len(list(table.rows)) == len(table.rows)
            assert len(set(table.headings)) == len(table.headings)


def test_a_rate_is_shown_as_reached_only_if_it_was() -> None:
    assert Rate(99_999_999, 100_000_000).percent() == Decimal("99.99")
    assert Rate(1, 1).percent() == Decimal("100.00")
    assert Rate(2, 3).percent(3) == Decimal("66.666")
    assert Rate(0, 0).percent() is None
    assert (Rate(1999, 2000).permille, Rate(0, 0).permille) == (999, -1)
