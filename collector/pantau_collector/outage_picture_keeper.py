"""Looks at the outages every few seconds, and keeps the pictures from before and after each.

It reads the outages from the store and the pictures from this collector's own snapshots. So with two collectors
each keeps what it has received, and a take-over loses nothing.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pantau_collector.incidents.incident import Incident
from pantau_collector.outage_pictures import Moment, OutagePicture, OutagePictures
from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import Store, StoreError, incident_rows
from pantau_contract.errors import ContractError
from pantau_contract.snapshot import MAX_SNAPSHOT, read_stamp

LOOK_EVERY_S = 5.0
"""Seconds between two looks: shorter than an outage is waited for, and than pictures are apart."""
AWAITED_MS = 24 * 3_600_000
"""Milliseconds after its end for which the first picture after an outage is waited for."""
_RETRY_S = 30.0
_LOOKED_AT = 1000
"""Cameras of one outage that are looked at, at most."""


class Snapshots(Protocol):
    """Where the cameras' snapshots are."""

    def latest_good(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest picture that was taken in state `ok`, or None."""

    def good_taken_ms(self, site: str, camera: str) -> int:
        """Return when that picture was taken (UTC ms), or 0 if there is none."""


class OutagePictureKeeper:
    """Keeps the pictures of outages on a thread of its own."""

    def __init__(
        self,
        pictures: OutagePictures,
        snapshots: Snapshots,
        open_store: Callable[[], Store],
        time_ms: Callable[[], int],
    ) -> None:
        """Prepare the thread; `open_store` opens the state, which is only read."""
        self._pictures = pictures
        self._snapshots = snapshots
        self._open_store = open_store
        self._time_ms = time_ms
        self._store: Store | None = None
        self._done: set[int] = set()
        """Outages that are over, of which nothing is awaited any more."""
        self._thread = PeriodicThread(
            "outage-pictures",
            self._step,
            failure="pictures of outages cannot be kept",
            first_wait_s=LOOK_EVERY_S,
            retry_s=_RETRY_S,
            expected=(OSError, StoreError),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()
        if self._store is not None:
            self._store.close()

    def look(self) -> None:
        """Keep what is there now of the outages that are open, or ended within a day.

        Raises:
            StoreError: the outages cannot be read.
            OSError: a picture cannot be written.
        """
        if not self._pictures.rules.cameras_of_outage:
            return
        if self._store is None:
            self._store = self._open_store()
        now_ms = self._time_ms()
        with self._store.begin() as connection:
            incidents = incident_rows.load_since(connection, now_ms - AWAITED_MS)
        self._done &= {incident.id for incident in incidents}
        for incident in incidents:
            if incident.id not in self._done:
                self._look_at(incident)

    def _look_at(self, incident: Incident) -> None:
        if incident.resolved_ms is None:
            self._keep_before(incident)
        elif not self._keep_after(incident):
            self._done.add(incident.id)

    def _keep_before(self, incident: Incident) -> None:
        """Keep the pictures before an outage, of the first of its cameras that have one."""
        room = self._pictures.rules.cameras_of_outage - self._pictures.count(incident.id, Moment.BEFORE)
        for site, camera in incident.members[:_LOOKED_AT]:
            if room <= 0:
                return
            taken_ms = self._snapshots.good_taken_ms(site, camera)
            is_new = not self._pictures.has(incident.id, Moment.BEFORE, site, camera)
            if 0 < taken_ms <= incident.since_ms and is_new:
                room -= self._keep(incident, Moment.BEFORE, site, camera)

    def _keep_after(self, incident: Incident) -> bool:
        """Keep the pictures after an outage, of the cameras of which there is one before it, or else of the first.

        Return True if some are still awaited.
        """
        most, members = self._pictures.rules.cameras_of_outage, incident.members[:_LOOKED_AT]
        known = [each for each in members if self._pictures.has(incident.id, Moment.BEFORE, *each)]
        awaited = False
        for site, camera in known or members[:most]:
            if self._pictures.has(incident.id, Moment.AFTER, site, camera):
                continue
            if self._snapshots.good_taken_ms(site, camera) > incident.since_ms:
                self._keep(incident, Moment.AFTER, site, camera)
            else:
                awaited = True
        return awaited

    def _keep(self, incident: Incident, moment: Moment, site: str, camera: str) -> bool:
        picture = self._good_picture(site, camera)
        if picture is None or (picture.taken_ms > incident.since_ms) != (moment is Moment.AFTER):
            return False  # it was replaced, or removed, in this instant
        return self._pictures.keep(incident.id, moment, site, camera, picture)

    def _good_picture(self, site: str, camera: str) -> OutagePicture | None:
        """Return a camera's newest good picture; None if it has none, or that shows another camera."""
        path = self._snapshots.latest_good(site, camera)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                jpeg, taken_ms = file.read(MAX_SNAPSHOT + 1), os.fstat(file.fileno()).st_mtime_ns // 1_000_000
            about = read_stamp(jpeg)
        except (FileNotFoundError, ContractError):
            return None
        return OutagePicture(jpeg, taken_ms) if (about.site, about.camera) == (site, camera) else None

    def _step(self) -> float:
        self.look()
        return LOOK_EVERY_S
