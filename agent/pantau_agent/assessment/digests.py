"""Digests by which a changed configuration is noticed, without keeping what it was."""

import hashlib

SCRYPT_COST = 1 << 13
"""The cost N of scrypt (RFC 7914): 8 MB, and some tenths of a second of a Raspberry Pi for each password."""
_BLOCK_SIZE = 8
_SLOW = "scrypt:"


class Digests:
    """Digests with one salt, which is random and kept beside them."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()
        self._keys: dict[str, bytes] = {}

    def of(self, *parts: str | None) -> str:
        """Return a digest of what is no secret."""
        return _digest(self._salt[:64], parts)

    def of_login(self, password: str | None, *parts: str | None) -> str:
        """Return a digest of parts with a password among them. Each guess at that costs a run of scrypt."""
        if not password:
            return _SLOW + self.of(*parts)
        key = self._keys.get(password)
        if key is None:
            key = self._keys[password] = hashlib.scrypt(
                password.encode(), salt=self._salt, n=SCRYPT_COST, r=_BLOCK_SIZE, p=1, maxmem=64 << 20, dklen=32
            )
        return _SLOW + _digest(key, parts)

    @staticmethod
    def is_fast(login: str) -> bool:
        """Return whether a login's digest is one that versions up to 0.2.0 wrote, which is guessed fast."""
        return not login.startswith(_SLOW)


def _digest(key: bytes, parts: tuple[str | None, ...]) -> str:
    return hashlib.blake2b(repr(parts).encode(), key=key, digest_size=16).hexdigest()
