"""Hashes passwords as mosquitto stores them."""  # noqa: INP001 # Ansible finds it by its folder

import base64
import binascii
import hashlib
import hmac
import os

ITERATIONS = 10_000
"""The number of iterations of a new hash; mosquitto_passwd uses 101.

mosquitto hashes in its only thread, each time that somebody connects: this takes 5 ms there. So after a restart
500 sites are back within seconds, and a guess costs a hundred times as much.
"""
_SALT_BYTES = 12


def mosquitto_hash(password: str, user: str, present: str = "", revoked: str = "") -> str:
    """Return a hash for mosquitto's password file: `$7$`, PBKDF2 with HMAC-SHA-512 (RFC 8018, 5.2), a random salt.

    `present` is the text of the file as it is: a hash in it that fits the password is kept, so that a second run
    changes nothing. One with fewer iterations, or with a salt made of the password as by version 0.2, is replaced.
    `revoked` are lines of a password file too: a password that was taken from the user has an empty hash.
    """
    if _is_revoked(password, user, revoked):
        return ""
    for line in present.splitlines():
        name, _, hashed = line.partition(":")
        if name == user and _is_kept(hashed, password, user):
            return hashed
    salt = os.urandom(_SALT_BYTES)
    return f"$7${ITERATIONS}${_base64(salt)}${_base64(_key(password, salt, ITERATIONS))}"


def _is_revoked(password: str, user: str, revoked: str) -> bool:
    entries = (line.partition(":") for line in revoked.splitlines())
    return any(_fits(hashed, password) for name, _, hashed in entries if name == user)


def _fits(hashed: str, password: str) -> bool:
    try:
        _, kind, iterations, salt, key = hashed.strip().split("$")
        made = _key(password, base64.b64decode(salt), int(iterations))
        return kind == "7" and hmac.compare_digest(made, base64.b64decode(key))
    except (ValueError, binascii.Error):
        return False


def _is_kept(hashed: str, password: str, user: str) -> bool:
    try:
        _, kind, iterations, salt_text, key_text = hashed.strip().split("$")
        salt, key = base64.b64decode(salt_text, validate=True), base64.b64decode(key_text, validate=True)
        if kind != "7" or int(iterations) < ITERATIONS or salt == _salt_of_0_2(password, user):
            return False
        return hmac.compare_digest(_key(password, salt, int(iterations)), key)
    except (ValueError, binascii.Error):
        return False


def _salt_of_0_2(password: str, user: str) -> bytes:
    """Return the salt that version 0.2 made, by which one SHA-256 checked a guess."""
    return hashlib.sha256(f"{user}\0{password}".encode()).digest()[:_SALT_BYTES]


def _key(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"mosquitto_hash": mosquitto_hash}
