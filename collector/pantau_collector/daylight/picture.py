"""Decodes a JPEG, and measures its light. Only processes of their own import this: see `process.py`."""

import warnings
from io import BytesIO

from PIL import Image, ImageChops, ImageStat

from pantau_collector.snapshots.light import Light

MAX_PIXELS = 16_000_000
"""Pixels of a picture at most; agents send less than 2,000,000."""
_MEASURED = (256, 256)
"""Columns and rows of the picture that is measured, at most."""


class NotAPictureError(Exception):
    """The bytes are no JPEG that can be decoded."""


def decode(jpeg: bytes, *, about: tuple[int, int] | None = None) -> Image.Image:
    """Return the picture in RGB; with `about`, columns and rows, not much larger than that, which is faster.

    Raises:
        NotAPictureError: it cannot be decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(jpeg), formats=("JPEG",))
            _check_size(picture)
            if about is not None:
                picture.draft("RGB", about)
            return picture.convert("RGB")
    except NotAPictureError:
        raise
    except Exception as error:  # a decoder may raise anything on what a stranger has made
        raise NotAPictureError(f"{type(error).__name__}: {error}") from error


def measure(picture: Image.Image) -> Light:
    """Return what is measured of a picture's light."""
    small = picture.copy()
    small.thumbnail(_MEASURED)
    grey = small.convert("L")
    about = ImageStat.Stat(grey)
    across = ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))
    down = ImageChops.difference(grey, ImageChops.offset(grey, 0, 1))
    red, green, blue = small.split()
    return Light(
        brightness=about.mean[0],
        contrast=about.stddev[0],
        sharpness=(_mean(across) + _mean(down)) / 2,
        colour=(_mean(ImageChops.difference(red, green)) + _mean(ImageChops.difference(green, blue))) / 2,
    )


def measure_jpeg(jpeg: bytes) -> Light:
    """Return what is measured of a JPEG's light.

    Raises:
        NotAPictureError: it cannot be decoded.
    """
    return measure(decode(jpeg, about=_MEASURED))


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise NotAPictureError(f"it has {picture.width} x {picture.height} pixels")


def _mean(picture: Image.Image) -> float:
    return ImageStat.Stat(picture).mean[0]
