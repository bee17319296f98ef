"""Limits the cameras of a site, so that a broken agent cannot fill the disk and the series with invented ones."""

from collections.abc import Iterable

from pantau_collector.pictures import MAX_CAMERAS_OF_SITE
from pantau_contract.errors import ContractError
from pantau_contract.messages import Birth, CameraState, Message, Telemetry
from pantau_contract.snapshot import SnapshotMetadata


class KnownCameras:
    """The cameras that each site has mentioned since the start."""

    def __init__(self, *, limit: int = MAX_CAMERAS_OF_SITE) -> None:
        self._limit = limit
        self._cameras: dict[str, set[str]] = {}

    def admit(self, message: Message | SnapshotMetadata) -> None:
        """Note a message's cameras.

        Raises:
            ContractError: the site would have more cameras than are allowed; none is noted.
        """
        match message:
            case Telemetry():
                self._admit(message.site, [sample.camera for sample in message.samples])
            case Birth():
                self._admit(message.site, [camera.id for camera in message.cameras])
            case CameraState() | SnapshotMetadata():
                self._admit(message.site, (message.camera,))
            case _:
                pass

    def _admit(self, site: str, cameras: Iterable[str]) -> None:
        known = self._cameras.setdefault(site, set())
        new = known.union(cameras) if not known.issuperset(cameras) else known
        if len(new) > self._limit:
            raise ContractError(f"site {site} has named more than {self._limit} cameras; this one is not taken")
        self._cameras[site] = new
