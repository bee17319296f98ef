"""XML as cameras send it, made safe to read: no DOCTYPE, and so no entities, and limits on size, depth and number.

Names are local names: cameras differ in prefixes and namespaces, and nothing here depends on those.
"""

from xml.etree.ElementTree import (
    Element,
    ParseError,
    TreeBuilder,
    XMLParser,
)

MAX_DOCUMENT = 1 << 20
"""The profiles of a recorder with 64 channels take a third of it."""
MAX_DEPTH = 64
MAX_ELEMENTS = 50_000
MAX_TEXT = 400
"""Of one value, in characters; longer ones are cut."""
MAX_LIST = 4096
"""Of a value that lists addresses."""


class DocumentError(ValueError):
    """What came is not XML, or over a limit; the text says which."""


class _Builder(TreeBuilder):
    """Builds the tree by local names, and keeps the limits."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        """An element begins."""
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise DocumentError(f"elements stand more than {MAX_DEPTH} deep")
        if self._elements > MAX_ELEMENTS:
            raise DocumentError(f"more than {MAX_ELEMENTS} elements")
        return super().start(_local(tag), {_local(name): value for name, value in attrs.items()})

    def end(self, tag: str) -> Element:
        """An element ends."""
        self._depth -= 1
        return super().end(_local(tag))


def parse(data: bytes) -> Element:
    """The root element.

    It is read as UTF-8, whatever its declaration says: so what is searched for a DOCTYPE is what is parsed.

    Raises:
        DocumentError: no XML, a DOCTYPE, or over a limit.
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
    """The text at a path below, trimmed, on one line; empty where there is none."""
    found = element.find(path)
    return clean(found.text or "", longest) if found is not None else ""


def number_of(element: Element, path: str) -> int | None:
    """The whole number at a path below; None where there is none."""
    text = text_of(element, path)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def clean(text: str, longest: int = MAX_TEXT) -> str:
    """A camera's words, fit to be shown: one line, no control characters, not long."""
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())[:longest]


def _local(name: str) -> str:
    return name.rpartition("}")[2]
