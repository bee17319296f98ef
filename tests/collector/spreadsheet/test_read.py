from pathlib import Path

import pytest
from openpyxl import Workbook

from pantau_collector.spreadsheet import read_sheet
from pantau_service.settings import ConfigError

HEADER = "lokasi,kamera,nama\n"


def written(folder: Path, content: bytes | str, name: str = "cctv.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, **options: str) -> str:
    with pytest.raises(ConfigError) as error:
        read_sheet(path, **options)
    return str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_is_read_as_whichever_program_wrote_it(
    tmp_path: Path, separator: str, encoding: str, end: str
) -> None:
    lines = [["Lokasi", "Kamera", "Nama"], ["kabil", "k1", "Kafé, arah utara; sisi kiri"]]
    text = end.join(separator.join(f'"{cell}"' for cell in line) for line in lines) + end
    sheet = read_sheet(written(tmp_path, text.encode(encoding)))
    assert sheet.header == lines[0]
    assert sheet.rows == [(2, lines[1])]


def test_titles_above_the_header_and_empty_rows_are_passed_over_and_rows_keep_their_numbers(
    tmp_path: Path,
) -> None:
    text = "DAFTAR CCTV,,\nDinas Perhubungan,,\n,,\n" + HEADER + 'kabil,k1,"dua\nbaris"\n,,\nkabil, k2 ,\n'
    sheet = read_sheet(written(tmp_path, text))
    assert sheet.rows == [(5, ["kabil", "k1", "dua\nbaris"]), (7, ["kabil", "k2", ""])]
    assert sheet.place(7, 26) == f"{sheet.path}: row 7, column AA"


def test_excels_own_line_that_names_the_separator_is_obeyed(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, "sep=|\nlokasi|kamera\nkabil|k1\n"))
    assert sheet.rows == [(3, ["kabil", "k1"])]


def test_a_workbooks_numbers_are_read_as_they_were_typed(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["Petunjuk"])
    sheet = book.create_sheet("Data")
    sheet.append(["Lokasi", "Kamera", "Lintang", "Bujur"])
    sheet.append(["kabil", 7, 1.0836, 104])
    book.save(tmp_path / "cctv.xlsx")
    assert read_sheet(tmp_path / "cctv.xlsx").rows == [(2, ["kabil", "7", "1.0836", "104"])]
    assert "there is no sheet `Dta`; expected one of Sheet, Data" in refused(tmp_path / "cctv.xlsx", name="Dta")
    assert "expected a row with column names" in refused(tmp_path / "cctv.xlsx", name="Sheet")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("cctv.pdf", b"%PDF-1.7", "expected a .csv, .xlsx, .xls or .ods file"),
        ("cctv.xls", b"\xd0\xcf\x11\xe0", "expected a workbook (.xlsx, .xls or .ods)"),
        ("cctv.xlsx", b"lokasi,kamera", "expected a workbook (.xlsx, .xls or .ods)"),
        ("cctv.ods", b"PK\x03\x04", "expected a workbook (.xlsx, .xls or .ods)"),
        ("cctv.csv", b"lokasi,kamera\n\x00\x81", "expected text in UTF-8 or Windows-1252"),
        ("cctv.csv", b"", "expected a row with column names"),
        ("cctv.csv", b"apa,ini\n1,2\n", "expected a row with column names"),
    ],
)
def test_what_is_no_sheet_is_told(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    path = written(tmp_path, content, name)
    assert refused(path).startswith(f"{path}: {what}")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "cctv.csv")


def test_a_workbook_that_unpacks_to_more_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workbook().save(tmp_path / "cctv.xlsx")
    monkeypatch.setattr("pantau_collector.spreadsheet.workbook.MAX_UNPACKED_BYTES", 1000)
    assert "unpacked" in refused(tmp_path / "cctv.xlsx")


def test_a_damaged_workbook_is_told_wherever_it_is_damaged(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["lokasi", "kamera"])
    book.save(tmp_path / "good.xlsx")
    content = (tmp_path / "good.xlsx").read_bytes()
    for at in range(0, len(content), 797):
        path = written(tmp_path, content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :], "bad.xlsx")
        try:
            read_sheet(path)
        except ConfigError as error:
            assert str(error).startswith(f"{path}: ")
