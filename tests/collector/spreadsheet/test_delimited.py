"""CSV as programs of several countries write it."""

from pathlib import Path

import pytest

from pantau_collector.spreadsheet import Sheet, delimited, read_sheet
from pantau_service.settings import ConfigError


def read(folder: Path, text: str, encoding: str = "utf-8") -> Sheet:
    path = folder / "cctv.csv"
    path.write_bytes(text.encode(encoding))
    return read_sheet(path)


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(folder, text)
    return [line.partition("cctv.csv: ")[2] for line in error.value.problems]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_commas_in_values_make_no_separator(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [
        ["Daftar CCTV, Kota Batam, Prov. Kepri, 2026"],
        ["lokasi", "kamera", "alamat", "lintang", "tanda"],
        ["kabil", "k1", "Jl. Hang Kesturi, Kel. Batu Besar, Kec. Nongsa, Batam", "1,0836", "bus, pasar, kafé"],
    ]
    sheet = read(tmp_path, "\r\n".join(separator.join(line) for line in lines), encoding)
    assert sheet.rows == [(3, lines[2])]


def test_semicolons_in_values_make_no_separator(tmp_path: Path) -> None:
    text = 'lokasi,kamera,koordinat\nkabil,k1,"1,0836; 104,0934"\nkabil,k2,"1;2;3;4;5"\n'
    assert read(tmp_path, text).rows[0] == (2, ["kabil", "k1", "1,0836; 104,0934"])


def test_a_value_with_the_separator_and_without_quotation_marks_is_named(tmp_path: Path) -> None:
    [problem] = refused(tmp_path, "lokasi,kamera,nama,lintang,bujur\nkabil,k1,Utara,1,0836,104,0934\n")
    assert problem.startswith("row 2: expected at most 5 cells, as in row 1, and there are 7: a value with `,`")


def test_blank_cells_beyond_the_header_are_nothing(tmp_path: Path) -> None:
    assert len(read(tmp_path, "lokasi;kamera\nkabil;k1;;;\n").rows) == 1


@pytest.mark.parametrize(
    "rows",
    [
        'kabil;k2;"Utara;1\nkabil;k3;Timur;1\n',
        'kabil;k2;"Utara;1\nkabil;k3;"Timur";1\n',
        'kabil;k2;"Utara\nkabil;k3;Timur";1\nkabil;k4;Barat;1\n',
    ],
)
def test_an_open_quotation_mark_is_named_and_swallows_nothing(tmp_path: Path, rows: str) -> None:
    [problem] = refused(tmp_path, f"lokasi;kamera;nama;x\nkabil;k1;a;1\n{rows}")
    assert problem.startswith("row 3: ")
    assert "quotation mark" in problem


def test_a_line_and_a_row_have_a_length_and_blank_rows_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MAX_LINE", 1_000)
    monkeypatch.setattr(delimited, "MAX_LINES_OF_ROW", 10)
    monkeypatch.setattr(delimited, "LAST_ROW", 50)
    head = "lokasi,kamera\n"
    assert refused(tmp_path, head + "," * 1_001) == ["line 2: expected at most 1,000 characters"]
    (line,) = refused(tmp_path, head + '"a\n",' * 11)
    assert line.startswith("line 2: a row goes on over more than 10 lines")
    assert refused(tmp_path, head + ",\n" * 50) == ["expected at most 200,000 rows"]


def test_an_address_on_two_lines_and_a_measure_in_inches_are_values(tmp_path: Path) -> None:
    text = 'lokasi,kamera,nama,alamat\nkabil,k1,rak 19" lama,"Jl. Satu,\nKel. Dua, Kec. Tiga, Batam"\n'
    assert read(tmp_path, text).rows[0][1][2:] == ['rak 19" lama', "Jl. Satu,\nKel. Dua, Kec. Tiga, Batam"]


def test_a_byte_order_mark_decides_on_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "cctv.csv"
    path.write_bytes(b"\xef\xbb\xbflokasi;kamera;nama\nkabil;k1;Kaf\xe9\n")
    with pytest.raises(ConfigError, match="save it as CSV UTF-8"):
        read_sheet(path)


def test_invisible_characters_around_a_value_are_none_of_it(tmp_path: Path) -> None:
    text = "\ufeff\ufefflokasi;kamera\n\u200bkabil\u00a0;\u00a0k1\u200e\n"
    assert read(tmp_path, text).rows == [(2, ["kabil", "k1"])]


def test_old_line_ends_are_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, "lokasi;kamera\rkabil;k1\r").rows == [(2, ["kabil", "k1"])]
