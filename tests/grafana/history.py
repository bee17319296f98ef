"""Two hours of a small city, through the collector's own pipeline, sink and writers into a real InfluxDB."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from pantau_collector.config import InfluxV1
from pantau_collector.deadletter import DeadLetters
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, Party
from pantau_collector.journal import CursorFile, Journal, Record
from pantau_collector.ledger.keeper import LedgerKeeper
from pantau_collector.notices.recipients import People
from pantau_collector.own_records import Figures
from pantau_collector.pipeline import Pipeline
from pantau_collector.recorder import Recorder
from pantau_collector.simulation.agents import VirtualClock
from pantau_collector.sinks.day_writer import SETTLE_MS, DayWriter
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.sinks.downsampling import DownsamplingRules
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.listing_writer import ListingWriter
from pantau_collector.sinks.setup_v1 import InfluxV1Setup
from pantau_collector.sinks.sink_writer import SinkWriter
from pantau_collector.store import Store
from pantau_contract.messages import Birth, CertificateEnd, Death, Drop, Host, Message, Sample, Telemetry
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.servers.influxdb import Database, InfluxDB
from tests.servers.process import until

END_MS = 1_795_505_520_000
HOURS = 2
ZONE = ZoneInfo("Asia/Jakarta")
INTERVAL_MS = 30_000
_BATCHES = HOURS * 3_600_000 // INTERVAL_MS
_BEGIN_MS = END_MS - _BATCHES * INTERVAL_MS
_STEP_S = 3
"""Seconds from one step of the pipeline to the next, short of what it takes for a stall of its own."""
FAULTS: dict[str, tuple[Cause | None, int]] = {
    "utara": (None, 0),
    "selatan": (Cause.REFUSED, 20),
    "timur": (Cause.FROZEN, 60),
    "barat": (Cause.PACKET_LOSS, 120),
}
"""For each camera of `kabil` its cause at the end, and the batches for which it has lasted."""
OWNERS = {"utara": "dishub", "selatan": "dishub", "timur": "kominfo", "barat": "kominfo"}
MISSING = 7
"""Batches of `nongsa` that never arrive."""
SILENT_BATCHES = 60
"""Batches before the end at which `sagulung` falls silent, with its one camera `simpang`."""
SITES = ("kabil", "nongsa", "sagulung")
_PICTURE_CAUSES = [cause for cause in Cause if STATE_OF[cause] is State.IMPAIRED]


def inventory() -> Inventory:
    """Return who owns and mends what; `nongsa` is in it, its cameras are nobody's."""
    parties = {"dishub": "Dinas Perhubungan", "kominfo": "Diskominfo (kota)"}
    cameras = [
        InventoryCamera(
            site="kabil",
            id=camera,
            name=f"Kabil {camera}",
            owner=owner,
            maintainer="sinar" if camera != "barat" else "",
            project="Jalan Layang Kabil" if camera == "timur" else "",
        )
        for camera, owner in OWNERS.items()
    ]
    return Inventory(
        owners=[Party(id=key, name=name) for key, name in parties.items()],
        maintainers=[Party(id="sinar", name="CV Sinar/Teknik")],
        sites=[InventorySite(id=site) for site in SITES],
        cameras=[*cameras, InventoryCamera(site="sagulung", id="simpang", owner="dishub")],
    )


def write_history(server: InfluxDB, name: str, folder: Path) -> Database:
    """Set a database up as `init-influx` does, and return it once all of the history is in it, and summarised."""
    config = InfluxV1(version=1, url=server.url, database=name)
    setup = InfluxV1Setup(config, DownsamplingRules(raw_days=0))
    for step in setup.plan(shorten=False).steps:
        setup.do(step)
    into = Database(server, name)
    with Journal(folder / "journal") as journal:
        _live(journal, config, folder)
        _sink(journal, config, folder)
        write_days(journal, into, folder, END_MS + SETTLE_MS, inventory())
    for _ in setup.backfill(END_MS + INTERVAL_MS):
        pass
    setup.close()
    return into


def _live(journal: Journal, config: InfluxV1, folder: Path) -> None:
    """Let the collector live through the history: it hears the agents, opens incidents, and lists the cameras."""
    clock = VirtualClock(_BEGIN_MS)
    dead = DeadLetters(folder / "listing.jsonl", time_ms=clock.time_ms)
    with closing(Store.at(folder / "pipeline.sqlite")) as store:
        pipeline = Pipeline(
            journal,
            store,
            inventory(),
            People(),
            IncidentRules(restart_grace_s=0),
            clock,
            listening=lambda: True,
        )
        recorder = Recorder(journal, store, lambda: figures(clock.s, pipeline), clock)
        listing = ListingWriter(lambda: pipeline.view, InfluxV1Store(config), dead, clock)
        records = _records()
        waiting = next(records, None)
        while clock.time_ms() < END_MS + 1000:
            while waiting is not None and waiting.received_ms <= clock.time_ms():
                journal.append([waiting])
                waiting = next(records, None)
            pipeline.step()
            recorder.record_due()
            if clock.time_ms() % 60_000 == 0:
                listing.write()
            clock.s += _STEP_S
        listing.stop()
    assert dead.written == 0


def _sink(journal: Journal, config: InfluxV1, folder: Path) -> None:
    dead_letters = DeadLetters(folder / "dead.jsonl", time_ms=lambda: END_MS)
    writer = SinkWriter(journal, CursorFile(folder / "cursor"), InfluxV1Store(config), dead_letters, linger_s=0)
    writer.start()
    try:
        assert until(lambda: writer.behind_bytes == 0 or writer.trouble), "the sink has not written the journal"
    finally:
        writer.stop()
    assert writer.trouble is None
    assert dead_letters.written == 0


