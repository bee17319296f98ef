"""Parses HLS playlists as far as watching needs: does the stream go on? (RFC 8216, section 4). No I/O.

Parts are those of low-latency HLS (draft-pantos-hls-rfc8216bis, section 4.4.4.9).
"""

import re
from dataclasses import dataclass

from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail

MAX_PLAYLIST = 1 << 20
"""Largest playlist, in bytes."""
MAX_LINES = 20_000
"""Most lines of a playlist: a day of segments of 10 s, with a tag or two each."""
DEFAULT_TARGET_S = 6.0
"""Target duration of a playlist that states none, in seconds."""
MAX_TARGET_S = 60.0
"""Longest target duration that is believed, in seconds."""
_ATTRIBUTE_URI = re.compile(r'(?:^|,)\s*URI="([^"]*)"')
_CODECS = re.compile(r'(?:^|,)\s*CODECS="([^"]*)"')
_AUDIO_CODECS = ("mp4a", "ac-3", "ec-3", "opus", "mp3", "flac")


@dataclass(frozen=True, slots=True)
class Playlist:
    """One reading of a playlist. `variant` is the URI of the first stream with video if it lists streams.

    `newest` identifies the last segment, or the last part, by the segment's number and the URI: it changes
    whenever the stream goes on.
    """

    target_s: float
    newest: tuple[int, str] | None
    ended: bool
    variant: str | None = None


def parse(data: bytes) -> Playlist:
    """Parse a playlist; what is not understood is ignored.

    Raises:
        MalformedError: it is not a playlist, or one with too many lines.
    """
    if data.count(b"\n") > MAX_LINES:
        raise MalformedError(detail("many_lines", count=MAX_LINES))
    lines = [line.strip() for line in data.decode("utf-8", "replace").lstrip("\ufeff").splitlines()]
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise MalformedError(detail("not_playlist"))
    tags = {tag: value for tag, _, value in (line.partition(":") for line in lines)}
    target_s = float(_number(tags.get("#EXT-X-TARGETDURATION", ""), int(DEFAULT_TARGET_S)))
    durations = [_number(line[8:].partition(",")[0], 0) for line in lines if line.startswith("#EXTINF:")]
    target_s = max(target_s, *durations, 1)  # some cameras state a target that their own segments exceed
    sequence = _number(tags.get("#EXT-X-MEDIA-SEQUENCE", ""), 0)
    variants, segments, newest_uri = _uris(lines[1:])
    newest = (sequence + segments, newest_uri) if newest_uri else None
    variant = variants[0] if variants and newest is None else None
    return Playlist(min(MAX_TARGET_S, target_s), newest, "#EXT-X-ENDLIST" in tags, variant)


def _uris(lines: list[str]) -> tuple[list[str], int, str]:
    """Return the URIs of streams with video, the number of segments, and the URI of the last segment or part."""
    attributes: str | None = None
    variants, segments, newest_uri = list[str](), 0, ""
    for line in lines:
        tag, _, value = line.partition(":")
        if tag == "#EXT-X-STREAM-INF":
            attributes = value
        elif tag == "#EXT-X-PART" and (part := _ATTRIBUTE_URI.search(value)) is not None:
            newest_uri = part[1]
        elif line and not line.startswith("#"):
            if attributes is None:
                segments, newest_uri = segments + 1, line
            elif not _is_audio(attributes):
                variants.append(line)
            attributes = None
    return variants, segments, newest_uri


def _is_audio(attributes: str) -> bool:
    """Return whether a stream's attributes say that it holds nothing but audio."""
    codecs = _CODECS.search(attributes)
    if codecs is None or "RESOLUTION=" in attributes:
        return False
    return all(codec.strip().lower().startswith(_AUDIO_CODECS) for codec in codecs[1].split(","))


def _number(text: str, default: int) -> int:
    text = text.strip().partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else default
