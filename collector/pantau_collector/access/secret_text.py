"""Random secrets that are shown once, and of which only a hash is stored: session ids, links, tokens.

They have 256 bits of their own, so a fast hash is enough: there is nothing to guess.
"""

import hashlib
import re
import secrets

API_PREFIX = "pantau_api_"
"""The beginning of a token for programs; by it, scanners for leaked secrets recognise one."""
SCREEN_PREFIX = "pantau_screen_"
"""The beginning of a token for a screen."""
LINK_PREFIX = "pantau_link_"
"""The beginning of the code in a one-time link."""
MAX_SECRET = 200
"""Characters of a secret text at most."""
_RANDOM_BYTES = 32
_ONE_OF_OURS = re.compile(rf"(?:{API_PREFIX}|{SCREEN_PREFIX}|{LINK_PREFIX})[A-Za-z0-9_-]{{20,}}")


def new_secret(prefix: str = "") -> str:
    """Return a new secret, of characters that may stand in an address and a cookie."""
    return prefix + secrets.token_urlsafe(_RANDOM_BYTES)


def secret_hash(secret: str) -> str:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def has_secret(text: str) -> bool:
    """Return True if a text contains what looks like one of our tokens or links."""
    return _ONE_OF_OURS.search(text) is not None
