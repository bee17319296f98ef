"""Notes in the log who looked at which camera's picture: people are seen in them."""

import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.web.gate import caller_of
from pantau_collector.web.guard import Endpoint
from pantau_contract.topics import SLUG

NOTED_AGAIN_S = 3600.0
"""Seconds after which the same look is noted again: a wall asks for the same picture all day."""
_MAX_NOTED = 4096
"""Looks that are remembered at most; one that is forgotten is noted again."""

_log = logging.getLogger(__name__)


class PictureLog:
    """Notes each address and picture once an hour, with the answer."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._noted: dict[tuple[str, str, int], float] = {}

    def noted(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint of a picture, which notes who asks for it."""

        async def answer(request: Request) -> Response:
            response = await endpoint(request)
            site, camera = request.path_params["site"], request.path_params["camera"]
            if SLUG.fullmatch(site) and SLUG.fullmatch(camera):
                self._note(caller_of(request).address, request.url.path, response.status_code)
            return response

        return answer

    def _note(self, address: str, path: str, status: int) -> None:
        key, now_s = (address, path, 200 if status == 304 else status), self._clock_s()
        if now_s - self._noted.get(key, float("-inf")) < NOTED_AGAIN_S:
            return
        _log.info("%s asked for by %s: %d", path, address, status)
        self._noted.pop(key, None)
        self._noted[key] = now_s
        if len(self._noted) > _MAX_NOTED:
            del self._noted[next(iter(self._noted))]
