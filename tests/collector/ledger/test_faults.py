"""One fault each, of which the truth is known: whose the time is, and by what evidence."""

from collections.abc import Iterator, Sequence

import pytest

from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket, Evidence, Interval, Ledger
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.ledger.interval import total
from pantau_collector.store import Store, downtime_rows
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import EPOCH_MS, LOOK_MS, SimulatedSite, listening

SITE = "kabil"
CAMERAS = ("cam1", "cam2", "cam3", "cam4")
INVENTORY = Inventory(
    sites=[InventorySite(id=SITE)],
    devices=[
        InventoryDevice(site=SITE, id="switch", kind="switch"),
        InventoryDevice(site=SITE, id="panel", kind="supply"),
    ],
    cameras=[
        InventoryCamera(site=SITE, id=camera, via="switch" if i < 2 else "panel")
        for i, camera in enumerate(CAMERAS)
    ],
)
HOUR = 3600
MINUTE_MS = 60_000


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def site() -> SimulatedSite:
    site = SimulatedSite(SITE, CAMERAS)
    site.run(HOUR)
    return site


def read(
    store: Store, records: Sequence[Record], from_ms: int, to_ms: int, camera: str = "cam1"
) -> list[Interval]:
    facts = Facts()
    for record in records:
        facts.add(record)
    with store.begin() as connection:
        Book(connection).enter(connection, facts)
    return Ledger(store, INVENTORY).intervals(SITE, camera, from_ms, to_ms)


def whose(intervals: Sequence[Interval]) -> list[tuple[Bucket, Evidence, Bucket]]:
    return [(each.bucket, each.evidence, each.at_site) for each in intervals]


def lost(intervals: Sequence[Interval], bucket: Bucket) -> float:
    """Return the seconds of a bucket."""
    return total(intervals).by_bucket[bucket] / 1000


WORKING = (Bucket.WORKING, Evidence.SAMPLES, Bucket.WORKING)


def test_ten_days_without_power_are_not_a_hundred_percent(store: Store) -> None:
    site = SimulatedSite(SITE, CAMERAS[:1], interval_s=600)
    site.run(HOUR)
    site.stop()
    site.run(10 * 24 * HOUR)
    site.start("machine")
    site.run(20 * 24 * HOUR - HOUR)
    found = read(store, site.records, EPOCH_MS, site.now_ms)
    sums = total(found)
    assert sums.total_ms == 30 * 24 * HOUR * 1000
    assert sums.by_bucket[Bucket.POWER] == 10 * 24 * HOUR * 1000 + LOOK_MS
    assert sums.measured_share == pytest.approx(20 / 30, abs=1e-4)
    assert whose(found)[1:] == [WORKING, (Bucket.POWER, Evidence.NEW_BOOT, Bucket.POWER), WORKING]


def test_undervoltage_before_is_further_evidence(store: Store, site: SimulatedSite) -> None:
    site.undervoltage = True
    site.run(60)
    site.stop()
    site.run(HOUR)
    site.start("machine")
    site.run(60)
    found = read(store, site.records, EPOCH_MS + HOUR * 1000, site.now_ms)
    assert (Bucket.POWER, Evidence.UNDERVOLTAGE, Bucket.POWER) in whose(found)


def test_a_cut_line_is_the_links_and_the_cameras_were_well_at_the_site(store: Store, site: SimulatedSite) -> None:
    cut_ms = site.now_ms
    site.cut_line()
    site.run(HOUR)
    site.set(Cause.STALLED, "cam1")
    site.run(HOUR)
    site.set(State.OK, "cam1")
    site.run(HOUR)
    site.mend_line()
    site.run(HOUR)
    found = read(store, site.records, cut_ms, site.now_ms)
    assert whose(found) == [
        (Bucket.LINK, Evidence.BACKLOG, Bucket.WORKING),
        (Bucket.LINK, Evidence.BACKLOG, Bucket.CAMERA),
        (Bucket.LINK, Evidence.BACKLOG, Bucket.WORKING),
        WORKING,
    ]
    assert lost(found, Bucket.LINK) == 3 * HOUR + 1  # until the first that was late arrived
    assert total(found).at_site[Bucket.CAMERA] == HOUR * 1000


