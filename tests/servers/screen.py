"""Asks a collector that runs as a screen does, by a token that its configuration has."""

from urllib.request import Request

TOKEN = "token-of-the-tests-0123456789"
WEB = {"token": TOKEN}
"""What the configuration has in `[web]`."""


def asked(url: str) -> Request:
    """Return a request with the token."""
    return Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
