"""HTTP responses: whole, split and broken."""

import pytest

from pantau_agent.http.response import ResponseParser
from pantau_agent.streams.headers import MAX_HEADERS
from pantau_agent.streams.malformed import MalformedError

COUNTED = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"
)
BARE = b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"


@pytest.mark.parametrize("text", [COUNTED, CHUNKED, BARE], ids=["counted", "chunked", "bare line feeds"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_body_is_the_same_however_it_is_split(text: bytes, size: int) -> None:
    parser = ResponseParser()
    body = b"".join(parser.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert body == b"hello"
    assert parser.complete
    assert parser.reusable
    assert parser.head is not None
    assert parser.head.status == 200


def test_a_body_without_length_goes_on_to_the_end_of_the_connection() -> None:
    parser = ResponseParser()
    assert parser.feed(b"HTTP/1.0 200 OK\r\n\r\nhel") + parser.feed(b"lo") == b"hello"
    assert not parser.complete
    assert parser.end()
    assert not parser.reusable


def test_a_connection_that_ends_in_the_middle_is_noticed() -> None:
    for text in (COUNTED[:-1], CHUNKED[:-1], COUNTED[:10], b""):
        parser = ResponseParser()
        parser.feed(text)
        assert not parser.end()


@pytest.mark.parametrize("line", ["Connection: close", "Connection: Close"])
def test_a_connection_that_is_to_be_closed_is_not_used_again(line: str) -> None:
    parser = ResponseParser()
    parser.feed(f"HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 0\r\n\r\n".encode())
    assert parser.complete
    assert not parser.reusable


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"RTSP/1.0 400 Bad Request\r\n", "not HTTP"),
        (b"\x00\x01", "not HTTP"),
        (b"HTTP/1.1 no\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1), "headers"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000, "line"),
        (b"HTTP/1.1 200 OK\r\nLocation: /a\rb\r\n\r\n", "carriage return"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1z\r\n", "size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "longer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 200, "headers"),
    ],
)
def test_what_is_broken_or_over_a_limit_is_told(text: bytes, problem: str) -> None:
    with pytest.raises(MalformedError, match=problem):
        ResponseParser().feed(text)


def test_an_endless_header_line_is_cut_while_it_is_short() -> None:
    parser = ResponseParser()
    parser.feed(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 8000)
    with pytest.raises(MalformedError):
        parser.feed(b"y" * 1000)


@pytest.mark.parametrize(
    ("media_type", "boundary"),
    [
        ("multipart/x-mixed-replace;boundary=--my", "--my"),
        ('Multipart/X-Mixed-Replace; charset=x; BOUNDARY="a b"', "a b"),
        ("multipart/x-mixed-replace", ""),
        ("multipart/x-mixed-replace; boundary=; x", ""),
        ("multipart/x-mixed-replace; boundary*=''x; boundary*0=y; boundary=z;q", "z"),
    ],
)
def test_the_boundary_is_read_as_it_is_declared(media_type: str, boundary: str) -> None:
    parser = ResponseParser()
    parser.feed(f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n\r\n".encode())
    assert parser.head is not None
    assert parser.head.media_type == "multipart/x-mixed-replace"
    assert parser.head.boundary == boundary