def write_days(
    journal: Journal, into: Database, folder: Path, now_ms: int, whose: Inventory | None = None
) -> None:
    """Write the days of cameras, by the collector's own ledger of the journal."""
    dead_letters = DeadLetters(folder / "days.jsonl", time_ms=lambda: now_ms)
    clock = VirtualClock(now_ms)
    known = whose or Inventory()
    with closing(Store.at(folder / "collector.sqlite")) as store:
        keeper = LedgerKeeper(journal, store)
        while keeper.enter_some():
            pass
        writer = DayWriter(
            store,
            InfluxV1Store(InfluxV1(version=1, url=into.url, database=into.name)),
            dead_letters,
            DecidedLives(store, lambda: known),
            zone=ZONE,
            clock=clock,
        )
        writer.write_round()
        writer.stop()
    assert dead_letters.written == 0


def figures(second: float, pipeline: Pipeline) -> Figures:
    """Return figures of a collector that has taken ten messages a second since its start."""
    count = int(second * 10)
    return Figures(
        name="pantau-collector",
        messages=count,
        samples=4 * count,
        duplicates=count // 100,
        dead_letters=0,
        waiting=3,
        journal_mb=1.5,
        sink_behind_mb=0.0,
        sink_lines=5 * count,
        sink_dead_lines=0,
        sink_retries=count // 1000,
        sites=len(pipeline.view.sites),
        sites_online=sum(site.online for site in pipeline.view.sites),
        cameras=sum(len(site.cameras) for site in pipeline.view.sites),
        batches_missing=MISSING,
        incidents_open=len(pipeline.open_incidents),
        notices_pending=0,
        troubles=1,
        memory_mb=120.0,
        attentive=1,
        attention_breaks=0,
        clock_steps=0,
        attentive_since_ms=_BEGIN_MS,
        certificate_days=20.5,
    )


def _records() -> Iterator[Record]:
    """Yield what is received, in the order of its arrival."""
    chance = random.Random(5)
    for site in SITES:
        yield _record(TopicKind.AGENT, Birth(site, "b", 4, _BEGIN_MS, "0.2.0", 30))
    for batch in range(_BATCHES):
        left = _BATCHES - batch
        for site in SITES:
            if site == "nongsa" and 100 <= left < 100 + MISSING:
                continue
            if site == "sagulung" and left < SILENT_BATCHES:
                if left == SILENT_BATCHES - 1:
                    yield _record(TopicKind.AGENT, Death("sagulung", "b", 4), END_MS - left * INTERVAL_MS)
                continue
            yield _record(TopicKind.TELEMETRY, _batch(site, batch, left, chance))


def _batch(site: str, batch: int, left: int, chance: random.Random) -> Telemetry:
    time_ms = END_MS - (left - 1) * INTERVAL_MS - 400
    host = Host(
        cpu_pct=chance.uniform(10, 30),
        load_1m=0.4,
        memory_used_pct=41.0,
        disk_used_pct=62.0,
        disk_free_mb=11_000.0,
        temperature_c=chance.uniform(52, 61),
        throttled=False,
        undervoltage=site == "nongsa",
        uptime_s=86_400.0 + 30 * batch,
        agent_memory_mb=55.0,
        spool_batches=0,
        spool_mb=0.0,
        starved_s=0.0,
    )
    dropped = site == "nongsa" and left < 100
    drop = Drop(3, time_ms - 600_000, time_ms - 540_000) if site == "nongsa" and left == 99 else None
    days = 5 if site == "nongsa" else 90
    certificates = (CertificateEnd("broker", END_MS + days * 86_400_000),) if batch % 20 == 0 else ()
    return Telemetry(
        site,
        "b",
        batch,
        time_ms,
        batch * INTERVAL_MS,
        True,
        30,
        _samples(site, time_ms, left, chance),
        host,
        dropped=3 * dropped,
        drop=drop,
        certificates=certificates,
    )


def _samples(site: str, time_ms: int, left: int, chance: random.Random) -> tuple[Sample, ...]:
    if site == "kabil":
        return tuple(_sample(camera, time_ms, left, chance) for camera in FAULTS)
    if site == "sagulung":
        return (_working("simpang", time_ms, chance),)
    return (
        _working("gerbang", time_ms, chance),
        Sample("gudang", time_ms, State.UNKNOWN, time_ms, Cause.STARTING),
        Sample("lama", time_ms, State.DISABLED, time_ms),
    )


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
        transport="tcp",
        width=1920,
        height=1080,
        fps=chance.uniform(24.5, 25.1),
        bitrate_kbps=chance.uniform(900, 1500),
        keyframe_interval_s=2.0,
        rtp_loss_pct=0.0,
        jitter_ms=chance.uniform(1, 4),
        connect_ms=3.0,
        first_packet_ms=40.0,
        first_keyframe_ms=800.0,
        clock_offset_s=chance.uniform(-0.2, 0.2),
        evidence={cause.value: 0.1 for cause in _PICTURE_CAUSES},
    )


def _record(kind: TopicKind, message: Message, received_ms: int | None = None) -> Record:
    at_ms = received_ms if received_ms is not None else getattr(message, "time", END_MS) + 400
    site = getattr(message, "site", "")
    return Record(at_ms, str(Topic(site, kind, None)), encode(message))
