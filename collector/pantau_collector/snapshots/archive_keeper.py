"""Brings the archive's index up to what arrives, on a thread of its own."""

import logging

from pantau_collector.periodic import PeriodicThread
from pantau_collector.snapshots.archive import SnapshotArchive

FLUSH_EVERY_S = 1.0
_RETRY_S = 10.0
_log = logging.getLogger(__name__)


class ArchiveKeeper:
    """Compares the index with the files once, and then adds what arrives."""

    def __init__(self, archive: SnapshotArchive) -> None:
        """Prepare the thread."""
        self._archive = archive
        self._is_compared = False
        self._thread = PeriodicThread(
            "snapshots",
            self._step,
            failure="the archive of snapshots cannot be kept",
            first_wait_s=FLUSH_EVERY_S,
            retry_s=_RETRY_S,
            expected=(OSError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way, and close the archive."""
        self._thread.stop()
        self._archive.close()

    def _step(self) -> float:
        self._archive.flush()
        if not self._is_compared:
            wrong = self._archive.reconcile(self._thread.stopping.is_set)
            self._is_compared = True
            if wrong:
                _log.warning("snapshots: the index did not know %d pictures as they are; now it does", wrong)
        return FLUSH_EVERY_S
