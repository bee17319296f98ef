"""Reads XML that breaks the rules of XML, as some cameras send it, into the tree that they meant.

Found in the field: a bare `&` in a stream's address, control characters in names, entities that HTML knows,
attributes without quotes, elements that are never closed or closed in the wrong order, a document that breaks off,
and texts or MIME headers around the document.

The builder that is driven enforces the limits. Everything here is linear in the document's length.
"""

import re
from collections.abc import Iterator
from html import unescape
from xml.etree.ElementTree import Element, TreeBuilder

_NAME = r"[A-Za-z_][\w.-]{0,127}(?::[\w.-]{1,128})?"
_ENVELOPE = re.compile(r"<(?:[\w.-]{1,128}:)?Envelope\b")
_FIRST_ELEMENT = re.compile(rf"<{_NAME}[\s/>]")
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)"
    r"|<\?.*?(?:\?>|\Z)"
    rf"|</(?P<end>{_NAME})[^<>]*>"
    rf"|<(?P<start>{_NAME})(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ATTRIBUTE = re.compile(rf"({_NAME})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'/>]+))")


def build(text: str, builder: TreeBuilder) -> Element | None:
    """Drive the builder by the text, and return the root element, or None if the text holds no element.

    A document begins at its SOAP envelope, wherever that stands, or else at the first element; what follows the
    end of that element is left out. So is the text of an element that breaks off: half an address is none.
    """
    begin = _ENVELOPE.search(text) or _FIRST_ELEMENT.search(text)
    if begin is None:
        return None
    opened: list[str] = []
    for kind, value, attributes in _events(text, begin.start()):
        if kind == "text":
            builder.data(value)
        elif kind == "start":
            builder.start(value, attributes)
            opened.append(value)
        elif kind == "empty":
            builder.start(value, attributes)
            builder.end(value)
        elif value in opened:
            while (closed := opened.pop()) != value:
                builder.end(closed)
            builder.end(value)
        if not opened:
            break
    while opened:
        builder.end(opened.pop())
    return builder.close()


def _events(text: str, position: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the document's parts as `(kind, name or text, attributes)`."""
    for token in _TOKEN.finditer(text, position):
        if token.start() > position:
            yield "text", _unescaped(text[position : token.start()]), {}
        position = token.end()
        if token["cdata"] is not None:
            yield "text", token["cdata"], {}
        elif token["end"] is not None:
            yield "end", token["end"], {}
        elif token["start"] is not None:
            attributes = token["attributes"]
            kind = "empty" if attributes.rstrip().endswith("/") else "start"
            yield kind, token["start"], dict(_attributes(attributes))


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for found in _ATTRIBUTE.finditer(text):
        yield found[1], _unescaped(next(value for value in found.groups()[1:] if value is not None))


def _unescaped(text: str) -> str:
    """Replace entities that end with a semicolon; `html.unescape` alone makes `&param=` a paragraph sign."""
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text)
