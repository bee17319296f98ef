"""Two hours of a small city as its agents send them, written to InfluxDB by the collector's own sink."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from pantau_collector.config import InfluxV1
from pantau_collector.deadletter import DeadLetters
from pantau_collector.inventory import Inventory
from pantau_collector.journal import CursorFile, Journal, Record
from pantau_collector.ledger.keeper import LedgerKeeper
from pantau_collector.sinks.day_writer import SETTLE_MS, DayWriter
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.sink_writer import SinkWriter
from pantau_collector.store import Store
from pantau_contract.messages import Birth, CameraState, Death, Host, Message, Sample, Telemetry
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.servers.influxdb import Database
from tests.servers.process import until

END_MS = 1_795_505_520_000
HOURS = 2
ZONE = ZoneInfo("Asia/Jakarta")
INTERVAL_MS = 30_000
_BATCHES = HOURS * 3_600_000 // INTERVAL_MS
FAULTS: dict[str, tuple[Cause | None, int]] = {
    "utara": (None, 0),
    "selatan": (Cause.REFUSED, 20),
    "timur": (Cause.FROZEN, 60),
    "barat": (Cause.PACKET_LOSS, 120),
}
"""For each camera of `kabil` its cause at the end, and the batches for which it has lasted."""
MISSING = 7
"""Batches of `nongsa` that never arrive."""


def write_history(into: Database, folder: Path) -> None:
    """Write the history, and return once all of it is in the database."""
    with Journal(folder / "journal") as journal:
        journal.append(_records())
        dead_letters = DeadLetters(folder / "dead.jsonl", time_ms=lambda: END_MS)
        store = InfluxV1Store(InfluxV1(version=1, url=into.url, database=into.name))
        writer = SinkWriter(journal, CursorFile(folder / "cursor"), store, dead_letters, linger_s=0)
        writer.start()
        try:
            assert until(lambda: writer.behind_bytes == 0 or writer.trouble), (
                "the sink has not written the journal"
            )
        finally:
            writer.stop()
        assert writer.trouble is None
        assert dead_letters.written == 0
        write_days(journal, into, folder, END_MS + SETTLE_MS)


def write_days(journal: Journal, into: Database, folder: Path, now_ms: int) -> None:
    """Write the days of cameras, by the collector's own ledger of the journal."""
    dead_letters = DeadLetters(folder / "days.jsonl", time_ms=lambda: now_ms)
    with closing(Store.at(folder / "collector.sqlite")) as store:
        keeper = LedgerKeeper(journal, store)
        while keeper.enter_some():
            pass
        writer = DayWriter(
            store,
            InfluxV1Store(InfluxV1(version=1, url=into.url, database=into.name)),
            dead_letters,
            DecidedLives(store, Inventory),
            zone=ZONE,
            clock=FixedClock(now_ms),
        )
        writer.write_round()
        writer.stop()
    assert dead_letters.written == 0


class FixedClock:
    """A clock that stands still."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def time_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._now_ms / 1000


def _records() -> Iterator[Record]:
    chance = random.Random(5)
    for site in ("kabil", "nongsa"):
        yield _record(TopicKind.AGENT, Birth(site, "b", 4, END_MS - _BATCHES * INTERVAL_MS, "0.1.0", 30))
    for batch in range(_BATCHES):
        time_ms = END_MS - (_BATCHES - 1 - batch) * INTERVAL_MS
        left = _BATCHES - batch
        for site in ("kabil", "nongsa"):
            if site == "nongsa" and 100 <= left < 100 + MISSING:
                continue
            samples = tuple(_sample(camera, time_ms, left, chance) for camera in FAULTS) if site == "kabil" else ()
            if site == "nongsa":
                samples = (
                    _working("gerbang", time_ms, chance),
                    Sample("gudang", time_ms, State.UNKNOWN, time_ms, Cause.STARTING),
                    Sample("lama", time_ms, State.DISABLED, time_ms),
                )
            host = Host(
                cpu_pct=chance.uniform(10, 30),
                load_1m=0.4,
                memory_used_pct=41.0,
                disk_used_pct=62.0,
                disk_free_mb=11_000.0,
                temperature_c=chance.uniform(52, 61),
                throttled=False,
                undervoltage=site == "nongsa",
                spool_batches=0,
                spool_mb=0.0,
            )
            yield _record(
                TopicKind.TELEMETRY, Telemetry(site, "b", batch, time_ms, batch, True, 30, samples, host)
            )
    yield _record(
        TopicKind.STATE, CameraState("kabil", "selatan", "b", 9, END_MS, State.DOWN, END_MS, Cause.REFUSED)
    )
    yield _record(TopicKind.AGENT, Death("nongsa", "b", 4))


def _sample(camera: str, time_ms: int, left: int, chance: random.Random) -> Sample:
    cause, batches = FAULTS[camera]
    if cause is None or left > batches:
        return _working(camera, time_ms, chance)
    since = END_MS - batches * INTERVAL_MS
    if STATE_OF[cause] is State.DOWN:
        return Sample(camera, time_ms, State.DOWN, since, cause)
    loss = chance.uniform(4, 9) if cause is Cause.PACKET_LOSS else 0.0
    return Sample(camera, time_ms, STATE_OF[cause], since, cause, fps=25.0, bitrate_kbps=700.0, rtp_loss_pct=loss)


def _working(camera: str, time_ms: int, chance: random.Random) -> Sample:
    return Sample(
        camera,
        time_ms,
        State.OK,
        END_MS - 86_400_000,
        codec="h264",
        fps=chance.uniform(24.5, 25.1),
        bitrate_kbps=chance.uniform(900, 1500),
        keyframe_interval_s=2.0,
        rtp_loss_pct=0.0,
        jitter_ms=chance.uniform(1, 4),
        clock_offset_s=chance.uniform(-0.2, 0.2),
    )


def _record(kind: TopicKind, message: Message) -> Record:
    camera = message.camera if isinstance(message, CameraState) else None
    site = getattr(message, "site", "")
    received_ms = getattr(message, "time", END_MS) + 400
    return Record(received_ms, str(Topic(site, kind, camera)), encode(message))
