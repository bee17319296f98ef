"""Parses cameras' XML safely: no DOCTYPE, and so no entities, and limits on size, depth and number of elements.

Names are local names: cameras differ in prefixes and namespaces, and nothing here depends on those.
"""

from xml.etree.ElementTree import (
    Element,
    ParseError,
    TreeBuilder,
    XMLParser,
)

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
    """Return the root element of a document.

    It is decoded as UTF-8, whatever its declaration says, so that the text searched for a DOCTYPE is the text
    parsed.

    Raises:
        DocumentError: it is not XML, has a DOCTYPE, or exceeds a limit.
    """
    if len(data) > MAX_DOCUMENT:
        raise DocumentError(f"it is over the limit of {MAX_DOCUMENT} octets")
    text = data.decode("utf-8", "replace").lstrip("\ufeff \t\r\n\0").rstrip("\0")
    if "<!DOCTYPE" in text:
        raise DocumentError("it declares a document type, which is never needed and may be an attack")
    parser = XMLParser(target=_Builder())  # noqa: S314 # as above
    try:
        parser.feed(text)
        root = parser.close()
    except ParseError as error:
        raise DocumentError(f"it is not XML: {error}") from None
    if not isinstance(root, Element):
        raise DocumentError("it is not XML: there is no element")
    return root


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
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())[:longest]


def _local(name: str) -> str:
    return name.rpartition("}")[2]
