import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.rtsp.messages import (
    MAX_BODY,
    MAX_STRAY,
    Demultiplexer,
    RtspRequest,
    RtspResponse,
    encode_request,
)
from pantau_agent.streams.headers import MAX_HEADERS, MAX_LINE
from pantau_agent.streams.malformed import MalformedError

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nhello"
FRAME = b"$\x00\x00\x04abcd"
EMPTY_FRAME = b"$\x00\x00\x00"
ASKED = b"OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 9\r\n\r\n"


class Sink:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def __call__(self, buffer: bytes, start: int, end: int, _now: float) -> None:
        self.frames.append(bytes(buffer[start:end]))


def fed(*chunks: bytes) -> tuple[list[RtspResponse | RtspRequest], list[bytes]]:
    demultiplexer, sink = Demultiplexer(), Sink()
    demultiplexer.channels[0] = sink
    messages = [message for chunk in chunks for message in demultiplexer.feed(chunk, 0.0)]
    return messages, sink.frames


def test_messages_and_frames_in_one_chunk() -> None:
    messages, frames = fed(FRAME + ANSWER + FRAME + EMPTY_FRAME + ASKED)
    assert isinstance(messages[0], RtspResponse)
    assert (messages[0].status, messages[0].reason, messages[0].cseq, messages[0].body) == (200, "OK", 2, b"hello")
    assert isinstance(messages[1], RtspRequest)
    assert (messages[1].method, messages[1].uri) == ("OPTIONS", "rtsp://h/x")
    assert frames == [b"abcd", b"abcd", b""]


@given(st.data())
def test_splitting_at_any_byte_changes_nothing(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from([ANSWER, FRAME, EMPTY_FRAME, ASKED, b"\r\n"]), max_size=6))
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    unsplit, split = fed(stream), fed(*chunks)
    assert split[1] == unsplit[1]
    assert [repr(message) for message in split[0]] == [repr(message) for message in unsplit[0]]


def test_one_byte_at_a_time() -> None:
    stream = (ANSWER + FRAME) * 3
    messages, frames = fed(*(stream[i : i + 1] for i in range(len(stream))))
    assert len(messages) == 3
    assert frames == [b"abcd"] * 3


def test_frames_of_other_channels_are_dropped() -> None:
    assert fed(b"$\x05\x00\x02zz" + FRAME)[1] == [b"abcd"]


def test_bare_line_feeds_and_folded_lines_will_do() -> None:
    (message,), _ = fed(b"RTSP/1.0 401 Unauthorized\nCSeq:2\nwww-authenticate: Basic\n realm=x\n\n")
    assert isinstance(message, RtspResponse)
    assert (message.status, message.cseq) == (401, 2)
    assert list(message.headers.all("WWW-Authenticate")) == ["Basic realm=x"]


@pytest.mark.parametrize("text", [b"", b"x", b"-1", b"99999999999"])
def test_a_strange_cseq_is_none(text: bytes) -> None:
    (message,), _ = fed(b"RTSP/1.0 200 OK\r\nCSeq: " + text + b"\r\n\r\n")
    assert isinstance(message, RtspResponse)
    assert message.cseq is None


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 400 Bad RtspRequest\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02",
        b"hello",
        b"RTSP/1.0 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Base: rtsp://192.0.2.1/a\rb/\r\n\r\n",
    ],
)
def test_what_is_not_rtsp_is_told_at_once(stream: bytes) -> None:
    with pytest.raises(MalformedError):
        fed(stream)


@pytest.mark.parametrize(
    "stream",
    [
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * (MAX_LINE + 10),
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"RTSP/1.0 200 OK\r\n" + (b"X: " + b"y" * 4000 + b"\r\n") * 20,
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
    ],
)
def test_beyond_a_limit_it_is_cut(stream: bytes) -> None:
    with pytest.raises(MalformedError, match=r"limit|more than"):
        fed(*(stream[i : i + 1000] for i in range(0, len(stream), 1000)))


