"""Hashes passwords as mosquitto stores them."""  # noqa: INP001 # Ansible finds it by its folder

import base64
import hashlib

ITERATIONS = 101
"""The number of iterations that mosquitto_passwd uses."""


def mosquitto_hash(password: str, user: str) -> str:
    """Return a line of mosquitto's password file: `$7$`, PBKDF2 with HMAC-SHA-512 (RFC 8018 section 5.2).

    The salt is derived from user and password: the same ones give the same line, so a second run changes nothing.
    """
    salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()[:12]
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"mosquitto_hash": mosquitto_hash}
