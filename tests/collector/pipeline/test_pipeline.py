"""The pipeline's view, its handling of unreadable records, and its recovery when the store fails."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, Party
from pantau_collector.journal import Record
from pantau_collector.simulation.agents import to_record
from pantau_collector.store import Store, StoreError, downtime_rows, forgotten_rows
from pantau_collector.store.schema import downtimes
from pantau_contract.states import Cause, State
from tests.collector.incidents.play import EPOCH_MS, Play
from tests.servers.process import until

Make = Callable[..., Play]


def test_the_view_joins_what_agents_say_with_what_the_inventory_knows(play: Make) -> None:
    inventory = Inventory(
        owners=[Party(id="dishub", name="Dinas Perhubungan")],
        sites=[
            InventorySite(id="kabil", name="Simpang Kabil", latitude=1.1, longitude=104.1),
            InventorySite(id="new"),
        ],
        cameras=[
            InventoryCamera(site="kabil", id="cam1", name="Utara", owner="dishub", project="Jalan Layang"),
            InventoryCamera(site="new", id="cam1"),
        ],
    )
    city = play({"kabil": 2}, inventory=inventory)
    city.run(60)
    kabil, new = city.pipeline.view.sites
    assert (kabil.name, kabil.online, kabil.latitude, kabil.version) == ("Simpang Kabil", True, 1.1, "1")
    known, unknown = kabil.cameras
    assert (known.name, known.owner, known.project, known.state) == (
        "Utara",
        "Dinas Perhubungan",
        "Jalan Layang",
        State.OK,
    )
    assert (unknown.name, unknown.owner, unknown.state) == ("cam2", "", State.OK)
    assert (new.online, new.cameras[0].state, new.cameras[0].cause) == (False, State.UNKNOWN, Cause.STARTING)


def test_the_view_is_the_same_after_a_restart(play: Make) -> None:
    city = play({"kabil": 2})
    city.at(10, city.fail("kabil", "cam1"))
    city.at(80, city.mend("kabil", "cam1"), city.fail("kabil", "cam2"))
    city.run(120)
    before = city.pipeline.view
    assert len(before.incidents) == 2
    city.start()
    after = city.pipeline.view
    assert after.incidents == before.incidents
    assert [(c.state, c.since_ms) for c in after.sites[0].cameras] == [
        (c.state, c.since_ms) for c in before.sites[0].cameras
    ]


def test_a_stored_downtime_that_cannot_be_evaluated_is_a_trouble_and_the_rest_goes_on(play: Make) -> None:
    city = play({"kabil": 1})
    row = {
        "scope": "site", "target": "kabil", "start_ms": EPOCH_MS - 86_400_000, "rrule": "FREQ=DAILY",
        "duration_s": 3600, "timezone": "Asia/Jakarta", "reason": "", "by": "", "created_ms": 0,
    }  # fmt: skip
    with city.store.begin() as connection:
        for number, changes in enumerate(
            [{"rrule": "FREQ=SECONDLY"}, {"rrule": "FREQ=DAILY;INTERVAL=0"}, {"scope": "street"}], start=1
        ):
            connection.execute(downtimes.insert(), [{"id": number, **row, **changes}])
    city.at(10, city.fail("kabil", "cam1"))
    city.run(60)
    assert len(city.received()) == 1
    trouble = city.pipeline.downtime_trouble
    assert trouble is not None
    assert trouble.startswith("downtime 1 is set aside, cancel it and plan it again: `FREQ=SECONDLY`")
    assert trouble.endswith("and 2 more")
    with city.store.begin() as connection:
        for number in (1, 2, 3):
            assert downtime_rows.cancel_downtime(connection, number, now_ms=EPOCH_MS)
    city.run(65)
    assert city.pipeline.downtime_trouble is None


def test_a_forgotten_site_is_gone_with_its_incidents_until_it_reports_again(play: Make) -> None:
    city = play({"kabil": 1, "nongsa": 1})
    city.at(10, city.fail("kabil", "cam1"), city.fail("nongsa", "cam1"))
    city.run(60)
    received = len(city.received())
    city.agents["kabil"].connected = False
    with city.store.begin() as connection:
        forgotten_rows.request_forget(connection, "kabil", now_ms=city.clock.time_ms())
    city.run(65)

    def left_behind() -> tuple[list[str], list[str]]:
        open_at = [each.site for each in city.pipeline.view.incidents if each.resolved_ms is None]
        return [each.id for each in city.pipeline.view.sites], open_at

    assert left_behind() == (["nongsa"], ["nongsa"])
    assert len(city.received()) == received
    for birth in city.agents["kabil"].birth():
        record = to_record(birth, city.clock.time_ms())
        city.journal.append([replace(record, retained=True)])
    city.run(70)
    city.start()
    city.run(75)
    assert left_behind() == (["nongsa"], ["nongsa"])
    city.hear(*city.agents["kabil"].rejoin())
    city.run(80)
    city.start()
    city.run(85)
    assert left_behind()[0] == ["kabil", "nongsa"]


def test_a_record_that_breaks_the_contract_is_counted_and_the_rest_goes_on(play: Make) -> None:
    city = play({"kabil": 1})
    city.journal.append([Record(EPOCH_MS, "pantau/v1/kabil/telemetry", b"{"), Record(EPOCH_MS, "nonsense", b"")])
    city.at(10, city.fail("kabil", "cam1"))
    city.run(60)
    assert city.pipeline.unreadable == 2
    assert len(city.received()) == 1


def test_nothing_is_told_of_the_middle_of_what_is_caught_up_with(
    play: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = play({"kabil": 1})
    city.at(95, city.fail("kabil", "cam1"))
    city.run(100)
    monkeypatch.setattr("pantau_collector.pipeline.pipeline.RECORDS_PER_STEP", 1)
    agent = city.agents["kabil"]
    city.clock.s += 20
    city.hear(agent.state("cam1"), *agent.set("cam1", None))
    for _ in range(10):
        city.step()
    assert city.received() == []


def test_what_is_kept_is_not_kept_again(play: Make) -> None:
    city = play({"kabil": 2})
    city.at(10, city.fail("kabil", "cam1"))
    city.run(20)
    fleet = city.pipeline._state.fleet
    assert (fleet.unsaved, fleet.unsaved_cameras) == (set(), set())


def test_the_loop_goes_on_after_the_store_has_failed(play: Make) -> None:
    city = play({"kabil": 1})
    begin, failing, stopping = city.store.begin, threading.Event(), threading.Event()

    @contextmanager
    def begin_or_fail() -> Iterator[Connection]:
        if failing.is_set():
            raise StoreError("the disk is full")
        with begin() as connection:
            yield connection

    city.store.begin = begin_or_fail  # type: ignore[method-assign] # a full disk
    failing.set()
    thread = threading.Thread(target=city.pipeline.run, args=(stopping,))
    city.clock.s = 5
    thread.start()
    try:
        assert until(lambda: city.pipeline.trouble == "the disk is full")
        city.hear(*city.agents["kabil"].set("cam1", Cause.STALLED))
        failing.clear()
        assert until(lambda: city.pipeline.trouble is None)
        city.clock.s = 6

        def shown() -> bool:
            city.clock.s += 0.3
            cameras = [camera for site in city.pipeline.view.sites for camera in site.cameras]
            return any(camera.state is State.DOWN for camera in cameras)

        assert until(shown)
    finally:
        stopping.set()
        city.journal.append([])
        thread.join(60)


def test_a_store_of_another_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = Store.at(path)
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE about SET value = '99' WHERE key = 'version'")
    store.close()
    with pytest.raises(StoreError, match=r"its tables are of version 99, and this program knows"):
        Store.at(path)


def test_a_store_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("not a database, but long enough to be taken for one " * 100)
    with pytest.raises(StoreError, match=r"store\.sqlite: file is not a database"):
        Store.at(path)


def test_the_store_is_durable_against_loss_of_power(tmp_path: Path) -> None:
    store = Store.at(tmp_path / "store.sqlite")
    with store.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


def test_the_pictures_of_a_camera_go_with_it_once_that_is_saved(play: Make) -> None:
    city = play({"kabil": 2, "nongsa": 1})
    removed: list[tuple[str, str]] = []
    city.pipeline._remove_pictures = removed.extend
    city.run(20)
    assert removed == []
    agent = city.agents["kabil"]
    agent.session += 1
    del agent.cameras["cam2"]
    city.hear(*agent.birth())
    city.run(25)
    assert removed == [("kabil", "cam2")]


def test_the_pictures_of_a_forgotten_site_go_with_it(play: Make) -> None:
    city = play({"kabil": 2})
    removed: list[tuple[str, str]] = []
    city.pipeline._remove_pictures = removed.extend
    city.run(20)
    with city.store.begin() as connection:
        forgotten_rows.request_forget(connection, "kabil", now_ms=city.clock.time_ms())
    city.agents["kabil"].running = False
    city.run(25)
    assert sorted(removed) == [("kabil", "cam1"), ("kabil", "cam2")]


def test_pictures_that_cannot_be_removed_stop_nothing(play: Make, caplog: pytest.LogCaptureFixture) -> None:
    city = play({"kabil": 2})

    def fail(_cameras: object) -> None:
        raise OSError("the disk is read-only")

    city.pipeline._remove_pictures = fail
    agent = city.agents["kabil"]
    agent.session += 1
    del agent.cameras["cam2"]
    city.hear(*agent.birth())
    city.run(25)
    assert [each.id for each in city.pipeline.view.sites[0].cameras] == ["cam1"]
    assert "cannot be removed: the disk is read-only" in caplog.text
