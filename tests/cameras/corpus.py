"""Load the answers of real cameras, and what the agent must make of them: one file for each camera (README.md)."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from pantau_contract.states import Cause, State

ANSWERS = Path(__file__).with_name("answers")
USER, PASSWORD = "operator", "rahasia 1"
"""The login of every camera in the corpus; answers never hold a real one."""


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The packets that an RTSP camera sends once it plays."""

    codec: Literal["h264", "h265", "mjpeg"] = "h264"
    payload_type: int = 96
    channel: int = 0
    """The interleaved channel of the video; ignored over UDP."""


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the agent must make of the answers. Fields that are left out are not checked, except `cause`."""

    state: State
    cause: Cause | None = None
    codec: str | None = None
    transport: Literal["tcp", "udp"] | None = None
    authentication: Literal["none", "basic", "digest md5", "digest sha-256"] | None = None
    """The scheme by which the agent answered the camera's challenge."""
    tracks: list[str] | None = None
    """The description's media, as `video H264`, in the order of the description."""
    setup: str | None = None
    """The URL of the first SETUP; the camera's own address is written as 192.0.2.10."""
    play: str | None = None
    detail: str | None = None
    """A part of the evidence that the agent reports."""


class RealCamera(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One camera. `answers` holds the texts of its answers by method (GET for HTTP), in their order."""

    maker: str
    model: str
    source: str
    """The public report that describes the answers."""
    odd: str
    """What is unusual about this camera, for a reader."""
    url: str
    """The URL as configured, on 192.0.2.10."""
    expect: Expectation
    answers: dict[str, list[str]]
    media: Media = Media()
    repeat: str = ""
    """HTTP: what is sent repeatedly after the answer; `{jpeg}` is a picture, `{length}` its length in bytes."""
    cseq: Literal["the request's", "as written"] = "the request's"
    content_length: Literal["counted", "as written"] = "counted"
    line_end: Literal["crlf", "lf"] = "crlf"
    timeout_s: float = 30.0
    """The configured timeout, in seconds; lower only where the agent is expected to reach it."""
    wrong_today: str = ""
    """Why the agent does not meet the expectation yet; empty if it does."""


def load(path: Path) -> RealCamera:
    """Read one file of the corpus.

    Raises:
        ValueError: a key is missing, unknown or of the wrong type.
    """
    return msgspec.convert(tomllib.loads(path.read_text()), RealCamera)


def all_cameras() -> dict[str, RealCamera]:
    """Return the whole corpus by name, in the order of the names."""
    return {path.stem: load(path) for path in sorted(ANSWERS.glob("*.toml"))}
