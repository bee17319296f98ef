"""Snapshots: a camera's present picture, and the last one that was taken while it was well."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal

from msgspec import Struct

from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cameras import find_camera
from pantau_collector.web.api_v1.moments import known_moment
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.values import CameraId, SiteId
from pantau_contract.snapshot import MAX_SNAPSHOT

JPEG = "image/jpeg"

Which = Literal["present", "good"]
"""The present picture, or the last one that was taken in state `ok`."""


class Snapshot(Struct, frozen=True):
    """A picture that is kept; `address` is where it is, relative to this answer's."""

    which: Which
    taken: datetime
    address: str


class Snapshots(Struct, frozen=True):
    """The pictures of a camera that are kept."""

    items: tuple[Snapshot, ...]


def list_snapshots(asked: Asked, site: SiteId, camera: CameraId) -> Snapshots:
    """List the pictures of a camera: the present one, and the last good one."""
    find_camera(asked, site, camera)
    pictures = asked.sources.pictures
    taken: dict[Which, int] = {
        "present": pictures.taken_ms(site, camera),
        "good": pictures.good_taken_ms(site, camera),
    }
    return Snapshots(
        tuple(Snapshot(which, known_moment(ms), f"snapshots/{which}") for which, ms in taken.items() if ms)
    )


def get_snapshot(asked: Asked, site: SiteId, camera: CameraId, which: Which) -> bytes:
    """Return a picture of a camera as JPEG: `present`, or `good`."""
    find_camera(asked, site, camera)
    pictures = asked.sources.pictures
    path = (pictures.latest if which == "present" else pictures.latest_good)(site, camera)
    try:
        content = None if path is None else path.read_bytes()[:MAX_SNAPSHOT]
    except FileNotFoundError:
        content = None
    if content is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such picture of this camera")
    return content