def test_a_line_that_is_still_cut_is_not_known_yet_and_is_corrected_later(
    store: Store, site: SimulatedSite
) -> None:
    cut_ms = site.now_ms
    site.cut_line()
    site.run(HOUR)
    assert whose(read(store, site.records, cut_ms, site.now_ms)) == [
        (Bucket.NOT_KNOWN, Evidence.NONE, Bucket.NOT_KNOWN)
    ]
    site.mend_line()
    found = read(store, site.records, cut_ms, site.now_ms - MINUTE_MS)
    assert whose(found) == [(Bucket.LINK, Evidence.BACKLOG, Bucket.WORKING)]


def test_what_a_full_spool_dropped_is_the_links_and_unknown_at_the_site(store: Store, site: SimulatedSite) -> None:
    cut_ms = site.now_ms
    site.cut_line()
    site.run(HOUR)
    site.lose(60)
    site.run(HOUR)
    site.mend_line()
    site.run(60)
    found = read(store, site.records, cut_ms, cut_ms + 29 * MINUTE_MS)
    assert whose(found) == [(Bucket.LINK, Evidence.BATCHES_LOST, Bucket.NOT_KNOWN)]


def test_power_that_fails_while_the_line_is_cut_is_told_apart(store: Store, site: SimulatedSite) -> None:
    cut_ms = site.now_ms
    site.cut_line()
    site.run(HOUR)
    site.stop()
    site.run(HOUR)
    site.start("machine")
    site.run(HOUR)
    site.mend_line()
    live_only = [record for record in site.records if record.received_ms < site.now_ms + 1000]
    site.run(60)
    by_birth = read(store, live_only, cut_ms, site.now_ms - 2 * MINUTE_MS)
    assert whose(by_birth) == [
        (Bucket.LINK, Evidence.BATCHES_LOST, Bucket.NOT_KNOWN),
        (Bucket.POWER, Evidence.NEW_BOOT, Bucket.POWER),
        (Bucket.NOT_KNOWN, Evidence.NONE, Bucket.NOT_KNOWN),
    ]
    found = read(store, site.records, cut_ms, site.now_ms - 2 * MINUTE_MS)
    assert whose(found) == [
        (Bucket.LINK, Evidence.BACKLOG, Bucket.WORKING),
        (Bucket.POWER, Evidence.NEW_BOOT, Bucket.POWER),
        (Bucket.LINK, Evidence.BACKLOG, Bucket.WORKING),
    ]
    assert lost(found, Bucket.POWER) == pytest.approx(HOUR + LOOK_MS / 1000)


def test_one_live_batch_tells_when_the_power_failed_before_the_backlog_comes(
    store: Store, site: SimulatedSite
) -> None:
    cut_ms = site.now_ms
    site.cut_line()
    site.run(HOUR)
    site.stop()
    site.run(HOUR)
    site.start("machine")
    site.run(HOUR)
    backlog, site._waiting = site._waiting, []
    site.mend_line()
    site.run(60)
    assert len(backlog) > 200
    found = read(store, site.records, cut_ms, site.now_ms - 2 * MINUTE_MS)
    assert whose(found) == [
        (Bucket.LINK, Evidence.BATCHES_LOST, Bucket.NOT_KNOWN),
        (Bucket.POWER, Evidence.NEW_BOOT, Bucket.POWER),
        (Bucket.LINK, Evidence.BATCHES_LOST, Bucket.NOT_KNOWN),
    ]
    assert lost(found, Bucket.POWER) == HOUR


