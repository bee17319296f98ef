"""The types of web addresses in a configuration."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr


def web_address(text: str) -> str:
    """Check the address of a server, and return it without a slash at its end.

    Raises:
        ValueError: it is no such address, or holds a password; the text says what was expected.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as http://127.0.0.1:8086")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user and password; they have keys of their own")
    return text.rstrip("/")


def _secret_address(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as https://hc-ping.com/your-own-key")
    return url


def _tile_address(url: str) -> str:
    """Check an address of map tiles.

    Raises:
        ValueError: it is none; the text says what was expected.
    """
    host = web_address(url) and urlsplit(url).netloc
    if any(each not in url for each in ("{z}", "{x}", "{y}")) or not re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", host):
        raise ValueError("expected an address with {z}, {x} and {y} in its path, as https://HOST/{z}/{x}/{y}.png")
    return url


WebAddress = Annotated[str, AfterValidator(web_address)]
"""The address of a server, without user and password."""

SecretAddress = Annotated[SecretStr, AfterValidator(_secret_address)]
"""An address that is itself a secret, because everyone who knows it can use it."""

TileAddress = Annotated[str, AfterValidator(_tile_address)]
"""The address of map tiles, with `{z}`, `{x}` and `{y}` in it."""
