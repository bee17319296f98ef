"""The blocks that a document is made of. All of them hold texts for people, and nothing of the looks."""

from dataclasses import dataclass, field
from typing import Literal

from pantau_collector.paper.figure import Figure
from pantau_contract.words import Language

Tone = Literal["plain", "good", "bad", "doubt"]
"""What a figure tells: nothing special, all is well, it is not, or that it cannot be judged."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 (a part) to 3. The first part begins the second page."""

    text: str
    level: Literal[1, 2, 3] = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a `note` is smaller."""

    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure to be seen at once: what it is, its value, and a remark below it."""

    label: str
    value: str
    remark: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Key figures side by side."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its share of the width, and whether it holds numbers."""

    title: str
    weight: float = 1
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: each row has a text for each column, and the first one names the row. `strong` rows stand out."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one thing: a label and a text each."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with its caption."""

    figure: Figure


@dataclass(frozen=True, slots=True)
class Picture:
    """A camera's picture as a JPEG, or None where there is none; `caption` says what it is and from when."""

    caption: str
    jpeg: bytes | None
    missing: str = ""
    """What is said where there is none."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side, as before and after."""

    title: str
    pictures: tuple[Picture, ...]


Block = Heading | Paragraph | KeyFigures | Table | Facts | Chart | Pictures


@dataclass(frozen=True, slots=True)
class Document:
    """A document in one language. `subtitle` stands below its title, `footer` at the end of each page."""

    title: str
    subtitle: str
    language: Language
    footer: str
    page_of: str
    """The phrase of a page's number, with the fields `{page}` and `{pages}`."""
    blocks: tuple[Block, ...]
