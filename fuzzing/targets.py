"""The parsers to fuzz, each with the valid input that is damaged for it."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

from fuzzing import broker
from fuzzing.camera import connect_to
from fuzzing.mutation import chunks
from fuzzing.seeds import (
    CHALLENGES,
    CONVERSATIONS,
    DESCRIPTIONS,
    HTTP_RESPONSES,
    MULTIPARTS,
    PACKETS,
    PLAYLISTS,
    RECURRENCES,
    REPORTS,
    URLS,
    split,
)
from pantau_agent.http import multipart
from pantau_agent.http import playlist as hls
from pantau_agent.http.response import ResponseParser
from pantau_agent.rtsp import client, sdp
from pantau_agent.rtsp.access_unit import KeyframeAssembler
from pantau_agent.rtsp.jpeg import JpegAssembler
from pantau_agent.rtsp.messages import Demultiplexer, RtspResponse, encode_request
from pantau_agent.rtsp.nal import H264Assembler, H265Assembler
from pantau_agent.rtsp.reorder import ReorderBuffer
from pantau_agent.rtsp.rtp import Reception, SenderClock
from pantau_agent.streams import url
from pantau_agent.streams.authentication import Authenticator
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import LookError
from pantau_agent.streams.malformed import MalformedError
from pantau_collector.incidents.downtime import Downtime, DowntimeError, Scope, check, occurrence
from pantau_contract.errors import ContractError

CAMERA = url.parse("rtsp://192.0.2.1/cam")
START_MS = 1_795_964_400_000
"""UTC ms at which a recurring downtime begins: 2026-11-29 22:00 WIB."""
YEAR_MS = 365 * 86_400_000
CREDENTIALS = Credentials("user", "password")
MAX_WAITING = 512 << 10
"""Bytes of incomplete input that a connection may buffer: the largest head and body, and one chunk."""
COLLECTORS: dict[str, Callable[[], KeyframeAssembler]] = {
    "h264": H264Assembler,
    "h265": H265Assembler,
    "jpeg": JpegAssembler,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A parser under test.

    `run` gets an input, and the random generator that decides how it is cut. Any exception that is not in
    `declared` is a finding.
    """

    name: str
    valid: Sequence[bytes]
    run: Callable[[bytes, random.Random], None]
    declared: tuple[type[Exception], ...] = ()
    share: float = 1.0
    """Relative weight among the targets when inputs are distributed."""


def conversation(data: bytes, rng: random.Random) -> None:
    """Parse a camera's responses and packets as they arrive on a connection, in chunks."""
    demultiplexer, unit = Demultiplexer(), H264Assembler()
    demultiplexer.channels[0] = Reception(96, 90_000, unit).receive
    demultiplexer.channels[1] = SenderClock().receive
    unit.request_keyframe(_forget)
    for number, chunk in enumerate(chunks(rng, data)):
        for message in demultiplexer.feed(chunk, number / 100):
            if isinstance(message, RtspResponse) and message.cseq is not None and message.body:
                description(message.body, rng)
        assert demultiplexer.waiting <= MAX_WAITING, f"{demultiplexer.waiting} bytes are buffered"


def session(data: bytes, rng: random.Random) -> None:
    """Run a whole session with a camera that sends these responses one by one and hangs up."""
    pieces = [piece for piece in data.replace(b"RTSP/1.0 ", b"\x00RTSP/1.0 ").split(b"\x00") if piece]

    async def open_and_wait() -> None:
        with mock.patch.object(client, "connect", connect_to(pieces, rng)):
            opened = client.RtspSession(CAMERA, CREDENTIALS, asyncio.get_running_loop().time)
            try:
                await opened.open(10)
                opened.unit.request_keyframe(_forget)
                await opened.wait()
            finally:
                await opened.close()

    _loop().run_until_complete(open_and_wait())


def description(data: bytes, _rng: random.Random) -> None:
    """Parse an SDP description and build the requests that depend on it."""
    read = sdp.parse(data, "rtsp://192.0.2.1/cam/")
    assert len(read.tracks) <= sdp.MAX_TRACKS
    track = read.video()
    if track is not None:
        H264Assembler(track.parameter_sets)
        Reception(track.payload_type, track.clock_rate, H264Assembler())
        encode_request("SETUP", track.control, {"CSeq": "1"})
    encode_request("PLAY", read.control, {"CSeq": "1"})
    ", ".join(read.encodings())


