"""Session descriptions: the streams that a camera offers (SDP, RFC 4566, and RFC 2326, appendix C)."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pantau_agent.streams.failure import EvidenceError
from pantau_contract.words.evidence import detail

MAX_TRACKS = 64
"""Most tracks in one description."""
CODECS = {"H264": "h264", "H265": "h265", "JPEG": "mjpeg"}
"""The supported codecs by their RTP encoding names (RFC 6184, 7798, 2435)."""

_VIDEO_CLOCK = 90_000
_STATIC_ENCODINGS = {26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T"}
"""Encoding names of static payload types (RFC 3551, table 5)."""


_TWO_PORTS = re.compile(r"^(rtsps?://[^/?#]*:\d+):\d+(?=[/?#]|$)", re.IGNORECASE)
_HOST = re.compile(r"rtsps?://[^/?#]+", re.IGNORECASE)
_SIZE = re.compile(r"(\d{2,5})\s*[,x -]\s*(\d{2,5})$")


class SdpError(EvidenceError):
    """The description cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Track:
    """One medium. `control` is the URL for SETUP, `encoding` is in capitals.

    `other_control` is the URL that the control attribute means by RFC 3986, where that is another one: most
    cameras want it appended, and a few want this. `picture_size` is in pixels, if the description has one. `group`
    and `port` are where the medium is sent to, if the description says so; empty and 0 else.
    """

    medium: str
    control: str = field(repr=False)
    payload_type: int
    encoding: str
    clock_rate: int
    format: dict[str, str]
    other_control: str = field(default="", repr=False)
    picture_size: tuple[int, int] | None = None
    group: str = ""
    port: int = 0

    @property
    def codec(self) -> str | None:
        """`h264`, `h265` or `mjpeg`; None if the codec is not supported."""
        return CODECS.get(self.encoding) if self.medium == "video" else None

    @property
    def has_order_numbers(self) -> bool:
        """True if H.265's packets hold decoding order numbers (RFC 7798, section 4.4)."""
        return any(
            self.format.get(name, "0").strip("0") for name in ("sprop-max-don-diff", "sprop-depack-buf-nalus")
        )

    @property
    def parameter_sets(self) -> tuple[bytes, ...]:
        """The codec's parameter sets as NAL units; damaged ones are left out."""
        names = {"h264": ("sprop-parameter-sets",), "h265": ("sprop-vps", "sprop-sps", "sprop-pps")}
        found: list[bytes] = []
        for name in names.get(self.codec or "", ()):
            for text in self.format.get(name, "").split(","):
                try:
                    found.append(base64.b64decode(text.strip() + "=" * (-len(text.strip()) % 4), validate=True))
                except (binascii.Error, ValueError):
                    continue
        return tuple(nal for nal in found if nal)


@dataclass(frozen=True, slots=True)
class Description:
    """A session description. `control` is the URL for PLAY and TEARDOWN."""

    control: str = field(repr=False)
    tracks: tuple[Track, ...]

    def video(self) -> Track | None:
        """Return the first video track with a supported codec, or None if there is none."""
        return next((track for track in self.tracks if track.codec), None)

    def encodings(self) -> list[str]:
        """Return all tracks as text, such as `audio PCMU` and `video H264`."""
        return [f"{track.medium} {track.encoding or track.payload_type}" for track in self.tracks]


@dataclass
class _Medium:
    """`payload_types` are in their order, each once: a hostile description may repeat them."""

    medium: str
    payload_types: dict[int, None]
    control: str = ""
    maps: dict[int, tuple[str, int]] = field(default_factory=dict)
    formats: dict[int, dict[str, str]] = field(default_factory=dict)
    picture_size: tuple[int, int] | None = None
    address: str = ""
    port: int = 0


def parse(body: bytes, base: str) -> Description:
    """Parse a description; `base` is the base of its relative control URLs (RFC 2326, appendix C.1.1).

    Lines that cannot be parsed are ignored. An absolute control URL of the session replaces the base, as in
    FFmpeg. Attributes of a payload type that stand with another medium, or before the first, count where the right
    medium has none.

    Raises:
        SdpError: it is not SDP, or has more tracks than `MAX_TRACKS`.
    """
    media: list[_Medium] = []
    session_attributes = _Medium("", {})
    seen = False
    for raw in body.decode("utf-8", "replace").splitlines():
        key, equals, value = raw.strip().partition("=")
        if not equals or len(key) != 1:
            continue
        seen = True
        if key == "m":
            if len(media) == MAX_TRACKS:
                raise SdpError(detail("many_tracks", count=MAX_TRACKS))
            media.append(_medium(value))
        elif key == "c":
            (media[-1] if media else session_attributes).address = value.split("/")[0].rpartition(" ")[2]
        elif key == "a":
            name, _, text = value.partition(":")
            _attribute(media[-1] if media else session_attributes, name.strip().lower(), text.strip())
    if not seen:
        raise SdpError(detail("not_sdp"))
    control = session_attributes.control
    if any(character.isspace() for text in (control, *(medium.control for medium in media)) for character in text):
        raise SdpError(detail("spaced_control"))
    session = resolve(control, base)
    if _is_absolute(control):
        base = session
    everywhere = [session_attributes, *media]
    return Description(session, tuple(_track(medium, base, everywhere) for medium in media))


