"""Passwords: what is accepted as one, and how it is kept (Argon2id, by argon2-cffi)."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
"""Characters of a password at least."""
MAX_LENGTH = 1000
"""Characters of a password at most; a longer text is nobody's password."""
_FEW_DIFFERENT = 4
"""So many different characters, or fewer, make no password."""


class PasswordError(ValueError):
    """A text that is not accepted as a password. `key` names the reason among the words, `sign_in.password.*`."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


class Passwords:
    """Hashes and checks passwords. Each call takes some 50 ms of a core and 64 MiB: never on an event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobodys = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """Return the hash under which a password is kept."""
        return self._hasher.hash(_normal(password))

    def matches(self, stored: str, password: str) -> bool:
        """Return True if the password is that of a stored hash.

        The same work is done if nothing is stored, so that nobody learns from the time whether there is such an
        account.
        """
        text = _normal(password[:MAX_LENGTH])
        try:
            self._hasher.verify(stored or self._nobodys, text)
        except (VerificationError, InvalidHashError):
            return False
        return bool(stored) and len(password) <= MAX_LENGTH

    def is_outdated(self, stored: str) -> bool:
        """Return True if a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)


def check_password(password: str, name: str) -> None:
    """Raise `PasswordError` if a text is not accepted as the password of an account."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordError(
            "length", f"expected a password of {MIN_LENGTH} characters or more (up to {MAX_LENGTH})"
        )
    if len(set(password)) <= _FEW_DIFFERENT or name.partition("@")[0] * 2 in password.casefold() * 2:
        raise PasswordError(
            "simple", "expected a password that is not the account's name, nor the same few letters"
        )


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
