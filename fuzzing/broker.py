"""The decoders that a broker reaches: messages of every kind, snapshots, topics, the packets of a connection."""

import random
import socket
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from fuzzing.mutation import chunks
from pantau_collector.intake.buffered_socket import Arriving, BufferedSocket
from pantau_contract.batch_identity import identify_batch
from pantau_contract.messages import (
    BatchRange,
    Birth,
    CameraAbout,
    CameraState,
    Command,
    Death,
    Drop,
    Host,
    Message,
    Receipt,
    Reply,
    Sample,
    Telemetry,
)
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.snapshot import SnapshotMetadata, read_stamp, stamp
from pantau_contract.states import CAUSES, Cause, State
from pantau_contract.topics import Topic, TopicKind, parse_topic, site_of
from pantau_contract.wire import decode, encode

NOW = 1_790_000_000_000
_SAMPLES = (
    Sample("gate", NOW, State.OK, NOW - 5000, codec="h264", width=640, height=360, fps=24.5, transport="tcp"),
    Sample("road", NOW, State.DOWN, NOW, Cause.REFUSED, detail='said "no"\n', evidence=dict.fromkeys(CAUSES, 0.5)),
    Sample("yard", NOW, State.IMPAIRED, NOW, Cause.BLACK, evidence={"black": 0.9}, picture_unseen="é"),
)
_BATCH = Telemetry(
    "a", "b1", 7, NOW, 5000, True, 30, _SAMPLES, host=Host(cpu_pct=1.5), dropped=2, drop=Drop(2, NOW - 9, NOW)
)
_MESSAGES: dict[TopicKind, tuple[Message, ...]] = {
    TopicKind.TELEMETRY: (_BATCH,),
    TopicKind.AGENT: (
        Birth("a", "b1", 1, NOW, "1", 30, "name", (CameraAbout("gate", "n", "v", "m", "f", "note"),)),
        Death("a", "b1", 1, clean=True),
    ),
    TopicKind.STATE: (CameraState("a", "gate", "b1", 1, NOW, State.DOWN, NOW, Cause.REFUSED, "why"),),
    TopicKind.COMMAND: (Command("1", "probe", "gate"),),
    TopicKind.REPLY: (Reply("a", "1", "gate", NOW, "", _SAMPLES[0]),),
    TopicKind.ACK: (Receipt("a", (BatchRange("b1", 1, 9),)),),
}
MESSAGES = [
    (str(kind).encode() + b"\n" + encode(message, compress=compress))
    for kind, messages in _MESSAGES.items()
    for message in messages
    for compress in (False, True)
]
"""Messages, each behind the kind of its topic and a line end."""
COLUMNS = [zlib.decompressobj(zdict=PRESET_DICTIONARY).decompress(encode(_BATCH, compress=True))]
"""Telemetry by columns before it is compressed, so that damage reaches its values."""
SNAPSHOTS = [
    stamp(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02x\xff\xd9", SnapshotMetadata("a", "gate", NOW, State.OK))
]
TOPICS = [str(Topic("a", kind)).encode() for kind in _MESSAGES if kind is not TopicKind.STATE] + [
    str(Topic("a", TopicKind.SNAPSHOT, "gate")).encode()
]
_PUBLISH = b"\x32\x1e\x00\x15pantau/v1/a/telemetry\x00\x01{}xxx"
PACKETS = [b"\x20\x02\x00\x00\x90\x03\x00\x01\x01" + _PUBLISH + b"\xd0\x00", _PUBLISH * 20]
"""What a broker sends on a connection."""


def message(data: bytes, _rng: random.Random) -> None:
    """Decode a message; what is decoded has printable texts only, and is encoded again."""
    kind, _, payload = data.partition(b"\n")
    names = {str(each).encode(): each for each in _MESSAGES}
    camera = "gate" if kind == b"state" else None
    identify_batch(payload)
    found = decode(Topic("a", names.get(kind, TopicKind.TELEMETRY), camera), payload)
    encode(found)
    assert all(text.isprintable() for text in _texts(found))


def columns(data: bytes, rng: random.Random) -> None:
    """Decode telemetry by columns whose content is damaged, not its compression."""
    deflater = zlib.compressobj(level=1, zdict=PRESET_DICTIONARY)
    message(b"telemetry\n" + deflater.compress(data) + deflater.flush(), rng)


def snapshot(data: bytes, _rng: random.Random) -> None:
    """Read the facts of a snapshot."""
    read_stamp(data)


def topic(data: bytes, _rng: random.Random) -> None:
    """Parse a topic, and find whose it is."""
    text = data.decode("utf-8", "replace")
    assert len(site_of(text)) <= 63
    parse_topic(text)


@dataclass(frozen=True)
class _EvenSizesOnly:
    """Wants every other message."""

    is_wary: bool

    def look_ahead(self, _packets: Iterable[Arriving]) -> None:
        """Learn nothing."""

    def is_wanted(self, _topic: bytes, size: int) -> bool:
        return size % 2 == 0


def packets(data: bytes, rng: random.Random) -> None:
    """Read what a broker sends as paho does, until the end or an error of the connection."""
    broker, ours = socket.socketpair()
    with broker, ours:
        ours.setblocking(False)
        reading = BufferedSocket(ours, _EvenSizesOnly(is_wary=rng.random() < 0.5))
        for chunk in chunks(rng, data):
            broker.sendall(chunk)
            for _ in range(len(chunk) + 1):
                try:
                    if not reading.recv(rng.choice((1, 1, 1, 40))):
                        return
                except BlockingIOError:
                    break


def _texts(found: Message) -> list[str]:
    match found:
        case Telemetry(boot=boot, samples=samples):
            texts = [boot, *(each.detail for each in samples), *(each.codec or "" for each in samples)]
            return texts + [cause for each in samples for cause in each.evidence or ()]
        case Birth(boot=boot, version=version, name=name, cameras=cameras):
            return [boot, version, name, *(text for each in cameras for text in (each.name, each.model))]
        case CameraState(boot=boot, detail=detail):
            return [boot, detail]
        case Reply(id=number, error=error):
            return [number, error]
        case _:
            return []
