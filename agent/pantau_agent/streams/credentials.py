"""User and password for a camera."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who looks. The password is never shown."""

    user: str
    password: str = field(repr=False)
