"""User and password for a camera."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and the password, which `repr` never shows."""

    user: str
    password: str = field(repr=False)
