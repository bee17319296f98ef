"""Parses HLS playlists as far as watching needs: does the stream go on? (RFC 8216, section 4). No I/O."""

from dataclasses import dataclass

from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail

MAX_PLAYLIST = 1 << 20
"""Largest playlist, in bytes."""
DEFAULT_TARGET_S = 6.0
"""Target duration of a playlist that states none, in seconds."""
MAX_TARGET_S = 60.0
"""Longest target duration that is believed, in seconds."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """One reading of a playlist. `variant` is the URI of the first stream if it lists streams, not segments.

    `newest` identifies the last segment, by its number and URI: it changes whenever the stream goes on.
    """

    target_s: float
    newest: tuple[int, str] | None
    ended: bool
    variant: str | None = None


def parse(data: bytes) -> Playlist:
    """Parse a playlist; what is not understood is ignored.

    Raises:
        MalformedError: it is not a playlist.
    """
    lines = [line.strip() for line in data.decode("utf-8", "replace").lstrip("\ufeff").splitlines()]
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise MalformedError(detail("not_playlist"))
    sequence, target_s, ended = 0, DEFAULT_TARGET_S, False
    is_variant, variant, uris = False, None, list[str]()
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-MEDIA-SEQUENCE":
            sequence = _number(value, 0)
        elif tag == "#EXT-X-TARGETDURATION":
            target_s = min(MAX_TARGET_S, max(1.0, float(_number(value, int(DEFAULT_TARGET_S)))))
        elif tag == "#EXT-X-ENDLIST":
            ended = True
        elif tag == "#EXT-X-STREAM-INF":
            is_variant = True
        elif line and not line.startswith("#"):
            if is_variant:
                variant = variant or line
            else:
                uris.append(line)
            is_variant = False
    newest = (sequence + len(uris), uris[-1]) if uris else None
    return Playlist(target_s, newest, ended, variant if not uris else None)


def _number(text: str, default: int) -> int:
    text = text.strip().partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else default
