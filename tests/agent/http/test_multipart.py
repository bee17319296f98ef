"""Multipart bodies as cameras send them."""

import pytest

from pantau_agent.http.multipart import MAX_BETWEEN, MAX_PART, Part, PartParser
from pantau_agent.streams.malformed import MalformedError

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


def test_the_closing_boundary_ends_it() -> None:
    parser = PartParser("b")
    assert parser.feed(body()[:-2] + b"--\r\nepilogue") == PARTS
    assert parser.ended


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"--b\r\n" + b"X: y\r\n" * 200, "headers"),
        (b"--b\r\nX: " + b"y" * 9000, "line"),
        (b"garbage\r\n" * MAX_BETWEEN, "no boundary"),
        (b"\x00" * MAX_BETWEEN, "line"),
        (f"--b\r\nContent-Length: {MAX_PART + 1}\r\n\r\n".encode(), "over the limit"),
        (b"--b\r\nContent-Length: many\r\n\r\n", "Content-Length"),
        (b"--b\r\n\r\n" + bytes(MAX_PART + 1), "over the limit"),
    ],
    ids=["headers", "header", "garbage", "zeros", "length", "no number", "endless"],
)
def test_what_is_broken_or_endless_is_cut_and_told(text: bytes, problem: str) -> None:
    with pytest.raises(MalformedError, match=problem):
        parts_of(text)


def test_without_a_boundary_there_are_no_parts() -> None:
    with pytest.raises(MalformedError, match="boundary"):
        PartParser(" -- ")
