"""The messages between the agent and the reader of a stream: msgpack, each preceded by its length.

The agent sends `Start`, and then the single byte `KEYFRAME_REQUEST` for each keyframe that it needs.
"""

import msgspec
from msgspec import Struct

from pantau_agent.picture.exchange import LENGTH
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_contract.words.evidence import NO_DETAIL, Detail

MAX_MESSAGE = 16 << 20
"""Largest message from the reader, in bytes."""
KEYFRAME_REQUEST = b"\x01"
"""Asks the reader for the next keyframe."""


class Start(Struct, frozen=True):
    """The stream to read: a URL with its credentials, which no command line must show, and the time to open it.

    `demuxer` is FFmpeg's name of the stream's format, and `cookies` the value of a Cookie field for HTTP.
    """

    url: str
    timeout_s: float
    demuxer: str = "flv"
    cookies: str = ""


class Ready(Struct, frozen=True, tag=True):
    """The reader has loaded its libraries."""


class Opened(Struct, frozen=True, tag=True):
    """The stream is open."""

    codec: str


class Progress(Struct, frozen=True, tag=True):
    """The counts so far, and what is odd about the stream."""

    counts: Counts
    remark: Detail = NO_DETAIL


class RequestedKeyframe(Struct, frozen=True, tag=True):
    """A keyframe that was requested; H.264 and H.265 are in Annex B with parameter sets."""

    data: bytes
    damaged: bool


class Ended(Struct, frozen=True, tag=True):
    """The stream has ended, or could not be opened."""

    failure: Failure


ReaderMessage = Ready | Opened | Progress | RequestedKeyframe | Ended


def pack(message: ReaderMessage | Start) -> bytes:
    """Return the message as bytes."""
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content