@pytest.mark.parametrize(
    ("reason", "evidence"),
    [
        ("service", Evidence.AGENT_RESTARTED),
        ("watchdog", Evidence.AGENT_HUNG),
        ("upgrade", Evidence.AGENT_UPGRADED),
    ],
)
def test_an_agent_that_does_not_run_is_our_own_fault(
    store: Store, site: SimulatedSite, reason: str, evidence: Evidence
) -> None:
    killed_ms = site.now_ms
    site.stop()
    site.run(HOUR)
    site.start(reason)
    site.run(60)
    found = read(store, site.records, killed_ms, site.now_ms)
    assert whose(found) == [(Bucket.WATCHER, evidence, Bucket.WATCHER), WORKING]
    assert found[0].ms == HOUR * 1000 + LOOK_MS


def test_a_restart_of_seconds_is_seen_to_the_millisecond(store: Store, site: SimulatedSite) -> None:
    killed_ms = site.now_ms
    site.stop()
    site.run(4)
    site.start("service")
    site.run(60)
    found = read(store, site.records, killed_ms - 1, site.now_ms)
    assert lost(found, Bucket.WATCHER) == 4 + LOOK_MS / 1000


def test_an_agent_that_hangs_is_our_own_fault(store: Store, site: SimulatedSite) -> None:
    hung_ms = site.now_ms
    site.hang(HOUR)
    site.run(60)
    found = read(store, site.records, hung_ms, site.now_ms)
    assert whose(found)[0] == (Bucket.WATCHER, Evidence.AGENT_HUNG, Bucket.WATCHER)


def test_a_machine_that_was_shut_down_in_order_has_lost_no_power(store: Store, site: SimulatedSite) -> None:
    site.stop(clean=True)
    site.run(HOUR)
    site.start("machine")
    site.run(60)
    found = read(store, site.records, EPOCH_MS + HOUR * 1000, site.now_ms)
    assert whose(found)[0] == (Bucket.WATCHER, Evidence.SHUT_DOWN, Bucket.WATCHER)


def test_the_collectors_absence_is_our_own_fault_though_the_cameras_were_well(
    store: Store, site: SimulatedSite
) -> None:
    away_ms = site.now_ms
    site.cut_line()  # nothing arrives while the collector is away
    site.run(HOUR)
    back_ms = site.now_ms
    site.mend_line()
    site.run(HOUR)
    site.records += [listening(EPOCH_MS, away_ms), listening(back_ms + 30_000, site.now_ms)]
    found = read(store, site.records, away_ms, site.now_ms)
    assert whose(found) == [(Bucket.WATCHER, Evidence.COLLECTOR_AWAY, Bucket.WORKING), WORKING]


def test_a_line_that_is_cut_while_the_collector_listens_is_not(store: Store, site: SimulatedSite) -> None:
    cut_ms = site.now_ms
    site.cut_line()
    site.run(HOUR)
    site.mend_line()
    site.run(60)
    site.records.append(listening(EPOCH_MS, site.now_ms))
    found = read(store, site.records, cut_ms, site.now_ms - 3 * MINUTE_MS)
    assert whose(found) == [(Bucket.LINK, Evidence.BACKLOG, Bucket.WORKING)]


def test_a_dead_camera_is_its_own(store: Store, site: SimulatedSite) -> None:
    site.set(Cause.UNREACHABLE, "cam1")
    site.run(HOUR)
    site.set(State.OK, "cam1")
    site.run(HOUR)
    found = read(store, site.records, EPOCH_MS + HOUR * 1000, site.now_ms)
    assert whose(found) == [(Bucket.CAMERA, Evidence.SAMPLES, Bucket.CAMERA), WORKING]
    assert found[0].cause == Cause.UNREACHABLE
    assert found[0].ms == HOUR * 1000


def test_a_dead_switch_takes_its_cameras_down_but_not_the_one_that_was_dead_before(
    store: Store, site: SimulatedSite
) -> None:
    site.answer("switch", answers=True)
    site.run(60)
    dead_ms = site.now_ms
    site.answer("switch", answers=False)
    site.set(Cause.STALLED, "cam1")
    site.run(20)
    site.set(Cause.UNREACHABLE, "cam2")
    site.run(HOUR)
    site.set(State.OK, "cam2")
    site.run(40)
    site.set(State.OK, "cam1")
    site.run(HOUR)
    for camera, seconds in (("cam1", HOUR + 60), ("cam2", HOUR)):
        found = read(store, site.records, dead_ms, site.now_ms, camera)
        assert lost(found, Bucket.DEVICE) == seconds
        assert lost(found, Bucket.CAMERA) == 0
        assert {(each.evidence, each.device) for each in found if each.bucket is Bucket.DEVICE} <= {
            (Evidence.DEVICE_SILENT, "switch"),
            (Evidence.DEVICE_DOWN, "switch"),
        }