def test_a_header_that_never_ends_is_held_to_the_limit() -> None:
    demultiplexer = Demultiplexer()
    demultiplexer.feed(b"RTSP/1.0 200 OK\r\nX: ", 0.0)
    for _ in range(MAX_LINE // 1000):
        demultiplexer.feed(b"y" * 1000, 0.0)
    with pytest.raises(MalformedError):
        demultiplexer.feed(b"y" * 1000, 0.0)


def test_answers_with_bare_line_feeds_cost_no_more_than_others_however_many_come_at_once() -> None:
    def cost_of(answer: bytes) -> float:
        stream, best = answer * 20_000, float("inf")
        for _ in range(3):
            began = time.process_time()
            assert len(Demultiplexer().feed(stream, 0.0)) == 20_000
            best = min(best, time.process_time() - began)
        return best

    assert cost_of(b"RTSP/1.0 200 OK\nCSeq: 1\n\n") < 4 * cost_of(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")


def test_a_large_frame_byte_by_byte() -> None:
    payload = bytes(60_000)
    stream = b"$\x00" + len(payload).to_bytes(2) + payload
    assert fed(*(stream[i : i + 1] for i in range(len(stream))))[1] == [payload]


def test_a_request_with_a_line_break_is_not_sent() -> None:
    with pytest.raises(ValueError, match="line break"):
        encode_request("OPTIONS", "rtsp://h/", {"X": "a\r\nY: b"})


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_read_or_refused(chunks: list[bytes]) -> None:
    for prefix in (b"", b"RTSP/1.0 200 OK\r\n", b"$\x00"):
        demultiplexer = Demultiplexer()
        demultiplexer.channels[0] = Sink()
        try:
            for chunk in (prefix, *chunks):
                demultiplexer.feed(chunk, 0.0)
        except MalformedError:
            continue
        assert demultiplexer.waiting <= 4 + 0xFFFF + MAX_BODY


def frame(payload: bytes, channel: int = 0) -> bytes:
    return struct.pack("!BBH", 0x24, channel, len(payload)) + payload


STRAY = [
    pytest.param(bytes(range(0x80, 0xC0)) + b"\n\n", id="no text"),
    pytest.param(b"\x00\x00\x01\xb6" + b"$" * 9, id="dollars"),
    pytest.param(b"$\x00\x00\x04abcdef$\x07\x00\x20xyz", id="frames of other channels, and too short ones"),
    pytest.param(b"RTSP/0 is what this is not\r\n\r\n", id="like a response"),
    pytest.param(b"ABC DEF\r\nGHI\r\n\r\n", id="like a request"),
    pytest.param(b"A", id="one letter"),
]


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("size", [1, 3, 7, 1000, 100_000])
def test_stray_bytes_between_frames_are_skipped(stray: bytes, size: int) -> None:
    payloads = [b"\x80" + bytes((number,)) * 20 for number in range(60)]
    response = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"
    sent = frame(payloads[0]) + b"".join(stray + frame(payload) for payload in payloads[1:]) + stray + response
    came: list[bytes] = []
    demultiplexer = Demultiplexer()
    demultiplexer.channels[0] = lambda data, start, end, _now: came.append(bytes(data[start:end]))
    messages = [
        message for at in range(0, len(sent), size) for message in demultiplexer.feed(sent[at : at + size], 0.0)
    ]
    assert [payload for payload in came if payload[:1] == b"\x80"] == payloads
    assert len(messages) == 1
    assert demultiplexer.stray > 0


def test_stray_bytes_that_go_on_end_the_stream() -> None:
    demultiplexer = Demultiplexer()
    demultiplexer.channels[0] = lambda *_: None
    demultiplexer.feed(frame(b"\x80" + bytes(20)), 0.0)
    for _ in range(MAX_STRAY // 4096 - 1):
        demultiplexer.feed(b"\xaa" * 4096, 0.0)
    assert demultiplexer.waiting == 0
    with pytest.raises(MalformedError):
        demultiplexer.feed(b"\xaa" * 8192, 0.0)


def test_bytes_before_any_frame_are_another_protocol() -> None:
    demultiplexer = Demultiplexer()
    demultiplexer.channels[0] = lambda *_: None
    with pytest.raises(MalformedError):
        demultiplexer.feed(b"\xaa" * 64, 0.0)


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 50))
def test_any_stray_bytes_are_taken(parts: list[bytes], size: int) -> None:
    demultiplexer = Demultiplexer()
    demultiplexer.channels[0] = lambda *_: None
    good = frame(b"\x80" + bytes(20))
    sent = good + good.join(parts)
    for at in range(0, len(sent), size):
        demultiplexer.feed(sent[at : at + size], 0.0)
    assert demultiplexer.waiting < 70_000
