"""Secrets kept outside the configuration: in a file of their own, or in a systemd credential."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from pantau_service.settings import error_at


def secret(key: str, given: SecretStr | None, file: Path | None, credential: str) -> SecretStr | None:
    """Return the secret from the configuration, its file, or the credential of that name; None if not given.

    Raises:
        ValueError: it is given twice, or its file cannot be read. The error belongs to `key`.
    """
    if given is not None and file is not None:
        raise error_at(key, f"expected `{key}` or `{key}_file`, not both")
    if given is not None:
        return given
    if file is not None:
        return SecretStr(_read(file))
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (found := Path(credentials, credential)).is_file():
        try:
            return SecretStr(_read(found))
        except ValueError as error:
            raise error_at(key, f"systemd's credential {credential}: {error}") from None
    return None


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"expected a file that this program can read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError("expected a file of UTF-8 text") from None
    if not text:
        raise ValueError("expected a file with the secret in it, and it is empty")
    return text


def _readable(path: Path) -> Path:
    _read(path)
    return path


SecretFile = Annotated[Path, AfterValidator(_readable)]
"""A file that holds one secret, checked together with the configuration."""
