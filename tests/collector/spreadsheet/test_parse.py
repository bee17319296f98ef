from pathlib import Path

import pytest

from pantau_collector.spreadsheet import COLUMNS, ParsedSheet, parse_sheet, read_sheet, write_template
from pantau_collector.spreadsheet.values import degrees, pair_of_degrees
from pantau_service.settings import ConfigError


def parsed(folder: Path, text: str) -> ParsedSheet:
    path = folder / "cctv.csv"
    path.write_text(text)
    return parse_sheet(read_sheet(path))


@pytest.mark.parametrize(
    "header",
    [
        "site,id,name,owner,latitude,longitude",
        "LOKASI,Kamera,Nama Kamera,Dinas,Lintang,Bujur",
        "id_lokasi, ID CCTV ,nama-cctv,O.P.D.,Lat.,Lng (°)",
    ],
)
def test_columns_are_known_in_both_languages_without_case_spaces_and_units(tmp_path: Path, header: str) -> None:
    [entry] = parsed(tmp_path, f"{header}\nkabil,k1,Utara,dishub,1.5,104").rows
    assert entry.values == {
        "site": "kabil", "id": "k1", "name": "Utara", "owner": "dishub", "latitude": 1.5, "longitude": 104.0
    }  # fmt: skip


def test_no_name_belongs_to_two_columns() -> None:
    names = [name for column in COLUMNS for name in column.names]
    assert len(names) == len(set(names))


def test_a_column_that_is_nearly_known_is_told_and_one_that_is_not_needed_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(tmp_path, "lokasi,kamera,lintag\n")
    assert "column C: there is no column `lintag`; did you mean `lintang` or `latitude`?" in str(error.value)
    sheet = parsed(tmp_path, "No,lokasi,kamera,Alamat IP\n1,kabil,k1,10.0.0.9\n")
    assert [remark.partition(": ")[2] for remark in sheet.remarks] == [
        "column A (No) is passed over",
        "column D (Alamat IP) is passed over",
    ]
    assert sheet.rows[0].values == {"site": "kabil", "id": "k1"}


def test_a_column_that_stands_twice_or_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(tmp_path, "lokasi,nama,Nama Kamera\n")
    assert [problem.partition("cctv.csv: ")[2] for problem in error.value.problems] == [
        "column C: expected each column once, and `nama` is `Nama Kamera` too",
        "expected a column `id`; there are lokasi, nama, Nama Kamera",
    ]


def test_what_is_wrong_with_a_row_is_told_by_row_and_column_and_the_rest_is_read(tmp_path: Path) -> None:
    sheet = parsed(
        tmp_path,
        "lokasi;kamera;lintang;bujur;kepentingan;jenis\n"
        "kabil;k1;1,5;104,1;tinggi;\n"
        ";k2;satu;104;biasa;kamera\n"
        "kabil;k3;1,5;;amat penting;drone\n"
        "kabil;sw1;;;;Switch\n",
    )
    beginnings = [
        "row 3, column C (lintang): expected decimal degrees such as 1,0836 or 104.0934, got 'satu'",
        "row 3, column A (lokasi): expected a value, and there is none",
        "row 4, column E (kepentingan): expected one of rendah, low, sedang, biasa, normal, medium, tinggi",
        "row 4, column F (jenis): expected one of kamera, camera, cctv, perekam, recorder, nvr, dvr, switch",
        "row 4, column D (bujur): expected latitude and longitude, or neither",
    ]
    for problem, beginning in zip(sheet.problems, beginnings, strict=True):
        assert problem.partition("cctv.csv: ")[2].startswith(beginning)
    assert (sheet.rows[-1].number, sheet.rows[-1].kind) == (5, "switch")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,0836", 1.0836), ("-0.5", -0.5), ("\N{MINUS SIGN}0,5°", -0.5), ("+104", 104.0), (" 104,0934 ", 104.0934)],
)
def test_coordinates_with_point_or_comma(text: str, value: float) -> None:
    assert degrees(text) == value


@pytest.mark.parametrize("text", ["1.083.600", "1e3", "nan", "1,0836,2", "1°5'1\"", "", "12345"])
def test_what_is_no_coordinate(text: str) -> None:
    with pytest.raises(ValueError, match="expected decimal degrees"):
        degrees(text)


@pytest.mark.parametrize(
    "text", ["1.0836, 104.0934", "1,0836; 104,0934", "1,0836 104,0934", "1.0836,104.0934", "(1.0836, 104.0934)"]
)
def test_both_coordinates_in_one_cell_as_maps_give_them(text: str) -> None:
    assert pair_of_degrees(text) == (1.0836, 104.0934)


@pytest.mark.parametrize("name", ["cctv.xlsx", "cctv.csv"])
def test_the_template_is_understood_by_the_import(tmp_path: Path, name: str) -> None:
    write_template(tmp_path / name)
    sheet = parse_sheet(read_sheet(tmp_path / name))
    assert (sheet.problems, sheet.remarks) == ([], [])
    assert sheet.rows[0].values["longitude"] == 104.0934
    assert sheet.rows[0].values["tags"] == ("lalu-lintas", "simpang")
    with pytest.raises(ConfigError, match="there is such a file already"):
        write_template(tmp_path / name)
