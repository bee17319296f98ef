"""Limits sites, and the cameras of each, so that nobody fills the disk and the series with invented ones."""

from collections.abc import Iterable

from pantau_contract.errors import ContractError
from pantau_contract.messages import MAX_CAMERAS, Birth, CameraState, Message, Telemetry
from pantau_contract.snapshot import SnapshotMetadata

MAX_SITES = 20_000
"""Sites at most. Only a broker can invent them, since each has a login of its own there."""


class KnownCameras:
    """The cameras that each site has mentioned since the start."""

    def __init__(self, *, limit: int = MAX_CAMERAS, max_sites: int = MAX_SITES) -> None:
        self._limit = limit
        self._max_sites = max_sites
        self._cameras: dict[str, set[str]] = {}

    def admit(self, message: Message | SnapshotMetadata) -> None:
        """Note a message's cameras.

        Raises:
            ContractError: there would be more sites, or the site would have more cameras, than are allowed; none
                is noted.
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
        known = self._cameras.get(site, set())
        if site not in self._cameras and len(self._cameras) >= self._max_sites:
            raise ContractError(f"there are {self._max_sites} sites already; {site} is not taken")
        new = known.union(cameras) if not known.issuperset(cameras) else known
        if len(new) > self._limit:
            raise ContractError(f"site {site} has named more than {self._limit} cameras; this one is not taken")
        self._cameras[site] = new
