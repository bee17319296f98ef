"""Writes frames into an MP4, by PyAV."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
from av.video.stream import VideoStream
from PIL import Image

_ENCODERS = ("libx264", "libopenh264", "mpeg4")
"""By preference: H.264, which every browser shows, where this FFmpeg can write it."""
_OPTIONS = {
    "libx264": {"crf": "23", "preset": "veryfast", "threads": "2"},
    "libopenh264": {"b": "4000000"},
    "mpeg4": {"qscale": "4"},
}


class VideoWriter:
    """An MP4 that grows frame by frame; in memory are a few of them."""

    def __init__(self, container: av.container.OutputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream

    def add(self, frame: Image.Image) -> None:
        """Add a frame."""
        self._container.mux(self._stream.encode(av.VideoFrame.from_image(frame)))  # type: ignore[no-untyped-call] # PyAV has no type for it

    def end(self) -> None:
        """Write what the encoder holds back."""
        self._container.mux(self._stream.encode(None))


def encoder() -> str:
    """Return the encoder that is used: the best of those that this FFmpeg has."""
    return next(name for name in _ENCODERS if name in av.codecs_available)


@contextmanager
def open_video(path: Path, size: tuple[int, int], frames_a_second: int) -> Iterator[VideoWriter]:
    """Begin an MP4; its end is written as the context ends.

    Raises:
        OSError: it cannot be written.
    """
    codec = encoder()
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(codec, rate=frames_a_second, options=_OPTIONS[codec])
        if not isinstance(stream, VideoStream):
            raise TypeError(f"{codec} makes no video")
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        writer = VideoWriter(container, stream)
        yield writer
        writer.end()
