"""Parses the XML parts of a workbook, which come from outside: no document type, and so no entities."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

from pantau_collector.spreadsheet.grid import NotReadableError

CHUNK_BYTES = 1_000_000
"""Bytes of a part that are unpacked at once."""

_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def new_parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> expat.XMLParserType:
    """Return a parser that calls these functions, and refuses a document type."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def parse_part(
    archive: ZipFile,
    info: ZipInfo | None,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Parse a whole part; a part that is not there is empty."""
    if info is None:
        return
    parser = new_parser(start, end, text)
    with archive.open(info) as part:
        while chunk := part.read(CHUNK_BYTES):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)


@lru_cache(maxsize=1_000)
def local_name(name: str) -> str:
    """Return a name without its prefix, for prefixes differ by writer."""
    return name.rpartition(":")[2]


def attributes(tag: bytes) -> tuple[str, dict[str, str]]:
    """Return the local name and the attributes of a tag's own bytes, for attributes without references."""
    text = tag.decode("utf-8", "replace")
    name = re.split(r"[\s/>]", text[1:], maxsplit=1)[0]
    return local_name(name), {key: double or single for key, double, single in _ATTRIBUTE.findall(text)}


def _refuse(*_declaration: Any) -> None:
    raise NotReadableError("there is a document type in it, which no spreadsheet program writes")