def test_a_switch_that_answers_is_not_to_blame(store: Store, site: SimulatedSite) -> None:
    site.answer("switch", answers=True)
    site.run(60)
    dead_ms = site.now_ms
    site.set(Cause.STALLED, "cam1", "cam2")
    site.run(HOUR)
    found = read(store, site.records, dead_ms, site.now_ms)
    assert whose(found) == [(Bucket.CAMERA, Evidence.SAMPLES, Bucket.CAMERA)]


def test_a_camera_that_has_been_dead_for_weeks_stays_so_when_its_switch_fails(
    store: Store, site: SimulatedSite
) -> None:
    site.set(Cause.UNREACHABLE, "cam1")
    site.run(24 * HOUR)
    site.set(Cause.UNREACHABLE)
    site.run(HOUR)
    found = read(store, site.records, site.now_ms - 1000, site.now_ms)
    assert whose(found) == [(Bucket.CAMERA, Evidence.SAMPLES, Bucket.CAMERA)]
    others = Ledger(store, INVENTORY).intervals(SITE, "cam2", site.now_ms - 1000, site.now_ms)
    assert [each.evidence for each in others] == [Evidence.SITE_DOWN]


def test_what_happens_soon_after_a_period_decides_about_it_too(store: Store, site: SimulatedSite) -> None:
    dead_ms = site.now_ms
    site.set(Cause.STALLED, "cam1")
    site.run(20)
    site.set(Cause.PACKET_LOSS, "cam2")
    site.run(20)
    site.set(Cause.LOW_FPS, "cam2")
    site.run(20)
    site.set(Cause.STALLED, "cam2")
    site.run(HOUR)
    found = read(store, site.records, dead_ms, dead_ms + 10_000)
    assert whose(found) == [(Bucket.DEVICE, Evidence.DEVICE_DOWN, Bucket.DEVICE)]


def test_a_supply_that_fails_is_power(store: Store, site: SimulatedSite) -> None:
    failed_ms = site.now_ms
    site.set(Cause.UNREACHABLE, "cam3", "cam4")
    site.run(HOUR)
    found = read(store, site.records, failed_ms, site.now_ms, "cam3")
    assert whose(found) == [(Bucket.POWER, Evidence.SUPPLY_DOWN, Bucket.POWER)]
    assert found[0].device == "panel"


def test_a_picture_that_is_not_true_and_a_stream_below_standard_have_their_own_buckets(
    store: Store, site: SimulatedSite
) -> None:
    begin_ms = site.now_ms
    site.set(Cause.FROZEN, "cam1")
    site.run(100)
    site.set(Cause.LOW_FPS, "cam1")
    site.run(100)
    found = read(store, site.records, begin_ms, begin_ms + 180_000)
    assert [each.bucket for each in found] == [Bucket.PICTURE, Bucket.BELOW_STANDARD]


def test_maintenance_takes_what_did_not_work_and_says_whose_it_would_be(store: Store, site: SimulatedSite) -> None:
    begin_ms = site.now_ms
    site.set(Cause.STALLED, "cam1")
    site.run(HOUR)
    site.set(State.OK, "cam1")
    site.run(HOUR)
    for scope, target, first, last in (
        (Scope.CAMERA, f"{SITE}/cam1", 10, 30),
        (Scope.SITE, SITE, 20, 100),
        (Scope.SITE, "nongsa", 0, 100),
    ):
        with store.begin() as connection:
            window = (begin_ms + first * MINUTE_MS, begin_ms + last * MINUTE_MS)
            downtime_rows.add_downtime(connection, Downtime(0, scope, target, *window, created_ms=EPOCH_MS))
    found = read(store, site.records, begin_ms, site.now_ms)
    assert whose(found) == [
        (Bucket.CAMERA, Evidence.SAMPLES, Bucket.CAMERA),
        (Bucket.MAINTENANCE, Evidence.PLANNED, Bucket.CAMERA),
        WORKING,
    ]
    assert lost(found, Bucket.MAINTENANCE) == 50 * 60
    assert found[1].unplanned is Bucket.CAMERA


