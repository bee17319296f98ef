"""Header fields of RTSP and HTTP messages."""

from collections.abc import Iterator

from pantau_agent.streams.failure import EvidenceError


class MessageError(EvidenceError):
    """What came is not RTSP, or is over a limit; the text says which."""


class Headers:
    """Headers in their order; names are not told apart by case."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        self._pairs = pairs or []

    def get(self, name: str, default: str = "") -> str:
        """The first header of that name."""
        return next(self.all(name), default)

    def all(self, name: str) -> Iterator[str]:
        """Each header of that name."""
        wanted = name.lower()
        return (value for key, value in self._pairs if key.lower() == wanted)

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self._pairs]!r})"
