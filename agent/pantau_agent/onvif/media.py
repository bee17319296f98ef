"""Profiles of ONVIF's media services 1 and 2, and which of them are the two streams of a channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from pantau_agent.onvif.document import clean, number_of, text_of
from pantau_agent.onvif.envelope import Operation
from pantau_agent.streams.url import MAX_URL

MEDIA_1 = "http://www.onvif.org/ver10/media/wsdl"
MEDIA_2 = "http://www.onvif.org/ver20/media/wsdl"

_WATCHED = {"h264", "h265", "jpeg", "mjpeg", "hevc"}


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream. `source` is the lens, or the recorder's input; `encoding` is a name such as H264."""

    token: str
    name: str = ""
    source: str = ""
    encoding: str = ""
    width: int | None = None
    height: int | None = None

    @property
    def pixels(self) -> int:
        """Pixels of a picture; 0 if the camera does not state them."""
        return (self.width or 0) * (self.height or 0)


def get_profiles(namespace: str) -> Operation:
    """Return the request for all profiles."""
    return Operation(namespace, "GetProfiles", "<t:Type>All</t:Type>" if namespace == MEDIA_2 else "")


def get_stream_uri(namespace: str, profile: Profile) -> list[Operation]:
    """Return the requests for a stream's address by RTSP, the usual one first.

    Cameras answer with the same address for TCP and UDP, and some know only one of the names.
    """
    token = escape(profile.token)
    if namespace == MEDIA_2:
        contents = [
            f"<t:Protocol>{protocol}</t:Protocol><t:ProfileToken>{token}</t:ProfileToken>"
            for protocol in ("RTSP", "RtspUnicast")
        ]
    else:
        contents = [
            f"<t:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>{protocol}</tt:Protocol>"
            f"</tt:Transport></t:StreamSetup><t:ProfileToken>{token}</t:ProfileToken>"
            for protocol in ("RTSP", "UDP")
        ]
    return [Operation(namespace, "GetStreamUri", content) for content in contents]


def get_snapshot_uri(namespace: str, profile: Profile) -> Operation:
    """Return the request for a still picture's address."""
    return Operation(namespace, "GetSnapshotUri", f"<t:ProfileToken>{escape(profile.token)}</t:ProfileToken>")


def read_uri(answer: Element) -> str:
    """Return the address in the answer, without the line breaks that some cameras put into it; empty if none."""
    uri = text_of(answer, "MediaUri/Uri", MAX_URL) or text_of(answer, ".//Uri", MAX_URL)
    return "".join(uri.split())


def read_profiles(answer: Element) -> list[Profile]:
    """Return the profiles in a GetProfilesResponse of either service."""
    return [_profile(element) for element in answer.iter("Profiles") if _token(element)]


def channels(profiles: Sequence[Profile]) -> list[tuple[Profile, Profile | None]]:
    """Return main stream and sub-stream of each source, in the camera's order.

    The main stream is the largest, the sub-stream the smallest that is smaller; None if there is only one size.
    """
    by_source: dict[str, list[Profile]] = {}
    for profile in profiles:
        if not profile.encoding or profile.encoding.lower() in _WATCHED:
            by_source.setdefault(profile.source, []).append(profile)
    pairs: list[tuple[Profile, Profile | None]] = []
    for profiles_of_source in by_source.values():
        main = max(profiles_of_source, key=lambda profile: profile.pixels)
        smaller = [profile for profile in profiles_of_source if 0 < profile.pixels < main.pixels]
        pairs.append((main, min(smaller, key=lambda profile: profile.pixels, default=None)))
    return pairs


def _profile(element: Element) -> Profile:
    first, second = "VideoEncoderConfiguration", "Configurations/VideoEncoder"
    encoder = first if element.find(first) is not None else second
    return Profile(
        token=_token(element),
        name=text_of(element, "Name"),
        source=_source(element),
        encoding=clean(text_of(element, f"{encoder}/Encoding")),
        width=number_of(element, f"{encoder}/Resolution/Width"),
        height=number_of(element, f"{encoder}/Resolution/Height"),
    )


def _source(element: Element) -> str:
    """Return the source's token; that of its configuration where a camera states no other."""
    for path in ("VideoSourceConfiguration", "Configurations/VideoSource"):
        configuration = element.find(path)
        if configuration is not None:
            return text_of(configuration, "SourceToken") or _token(configuration)
    return ""


def _token(element: Element) -> str:
    return element.get("token") or element.get("Token") or ""
