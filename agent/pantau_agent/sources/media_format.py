"""Which format the body of an HTTP response has, by how it begins. Cameras declare all kinds of media types."""

from enum import StrEnum

from pantau_agent.streams.url import StreamUrl

SNIFFED_BYTES = 12
"""Number of bytes that `format_of` needs, unless the body is shorter."""


class MediaFormat(StrEnum):
    """The formats that FFmpeg reads; the values are the names of its demuxers."""

    HLS = "hls"
    FLV = "flv"
    MPEG_TS = "mpegts"
    MP4 = "mov"


class OtherFormatError(Exception):
    """A response holds no pictures but video in another format, which another kind of source reads.

    `url` is where the response came from after all redirects, and `cookies` what must be sent along.
    """

    def __init__(self, media_format: MediaFormat, url: StreamUrl, cookies: str) -> None:
        super().__init__(media_format)
        self.media_format = media_format
        self.url = url
        self.cookies = cookies


def format_of(start: bytes) -> MediaFormat | None:
    """Return the format of a body that begins with these bytes, or None if it is none of them."""
    if start.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"#EXTM3U"):
        return MediaFormat.HLS
    if start.startswith(b"FLV\x01"):
        return MediaFormat.FLV
    if start[4:8] in {b"ftyp", b"styp", b"moof"}:
        return MediaFormat.MP4
    if (
        start[:1] == b"\x47" and len(start) >= 4 and start[3] & 0x10
    ):  # a packet with a payload (ISO 13818-1, 2.4.3)
        return MediaFormat.MPEG_TS
    return None