def resolve(control: str, base: str) -> str:
    """Return the URL of a control attribute.

    A relative one is appended with one slash, as cameras with a query in their own URLs expect; by RFC 3986 the
    query would be dropped.
    """
    if control in {"", "*"}:
        return base
    if _is_absolute(control):
        return with_one_port(control)
    return f"{base.removesuffix('/')}/{control.lstrip('/')}"


def with_one_port(url: str) -> str:
    """Return the URL with the first port only: some cameras append a second one."""
    return _TWO_PORTS.sub(r"\1", url)


def _is_absolute(control: str) -> bool:
    return control.lower().startswith(("rtsp://", "rtsps://"))


def _by_rfc_3986(control: str, base: str) -> str:
    """Return the URL of a control attribute with a path of its own, by RFC 3986; empty for another attribute."""
    return with_host_of(base, control) if control.startswith("/") else ""


def with_host_of(base: str, reference: str) -> str:
    """Return what a reference means at a URL: a path keeps scheme and host (RFC 3986, 5.2), others stay."""
    host = _HOST.match(base)
    return f"{host[0]}{reference}" if host is not None and reference.startswith("/") else reference


def _medium(value: str) -> _Medium:
    medium, *rest = value.split() or [""]
    types = dict.fromkeys(int(text) for text in rest[2:] if _is_payload_type(text))
    port = rest[0].partition("/")[0] if rest else ""
    return _Medium(medium.lower(), types, port=int(port) if port.isdecimal() and len(port) < 6 else 0)


def _attribute(medium: _Medium, name: str, value: str) -> None:
    if name == "control":
        medium.control = value
        return
    if name in {"x-dimensions", "framesize"}:
        # live555's is "width,height", and GStreamer's "payload-type width-height" (3GPP TS 26.234)
        if (size := _SIZE.search(value)) is not None:
            medium.picture_size = int(size[1]), int(size[2])
        return
    if name not in {"rtpmap", "fmtp"}:
        return
    number, _, text = value.partition(" ")
    if not _is_payload_type(number):
        return
    if name == "rtpmap":
        encoding, _, parameters = text.strip().partition("/")
        rate = parameters.partition("/")[0].strip()
        clock_rate = int(rate) if rate.isascii() and rate.isdigit() and 0 < len(rate) < 10 else 0
        medium.maps[int(number)] = (encoding.strip().upper()[:40], clock_rate or _VIDEO_CLOCK)
    else:
        pairs = (part.partition("=") for part in text.split(";"))
        medium.formats[int(number)] = {name.strip().lower(): value.strip() for name, _, value in pairs}


def _track(medium: _Medium, base: str, everywhere: Sequence[_Medium]) -> Track:
    """Return the track with its first supported payload type, or else with its first."""
    offered = list(medium.payload_types) or [0]
    maps = {number: _map_of(number, medium, everywhere) for number in offered}
    chosen = next((number for number in offered if maps[number][0] in CODECS), offered[0])
    encoding, clock_rate = maps[chosen]
    control, other = resolve(medium.control, base), _by_rfc_3986(medium.control, base)
    return Track(
        medium.medium,
        control,
        chosen,
        encoding,
        clock_rate,
        _format_of(chosen, medium, everywhere),
        other if other != control else "",
        medium.picture_size or everywhere[0].picture_size,
        medium.address or everywhere[0].address,
        medium.port,
    )


def _map_of(number: int, medium: _Medium, everywhere: Sequence[_Medium]) -> tuple[str, int]:
    if number in medium.maps:
        return medium.maps[number]
    if number in _STATIC_ENCODINGS:
        return _STATIC_ENCODINGS[number], _VIDEO_CLOCK
    if not any(number in other.maps for other in everywhere):
        return "", _VIDEO_CLOCK
    strays = _strays(number, medium, everywhere)
    return next((other.maps[number] for other in strays if number in other.maps), ("", _VIDEO_CLOCK))


def _format_of(number: int, medium: _Medium, everywhere: Sequence[_Medium]) -> dict[str, str]:
    if number in medium.formats:
        return medium.formats[number]
    strays = _strays(number, medium, everywhere)
    return next((other.formats[number] for other in strays if number in other.formats), {})


def _strays(number: int, medium: _Medium, everywhere: Sequence[_Medium]) -> list[_Medium]:
    """Return the other media that do not offer that payload type, so that what they state of it is not theirs."""
    return [other for other in everywhere if other is not medium and number not in other.payload_types]


def _is_payload_type(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 128
