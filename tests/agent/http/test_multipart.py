"""Multipart bodies as cameras send them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.http.multipart import MAX_BETWEEN, MAX_PART, Part, PartParser
from pantau_agent.streams.malformed import MalformedError
from tests.agent.http.camera import pictures

PICTURES = [b"\xff\xd8\xff one\r\n \xff\xd9", b"\xff\xd8\xff--two \n\n\xff\xd9"]
PARTS = [Part("image/jpeg", picture) for picture in PICTURES]


def body(before: str = "--b", end: str = "\r\n", *, counted: bool = True, after: str = "\r\n") -> bytes:
    """Return both pictures, and the boundary of a third."""
    text = b"preamble\r\n"
    for picture in PICTURES:
        length = f"content-length: {len(picture)}{end}" if counted else ""
        text += f"{before}{end}Content-Type: Image/JPEG; q=1{end}{length}{end}".encode() + picture + after.encode()
    return text + f"{before}{end}".encode()


def parts_of(text: bytes, declared: str = "b", size: int = 4096) -> list[Part]:
    parser = PartParser(declared)
    return [part for at in range(0, len(text), size) for part in parser.feed(text[at : at + size])]


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("b", body()),
        ("b", body(counted=False)),
        ("--b", body()),
        ("--b", body("----b", counted=False)),
        ("b", body("b")),
        ("b", body(end="\n", after="\n", counted=False)),
        ("b", body(after="")),
    ],
    ids=["as it should be", "no length", "dashes declared", "dashes added", "no dashes", "line feeds", "no end"],
)
def test_parts_are_the_same_however_lax_the_camera_and_however_split(
    declared: str, text: bytes, size: int
) -> None:
    assert parts_of(text, declared, size) == PARTS


def test_after_the_closing_boundary_nothing_is_a_part() -> None:
    parser = PartParser("b")
    assert parser.feed(body()[:-2] + b"--\r\nepilogue") == PARTS
    assert parser.feed(b"\r\nmore of it\r\n") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"--b\r\n" + b"X: y\r\n" * 200, "headers"),
        (b"--b\r\nX: " + b"y" * 9000, "line"),
        (b"garbage\r\n" * MAX_BETWEEN, "no boundary"),
        (b"\x00" * (MAX_BETWEEN + 9000), "no boundary"),
        (b"--b\r\n\r\n" + bytes(MAX_PART + 1), "over the limit"),
    ],
    ids=["headers", "header", "garbage", "zeros", "endless"],
)
def test_what_is_broken_or_endless_is_cut_and_told(text: bytes, problem: str) -> None:
    with pytest.raises(MalformedError, match=problem):
        parts_of(text)


LIKE_A_CAMERA = pictures(3)
THUMBNAIL = b"\xff\xe1" + (2 + 40).to_bytes(2, "big") + b"\xff\xd8\xff" + bytes(35) + b"\xff\xd9"
WITH_THUMBNAIL = tuple(jpeg[:2] + THUMBNAIL + jpeg[2:] for jpeg in LIKE_A_CAMERA)


def lax(mark: str, headers: str, between: str = "\r\n", *, first: str | None = None) -> bytes:
    """Return three pictures, each after `mark` and `headers`; `{length}` is its length."""
    body = b""
    for number, jpeg in enumerate(WITH_THUMBNAIL):
        before = first if first is not None and number == 0 else mark
        body += (before + headers.format(length=len(jpeg))).encode() + jpeg + between.encode()
    return body + (mark + headers.format(length=9)).encode()


COUNTED = "Content-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n"
TYPED = "Content-Type: image/jpeg\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("--video boundary--", lax("--video boundary--\r\n", COUNTED)),
        ("data-boundary", lax("--data-boundary--\r\n", COUNTED)),
        ("frame", lax("--frame--\r\n--frame\r\n", COUNTED)),
        ("frame", lax("--frame\r\n", COUNTED, first="")),
        ("frame", lax("--frame\r\n", TYPED, first="")),
        ("declared", lax("--another\r\n", COUNTED)),
        ("declared", lax("--another\r\n", TYPED)),
        ("", lax("--frame\r\n", COUNTED)),
        ("", lax("", COUNTED)),
        ("", lax("", "", "")),
        ("frame", lax("", "", "\r\n")),
        ("frame", lax("frame\r\n", TYPED)),
        ("frame", lax("--frame\r\n", "Content-Length: unknown\r\n\r\n")),
        ("frame", lax("--frame\r\n", "Content-Length: -1\r\n\r\n")),
        ("frame", lax("--frame\r\n", "Content-Length: 7\r\n\r\n")),
        ("frame", lax("--frame\r\n", "Content-Length: 1{length}\r\n\r\n")),
        ("frame", lax("--frame\r\n", "Content-Length: 99999999999\r\n\r\n")),
        ("", lax("", "Content-Length: 1{length}\r\n\r\n")),
        ("frame", lax("--frame\r\n", "Content-Length: {length}\r\n")),
        ("frame", lax("--frame\r\n", COUNTED + "\r\n")),
        ("frame", lax("--frame\r\n", "\r\n", "")),
        ("frame", lax("--frame\r\n", COUNTED, "padding of some firmware" * 9 + "\r\n")),
    ],
)
def test_what_the_bytes_are_decides_and_not_what_headers_claim(declared: str, text: bytes, size: int) -> None:
    assert [part.content for part in parts_of(text, declared, size)][:3] == list(WITH_THUMBNAIL)


def test_a_picture_that_is_cut_off_takes_no_other_with_it() -> None:
    cut, whole = LIKE_A_CAMERA[0][:-300], LIKE_A_CAMERA[1]
    for counted in (True, False):
        head = COUNTED.format(length=len(LIKE_A_CAMERA[0])) if counted else TYPED
        parts = parts_of(
            b"".join([*([b"--b\r\n" + head.encode() + cut + b"\r\n"] * 2), b"--b\r\n", TYPED.encode(), whole])
        )
        assert [part.content for part in parts] == [cut, cut, whole]


def test_a_length_that_was_wrong_once_delays_no_further_picture() -> None:
    parser = PartParser("frame")
    mark = b"--frame\r\nContent-Length: 400000\r\n\r\n"
    parser.feed(mark + LIKE_A_CAMERA[0] + b"\r\n" + mark)
    assert [part.content for part in parser.feed(LIKE_A_CAMERA[1])] == [LIKE_A_CAMERA[1]]


MARKS = ["--frame\r\n", "--frame--\r\n", "frame\r\n", "----frame\r\n", "\r\n--frame\n", "--other thing--\r\n", ""]
HEADERS = ["", "Content-Type: image/jpeg\r\n", "Content-type:image/jpeg\nX-Time: 1\n", "X-Tag: 1\r\n"]
LENGTHS = ["", "Content-Length: {length}\r\n", "Content-Length: -1\r\n", "content-length: 20\r\n"]
LENGTHS += [
    "Content-Length: 1\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 2{length}\r\n",
    "Content-Length: unknown\r\n",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["frame", "--frame", "--frame--", "else", ""]),
    st.sampled_from(MARKS),
    st.sampled_from(HEADERS),
    st.sampled_from(LENGTHS),
    st.sampled_from(["\r\n", "\n", "", "\0\0\0\r\n"]),
    st.sampled_from([None, ""]),
    st.integers(1, 9000),
)
def test_any_oddities_together_lose_no_picture(
    declared: str, mark: str, headers: str, length: str, between: str, first: str | None, size: int
) -> None:
    empty_line = "\r\n" if mark or headers or length else ""
    text = lax(mark, headers + length + empty_line, between, first=first)
    assert [part.content for part in parts_of(text, declared, size)][:3] == list(WITH_THUMBNAIL)
