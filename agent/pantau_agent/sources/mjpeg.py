"""MJPEG over HTTP: one answer that does not end, a JPEG in each of its parts."""

from collections.abc import Callable

from pantau_agent.http.client import Response
from pantau_agent.http.multipart import PartParser
from pantau_agent.sources.jpegs import Jpegs
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail


class MjpegFeed:
    """Reads such an answer. A camera that is silent in it stalls, so it is never `idle`."""

    idle = False

    def __init__(self, response: Response, boundary: str, jpegs: Jpegs, monotonic: Callable[[], float]) -> None:
        self._response = response
        self._jpegs = jpegs
        self._monotonic = monotonic
        try:
            self._parts = PartParser(boundary)
        except MalformedError as error:
            raise LookError(Failure(Step.GET, Kind.NO_VIDEO, detail("several_parts", problem=error))) from None

    async def begin(self) -> None:
        """It has begun with the answer's head."""

    async def run(self) -> None:
        """Reads until it ends, which is told as a `LookError`."""
        while not self._parts.ended and (data := await self._response.read()):
            now = self._monotonic()
            self._jpegs.arrived(len(data), now)
            try:
                parts = self._parts.feed(data)
            except MalformedError as error:
                raise LookError(
                    Failure(Step.STREAM, Kind.NO_MEDIA, detail("stream_broken", problem=error))
                ) from None
            for part in parts:
                # Some cameras send an empty line too many before the picture.
                self._jpegs.take(part.media_type, part.content.lstrip(b"\r\n"), now)
        raise LookError(Failure(Step.STREAM, Kind.CLOSED, detail("stream_ended")))
