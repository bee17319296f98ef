"""Workbooks of every kind, and such as are made to do harm."""

import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import xlwt
from openpyxl import Workbook

from pantau_collector.spreadsheet import limits, read_sheet
from pantau_service.settings import ConfigError
from tests.collector.spreadsheet.open_document import empty_rows, row, write_ods


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        read_sheet(path)
    return str(error.value)


def write_xls(path: Path, rows: list[list[object]], *, sheet: str = "Data") -> Path:
    book = xlwt.Workbook()
    book.add_sheet("Petunjuk").write(0, 0, "Isi lembar kedua")
    made = book.add_sheet(sheet)
    for at, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            made.write(at, column, cell)
    book.save(str(path))
    return path


def test_an_old_excel_workbook_is_read(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["DAFTAR CCTV"],
        [],
        ["Lokasi", "Kamera", "Lintang", "Bujur", "Nama"],
        ["kabil", 7, 1.0836, 104, "Kafé utara"],
        [],
        ["kabil", "k2", -0.5, 104.25, ""],
    ]
    sheet = read_sheet(write_xls(tmp_path / "cctv.xls", rows))
    assert sheet.header == ["Lokasi", "Kamera", "Lintang", "Bujur", "Nama"]
    assert sheet.rows == [
        (4, ["kabil", "7", "1.0836", "104", "Kafé utara"]),
        (6, ["kabil", "k2", "-0.5", "104.25"]),
    ]
    assert read_sheet(tmp_path / "cctv.xls", name="Data").rows == sheet.rows


def test_a_libreoffice_workbook_is_read(tmp_path: Path) -> None:
    rows = [
        row("DAFTAR CCTV"),
        empty_rows(2),
        row("Lokasi", "Kamera", "Lintang", "Bujur"),
        row("kabil", 7, 1.0836, 104),
        row("kabil", "k2", -0.5, 104.25),
        empty_rows(1_048_570),
    ]
    path = write_ods(tmp_path / "cctv.ods", {"Petunjuk": row("Isi lembar kedua"), "Data": "".join(rows)})
    assert read_sheet(path).rows == [(5, ["kabil", "7", "1.0836", "104"]), (6, ["kabil", "k2", "-0.5", "104.25"])]
    with pytest.raises(ConfigError, match="there is no sheet `Dta`; expected one of Petunjuk, Data"):
        read_sheet(path, name="Dta")


def test_the_same_sheet_is_the_same_in_every_format(tmp_path: Path) -> None:
    rows: list[list[object]] = [["site", "id", "latitude", "tags"], ["kabil", 12, 1.5, "a, b"]]
    book = Workbook()
    for cells in rows:
        book.worksheets[0].append(cells)
    book.save(tmp_path / "a.xlsx")
    write_xls(tmp_path / "a.xls", rows)
    write_ods(tmp_path / "a.ods", {"Data": row("site", "id", "latitude", "tags") + row("kabil", 12, 1.5, "a, b")})
    (tmp_path / "a.csv").write_text('site,id,latitude,tags\nkabil,12,1.5,"a, b"\n')
    for name in ("a.xlsx", "a.xls", "a.ods", "a.csv"):
        sheet = read_sheet(tmp_path / name)
        assert (sheet.header, sheet.rows) == (
            ["site", "id", "latitude", "tags"],
            [(2, ["kabil", "12", "1.5", "a, b"])],
        )


def test_a_workbook_is_known_by_its_content_where_the_name_says_another_kind(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["lokasi", "kamera"])
    book.worksheets[0].append(["kabil", "k1"])
    book.save(tmp_path / "cctv.xlsx")
    (tmp_path / "cctv.xlsx").rename(tmp_path / "cctv.xls")
    assert read_sheet(tmp_path / "cctv.xls").rows == [(2, ["kabil", "k1"])]


def test_dates_truths_and_long_texts_are_text(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["lokasi", "kamera", "a", "b", "c", "d"])
    sheet.append(
        ["kabil", "k1", datetime.fromisoformat("2026-11-29 21:30"), date(2026, 11, 29), True, "x" * 20_000]
    )
    book.save(tmp_path / "cctv.xlsx")
    cells = read_sheet(tmp_path / "cctv.xlsx").rows[0][1]
    assert cells[2] == "2026-11-29 21:30:00"
    assert cells[3].startswith("2026-11-29")
    assert cells[4:] == ["TRUE", "x" * 10_000]


