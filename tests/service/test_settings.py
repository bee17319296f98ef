"""What is read as TOML."""

from pathlib import Path

from pantau_service.settings import read_toml


def test_toml_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_bytes(b"\xef\xbb\xbfname = 'kota'\r\n")
    assert read_toml(file) == {"name": "kota"}
