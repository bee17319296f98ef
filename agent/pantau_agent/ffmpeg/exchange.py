"""The messages between the agent and the reader of a stream: msgpack, each preceded by its length.

The agent sends `Start`, and then a `KeyframeRequest` for each keyframe that it needs. A stream over HTTP is
fetched by the agent, which alone has the password and knows to which hosts it may go: the reader asks for a file
by `Fetch`, for each next piece of it by `More`, and is sent a `Piece`.
"""

import msgspec
from msgspec import Struct

from pantau_agent.picture.exchange import LENGTH
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_contract.words.evidence import NO_DETAIL, Detail

MAX_MESSAGE = 16 << 20
"""Largest message from the reader, in bytes."""
BEAT_S = 1.0
"""Seconds between two signs of life of the reader, which are the counts so far."""


class Start(Struct, frozen=True, tag=True):
    """The stream to read, and the time to open it. `demuxer` is FFmpeg's name of the stream's format.

    With `fetched` the agent fetches it; else FFmpeg connects to the `url`, which has the credentials in it.
    """

    url: str
    timeout_s: float
    demuxer: str = "flv"
    fetched: bool = False


class KeyframeRequest(Struct, frozen=True, tag=True):
    """Asks the reader for the next keyframe."""


class Piece(Struct, frozen=True, tag=True):
    """The next bytes of a file; none at its end, with why it ended early if it did."""

    file: int
    data: bytes
    problem: Detail = NO_DETAIL


AgentMessage = Start | KeyframeRequest | Piece


class Ready(Struct, frozen=True, tag=True):
    """The reader has loaded its libraries."""


class Fetch(Struct, frozen=True, tag=True):
    """Asks for a file by its URL, under a number that it has from then on."""

    file: int
    url: str


class More(Struct, frozen=True, tag=True):
    """Asks for the next piece of a file."""

    file: int


class Done(Struct, frozen=True, tag=True):
    """No more of that file is needed."""

    file: int


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


ReaderMessage = Ready | Fetch | More | Done | Opened | Progress | RequestedKeyframe | Ended


def pack(message: ReaderMessage | AgentMessage) -> bytes:
    """Return the message as bytes."""
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content
