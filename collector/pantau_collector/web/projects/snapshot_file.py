"""`/snapshots/{site}/{camera}/{taken_ms}.jpg`: one picture of the archive, which never changes."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.snapshots import SnapshotReader
from pantau_collector.web.conditional import is_not_modified


class SnapshotFile:
    """Serves archived pictures."""

    def __init__(self, reader: SnapshotReader) -> None:
        self._reader = reader

    async def answer(self, request: Request) -> Response:
        """Serve one picture; 404 if there is none."""
        named = request.path_params
        jpeg = await run_in_threadpool(self._reader.open, f"{named['site']}/{named['camera']}/{named['taken_ms']}")
        if jpeg is None:
            raise HTTPException(404)
        headers = {"ETag": f'"{named["taken_ms"]}"', "Cache-Control": "private, no-cache"}
        if is_not_modified(request, headers):
            return Response(status_code=304, headers=headers)
        return Response(jpeg, media_type="image/jpeg", headers=headers)
