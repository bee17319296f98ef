"""Which contracts cover a camera now: read again when the files or the inventory have changed."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pantau_collector.contracts import Contract, load_contracts, valid_span
from pantau_collector.contracts.coverage import CameraKey, covered_cameras
from pantau_collector.contracts.load import contract_files
from pantau_collector.inventory import Inventory
from pantau_service.settings import ConfigError

_log = logging.getLogger(__name__)
_Basis = tuple[Inventory, tuple[tuple[Path, int], ...]]


class ContractBook:
    """Looks contracts up by camera. Any thread may ask; with files that cannot be read there are none."""

    def __init__(self, path: Path | None, inventory: Callable[[], Inventory]) -> None:
        self._path = path
        self._inventory = inventory
        self._lock = threading.Lock()
        self._basis: _Basis | None = None
        self._by_camera: dict[CameraKey, list[Contract]] = {}

    def of_camera(self, site: str, camera: str, now_ms: int) -> list[Contract]:
        """Return the contracts that are valid at `now_ms` (UTC) and cover the camera."""
        if self._path is None:
            return []
        with self._lock:
            basis = self._inventory(), tuple(_versions(self._path))
            if basis != self._basis:
                self._by_camera = self._load(self._path, basis[0], now_ms)
                self._basis = basis
            found = self._by_camera.get((site, camera), [])
        return [each for each in found if valid_span(each).from_ms <= now_ms < valid_span(each).to_ms]

    def _load(self, path: Path, inventory: Inventory, now_ms: int) -> dict[CameraKey, list[Contract]]:
        try:
            contracts = load_contracts(path, inventory, today=datetime.fromtimestamp(now_ms / 1000, UTC).date())
        except ConfigError as error:
            _log.warning("the pages of cameras name no contracts: %s", error.problems[0])
            return {}
        by_camera: dict[CameraKey, list[Contract]] = {}
        for contract in contracts:
            for camera in covered_cameras(contract, inventory):
                by_camera.setdefault((camera.site, camera.id), []).append(contract)
        return by_camera


def _versions(path: Path) -> list[tuple[Path, int]]:
    """Return the files with their modification times (ns); those that are missing are absent."""
    return [(file, file.stat().st_mtime_ns) for file in contract_files(path) if file.exists()]
