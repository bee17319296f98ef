"""What in a configuration is allowed and surely not meant: `check` refuses it, a running agent warns of it."""

from pathlib import Path

from pydantic import SecretStr

from pantau_agent.config import AgentConfig
from pantau_service.settings import Location, place

_PLACEHOLDERS = {"changeme", "password", "passwort", "rahasia", "secret", "xxx", "todo", "yourpassword"}
"""Passwords of examples, without spaces and punctuation."""


def doubts(config: AgentConfig, path: Path) -> list[str]:
    """Return a line for each doubt, without passwords: file and key, what is wrong there, and what to do."""
    found: list[tuple[Location, str]] = []
    if _is_placeholder(config.broker.password):
        found.append((("broker", "password"), _PLACEHOLDER))
    seen: dict[tuple[str | None, str | None], str] = {}
    for number, camera in enumerate(config.camera):
        if _is_placeholder(camera.password):
            found.append((("camera", number, "password"), f"{_PLACEHOLDER} (camera {camera.id!r})"))
        if not camera.enabled:
            continue
        other = seen.setdefault((camera.url, camera.user), camera.id)
        if other != camera.id:
            key = "url" if camera.vendor is None else "host"
            twice = (
                f"expected another address than that of camera {other!r}: one camera would be watched twice."
                f" Give its own address or channel, or take one of the two out (camera {camera.id!r})"
            )
            found.append((("camera", number, key), twice))
    return [f"{place(path, location)}: {text}" for location, text in found]


_PLACEHOLDER = "expected the real password, and this is the example's: set it as the camera or broker knows it"


def _is_placeholder(password: SecretStr | None) -> bool:
    bare = "".join(filter(str.isalnum, password.get_secret_value())).lower() if password is not None else ""
    return bare in _PLACEHOLDERS
