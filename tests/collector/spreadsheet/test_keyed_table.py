"""Sheets whose columns are keys, as programs of several countries save them."""

from pathlib import Path

import pytest

from pantau_collector.spreadsheet.keyed_table import read_keyed_table
from pantau_service.settings import ConfigError

TEXT = "id;name;fee\nrawat;Pemeliharaan é;18000000\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf-8.csv", TEXT.encode()),
        ("marked.csv", TEXT.encode("utf-8-sig")),
        ("windows.csv", TEXT.encode("cp1252")),
        ("unicode.txt", TEXT.replace(";", "\t").encode("utf-16")),
        ("named.csv", b"sep=;\r\n" + TEXT.encode()),
        ("comma.csv", TEXT.replace(";", ",").encode()),
        ("titled.csv", b"Kontrak 2026, menurut dinas, per Januari\n" + TEXT.encode()),
    ],
    ids=["utf-8", "marked", "windows", "unicode", "named", "comma", "titled"],
)
def test_text_is_read_whatever_program_wrote_it(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    table = read_keyed_table(path, ("id", "fee"))
    assert [table.values(row) for row in table.rows] == [
        {"id": "rawat", "name": "Pemeliharaan é", "fee": "18000000"}
    ]


def test_a_missing_quotation_mark_is_told_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text('id;fee\na;1\nb;"2\n' + "c;3\n" * 500)
    with pytest.raises(ConfigError, match=r"cut.csv: row 3: expected a second quotation mark"):
        read_keyed_table(path, ("id", "fee"))
