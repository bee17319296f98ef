from pathlib import Path

import pytest
from pydantic import SecretStr

from pantau_service.secret_files import secret


def told(file: Path) -> str | None:
    found = secret("password", None, file, "broker")
    return found.get_secret_value() if found else None


def test_a_file_ends_where_its_line_does(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"rahasia sekali \r\n")
    assert told(file) == "rahasia sekali "


def test_a_byte_order_mark_of_windows_is_no_part_of_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xef\xbb\xbfrahasia\r\n")
    assert told(file) == "rahasia"


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "it is empty"), (b"\n", "it is empty"), (b"\xff", "UTF-8"), (None, "can read")]
)
def test_a_file_that_holds_no_secret_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        told(file)


def test_a_secret_given_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected `password` or `password_file`, not both"):
        secret("password", SecretStr("a"), tmp_path / "password", "broker")


def test_a_credential_of_systemd_is_used_where_nothing_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret("password", None, None, "broker") is None
    (tmp_path / "broker").write_text("dari systemd\n")
    found = secret("password", None, None, "broker")
    assert found is not None
    assert found.get_secret_value() == "dari systemd"
    given = secret("password", SecretStr("dari berkas"), None, "broker")
    assert given is not None
    assert given.get_secret_value() == "dari berkas"
