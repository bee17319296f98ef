"""Session descriptions: the streams that a camera offers (SDP, RFC 4566, and RFC 2326, appendix C)."""

import base64
import binascii
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


class SdpError(EvidenceError):
    """The description cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Track:
    """One medium. `control` is the URL for SETUP, `encoding` is in capitals."""

    medium: str
    control: str = field(repr=False)
    payload_type: int
    encoding: str
    clock_rate: int
    format: dict[str, str]

    @property
    def codec(self) -> str | None:
        """`h264`, `h265` or `mjpeg`; None if the codec is not supported."""
        return CODECS.get(self.encoding) if self.medium == "video" else None

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
    medium: str
    payload_types: list[int]
    control: str = ""
    maps: dict[int, tuple[str, int]] = field(default_factory=dict)
    formats: dict[int, dict[str, str]] = field(default_factory=dict)


def parse(body: bytes, base: str) -> Description:
    """Parse a description; `base` is the base of its relative control URLs (RFC 2326, appendix C.1.1).

    Lines that cannot be parsed are ignored.

    Raises:
        SdpError: it is not SDP, or has more tracks than `MAX_TRACKS`.
    """
    control = ""
    media: list[_Medium] = []
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
        elif key == "a":
            name, _, text = value.partition(":")
            if media:
                _attribute(media[-1], name.strip().lower(), text.strip())
            elif name.strip().lower() == "control":
                control = text.strip()
    if not seen:
        raise SdpError(detail("not_sdp"))
    if any(character.isspace() for text in (control, *(medium.control for medium in media)) for character in text):
        raise SdpError(detail("spaced_control"))
    session = resolve(control, base)
    return Description(session, tuple(_track(medium, base) for medium in media))


def resolve(control: str, base: str) -> str:
    """Return the URL of a control attribute.

    A relative one is appended with a slash, as cameras with a query in their own URLs expect; by RFC 3986 the
    query would be dropped.
    """
    if control in {"", "*"}:
        return base
    if control.lower().startswith(("rtsp://", "rtsps://")):
        return control
    return base + control if base.endswith("/") else f"{base}/{control.lstrip('/')}"


def _medium(value: str) -> _Medium:
    medium, *rest = value.split() or [""]
    types = [int(text) for text in rest[2:] if _is_payload_type(text)]
    return _Medium(medium.lower(), types)


def _attribute(medium: _Medium, name: str, value: str) -> None:
    if name == "control":
        medium.control = value
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
        medium.maps[int(number)] = (encoding.upper()[:40], clock_rate or _VIDEO_CLOCK)
    else:
        pairs = (part.partition("=") for part in text.split(";"))
        medium.formats[int(number)] = {name.strip().lower(): value.strip() for name, _, value in pairs}


def _track(medium: _Medium, base: str) -> Track:
    """Return the track with its first supported payload type, or else with its first."""
    offered = medium.payload_types or [0]
    maps = {
        number: medium.maps.get(number, (_STATIC_ENCODINGS.get(number, ""), _VIDEO_CLOCK)) for number in offered
    }
    chosen = next((number for number in offered if maps[number][0] in CODECS), offered[0])
    encoding, clock_rate = maps[chosen]
    control = resolve(medium.control, base)
    return Track(medium.medium, control, chosen, encoding, clock_rate, medium.formats.get(chosen, {}))


def _is_payload_type(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 128
