"""A camera that is odd in several ways at once: what it may be odd in, and how."""

from dataclasses import dataclass
from typing import Literal

from tests.agent.rtsp.footage import FPS

SECONDS = 10
"""Length of the stream."""
PICTURES = SECONDS * FPS
"""Number of pictures in the stream."""

Codec = Literal["h264", "h265", "mjpeg"]
Carriage = Literal["tcp", "udp", "multipart"]
"""How the pictures come: RTP within RTSP's connection, RTP in datagrams, or JPEGs in a response of HTTP."""

KINDS: tuple[tuple[Codec, Carriage], ...] = (
    ("h264", "tcp"),
    ("h264", "udp"),
    ("h265", "tcp"),
    ("h265", "udp"),
    ("mjpeg", "tcp"),
    ("mjpeg", "udp"),
    ("mjpeg", "multipart"),
)

_OF_NAL_UNITS: dict[str, tuple[str, ...]] = {
    "parameter sets": ("described only", "sent only", "PPS first", "with a timestamp of their own", "missing"),
    "framing": ("aggregated", "start codes in one unit", "start codes in fragments"),
    "fragments": ("later ones of another type",),
    "content": ("no keyframes", "noise", "no packets", "control data only"),
}
_OF_RTP_JPEG: dict[str, tuple[str, ...]] = {
    "tables": ("in each picture", "in the first picture"),
    "fragments": ("small",),
    "content": ("noise", "no packets", "control data only"),
}
_OF_RTP: dict[str, tuple[str, ...]] = {
    "markers": ("none", "on each packet"),
    "timestamps": ("constant", "in milliseconds", "jump of 5 s", "wrap around"),
    "foreign packets": ("of another payload type",),
    "header": ("extension", "padding", "sources", "version 0"),
    "sequence": (
        "starts again",
        "repeated packets",
        "wraps around",
        "always 0",
        "begins anew in each picture",
        "bytes swapped",
    ),
    "loss": ("each 40th packet", "ten packets each 2 s"),
    "sender": ("changes its SSRC", "has an SSRC for each picture"),
    "answers": ("line feeds alone", "lower-case names", "no CSeq", "no reason"),
    "session": ("without a timeout", "timeout with spaces", "with further parameters"),
    "base": ("none", "without a slash", "on another host"),
    "control": ("absolute", "with a slash", "missing"),
    "description": (
        "sound first",
        "metadata behind",
        "line feeds alone",
        "without origin and time",
        "attributes unknown",
        "encoding in lower case",
    ),
    "login": ("basic", "digest", "digest with qop", "digest or basic"),
    "redirect": ("301", "302"),
}
_OF_TCP: dict[str, tuple[str, ...]] = {
    "between packets": ("line breaks", "stray bytes", "requests"),
    "channels": ("others than asked for",),
    "start": ("packets before the answer",),
}
_OF_UDP: dict[str, tuple[str, ...]] = {
    "order": ("pairs swapped",),
    "refusal of TCP": ("400", "406", "500"),
}
_OF_MULTIPART: dict[str, tuple[str, ...]] = {
    "boundary": ("with dashes in the header", "quoted", "after each part", "other than declared", "none"),
    "length": ("missing", "no number", "too small"),
    "part headers": ("in lower case", "further ones", "without a type"),
    "line ends": ("line feeds alone",),
    "response": ("chunked", "HTTP/1.0", "without a type"),
    "login": ("basic", "digest", "digest with qop", "digest or basic"),
    "content": ("noise", "no packets", "pictures cut short", "pictures without their end"),
}


def oddities_of(codec: Codec, carriage: Carriage) -> dict[str, tuple[str, ...]]:
    """Return what a camera of this kind may be odd in, and how."""
    if carriage == "multipart":
        return _OF_MULTIPART
    return (
        (_OF_RTP_JPEG if codec == "mjpeg" else _OF_NAL_UNITS)
        | _OF_RTP
        | (_OF_TCP if carriage == "tcp" else _OF_UDP)
    )


@dataclass(frozen=True, slots=True)
class OddCamera:
    """A camera, by its kind and its oddities: of each key of `oddities_of` at most one."""

    oddities: tuple[tuple[str, str], ...] = ()
    codec: Codec = "h264"
    carriage: Carriage = "tcp"

    def has(self, what: str, how: str) -> bool:
        """Return whether the camera has this oddity."""
        return (what, how) in self.oddities

    def how(self, what: str) -> str:
        """Return how the camera is odd in something; empty if it is not."""
        return dict(self.oddities).get(what, "")