def test_the_limits_are_those_that_are_documented() -> None:
    assert limits.MAX_BYTES == 50_000_000
    assert limits.MAX_UNPACKED_BYTES == 500_000_000
    assert limits.MAX_ROWS == 200_000
    assert limits.MAX_COLUMNS == 1_000
    assert limits.MAX_CELL == 10_000
    assert limits.MAX_SHEETS == 200
    assert limits.LAST_ROW == 1_048_576
    assert limits.MAX_CELLS == 4_000_000
    assert limits.MAX_CHARACTERS == 100_000_000
    assert limits.MAX_LINE == 1_000_000
    assert limits.MAX_LINES_OF_ROW == 1_000
    assert limits.MAX_MEMORY_BYTES == 1_000_000_000
    assert limits.MAX_CPU_S == 40


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "cctv.xls").open("wb") as file:
        file.truncate(limits.MAX_BYTES + 1)
    assert refused(tmp_path / "cctv.xls").endswith("expected at most 50 MB")


@pytest.mark.parametrize("kind", ["csv", "ods"])
def test_a_sheet_of_too_many_rows_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"cctv.{kind}"
    if kind == "csv":
        path.write_text("lokasi,kamera\n" + "a,b\n" * limits.MAX_ROWS)
    else:
        write_ods(path, {"Data": row("lokasi", "kamera") + row("a", "b", rows=limits.MAX_ROWS)})
    assert refused(path).endswith("expected at most 200,000 rows")


@pytest.mark.parametrize("kind", ["csv", "ods"])
def test_a_sheet_of_too_many_columns_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"cctv.{kind}"
    if kind == "csv":
        path.write_text("lokasi,kamera" + "," * limits.MAX_COLUMNS + "x\n")
    else:
        write_ods(path, {"Data": row("lokasi", "kamera") + row("x", columns=limits.MAX_COLUMNS + 1)})
    assert "expected at most 1,000 columns, and row " in refused(path)


def test_empty_columns_at_the_end_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "cctv.csv").write_text("lokasi,kamera" + "," * 2_000 + "\nkabil,k1" + "," * 2_000 + "\n")
    assert len(read_sheet(tmp_path / "cctv.csv").rows) == 1


def test_a_small_file_of_billions_of_cells_is_refused_and_does_no_harm(tmp_path: Path) -> None:
    huge = row("lokasi", "kamera") + row("x", rows=1_048_570, columns=16_384)
    path = write_ods(tmp_path / "cctv.ods", {"Data": huge})
    assert path.stat().st_size < 2_000
    assert refused(path).endswith("expected at most 1,000 columns, and row 2 has more")


def test_two_cells_in_opposite_corners_are_refused_and_do_no_harm(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["B1"], sheet["XFD1048576"] = "lokasi", "kamera", "x"
    book.save(tmp_path / "cctv.xlsx")
    assert refused(tmp_path / "cctv.xlsx").endswith("expected at most 1,000 columns, and row 1048576 has more")


def shared(path: Path, text: str, *, of: int, cells: str = "", sheets: int = 1) -> Path:
    """Write an XLSX with so many shared texts, and these rows below the header."""
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("lokasi", "kamera"))
    names = [f's{number}"' for number in range(1, sheets + 1)]
    listed = "".join(f'<sheet name="{name} r:id="{name}/>' for name in names)
    targets = "".join(f'<Relationship Id="{name} Type="/worksheet" Target="sheet.xml"/>' for name in names)
    targets += '<Relationship Id="t" Type="/sharedStrings" Target="texts.xml"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", f"<workbook><sheets>{listed}</sheets></workbook>")
        file.writestr("xl/_rels/workbook.xml.rels", f"<r>{targets}</r>")
        file.writestr("xl/sheet.xml", f"<worksheet><sheetData><row>{head}</row>{cells}</sheetData></worksheet>")
        file.writestr("xl/texts.xml", f"<sst>{f'<si><t>{text}</t></si>' * of}</sst>")
    return path


