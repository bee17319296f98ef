"""The cameras' latest pictures over HTTP, each with `ETag` and `Last-Modified`."""

import hashlib
import os
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.web.conditional import is_not_modified
from pantau_contract.snapshot import MAX_SNAPSHOT
from pantau_contract.topics import SLUG

_PLACEHOLDER = (Path(__file__).parent / "static" / "no-picture.svg").read_bytes()


_Find = Callable[[str, str], Path | None]


class PictureLookup(Protocol):
    """Finds the files of the cameras' pictures."""

    def latest(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's latest JPEG, or None if there is none."""

    def latest_good(self, site: str, camera: str) -> Path | None:
        """Return the file of the latest JPEG taken while the camera was `ok`, or None if there is none."""


async def picture(request: Request) -> Response:
    """Serve `/pictures/{site}/{camera}.jpg`: the latest JPEG, or a drawing; 404 for an invalid id."""
    return await _answer(request, request.app.state.pictures.latest)


async def good_picture(request: Request) -> Response:
    """Serve `/pictures/{site}/{camera}/good.jpg`: the latest JPEG taken while the camera was `ok`."""
    return await _answer(request, request.app.state.pictures.latest_good)


async def _answer(request: Request, find: _Find) -> Response:
    site, camera = request.path_params["site"], request.path_params["camera"]
    if not (SLUG.fullmatch(site) and SLUG.fullmatch(camera)):
        raise HTTPException(404)
    found = await run_in_threadpool(_read, find, site, camera)
    if found is None:
        return Response(_PLACEHOLDER, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
    jpeg, modified_s = found
    headers = {
        "ETag": f'"{hashlib.blake2b(jpeg, digest_size=12).hexdigest()}"',
        "Last-Modified": formatdate(modified_s, usegmt=True),
        "Cache-Control": "private, no-cache",
    }
    if is_not_modified(request, headers):
        return Response(status_code=304, headers=headers)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _read(find: _Find, site: str, camera: str) -> tuple[bytes, float] | None:
    """Return a file's content and modification time, both of the same file even if it is replaced meanwhile."""
    path = find(site, camera)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return file.read(MAX_SNAPSHOT), os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return None