def challenge(data: bytes, rng: random.Random) -> None:
    """Answer a WWW-Authenticate header."""
    authenticator = Authenticator(CREDENTIALS)
    text = " ".join(data.decode("utf-8", "replace").splitlines())
    authenticator.challenged([text, "Basic"] if rng.random() < 0.1 else [text], tried=rng.random() < 0.1)
    answer = authenticator.authorization("DESCRIBE", "rtsp://192.0.2.1/cam")
    if answer is not None:
        encode_request("DESCRIBE", "rtsp://192.0.2.1/cam", {"Authorization": answer})


def address(data: bytes, _rng: random.Random) -> None:
    """Parse a URL, as from a redirect."""
    read = url.parse(data.decode("utf-8", "replace"))
    encode_request("DESCRIBE", read.without_credentials, {"CSeq": "1"})
    url.redact(data.decode("utf-8", "replace"))


def packets(codec: str) -> Callable[[bytes, random.Random], None]:
    """Return a target that reads RTP packets of a codec, over TCP or UDP, and collects every keyframe."""

    def run(data: bytes, rng: random.Random) -> None:
        unit = COLLECTORS[codec]()
        reception = Reception(96, 90_000, unit)
        ordered = ReorderBuffer(reception.receive, 96)
        receive = ordered.receive if rng.random() < 0.3 else reception.receive
        for number, packet in enumerate(split(data)):
            unit.request_keyframe(_forget)
            receive(b"$0oo" + packet, 4, 4 + len(packet), 1 + number / 100)
        ordered.release(1e9)
        assert min(reception.lost, reception.frames, reception.octets) >= 0
        assert reception.frames >= reception.keyframes

    return run


def playlist(data: bytes, _rng: random.Random) -> None:
    """Parse an HLS playlist."""
    read = hls.parse(data)
    assert 1 <= read.target_s <= hls.MAX_TARGET_S


def parts(data: bytes, rng: random.Random) -> None:
    """Parse a multipart body as it arrives, whatever its boundary."""
    parser = multipart.PartParser(rng.choice(["frame", "--frame", ""]))
    taken = sum(len(part.content) for chunk in chunks(rng, data) for part in parser.feed(chunk))
    assert taken <= len(data)


def http_response(data: bytes, rng: random.Random) -> None:
    """Parse an HTTP response as it arrives."""
    parser = ResponseParser()
    taken = sum(len(parser.feed(chunk)) for chunk in chunks(rng, data))
    assert taken <= len(data)


def reports(data: bytes, _rng: random.Random) -> None:
    """Parse RTCP."""
    SenderClock().receive(b"$1oo" + data, 4, 4 + len(data), 1.0)


def recurrence(data: bytes, _rng: random.Random) -> None:
    """Check a recurring downtime, and find its next occurrence after a year."""
    planned = Downtime(1, Scope.SITE, "a", START_MS, rrule=data.decode("utf-8", "replace"), duration_s=3600)
    check(planned)
    occurrence(planned, START_MS + YEAR_MS)


TARGETS = (
    Target("conversation", CONVERSATIONS, conversation, (MalformedError, sdp.SdpError), 3),
    Target("session", CONVERSATIONS, session, (LookError,), 0.2),
    Target("sdp", DESCRIPTIONS, description, (sdp.SdpError,), 2),
    Target("challenge", CHALLENGES, challenge),
    Target("url", URLS, address, (url.UrlError,)),
    *(Target(f"rtp {codec}", valid, packets(codec), share=2) for codec, valid in PACKETS.items()),
    Target("rtcp", REPORTS, reports),
    Target("recurrence", RECURRENCES, recurrence, (DowntimeError,)),
    Target("playlist", PLAYLISTS, playlist, (MalformedError,)),
    Target("multipart", MULTIPARTS, parts, (MalformedError,)),
    Target("http", HTTP_RESPONSES, http_response, (MalformedError,)),
    Target("message", broker.MESSAGES, broker.message, (ContractError,), 2),
    Target("columns", broker.COLUMNS, broker.columns, (ContractError,), 2),
    Target("snapshot", broker.SNAPSHOTS, broker.snapshot, (ContractError,)),
    Target("topic", broker.TOPICS, broker.topic, (ContractError,), 0.5),
    Target("packets", broker.PACKETS, broker.packets, (OSError,), 0.5),
)
DECLARED = tuple({error for target in TARGETS for error in target.declared})


@contextmanager
def session_loop() -> Iterator[None]:
    """Close the event loop of the session target on leaving."""
    try:
        yield
    finally:
        while _LOOPS:
            _LOOPS.pop().close()


_LOOPS: list[asyncio.AbstractEventLoop] = []


def _loop() -> asyncio.AbstractEventLoop:
    if not _LOOPS:
        _LOOPS.append(asyncio.new_event_loop())
    return _LOOPS[0]


def _forget(_keyframe: object) -> None:
    """Discard the keyframe."""
