"""What the agent and its decode worker say to each other: msgpack, each message with its length before it."""

import struct
from enum import StrEnum

import msgspec
from msgspec import Struct

from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail

MAX_MESSAGE = 32 << 20
LENGTH = struct.Struct(">I")


class PictureError(StrEnum):
    """Why a keyframe made no picture."""

    UNDECODABLE = "undecodable"
    ENCRYPTED = "encrypted"
    CRASHED = "crashed"
    """The worker died of it, or took longer than its deadline."""
    UNAVAILABLE = "unavailable"
    """The worker does not run: nothing is known of the picture."""


class Job(Struct, frozen=True):
    """A keyframe to be decoded and judged."""

    id: int
    camera: str
    codec: str
    data: bytes
    time_ms: int
    interval_s: float
    damaged: bool
    settings: PictureSettings = PictureSettings()
    static_stream: bool = False


class JobResult(Struct, frozen=True):
    """What came of the job of that id; id 0 says that the worker is ready."""

    id: int
    width: int = 0
    height: int = 0
    jpeg: bytes | None = None
    cause: Cause | None = None
    evidence: dict[str, float] = {}
    reason: Detail = NO_DETAIL
    error: PictureError | None = None
    detail: Detail = NO_DETAIL


def pack(message: Job | JobResult) -> bytes:
    """The message, ready to send."""
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content
