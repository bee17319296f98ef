"""The fleet, and the pipeline's cursor in the journal, as rows."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from pantau_collector.fleet.model import Camera, CameraMeasures, Fleet, Site
from pantau_collector.store.database import drop_rows, put_rows
from pantau_collector.store.schema import cameras, cursors, sites
from pantau_contract.printable import printable_texts

_encoder = msgspec.json.Encoder()
_site_decoder = msgspec.json.Decoder(Site)
_camera_decoder = msgspec.json.Decoder(Camera)
_PIPELINE = "pipeline"


class PipelineCursor(NamedTuple):
    """The pipeline's position in the journal named `journal`.

    `received_ms` is when the record before it was received, and `attention_s` the collector's attention so far.
    """

    journal: str
    position: int
    received_ms: int
    attention_s: float


def load_fleet(connection: Connection) -> Fleet:
    """Load every site and camera as it was last saved."""
    # Names are printable as they arrive; those that an older collector saved are made so here.
    loaded = {
        row.id: printable_texts(_site_decoder.decode(row.state_json)) for row in connection.execute(select(sites))
    }
    for row in connection.execute(select(cameras)):
        if row.site in loaded:
            camera = printable_texts(_camera_decoder.decode(row.state_json))
            loaded[row.site].cameras[camera.id] = camera
    return Fleet(loaded.values())


def save_fleet(connection: Connection, fleet: Fleet) -> None:
    """Save the sites and cameras that have changed."""
    put_rows(connection, sites, (_site_row(fleet.sites[site]) for site in fleet.unsaved))
    drop_rows(connection, cameras, ({"site": site, "id": camera} for site, camera in fleet.removed_cameras))
    put_rows(connection, cameras, _camera_rows(fleet))


def load_names(connection: Connection) -> list[tuple[str, str]]:
    """Load site and id of every camera that agents have reported."""
    return [(row.site, row.id) for row in connection.execute(select(cameras.c.site, cameras.c.id))]


def load_cursor(connection: Connection, name: str = _PIPELINE) -> PipelineCursor | None:
    """Load a reader's cursor as it was last saved, or None if it never was."""
    row = connection.execute(select(cursors).where(cursors.c.name == name)).first()
    return PipelineCursor(row.journal, row.position, row.received_ms, row.attention_s) if row else None


def save_cursor(connection: Connection, cursor: PipelineCursor, name: str = _PIPELINE) -> None:
    """Save a reader's cursor."""
    put_rows(connection, cursors, [{"name": name, **cursor._asdict()}])


def _site_row(site: Site) -> dict[str, str]:
    bare = msgspec.structs.replace(site, cameras={})
    return {"id": site.id, "state_json": _encoder.encode(bare).decode()}


def _camera_rows(fleet: Fleet) -> Iterable[dict[str, str]]:
    for site, camera in fleet.unsaved_cameras:
        bare = msgspec.structs.replace(fleet.sites[site].cameras[camera], measures=CameraMeasures())
        yield {"site": site, "id": camera, "state_json": _encoder.encode(bare).decode()}
