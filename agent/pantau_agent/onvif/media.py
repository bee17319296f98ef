"""Profiles of ONVIF's media services, the first and the second, and which of them are a channel's two streams."""

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
    """One stream. `source` is the lens, or the recorder's input; `encoding` as H264."""

    token: str
    name: str = ""
    source: str = ""
    encoding: str = ""
    width: int | None = None
    height: int | None = None

    @property
    def pixels(self) -> int:
        """Its size; 0 where it does not say."""
        return (self.width or 0) * (self.height or 0)


def get_profiles(namespace: str) -> Operation:
    """The question for all of them."""
    return Operation(namespace, "GetProfiles", "<t:Type>All</t:Type>" if namespace == MEDIA_2 else "")


def get_stream_uri(namespace: str, profile: Profile) -> Operation:
    """The question for a stream's address, by RTSP over TCP."""
    token = escape(profile.token)
    if namespace == MEDIA_2:
        content = f"<t:Protocol>RTSP</t:Protocol><t:ProfileToken>{token}</t:ProfileToken>"
    else:
        content = (
            "<t:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol>"
            f"</tt:Transport></t:StreamSetup><t:ProfileToken>{token}</t:ProfileToken>"
        )
    return Operation(namespace, "GetStreamUri", content)


def get_snapshot_uri(namespace: str, profile: Profile) -> Operation:
    """The question for a still picture's address."""
    return Operation(namespace, "GetSnapshotUri", f"<t:ProfileToken>{escape(profile.token)}</t:ProfileToken>")


def read_uri(answer: Element) -> str:
    """The address in the answer; empty where there is none."""
    return text_of(answer, "MediaUri/Uri", MAX_URL) or text_of(answer, "Uri", MAX_URL)


def read_profiles(answer: Element) -> list[Profile]:
    """What a GetProfilesResponse holds, of either service."""
    return [_profile(element) for element in answer.findall("Profiles") if element.get("token")]


def channels(profiles: Sequence[Profile]) -> list[tuple[Profile, Profile | None]]:
    """Main stream and sub-stream of each source, in the camera's order.

    The main one is the largest, the sub-stream the smallest that is smaller; None where there is but one size.
    """
    by_source: dict[str, list[Profile]] = {}
    for profile in profiles:
        if not profile.encoding or profile.encoding.lower() in _WATCHED:
            by_source.setdefault(profile.source, []).append(profile)
    pairs: list[tuple[Profile, Profile | None]] = []
    for of_source in by_source.values():
        main = max(of_source, key=lambda profile: profile.pixels)
        smaller = [profile for profile in of_source if 0 < profile.pixels < main.pixels]
        pairs.append((main, min(smaller, key=lambda profile: profile.pixels, default=None)))
    return pairs


def _profile(element: Element) -> Profile:
    first, second = "VideoEncoderConfiguration", "Configurations/VideoEncoder"
    encoder = first if element.find(first) is not None else second
    source = text_of(element, "VideoSourceConfiguration/SourceToken")
    return Profile(
        token=element.get("token", ""),
        name=text_of(element, "Name"),
        source=source or text_of(element, "Configurations/VideoSource/SourceToken"),
        encoding=clean(text_of(element, f"{encoder}/Encoding")),
        width=number_of(element, f"{encoder}/Resolution/Width"),
        height=number_of(element, f"{encoder}/Resolution/Height"),
    )
