"""Which format the body of an HTTP response has, by how it begins. Cameras declare all kinds of media types."""

from enum import StrEnum

SNIFFED_BYTES = 12
"""Number of bytes that `format_of` needs, unless the body is shorter."""


class MediaFormat(StrEnum):
    """The formats that FFmpeg reads; the values are the names of its demuxers."""

    HLS = "hls"
    FLV = "flv"
    MPEG_TS = "mpegts"
    MP4 = "mov"


class OtherFormatError(Exception):
    """A response holds no pictures but video in another format, which another kind of source reads."""

    def __init__(self, media_format: MediaFormat) -> None:
        super().__init__(media_format)
        self.media_format = media_format


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
