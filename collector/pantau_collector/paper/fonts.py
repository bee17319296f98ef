"""The embedded fonts of a PDF: Inter, with the scripts of Europe, and digits of one width."""

from functools import cache
from importlib import resources
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

from pantau_contract.printable import CUT, printable_line

_MAX_TEXT = 4000
"""Characters of a text at most."""


class Fonts(NamedTuple):
    """The names by which a PDF's canvas knows the fonts."""

    regular: str
    bold: str

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return the width of a text in points."""
        return float(stringWidth(text, self.bold if bold else self.regular, size))

    def wrapped(self, text: str, size: float, width: float, *, bold: bool = False, most: int = 40) -> list[str]:
        """Return a text from anyone as printable lines that are at most `width` wide, `most` lines of them.

        A word that is too long is broken, and an ellipsis ends what was cut.
        """
        lines: list[str] = []
        line = ""
        words = printable_line(text, _MAX_TEXT).split()
        for i, word in enumerate(words):
            longer = f"{line} {word}" if line else word
            if self.width(longer, size, bold=bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while len(lines) <= most and len(line) > 1 and self.width(line, size, bold=bold) > width:
                head = self._fitting(line, size, width, bold=bold)
                lines.append(line[:head])
                line = line[head:]
            if len(lines) >= most:
                cut = i < len(words) - 1 or bool(line)
                return [*lines[: most - 1], lines[most - 1] + (CUT if cut else "")]
        return [*lines, line]

    def _fitting(self, text: str, size: float, width: float, *, bold: bool) -> int:
        """Return how many characters of a text fit into a width, at least one."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text[:middle], size, bold=bold) <= width:
                low = middle
            else:
                high = middle - 1
        return low


@cache
def fonts() -> Fonts:
    """Return the fonts, which are loaded once."""
    names = Fonts("PantauInter", "PantauInter-Bold")
    for name, file in zip(names, ("inter-regular.ttf", "inter-bold.ttf"), strict=True):
        content = resources.files(__package__).joinpath("fonts", file).read_bytes()
        registerFont(TTFont(name, BytesIO(content)))
    return names
