"""Messages between the agent and its decode worker: msgpack, each prefixed with its length."""

import struct
from enum import StrEnum

import msgspec
from msgspec import Struct

from pantau_agent.picture.explanation import Explanation
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail

MAX_MESSAGE = 32 << 20
"""Bytes of the longest message that is read."""
LAST = -1
"""Id of the results that follow the end of the input."""
LENGTH = struct.Struct(">I")
"""The prefix: the message's length in bytes, big-endian."""


class PictureError(StrEnum):
    """Why a keyframe gave no picture."""

    UNDECODABLE = "undecodable"
    ENCRYPTED = "encrypted"
    CRASHED = "crashed"
    """The worker died of it, or exceeded its deadline."""
    UNAVAILABLE = "unavailable"
    """The worker does not run: nothing is known about the picture."""


class Job(Struct, frozen=True):
    """A keyframe to decode and judge.

    With `kept`, what is learned of the camera is sent back from time to time. `memory` is what was kept of it,
    sent with the first job. `accept` and `explain` are requests about the view (see `view_requests`).
    """

    id: int
    camera: str
    codec: str
    data: bytes
    time_ms: int
    interval_s: float
    damaged: bool
    settings: PictureSettings = PictureSettings()
    static_stream: bool = False
    kept: bool = False
    memory: bytes | None = None
    accept: bool = False
    explain: bool = False


class JobResult(Struct, frozen=True):
    """The result of the job with that id.

    Id 0 announces that the worker is ready; `unfiltered` is why the kernel does not filter its system calls, if
    so. Results of id `LAST` follow the end of the input, with what was learned. `memories` are to be kept, by
    camera; `evicted` names a camera that the worker no longer knows.
    """

    id: int
    width: int = 0
    height: int = 0
    jpeg: bytes | None = None
    cause: Cause | None = None
    evidence: dict[str, float] = {}
    reason: Detail = NO_DETAIL
    error: PictureError | None = None
    detail: Detail = NO_DETAIL
    memories: dict[str, bytes] = {}
    evicted: str = ""
    explanation: Explanation | None = None
    accepted: bool = False
    unfiltered: str = ""


def pack(message: Job | JobResult) -> bytes:
    """Return the message ready to send."""
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content
