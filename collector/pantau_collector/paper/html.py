"""A document as one HTML file: no script, no request to anyone, fit to be printed and to be read aloud."""

import base64
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pantau_collector.paper.blocks import Block, Document, Heading
from pantau_collector.paper.figure import Figure
from pantau_collector.paper.svg import to_svg
from pantau_contract.printable import printable_line

_MAX_TEXT = 4000
"""Characters of a text at most."""


def to_html(document: Document) -> bytes:
    """Return the document as one file in UTF-8."""
    template = _ENVIRONMENT.get_template("document.html")
    return template.render(document=document, parts=_parts(document)).encode()


def _parts(document: Document) -> list[list[Block]]:
    """Return the blocks by part; each heading of level 1 begins one."""
    parts: list[list[Block]] = [[]]
    for block in document.blocks:
        if isinstance(block, Heading) and block.level == 1 and parts[-1]:
            parts.append([])
        parts[-1].append(block)
    return parts


def _printable(value: Any) -> Any:
    """Make a printable line of each text that a template shows."""
    return printable_line(value, _MAX_TEXT) if type(value) is str else value


def _svg(figure: Figure) -> Markup:
    return Markup(to_svg(figure))  # noqa: S704 - to_svg escapes its texts


def _data(jpeg: bytes) -> Markup:
    return Markup("data:image/jpeg;base64,") + base64.b64encode(jpeg).decode()


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


_ENVIRONMENT = Environment(
    loader=PackageLoader("pantau_collector.paper"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_printable,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["svg"] = _svg
_ENVIRONMENT.filters["data"] = _data
_ENVIRONMENT.filters["kind"] = _kind
