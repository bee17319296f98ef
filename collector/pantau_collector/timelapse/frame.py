"""Makes frames of one size, with a band at the bottom that says what is seen and when it was taken."""

from importlib import resources
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from pantau_collector.timelapse.job import MAX_HEIGHT, MAX_WIDTH
from pantau_contract.printable import printable_line

_BAND = 0.07
"""Height of the band, of the picture's."""
_LEAST_BAND = 24
_BACKGROUND, _TEXT = (16, 18, 22), (245, 246, 248)
_MAX_TEXT = 200


class FrameMaker:
    """Makes frames of one size out of pictures of any. `size` is that of a frame, its band included; both even."""

    def __init__(self, first: tuple[int, int]) -> None:
        """Choose the size by the first picture's."""
        width, height = first
        shrink = min(1.0, MAX_WIDTH / width, MAX_HEIGHT / (height * (1 + _BAND)))
        self._width, self._height = _even(width * shrink), _even(height * shrink)
        self._band = _even(max(_LEAST_BAND, self._height * _BAND))
        self.size = self._width, self._height + self._band
        font = resources.files("pantau_collector.paper") / "fonts" / "inter-bold.ttf"
        self._font = ImageFont.truetype(BytesIO(font.read_bytes()), self._band * 0.55)

    def make(self, picture: Image.Image, text: str, when: str) -> Image.Image:
        """Return a frame: the whole picture, undistorted, over the band with `text`, and `when` at its right."""
        frame = Image.new("RGB", self.size, _BACKGROUND)
        shrink = min(self._width / picture.width, self._height / picture.height)
        size = max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink))
        fitted = picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
        frame.paste(fitted, ((self._width - size[0]) // 2, (self._height - size[1]) // 2))
        draw = ImageDraw.Draw(frame)
        middle, margin = self._height + self._band / 2, self._band * 0.4
        draw.text((self._width - margin, middle), when, fill=_TEXT, font=self._font, anchor="rm")
        room = self._width - 3 * margin - draw.textlength(when, font=self._font)
        draw.text((margin, middle), self._cut(draw, text, room), fill=_TEXT, font=self._font, anchor="lm")
        return frame

    def _cut(self, draw: ImageDraw.ImageDraw, text: str, room: float) -> str:
        text = printable_line(text, _MAX_TEXT)
        if draw.textlength(text, font=self._font) <= room:
            return text
        while text and draw.textlength(f"{text}…", font=self._font) > room:
            text = text[:-1]
        return f"{text.rstrip()}…" if text else ""


def _even(length: float) -> int:
    """Return a length that H.264 takes: an even number of pixels, 16 at least."""
    return max(16, round(length / 2) * 2)
