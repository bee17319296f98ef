"""Parses cameras' XML safely: no DOCTYPE, and so no entities, and limits on size, depth and number of elements.

Names are local names: cameras differ in prefixes and namespaces, or never declare them, and nothing here depends
on those. What is not well-formed is read by `lenient`.
"""

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from pantau_agent.onvif import lenient
from pantau_contract.printable import printable_line

MAX_DOCUMENT = 1 << 20
"""Largest document in bytes; the profiles of a recorder with 64 channels take a third of it."""
MAX_DEPTH = 64
"""Deepest nesting of elements."""
MAX_ELEMENTS = 50_000
"""Most elements in one document."""
MAX_TEXT = 400
"""Longest value in characters; longer ones are cut."""
MAX_LIST = 4096
"""Longest value that lists addresses, in characters."""

_DECLARED_ENCODING = re.compile(rb"""\A[^<]{0,8}<\?xml[^>]{0,80}?encoding=["']([A-Za-z0-9_-]{1,20})["']""")
_ENCODINGS = {"gb2312", "gbk", "gb18030", "big5", "euc-kr", "shift_jis", "iso-8859-1", "windows-1252"}
"""Encodings of cameras' names that are decoded as declared. In all of them ASCII text is ASCII text."""


class DocumentError(ValueError):
    """What came is not XML, or exceeds a limit; the text says which."""


class _Builder(TreeBuilder):
    """Builds the tree with local names, and enforces the limits."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        """Begin an element."""
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise DocumentError(f"elements stand more than {MAX_DEPTH} deep")
        if self._elements > MAX_ELEMENTS:
            raise DocumentError(f"more than {MAX_ELEMENTS} elements")
        return super().start(_local(tag), {_local(name): value for name, value in attrs.items()})

    def end(self, tag: str) -> Element:
        """End an element."""
        self._depth -= 1
        return super().end(_local(tag))


def parse(data: bytes) -> Element:
    """Return the root element of a document, as far as it can be made out.

    It is decoded before it is parsed, so that the text searched for a DOCTYPE is the text parsed.

    Raises:
        DocumentError: it is not XML, has a DOCTYPE, or exceeds a limit.
    """
    if len(data) > MAX_DOCUMENT:
        raise DocumentError(f"it is over the limit of {MAX_DOCUMENT} octets")
    text = _decoded(data).lstrip("\ufeff \t\r\n\0").rstrip("\0")
    if "<!DOCTYPE" in text:
        raise DocumentError("it declares a document type, which is never needed and may be an attack")
    try:
        return _parse_strictly(text)
    except expat.ExpatError as error:
        root = lenient.build(_without_controls(text), _Builder())
        if root is None:
            raise DocumentError(f"it is not XML: {error}") from None
        return root


def _parse_strictly(text: str) -> Element:
    """Parse without namespaces, so that a prefix needs no declaration. Raises `ExpatError`."""
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(text.encode("utf-8", "replace"), True)
    return builder.close()


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        declared = _DECLARED_ENCODING.match(data)
        encoding = declared[1].decode("ascii").lower() if declared is not None else ""
        return data.decode(encoding if encoding in _ENCODINGS else "utf-8", "replace")


def _without_controls(text: str) -> str:
    return "".join(character for character in text if character >= " " or character in "\t\r\n")


def text_of(element: Element, path: str, longest: int = MAX_TEXT) -> str:
    """Return the text at a path, trimmed and on one line; empty if there is none."""
    found = element.find(path)
    return clean(found.text or "", longest) if found is not None else ""


def number_of(element: Element, path: str) -> int | None:
    """Return the whole number at a path, or None if there is none."""
    text = text_of(element, path)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def clean(text: str, longest: int = MAX_TEXT) -> str:
    """Return a camera's text fit to be shown: one line, no control characters, limited in length."""
    return printable_line(" ".join(text.split()), longest)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
