"""A store of an earlier version is upgraded: open incidents stay open, and nobody is notified twice."""

import sqlite3
from pathlib import Path

import pytest

from pantau_collector.store import Store, StoreError, account_rows, incident_rows, notice_rows
from pantau_contract.states import Cause
from tests.collector.incidents.play import Play

VERSION_1 = Path(__file__).with_name("version_1.sql")
"""A store of version 1 with three outages: one resolved, one notified, one whose notice was not sent yet."""
TAKEN_S, POSITION = 330, 33


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.executescript(VERSION_1.read_text())
    return tmp_path


def test_outages_and_notices_of_version_1_are_there(folder: Path) -> None:
    store = Store.at(folder / "store.sqlite")
    with store.begin() as connection:
        opened = incident_rows.load_open(connection)
        over = incident_rows.load_resolved(connection, 10)
        told = notice_rows.kinds_sent(connection, 1)
    assert [(incident.id, incident.cause, incident.waiting_s) for incident in opened] == [
        (2, "frozen", 269.0),
        (3, "black", 319.0),
    ]
    assert [incident.id for incident in over] == [1]
    assert told == {"noc": {"opened", "resolved"}}
    assert store.installation == "d0e8bc92"


def test_what_version_1_had_not_sent_is_sent_and_each_open_outage_ends_once(folder: Path) -> None:
    play = Play(folder, {"kabil": 3, "nongsa": 2})
    play.journal.records *= POSITION
    del play.journal.records[POSITION:]
    play.clock.s = TAKEN_S
    play.start()
    for agent in play.agents.values():
        agent.boot = "boot2"
    play.agents["kabil"].set("cam2", Cause.FROZEN)
    play.agents["nongsa"].set("cam1", Cause.BLACK)
    for agent in play.agents.values():
        play.hear(*agent.birth())
    play.at(410, play.mend("kabil", "cam2"))
    play.at(420, play.mend("nongsa", "cam1"))
    play.run(500)
    assert [(told.kind, told.about) for told in play.phone.received] == [
        ("opened", "nongsa/cam1"),
        ("resolved", "kabil/cam2"),
        ("resolved", "nongsa/cam1"),
    ]


def test_an_upgrade_that_was_broken_off_leaves_version_1_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pantau_collector.store.upgrade.update", broken_off)
        with pytest.raises(KeyboardInterrupt):
            Store.at(folder / "store.sqlite")
    with sqlite3.connect(folder / "store.sqlite") as database:
        assert database.execute("SELECT count(*) FROM outbox WHERE notice_json LIKE '%kabil%'").fetchone() == (3,)
    with Store.at(folder / "store.sqlite").begin() as connection:
        assert len(incident_rows.load_open(connection)) == 2


def test_a_later_version_is_not_touched(folder: Path) -> None:
    Store.at(folder / "store.sqlite").close()
    with sqlite3.connect(folder / "store.sqlite") as database:
        database.execute("UPDATE about SET value = '99' WHERE key = 'version'")
    with pytest.raises(StoreError, match="of version 99, and this program knows"):
        Store.at(folder / "store.sqlite")


def test_an_outage_with_a_former_name_of_its_cause_has_the_present_one(folder: Path) -> None:
    with sqlite3.connect(folder / "store.sqlite") as database:
        database.execute("UPDATE incidents SET cause = 'not_rtsp'")
        database.execute("UPDATE timeline SET cause = 'not_rtsp'")
    with Store.at(folder / "store.sqlite").begin() as connection:
        opened = incident_rows.load_open(connection)
        steps = incident_rows.load_timeline(connection, opened[0].id)
    assert {incident.cause for incident in opened} == {step.cause for step in steps} == {"wrong_protocol"}


def test_a_store_of_version_2_gets_the_tables_that_it_lacks_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as database:
        database.executescript(Path(__file__).with_name("version_2.sql").read_text())
        before = dict(database.execute("SELECT key, value FROM about"))
    store = Store.at(path)
    with store.begin() as connection:
        assert account_rows.count_accounts(connection) == 0
        assert len(incident_rows.load_open(connection)) == 4
    store.close()
    with sqlite3.connect(path) as database:
        after = dict(database.execute("SELECT key, value FROM about"))
    assert before["version"] == "2"
    assert after == {"term": "0", **before, "version": "3"}
