"""Web addresses, as configurations hold them."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr


def web_address(text: str) -> str:
    """The address of a server, without a slash at its end, if it is one.

    Raises:
        ValueError: it is not, or holds a password; the text says what was expected.
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


WebAddress = Annotated[str, AfterValidator(web_address)]
SecretAddress = Annotated[SecretStr, AfterValidator(_secret_address)]
"""An address that is itself a secret: who knows it can use it."""
