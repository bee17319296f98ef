"""Browsers in which somebody has signed in to an account before: a flood from elsewhere does not stop them.

Such a browser has a cookie with a random id, signed for the account. It opens nothing by itself.
"""

import hashlib
import hmac
import secrets

_ID_BYTES = 12
_MAX_COOKIE = 200
"""Characters of the cookie at most."""


class Devices:
    """Signs the cookies of browsers, and checks them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def cookie(self, account: str) -> str:
        """Return a new cookie for a browser in which an account was signed in to."""
        device = secrets.token_hex(_ID_BYTES)
        return f"{device}.{self._sign(account, device)}"

    def device(self, cookie: str, account: str) -> str:
        """Return the id of a browser that has signed in to the account before, or an empty text."""
        device, _, signature = cookie[:_MAX_COOKIE].partition(".")
        known = hmac.compare_digest(signature.encode(), self._sign(account, device).encode())
        return device if account and known else ""

    def _sign(self, account: str, device: str) -> str:
        text = f"{account}|{device}"
        return hmac.new(self._key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