def test_nothing_is_planned_for_the_past_or_after_it_was_cancelled(store: Store, site: SimulatedSite) -> None:
    begin_ms = site.now_ms
    site.set(Cause.STALLED, "cam1")
    site.run(2 * HOUR)
    window = (begin_ms, site.now_ms)
    with store.begin() as connection:
        planned = Downtime(0, Scope.SITE, SITE, *window, created_ms=begin_ms + 10 * MINUTE_MS)
        number = downtime_rows.add_downtime(connection, planned).id
        downtime_rows.cancel_downtime(connection, number, now_ms=begin_ms + 25 * MINUTE_MS)
    found = read(store, site.records, begin_ms, site.now_ms)
    assert lost(found, Bucket.MAINTENANCE) == 15 * 60


def test_recurring_maintenance_of_the_past_counts_each_time(store: Store) -> None:
    site = SimulatedSite(SITE, CAMERAS[:1], interval_s=600)
    site.run(HOUR)
    site.set(Cause.STALLED, "cam1")
    site.run(7 * 24 * HOUR)
    with store.begin() as connection:
        daily = Downtime(
            0, Scope.SITE, SITE, EPOCH_MS, rrule="FREQ=DAILY", duration_s=600, created_ms=EPOCH_MS - 1
        )
        downtime_rows.add_downtime(connection, daily)
    found = read(store, site.records, EPOCH_MS + HOUR * 1000, site.now_ms)
    assert lost(found, Bucket.MAINTENANCE) == 7 * 600


def test_what_is_switched_off_or_not_configured_is_out_of_service(store: Store, site: SimulatedSite) -> None:
    site.set(State.DISABLED, "cam1")
    off_ms = site.now_ms
    site.run(HOUR)
    del site._truth["cam1"]
    site.stop()
    site.run(5)
    site.start("service")
    site.run(HOUR)
    found = read(store, site.records, EPOCH_MS - 1000, site.now_ms)
    sums = total(found)
    assert whose(found)[0] == (Bucket.OUT_OF_SERVICE, Evidence.NOT_CONFIGURED, Bucket.OUT_OF_SERVICE)
    assert sums.by_bucket[Bucket.OUT_OF_SERVICE] >= site.now_ms - off_ms - 10_000 + 1000
    assert whose(found)[-1] == (Bucket.OUT_OF_SERVICE, Evidence.NOT_CONFIGURED, Bucket.OUT_OF_SERVICE)


def test_an_agent_of_an_earlier_version_is_judged_by_its_numbers_and_its_machines_uptime(store: Store) -> None:
    site = SimulatedSite(SITE, CAMERAS, old=True)
    site.run(HOUR)
    buckets = []
    for reason, seconds in (("machine", HOUR), ("service", HOUR)):
        begin_ms = site.now_ms
        site.stop()
        site.run(seconds)
        site.start(reason)
        site.run(HOUR)
        buckets.append((begin_ms, site.now_ms))
    found = [total(read(store, site.records, *each)).by_bucket for each in buckets]
    assert found[0][Bucket.POWER] == pytest.approx(HOUR * 1000, abs=31_000)
    assert found[1][Bucket.WATCHER] == pytest.approx(HOUR * 1000, abs=31_000)


def test_a_camera_that_was_never_measured_is_not_known(store: Store) -> None:
    found = read(store, [], 0, 1000, "never")
    assert whose(found) == [(Bucket.NOT_KNOWN, Evidence.NONE, Bucket.NOT_KNOWN)]
    assert total(found).measured_share == 0