def test_millions_of_shared_texts_are_refused_at_their_number_and_not_when_the_time_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"MAX_CELLS": 1_000, "MAX_CHARACTERS": 100_000}
    monkeypatch.setattr("pantau_collector.spreadsheet.workbook._READER", "limited.reader")
    limited(tmp_path, monkeypatch, few)
    assert refused(shared(tmp_path / "a.xlsx", "x", of=1_001)).endswith("expected at most 1,000 cells")
    assert refused(shared(tmp_path / "b.xlsx", "x" * 9_000, of=12)).endswith("expected at most 100,000 characters")
    cell = '<c t="s"><v>0</v></c>'
    again = shared(tmp_path / "c.xlsx", "x" * 9_000, of=1, cells=f"<row>{cell * 12}</row>")
    assert refused(again).endswith("expected at most 100,000 characters")
    many = shared(tmp_path / "d.xlsx", "x", of=1, cells=f"<row>{cell * 500}</row>" * 3)
    assert refused(many).endswith("expected at most 1,000 cells")
    of_ods = {"Data": row("lokasi", "kamera") + row("x" * 90, rows=100, columns=50)}
    assert refused(write_ods(tmp_path / "e.ods", of_ods)).endswith("expected at most 1,000 cells")


def limited(folder: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, int]) -> None:
    """Make a reader `limited.reader` with other limits, so that a test need not write the largest of sheets."""
    package = folder / "limited"
    package.mkdir()
    (package / "__init__.py").touch()
    lines = [f"grid.{name} = {value}" for name, value in values.items()]
    (package / "reader.py").write_text(
        "import sys\nfrom pantau_collector.spreadsheet import grid, workbook_reader\n"
        + "\n".join(lines)
        + "\nworkbook_reader.main(sys.argv[1], sys.stdin, sys.stdout)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_too_many_sheets_and_merged_cells_over_each_other_are_refused(tmp_path: Path) -> None:
    many = shared(tmp_path / "a.xlsx", "x", of=1, sheets=201)
    assert refused(many).endswith("expected at most 200 sheets")
    merged = "".join(f'<mergeCell ref="A2:B{end}"/>' for end in range(3, 1_005))
    cells = '<row r="2"><c t="b"><v>1</v></c></row></sheetData><mergeCells>' + merged + "</mergeCells><sheetData>"
    over = shared(tmp_path / "b.xlsx", "x", of=1, cells=cells)
    assert refused(over).endswith("expected at most 1,000 merged cells in row 2")


def test_of_a_row_without_end_no_more_than_the_allowed_columns_are_kept(tmp_path: Path) -> None:
    cells = '<row r="2">' + '<c t="b"><v>1</v></c>' * 1_001 + "</row>"
    path = shared(tmp_path / "a.xlsx", "x", of=1, cells=cells)
    assert refused(path).endswith("expected at most 1,000 columns, and row 2 has more")


def test_an_archive_that_lies_about_its_size_is_refused_and_does_no_harm(tmp_path: Path) -> None:
    path = write_ods(tmp_path / "cctv.ods", {"Data": row("lokasi", "kamera") + row("x" * 1_000, rows=2)})
    with zipfile.ZipFile(path) as file:
        size = file.getinfo("content.xml").file_size
    content = path.read_bytes()
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")))
    try:
        read_sheet(path)
    except ConfigError as error:
        assert str(error).startswith(f"{path}: ")


def test_a_reader_that_computes_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "endless"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "reader.py").write_text(
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True:\n    pass\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("pantau_collector.spreadsheet.workbook._READER", "endless.reader")
    Workbook().save(tmp_path / "cctv.xlsx")
    assert "1,000 MB of memory within 40 s" in refused(tmp_path / "cctv.xlsx")


def test_the_reading_process_has_the_limits_before_it_opens_the_file() -> None:
    program = (
        "import resource, sys\n"
        "from pantau_collector.spreadsheet import workbook_reader\n"
        "limits = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)\n"
        "def write(path, choice, output):\n"
        "    print([resource.getrlimit(limit)[1] for limit in limits])\n"
        "workbook_reader._write_workbook = write\n"
        "workbook_reader.main('cctv.xlsx', sys.stdin, sys.stdout)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[1000000000, 40, 0]\n"


def test_a_reader_that_cannot_run_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pantau_collector.spreadsheet.workbook._READER", "pantau_collector.spreadsheet.nothing")
    Workbook().save(tmp_path / "cctv.xlsx")
    assert "the process that reads workbooks ended with status 1" in refused(tmp_path / "cctv.xlsx")
