"""Keeps the recent measures: reads the journal from a cursor on, and adds what was measured to the files."""

import logging
from collections.abc import Callable

from pantau_collector.clock_correction import corrected_ms, correction_ms
from pantau_collector.data_dir import DataDir
from pantau_collector.fleet.view import CityView
from pantau_collector.journal import CursorFile, Journal
from pantau_collector.journal.record import Record
from pantau_collector.measures.files import SLOTS, MeasureFiles
from pantau_collector.measures.measure import SLOT_MS, Slot
from pantau_collector.own_records import is_own
from pantau_collector.periodic import PeriodicThread
from pantau_contract.errors import ContractError
from pantau_contract.messages import Telemetry
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode

KEPT_MS = SLOTS * SLOT_MS
"""Milliseconds for which measures are kept."""
EVERY_S = 10.0
"""Seconds from one step to the next, once everything is read."""
RECORDS_PER_STEP = 500
"""Records that one step reads at most, so that a backlog of the journal leaves time for the others."""
_REMOVE_EVERY_S = 3600.0
_RETRY_S = 30.0
_log = logging.getLogger(__name__)

Slots = dict[tuple[str, str], dict[int, Slot]]
"""Slots by site and camera, and by when they begin."""


class MeasureKeeper:
    """Adds new records every few seconds, on its own thread.

    It holds nothing of the journal back. After a crash it may add the measures of one step twice, by which a mean
    moves a little; no value is made up and none is lost.
    """

    def __init__(
        self,
        journal: Journal,
        paths: DataDir,
        time_ms: Callable[[], int],
        view: Callable[[], CityView],
    ) -> None:
        """Prepare the keeper; the measures of cameras that are not in the view any more are removed."""
        self._journal = journal
        self._cursor = CursorFile(paths.measures_cursor)
        self._files = MeasureFiles(paths.measures)
        self._time_ms = time_ms
        self._view = view
        self._position: int | None = None
        self._removed_ms = time_ms()
        self._thread = PeriodicThread(
            "measures",
            self._step,
            failure="the recent measures of cameras cannot be kept; what was received stays in the journal",
            retry_s=_RETRY_S,
            expected=(OSError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()

    def add_some(self) -> int:
        """Add up to 500 records, and return how many.

        Raises:
            OSError: the journal cannot be read, or the files cannot be written.
        """
        now_ms = self._time_ms()
        if self._position is None:
            # What is older is not kept. A cursor of another journal may lie behind its end.
            first = self._journal.position_at(now_ms - KEPT_MS)
            position = self._cursor.position
            self._position = max(position, first) if position <= self._journal.end else first
        records, position = self._journal.read(self._position, RECORDS_PER_STEP)
        slots: Slots = {}
        for record in records:
            try:
                add_record(slots, record, since_ms=now_ms - KEPT_MS)
            except ContractError as error:
                _log.debug("the measures leave out a record on %s: %s", record.topic, error)
        for (site, camera), each in slots.items():
            self._files.add(site, camera, each.values())
        if position != self._position:
            self._cursor.move(position)
            self._position = position
        return len(records)

    def _step(self) -> float:
        if self.add_some() == RECORDS_PER_STEP:
            return 0.05
        now_ms = self._time_ms()
        if now_ms - self._removed_ms > 1000 * _REMOVE_EVERY_S:
            self._removed_ms = now_ms
            if cameras := {(site.id, camera.id) for site in self._view().sites for camera in site.cameras}:
                self._files.keep_only(cameras)
        return EVERY_S


def add_record(slots: Slots, record: Record, *, since_ms: int) -> None:
    """Add what a record measured since `since_ms` (UTC).

    Raises:
        ContractError: the record breaks the contract.
    """
    if is_own(record):
        return
    topic = parse_topic(record.topic)
    if topic.kind is not TopicKind.TELEMETRY:
        return
    batch = decode(topic, record.payload)
    if not isinstance(batch, Telemetry):
        return
    received_ms = record.received_ms
    shift_ms = received_ms - batch.time if record.undated else correction_ms(batch.time, received_ms)
    batch_ms = batch.time + shift_ms
    for sample in batch.samples:
        time_ms = corrected_ms(sample.time, shift_ms, batch_ms, received_ms)
        if time_ms >= since_ms:
            start_ms = time_ms - time_ms % SLOT_MS
            of_camera = slots.setdefault((topic.site, sample.camera), {})
            of_camera.setdefault(start_ms, Slot(start_ms)).add(sample)
