"""What the agent and a reader of a stream say to each other: msgpack, each message with its length before it.

The agent says `Start`, and then one octet, `WANTED`, whenever it wants the next keyframe.
"""

import msgspec
from msgspec import Struct

from pantau_agent.picture.exchange import LENGTH
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure
from pantau_contract.words.evidence import NO_DETAIL, Detail

MAX_MESSAGE = 16 << 20
WANTED = b"\x01"


class Start(Struct, frozen=True):
    """What is to be read: a URL with its credentials, which stand in no command line. Times are in seconds."""

    url: str
    timeout_s: float


class Ready(Struct, frozen=True, tag=True):
    """The reader has loaded its libraries."""


class Opened(Struct, frozen=True, tag=True):
    """It streams."""

    codec: str


class Seen(Struct, frozen=True, tag=True):
    """What came so far, and what is odd about it."""

    counts: Counts
    remark: Detail = NO_DETAIL


class Picture(Struct, frozen=True, tag=True):
    """A keyframe that was wanted; H.264 and H.265 as Annex B with parameter sets."""

    data: bytes
    damaged: bool


class Ended(Struct, frozen=True, tag=True):
    """It is over, or did not begin."""

    failure: Failure


Said = Ready | Opened | Seen | Picture | Ended


def pack(message: Said | Start) -> bytes:
    """The message, ready to send."""
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content
