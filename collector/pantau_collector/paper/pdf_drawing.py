"""Draws figures and pictures on a PDF's canvas."""

import hashlib
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from pantau_collector.paper.figure import Circle, Figure, Line, Polygon, Rect, Shape, Text, hatching
from pantau_collector.paper.fonts import fonts
from pantau_contract.printable import printable_line


class Jpeg:
    """A JPEG for a PDF, which shows it as it is: nothing here decodes it."""

    def __init__(self, content: bytes) -> None:
        """Read its size.

        Raises:
            ValueError: it is not a JPEG that a PDF can show.
        """
        image: Any = pdfdoc.PDFImageXObject(hashlib.blake2b(content, digest_size=16).hexdigest())
        self._object = image
        if not image.loadImageFromJPEG(BytesIO(content)) or min(self.width, self.height) < 1:
            raise ValueError("not a JPEG")
        image.streamContent, image._filters = content, ("DCTDecode",)  # noqa: SLF001

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self._object.width)

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self._object.height)

    def draw(self, canvas: Any, x: float, y: float, width: float, height: float) -> None:
        """Draw it with its lower left corner at (x, y)."""
        document = canvas._doc  # noqa: SLF001 - the way of Canvas.drawImage, without decoding
        name = self._object.name
        registered = document.getXObjectName(name)
        if registered not in document.idToObject:
            canvas._setXObjects(self._object)  # noqa: SLF001
            document.Reference(self._object, registered)
            document.addForm(name, self._object)
        canvas.saveState()
        canvas.translate(x, y)
        canvas.scale(width, height)
        canvas._code.append(f"/{registered} Do")  # noqa: SLF001
        canvas.restoreState()
        canvas._formsinuse.append(name)  # noqa: SLF001


def draw_figure(canvas: Canvas, figure: Figure, scale: float) -> None:
    """Draw a figure with its lower left corner at the origin."""
    canvas.saveState()
    canvas.scale(scale, scale)
    for shape in figure.shapes:
        _draw(canvas, shape, figure.height)
    canvas.restoreState()


def _draw(canvas: Canvas, shape: Shape, top: float) -> None:
    match shape:
        case Rect(x, y, width, height, fill, stroke, hatch):
            _colours(canvas, fill, stroke)
            canvas.rect(x, top - y - height, width, height, stroke=int(bool(stroke)), fill=1)
            for line in hatching(shape) if hatch else ():
                _draw(canvas, line, top)
        case Line(points, colour, width, dash):
            canvas.setStrokeColor(HexColor(colour))
            canvas.setLineWidth(width)
            canvas.setDash(*(([*dash],) if dash else ()))
            path = canvas.beginPath()
            path.moveTo(points[0][0], top - points[0][1])
            for x, y in points[1:]:
                path.lineTo(x, top - y)
            canvas.drawPath(path, stroke=1, fill=0)
            canvas.setDash()
        case Polygon(points, fill, stroke):
            _colours(canvas, fill, stroke)
            path = canvas.beginPath()
            path.moveTo(points[0][0], top - points[0][1])
            for x, y in points[1:]:
                path.lineTo(x, top - y)
            path.close()
            canvas.drawPath(path, stroke=int(bool(stroke)), fill=1)
        case Circle(x, y, radius, fill, stroke):
            _colours(canvas, fill, stroke)
            canvas.circle(x, top - y, radius, stroke=int(bool(stroke)), fill=1)
        case Text(x, y, text, size, anchor, bold, colour):
            canvas.setFont(fonts().bold if bold else fonts().regular, size)
            canvas.setFillColor(HexColor(colour))
            write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
            write[anchor](x, top - y, printable_line(text))


def _colours(canvas: Canvas, fill: str, stroke: str | None) -> None:
    canvas.setFillColor(HexColor(fill))
    if stroke:
        canvas.setStrokeColor(HexColor(stroke))
        canvas.setLineWidth(0.5)
