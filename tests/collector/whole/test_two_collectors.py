"""Two collectors on one PostgreSQL: one decides, the other takes over."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal, Record
from pantau_collector.leadership import AdvisoryLock
from pantau_collector.notices.recipients import People
from pantau_collector.pipeline import Pipeline
from pantau_collector.pipeline.position import OVERLAP_MS
from pantau_collector.simulation.agents import VirtualClock
from pantau_collector.store import Store, StoreError
from pantau_contract.states import Cause
from tests.chaos.relay import Network
from tests.collector.intake.messages import Publisher
from tests.collector.whole.city import Agent, Collector, subjects
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import free_port, until
from tests.servers.smtp import Mailbox

ACTIVE = "the pages are at"


@pytest.fixture
def url(postgresql: PostgreSQL, request: pytest.FixtureRequest) -> str:
    return postgresql.create_database("".join(c if c.isalnum() else "_" for c in request.node.name)[-60:])


@pytest.fixture
def make(tmp_path: Path, mosquitto: Mosquitto, smtp: Mailbox, url: str) -> Any:
    def make(name: str) -> Collector:
        return Collector(
            tmp_path / name, mosquitto.port, mailbox=smtp, client_id=f"collector-{name}", store={"url": url}
        )

    return make


def test_the_standby_sends_what_is_due_when_the_active_one_is_killed_and_nothing_twice(
    make: Any, mosquitto: Mosquitto, smtp: Mailbox
) -> None:
    north, south = make("north"), make("south")
    with Publisher(mosquitto.port) as publisher, north:
        assert until(lambda: ACTIVE in north.new_log())
        with south:
            agent = Agent(publisher)
            agent.birth()
            assert ACTIVE not in south.new_log()
            with agent.reporting(every_s=0.1):
                agent.set("cam1", Cause.BLACK)
                assert until(lambda: len(smtp.mails) == 1), north.new_log()
                smtp.refusing = True
                agent.set("cam2", Cause.FROZEN)
                assert until(lambda: "attempt 1 to tell" in north.new_log())
                north.kill()
                smtp.refusing = False
                assert until(lambda: len(smtp.mails) == 2), south.new_log()
                north.start()
                for camera, mails in (("cam1", 3), ("cam2", 4)):  # ends of one moment would be one message
                    agent.set(camera, None)
                    assert until(lambda: len(smtp.mails) == mails), south.new_log()  # noqa: B023 - called at once
                assert ACTIVE not in north.new_log()
                south.stop()
                assert until(lambda: ACTIVE in north.new_log())
                agent.set("cam3", Cause.BLACK)
                assert until(lambda: len(smtp.mails) == 5), north.new_log()
    assert max(Counter(str(mail["X-Pantau-Key"]) for mail in smtp.mails).values()) == 1
    assert ["cam1" in each for each in subjects(smtp)[:1]] == [True]
    assert "cam2" in subjects(smtp)[1]


@pytest.mark.parametrize("still_there", [True, False])
def test_an_active_collector_that_lost_its_lock_to_the_other_ends(
    make: Any, postgresql: PostgreSQL, url: str, *, still_there: bool
) -> None:
    north = make("north")
    database = url.rpartition("/")[2]
    other = AdvisoryLock(make_url(url))
    with north:
        assert until(lambda: ACTIVE in north.new_log())
        assert not other.gain()
        terminate = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        north.pause()
        assert until(lambda: postgresql.query(database, terminate) is not None and other.gain())
        store = Store(url)
        store.take_over()
        if not still_there:
            other.release()
        north.resume()
        assert until(lambda: not north.running), north.new_log()
    assert "another collector has become the active one" in north.new_log()
    store.close()
    other.release()


@pytest.mark.parametrize("how", ["it hangs", "its network swallows everything"])
def test_the_standby_takes_over_from_one_that_is_silent_though_no_connection_ended(
    tmp_path: Path, make: Any, mosquitto: Mosquitto, url: str, how: str
) -> None:
    network = Network()
    direct = make_url(url)
    assert direct.port is not None
    port = free_port()
    relay = network.relay(port, direct.port)
    relayed = direct.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    north = Collector(tmp_path / "north", mosquitto.port, client_id="collector-north", store={"url": relayed})
    with north:
        assert until(lambda: ACTIVE in north.new_log())
        with make("south") as south:
            north.pause() if how == "it hangs" else relay.cut()
            assert until(lambda: ACTIVE in south.new_log()), south.new_log()
            north.resume() if how == "it hangs" else relay.restore(close=True)
            assert until(lambda: not north.running), north.new_log()
    assert "another collector has become the active one" in north.new_log()
    network.stop()


def test_the_only_collector_goes_on_after_the_database_was_away(
    make: Any, mosquitto: Mosquitto, postgresql: PostgreSQL, smtp: Mailbox
) -> None:
    north = make("north")
    with Publisher(mosquitto.port) as publisher, north:
        agent = Agent(publisher)
        agent.birth()
        with agent.reporting(every_s=0.1):
            postgresql.stop()
            agent.set("cam1", Cause.BLACK)
            assert until(lambda: "cannot be reached" in north.new_log())
            postgresql.start()
            assert until(lambda: len(smtp.mails) == 1), north.new_log()
            assert north.running


def test_a_collector_whose_turn_is_over_cannot_write(url: str) -> None:
    first = Store(url)
    first.take_over()
    second = Store(url)
    with first.begin():
        pass
    second.take_over()
    with pytest.raises(StoreError, match="another collector has taken over"), first.begin():
        pass
    with second.begin():
        pass
    first.close()
    second.close()


def test_nobody_takes_over_in_the_middle_of_a_transaction(url: str) -> None:
    first, second = Store(url), Store(url, connect_args={"options": "-c lock_timeout=300"})
    first.take_over()
    with first.begin(), pytest.raises(StoreError, match="lock timeout"):
        second.take_over()
    second.take_over()
    first.close()
    second.close()


def test_where_the_other_stood_is_found_in_ones_own_journal_by_the_time(tmp_path: Path, url: str) -> None:
    clock = VirtualClock(1_790_000_000_000)

    def make_pipeline(journal: Journal, store: Store) -> Pipeline:
        return Pipeline(journal, store, Inventory(), People(), IncidentRules(), clock, listening=lambda: True)

    store = Store(url)
    began_ms, spread_ms = clock.time_ms(), OVERLAP_MS // 10
    with (
        Journal(tmp_path / "north", segment_bytes=1000) as north,
        Journal(tmp_path / "south", segment_bytes=1000) as south,
    ):
        for i in range(200):
            north.append([Record(began_ms + i * spread_ms, "pantau/v1/a/reply", b"{}" * 20)])
            if i >= 100:  # it was made later, and so its positions are others
                south.append([Record(began_ms + i * spread_ms + 7, "pantau/v1/a/reply", b"{}" * 20)])
        pipeline = make_pipeline(north, store)
        for _ in range(200):
            clock.s += 2
            pipeline.step()
        assert pipeline.position == north.end
        other = make_pipeline(south, store)
        records, _ = south.read(other.position, 1)
        newest_ms = began_ms + 199 * spread_ms
        assert OVERLAP_MS <= newest_ms - records[0].received_ms <= OVERLAP_MS * 3
        assert make_pipeline(north, store).position == north.end
    store.close()


def test_a_missing_database_is_waited_for() -> None:
    lock = AdvisoryLock(make_url("postgresql+psycopg://pantau@127.0.0.1:1/none"))
    assert not lock.gain()
    assert lock.keep(), "while it is away nobody else can hold the lock either"
    lock.release()
