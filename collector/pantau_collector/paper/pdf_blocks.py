"""The blocks of a document as reportlab's flowables: each knows its height, draws itself, and may be split."""

from collections.abc import Sequence
from typing import NamedTuple

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable

from pantau_collector.paper.blocks import Column, KeyFigure, Picture, Tone
from pantau_collector.paper.figure import GREY, INK, Figure
from pantau_collector.paper.fonts import fonts
from pantau_collector.paper.pdf_drawing import Jpeg, draw_figure

_BAR: dict[Tone, str] = {"plain": GREY, "good": "#00664a", "bad": "#a83200", "doubt": "#b8860b"}
_RULE, _HEAD, _SOFT = HexColor("#d5d8dc"), HexColor("#eef2f6"), HexColor("#4a4f55")
_PAD = 3.0
_NUMBER_PAD = 9.0
"""Points to the right of a number, so that it does not touch the next column's text."""
_CELL = 7.5
"""Font size of a table."""
_LEADING = 1.3
"""Height of a line in font sizes."""
_HEADING_LINES, _PARAGRAPH_LINES, _ROW_LINES = 4, 40, 12
"""Lines of a heading, a paragraph, and a table's cell at most."""


class Lines(Flowable):
    """Text that is broken into lines, as a paragraph or heading."""

    def __init__(
        self, text: str, size: float, *, bold: bool = False, colour: str = INK, before: float = 0, level: int = 0
    ) -> None:
        super().__init__()
        self._text, self._size, self._bold, self._colour = text, size, bold, colour
        self._lines: list[str] = []
        self.before = before
        self.level = level
        """The level of a heading, or 0."""
        self.keepWithNext = bool(level)

    @property
    def text(self) -> str:
        """The text on one line."""
        return " ".join(self._lines)

    def getSpaceBefore(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space above."""
        return self.before

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space below."""
        return self._size * 0.5

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Return its size in a width."""
        most = _HEADING_LINES if self._bold else _PARAGRAPH_LINES
        self._lines = fonts().wrapped(self._text, self._size, width, bold=self._bold, most=most)
        return width, len(self._lines) * self._size * _LEADING

    def draw(self) -> None:
        """Draw it."""
        font = fonts().bold if self._bold else fonts().regular
        self.canv.setFillColor(HexColor(self._colour))
        self.canv.setFont(font, self._size)
        y = (len(self._lines) - 1) * self._size * _LEADING + self._size * 0.3
        for line in self._lines:
            self.canv.drawString(0, y, line)
            y -= self._size * _LEADING


class _Row(NamedTuple):
    """A row of a table, its cells broken into lines."""

    cells: tuple[list[str], ...]
    height: float
    strong: bool


class TableRows(Flowable):
    """A table that goes on over pages, with its caption and its header on each."""

    def __init__(
        self, caption: str, columns: Sequence[Column], rows: Sequence[tuple[str, ...]], strong: frozenset[int]
    ) -> None:
        super().__init__()
        self._caption = caption
        self._columns = columns
        self._texts = rows
        self._strong = strong
        self._rows: list[_Row] = []
        self._head: _Row | None = None
        self._widths: list[float] = []

    def getSpaceBefore(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space above."""
        return 6

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space below."""
        return 8

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Return its size in a width."""
        if self._head is None:
            self._widths = self._shared(width)
            self._head = self._row([column.title for column in self._columns], strong=True)
            self._rows = [self._row(texts, strong=i in self._strong) for i, texts in enumerate(self._texts)]
        return width, self._top + sum(row.height for row in self._rows)

    def split(self, width: float, height: float) -> list[Flowable]:
        """Return the rows that fit into a height, and the rest; nothing if not even three fit."""
        self.wrap(width, height)
        left, count = height - self._top, 0
        while count < len(self._rows) and self._rows[count].height <= left:
            left -= self._rows[count].height
            count += 1
        if count < min(3, len(self._rows)):
            return []
        return [self._part(self._rows[:count]), self._part(self._rows[count:])]

    def draw(self) -> None:
        """Draw it."""
        canvas, y = self.canv, self._top + sum(row.height for row in self._rows)
        y -= self._caption_height
        canvas.setFont(fonts().bold, 8)
        canvas.setFillColor(HexColor(INK))
        canvas.drawString(0, y + 4, fonts().wrapped(self._caption, 8, sum(self._widths), bold=True, most=1)[0])
        head = self._head
        if head is None:
            return
        canvas.setFillColor(_HEAD)
        canvas.rect(0, y - head.height, sum(self._widths), head.height, stroke=0, fill=1)
        canvas.setLineWidth(0.4)
        canvas.setStrokeColor(_RULE)
        canvas.setFillColor(HexColor(INK))
        for row in (head, *self._rows):
            self._draw_row(row, y)
            y -= row.height
            canvas.line(0, y, sum(self._widths), y)

    @property
    def _caption_height(self) -> float:
        return 14.0 if self._caption else 0.0

    @property
    def _top(self) -> float:
        return self._caption_height + (self._head.height if self._head else 0.0)

    def _part(self, rows: list[_Row]) -> "TableRows":
        part = TableRows(self._caption, self._columns, (), frozenset())
        part._widths, part._head, part._rows = self._widths, self._head, rows
        return part

    def _row(self, texts: Sequence[str], *, strong: bool) -> _Row:
        cells = tuple(
            fonts().wrapped(text, _CELL, width - _PAD - self._right(column), bold=strong, most=_ROW_LINES)
            for text, width, column in zip(texts, self._widths, self._columns, strict=True)
        )
        return _Row(cells, max(map(len, cells)) * _CELL * _LEADING + 2 * _PAD, strong)

    def _shared(self, width: float) -> list[float]:
        """Return the columns' widths: by their weights, but so that no number and no word of a header is broken.

        What the narrow columns need more is taken from those that have more than they need.
        """
        unit = width / sum(column.weight for column in self._columns)
        wanted = [column.weight * unit for column in self._columns]
        least = [min(self._least(i), width / 3) for i in range(len(self._columns))]
        missing = sum(max(0.0, need - has) for need, has in zip(least, wanted, strict=True))
        spare = sum(max(0.0, has - need) for need, has in zip(least, wanted, strict=True))
        share = min(1.0, missing / spare) if spare else 0.0
        widths = [max(need, has - (has - need) * share) for need, has in zip(least, wanted, strict=True)]
        return [each * width / sum(widths) for each in widths]

    def _least(self, index: int) -> float:
        column = self._columns[index]
        words = [fonts().width(word, _CELL, bold=True) for word in column.title.split()]
        cells = []
        if column.number:
            longest = sorted((row[index] for row in self._texts), key=len)[-8:]
            cells = [fonts().width(cell, _CELL, bold=True) for cell in longest]
        return max([*words, *cells], default=0.0) + _PAD + self._right(column) + 0.5

    def _right(self, column: Column) -> float:
        """Return the space right of a column's text."""
        return _NUMBER_PAD if column.number and column is not self._columns[-1] else _PAD

    def _draw_row(self, row: _Row, top: float) -> None:
        self.canv.setFont(fonts().bold if row.strong else fonts().regular, _CELL)
        x = 0.0
        for lines, width, column in zip(row.cells, self._widths, self._columns, strict=True):
            y = top - _PAD - _CELL
            for line in lines:
                if column.number:
                    self.canv.drawRightString(x + width - self._right(column), y, line)
                else:
                    self.canv.drawString(x + _PAD, y, line)
                y -= _CELL * _LEADING
            x += width


class Cards(Flowable):
    """Key figures side by side, up to four in a line."""

    _GAP = 8.0
    _HEIGHT = 58.0

    def __init__(self, figures: Sequence[KeyFigure]) -> None:
        super().__init__()
        self._figures = figures
        self._columns = min(4, len(figures)) if len(figures) != 6 else 3
        self._width = 0.0

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space below."""
        return 8

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Return its size in a width."""
        self._width = (width - self._GAP * (self._columns - 1)) / self._columns
        lines = -(-len(self._figures) // self._columns)
        return width, lines * (self._HEIGHT + self._GAP) - self._GAP

    def draw(self) -> None:
        """Draw them."""
        lines = -(-len(self._figures) // self._columns)
        for i, figure in enumerate(self._figures):
            line, column = divmod(i, self._columns)
            x = column * (self._width + self._GAP)
            self._card(figure, x, (lines - 1 - line) * (self._HEIGHT + self._GAP))

    def _card(self, figure: KeyFigure, x: float, y: float) -> None:
        canvas, inner = self.canv, self._width - 16
        canvas.setStrokeColor(_RULE)
        canvas.setLineWidth(0.6)
        canvas.rect(x, y, self._width, self._HEIGHT, stroke=1, fill=0)
        canvas.setFillColor(HexColor(_BAR[figure.tone]))
        canvas.rect(x, y, 4, self._HEIGHT, stroke=0, fill=1)
        canvas.setFillColor(_SOFT)
        canvas.setFont(fonts().regular, 7.5)
        canvas.drawString(x + 10, y + self._HEIGHT - 13, _one_line(figure.label, 7.5, inner))
        size = 17.0
        value = figure.value
        while size > 9 and fonts().width(value, size, bold=True) > inner:
            size -= 0.5
        canvas.setFillColor(HexColor(INK))
        canvas.setFont(fonts().bold, size)
        canvas.drawString(x + 10, y + self._HEIGHT - 33, _one_line(value, size, inner, bold=True))
        canvas.setFillColor(_SOFT)
        canvas.setFont(fonts().regular, 6.5)
        for i, text in enumerate(fonts().wrapped(figure.remark, 6.5, inner, most=2)):
            canvas.drawString(x + 10, y + 14 - 8 * i, text)


class FactLines(Flowable):
    """A label and a text on each line."""

    _SIZE = 8.5
    _LABEL = 145.0

    def __init__(self, facts: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._facts = facts
        self._lines: list[tuple[str, list[str]]] = []
        self._width = 0.0

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space below."""
        return 8

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Return its size in a width."""
        self._width = width
        self._lines = [
            (_one_line(label, self._SIZE, self._LABEL - 6), fonts().wrapped(text, self._SIZE, width - self._LABEL))
            for label, text in self._facts
        ]
        return width, sum(self._height(lines) for _, lines in self._lines)

    def split(self, _width: float, height: float) -> list[Flowable]:
        """Return what fits into a height, and the rest."""
        count, left = 0, height
        while count < len(self._lines) and self._height(self._lines[count][1]) <= left:
            left -= self._height(self._lines[count][1])
            count += 1
        return [FactLines(self._facts[:count]), FactLines(self._facts[count:])] if count else []

    def draw(self) -> None:
        """Draw them."""
        canvas, y = self.canv, sum(self._height(lines) for _, lines in self._lines)
        canvas.setStrokeColor(_RULE)
        canvas.setLineWidth(0.4)
        canvas.setFont(fonts().regular, self._SIZE)
        for label, lines in self._lines:
            canvas.setFillColor(_SOFT)
            canvas.drawString(0, y - self._SIZE - _PAD, label)
            canvas.setFillColor(HexColor(INK))
            for i, line in enumerate(lines):
                canvas.drawString(self._LABEL, y - self._SIZE - _PAD - i * self._SIZE * _LEADING, line)
            y -= self._height(lines)
            canvas.line(0, y, self._width, y)

    def _height(self, lines: list[str]) -> float:
        return len(lines) * self._SIZE * _LEADING + 2 * _PAD


class FigureBlock(Flowable):
    """A figure with its title above, as wide as the page at most."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self._figure = figure
        self._scale = 1.0

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space below."""
        return 8

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Return its size in a width; one that is higher than a page is made smaller."""
        self._scale = min(1.0, width / self._figure.width)
        if height > 600:  # a page of its own, and still too high for it
            self._scale = min(self._scale, (height - 16) / self._figure.height)
        return width, self._figure.height * self._scale + 16

    def draw(self) -> None:
        """Draw it."""
        draw_figure(self.canv, self._figure, self._scale)
        self.canv.setFont(fonts().bold, 8.5)
        self.canv.setFillColor(HexColor(INK))
        self.canv.drawString(0, self._figure.height * self._scale + 6, self._figure.title)


class PictureRow(Flowable):
    """Pictures side by side with their captions, and a title above."""

    _GAP = 12.0
    _MOST = 190.0
    """Height of a picture at most."""

    def __init__(self, title: str, pictures: Sequence[Picture]) -> None:
        super().__init__()
        self._title, self._pictures = title, pictures
        self._jpegs = [_jpeg(picture.jpeg) for picture in pictures]
        self._width = self._height_ = 0.0

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """Return the space below."""
        return 10

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Return its size in a width."""
        columns = max(2, len(self._pictures))
        self._width = (width - self._GAP * (columns - 1)) / columns
        ratios = [jpeg.height / jpeg.width for jpeg in self._jpegs if jpeg]
        self._height_ = min(self._MOST, self._width * max(ratios, default=0.25))
        return width, self._height_ + 16 + 24

    def draw(self) -> None:
        """Draw them."""
        canvas = self.canv
        canvas.setFont(fonts().bold, 8.5)
        canvas.setFillColor(HexColor(INK))
        columns = max(2, len(self._pictures))
        whole = columns * (self._width + self._GAP) - self._GAP
        canvas.drawString(0, self._height_ + 30, _one_line(self._title, 8.5, whole, bold=True))
        for i, (picture, jpeg) in enumerate(zip(self._pictures, self._jpegs, strict=True)):
            x = i * (self._width + self._GAP)
            canvas.setStrokeColor(_RULE)
            canvas.setLineWidth(0.5)
            canvas.rect(x, 24, self._width, self._height_, stroke=1, fill=0)
            canvas.setFillColor(_SOFT)
            canvas.setFont(fonts().regular, 7.5)
            if jpeg is None:
                text = _one_line(picture.missing, 7.5, self._width - 8)
                canvas.drawCentredString(x + self._width / 2, 24 + self._height_ / 2, text)
            else:
                scale = min(self._width / jpeg.width, self._height_ / jpeg.height)
                width, height = jpeg.width * scale, jpeg.height * scale
                left, bottom = x + (self._width - width) / 2, 24 + (self._height_ - height) / 2
                jpeg.draw(canvas, left, bottom, width, height)
            for j, line in enumerate(fonts().wrapped(picture.caption, 7.5, self._width, most=2)):
                canvas.drawString(x, 14 - 9 * j, line)


def _jpeg(content: bytes | None) -> Jpeg | None:
    try:
        return Jpeg(content) if content else None
    except ValueError:
        return None


def _one_line(text: str, size: float, width: float, *, bold: bool = False) -> str:
    return fonts().wrapped(text, size, width, bold=bold, most=1)[0]
