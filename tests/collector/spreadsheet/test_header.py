"""The header among titles, letterheads, column numbers and repetitions, and the columns of public camera lists."""

from pathlib import Path

import pytest

from pantau_collector.spreadsheet import ParsedSheet, parse_sheet, read_sheet
from pantau_service.settings import ConfigError

# Columns of camera lists that cities, agencies and makers publish or ask for.
OTHER_COLUMNS = (
    """
No|No.|Nomor|No. Urut|Alamat|Alamat Lokasi|Alamat IP|IP|IP Address|IP Kamera|IP CCTV|Camera IP|IP Switch
IP NVR|IP Public|IP Internal|Port|Port RTSP|RTSP|URL|URL Stream|Link|Link CCTV|Link Stream|MAC|MAC Address
Subnet|Gateway|VLAN|User|Username|Password|Merk|Merek|Brand|Model|Serial Number|No. Seri|S/N|Firmware
Resolusi|Resolution|FPS|Codec|Lensa|Arah|Arah Kamera|Kecamatan|Kelurahan|Desa|Kota|Kabupaten|Provinsi
RT/RW|Kode Pos|Status|Kondisi|Keterangan|Catatan|Remarks|Tahun|Tahun Anggaran|Tahun Pengadaan
Tanggal Pasang|Install Date|Garansi|Tinggi Tiang|Jenis Tiang|Jumlah|Jumlah Kamera|Satuan|Channel|No. CCTV
ID Perangkat|Kode Aset|Kode Lokasi Aset|Nama Jalan|Ruas Jalan|Simpang|Fungsi|Kapasitas|Daya
Sumber Listrik|No. HP|Gambar|Bandwidth|Group|Area|Zone|Building|Floor|Mounting Height
Field of View|Elevation|Objectid|FID|Shape
Rekaman|Alokasi|Koleksi|Tekanan|Teknis|Jumlah Cameras|Cameras
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def parsed(folder: Path, text: str) -> ParsedSheet:
    (folder / "cctv.csv").write_text(text)
    return parse_sheet(read_sheet(folder / "cctv.csv"))


def ids(sheet: ParsedSheet) -> list[object]:
    assert sheet.problems == []
    return [each.values["id"] for each in sheet.rows]


@pytest.mark.parametrize("column", OTHER_COLUMNS)
def test_a_usual_column_of_camera_lists_is_passed_over(tmp_path: Path, column: str) -> None:
    sheet = parsed(tmp_path, f"lokasi;kamera;nama;{column}\nkabil;k1;Utara;x\n")
    assert sheet.rows[0].values == {"site": "kabil", "id": "k1", "name": "Utara"}
    assert sheet.remarks == [f"{sheet.sheet.path}: column D ({column}) is passed over"]


@pytest.mark.parametrize("column", ["PIC", "Contact", "Narahubung", "kontak"])
def test_whom_to_ask_about_a_camera_is_a_column_under_each_of_its_names(tmp_path: Path, column: str) -> None:
    sheet = parsed(tmp_path, f"lokasi;kamera;{column}\nkabil;k1;Budi 0812-7700-1234\n")
    assert sheet.rows[0].values == {"site": "kabil", "id": "k1", "contact": "Budi 0812-7700-1234"}
    assert sheet.remarks == []


@pytest.mark.parametrize(
    "name", ["pemilk", "pemlik", "pemiliik", "pemelihaar", "nama kamrea", "longtude", "koordnat"]
)
def test_a_misspelt_column_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"column C: there is no column `{name}`; did you mean"):
        parsed(tmp_path, f"lokasi;id kamera;{name}\nkabil;k1;x\n")


@pytest.mark.parametrize(
    "above",
    [
        "Instansi;Dinas Perhubungan;Program;ATCS\n\n",
        "PEMERINTAH KOTA BATAM\nDinas;Dishub\nLokasi;Kota Batam\n",
        "Kegiatan;CCTV;Dinas;Dishub\nProgram;a;Vendor;b\n",
    ],
)
def test_a_letterhead_that_names_columns_is_no_header(tmp_path: Path, above: str) -> None:
    assert ids(parsed(tmp_path, f"{above}No;lokasi;kamera;nama\n1;kabil;k1;Satu\n")) == ["k1"]


@pytest.mark.parametrize(
    "numbers",
    [
        "(1);(2);(3);(4)",
        "1;2;3;4",
        "-1;-2;-3;-4",
        "[1];[2];[3];[4]",
        "a;b;c;d",
        "I;II;III;IV",
        "1.;2.;3.;4.",
        "1;;2;3=1+2",
    ],
)
def test_a_row_of_column_numbers_is_no_camera(tmp_path: Path, numbers: str) -> None:
    assert ids(parsed(tmp_path, f"No;lokasi;kamera;nama\n{numbers}\n1;kabil;k1;Satu\n")) == ["k1"]


def test_a_camera_of_numbers_is_a_camera(tmp_path: Path) -> None:
    assert ids(parsed(tmp_path, "lokasi;kamera\n1;2\n1;3\n")) == ["2", "3"]
    assert ids(parsed(tmp_path, "No;lokasi;kamera;nama\n1;kabil;2;3\n")) == ["2"]


def test_a_header_of_two_rows_is_one(tmp_path: Path) -> None:
    sheet = parsed(tmp_path, "lokasi;kamera;koordinat;\n;;lintang;bujur\n(1);(2);(3);(4)\nkabil;k1;1,5;104,5\n")
    assert ids(sheet) == ["k1"]
    assert (sheet.rows[0].values["latitude"], sheet.rows[0].values["longitude"]) == (1.5, 104.5)


def test_a_header_repeated_on_each_page_is_no_camera(tmp_path: Path) -> None:
    assert ids(parsed(tmp_path, "lokasi;kamera\nkabil;k1\nLokasi;Kamera\nkabil;k2\n")) == ["k1", "k2"]


@pytest.mark.parametrize("kind", ["PTZ", "Fixed", "Dome", "bullet", "Speed Dome", "IP Camera"])
def test_a_type_of_camera_is_a_camera(tmp_path: Path, kind: str) -> None:
    assert parsed(tmp_path, f"lokasi;kamera;tipe\nkabil;k1;{kind}\n").rows[0].kind == "camera"


def test_rows_with_a_number_alone_are_passed_over_and_named(tmp_path: Path) -> None:
    sheet = parsed(tmp_path, "No;lokasi;kamera\n1;kabil;k1\n2;;\n3;;\nJumlah;;\n")
    assert ids(sheet) == ["k1"]
    assert sheet.remarks[-1].endswith("cctv.csv: rows 3-5 are empty in the columns that are taken")
