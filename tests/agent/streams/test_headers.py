import pytest

from pantau_agent.streams.headers import MAX_HEADERS, MAX_LINE, HeaderParser, Headers, content_length
from pantau_agent.streams.malformed import MalformedError, OtherProtocolError, described
from pantau_contract.words.evidence import Detail


def parsed(*lines: bytes) -> Headers:
    parser = HeaderParser()
    for line in lines:
        parser.feed(line)
    return parser.headers


def test_names_are_compared_without_regard_to_case() -> None:
    headers = parsed(b"CSeq: 3", b"WWW-Authenticate: Basic", b"www-authenticate:  Digest ")
    assert headers.get("cseq") == "3"
    assert list(headers.all("WWW-Authenticate")) == ["Basic", "Digest"]
    assert headers.get("Session", "none") == "none"


def test_a_folded_line_continues_the_field_before_it_even_with_a_colon() -> None:
    headers = parsed(b"WWW-Authenticate: Digest realm=x,", b'\tnonce="a:b",', b"  opaque=c", b"CSeq: 1")
    assert headers.get("WWW-Authenticate") == 'Digest realm=x, nonce="a:b", opaque=c'
    assert headers.get("CSeq") == "1"


def test_a_line_without_a_colon_is_ignored() -> None:
    assert parsed(b"nonsense", b" folded onto nothing", b"A: 1").get("A") == "1"


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert parsed(b"Server: X\xe9Y").get("Server") == "X\ufffdY"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([b"A: 1"] * 101, "more than 100 headers"),
        ([b"A: " + b"x" * 8190], "over the limit of 8192 bytes"),
        ([b"A: 1\rB: 2"], "carriage return"),
    ],
)
def test_what_is_over_a_limit_is_refused(lines: list[bytes], problem: str) -> None:
    assert (MAX_HEADERS, MAX_LINE) == (100, 8192)
    with pytest.raises(MalformedError, match=problem):
        parsed(*lines)


@pytest.mark.parametrize(
    ("value", "length"), [(b"", None), (b"0", 0), (b" 12 ", 12), (b"999999999999999", 999_999_999_999_999)]
)
def test_a_content_length_is_read(value: bytes, length: int | None) -> None:
    assert content_length(parsed(b"Content-Length:" + value)) == length


@pytest.mark.parametrize("value", [b"-1", b"1e3", b"12, 12", b"\xd9\xa3", b"9" * 16])
def test_a_content_length_that_is_no_number_is_refused(value: bytes) -> None:
    with pytest.raises(MalformedError, match="not a number"):
        content_length(parsed(b"Content-Length: " + value))


def test_evidence_names_the_protocol_that_was_expected() -> None:
    assert described("RTSP", MalformedError(Detail("a line is too long"))) == (
        "what came is not proper RTSP: a line is too long"
    )
    assert described("HTTP", OtherProtocolError(Detail("what came is not HTTP"))) == "what came is not HTTP"
