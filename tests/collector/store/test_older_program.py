"""A store of the present version that an older program filled: what was open, held or acknowledged goes on."""

import sqlite3
from pathlib import Path

import pytest

from pantau_collector.inventory import Inventory, InventorySite, InventoryUplink
from pantau_collector.notices.recipients import EscalationLevel, NoticeRules, Recipient
from pantau_collector.store import Store, fleet_rows, incident_rows
from pantau_contract.states import Cause
from tests.collector.incidents.play import Play

VERSION_2 = Path(__file__).with_name("version_2.sql")
"""The store of a Pantau 0.1.0 before its attributes were renamed, after 300 seconds.

Open are the incidents of a camera that flaps, of one that Budi has acknowledged, of one in maintenance, and of an
uplink with two sites. A fourth camera has a soft problem. Notices for `limited` wait for a digest.
"""
TAKEN_S, POSITION = 300, 66
CONTINUATION = [
    (310, "opened", "noc", "kabil/cam4"),
    (370, "escalated", "noc", "kabil/cam1"),
    (400, "opened", "noc", "nongsa/cam1"),
    (440, "escalated", "noc", "menara"),
    (520, "resolved", "noc", "kabil/cam2"),
    (610, "escalated", "noc", "kabil/cam4"),
    (700, "escalated", "noc", "nongsa/cam1"),
    (3670, "opened", "limited", "kabil/cam2"),
    (3670, "acknowledged", "limited", "kabil/cam2"),
    (3670, "opened", "limited", "menara"),
    (3670, "flapping", "limited", "kabil/cam1"),
    (3670, "opened", "limited", "kabil/cam4"),
    (3670, "opened", "limited", "nongsa/cam1"),
    (3670, "resolved", "limited", "kabil/cam2"),
]
"""What the older program itself sent when it went on: seconds (rounded), kind, recipient, and what it is about."""
INVENTORY = Inventory(
    uplinks=[InventoryUplink(id="menara")], sites=[InventorySite(id=site, uplink="menara") for site in ("a", "b")]
)


def who(ident: str, **keys: object) -> Recipient:
    return Recipient.model_validate({"id": ident, "urls": [f"json://localhost/{ident}"], **keys})


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.executescript(VERSION_2.read_text())
    return tmp_path


def test_each_incident_symptom_and_camera_is_as_it_was(kept: Path) -> None:
    with Store.at(kept / "store.sqlite").begin() as connection:
        opened = {incident.name: incident for incident in incident_rows.load_open(connection)}
        symptoms = incident_rows.load_symptoms(connection)
        fleet = fleet_rows.load_fleet(connection)
    assert sorted(opened) == ["kabil/cam1", "kabil/cam2", "menara", "nongsa/cam1"]
    acknowledged = opened["kabil/cam2"].acknowledged
    assert acknowledged is not None
    assert (acknowledged.by, acknowledged.until_ms) == ("Budi", None)
    assert (opened["kabil/cam1"].flapping, opened["nongsa/cam1"].downtime) == (True, "1")
    assert opened["menara"].members == (("a", "cam1"), ("b", "cam1"))
    flapping = symptoms["kabil", "cam1"]
    assert (flapping.failing, flapping.since_s, flapping.hard_cause) == (True, 289.0, "stalled")
    assert (flapping.changes, flapping.result_s, flapping.result_failed) == ((1 << 19) - 1, 289.0, True)
    soft = symptoms["kabil", "cam4"]
    assert (soft.failing, soft.since_s, soft.hard_cause, soft.changes) == (True, 291.0, None, 1)
    camera = fleet.sites["kabil"].cameras["cam2"]
    assert (camera.reported_s, camera.reported_ms) == (59.0, 1_790_000_060_000)


def test_what_was_under_way_goes_on_and_nothing_is_sent_twice(kept: Path) -> None:
    play = Play(
        kept,
        {"kabil": 4, "nongsa": 2, "a": 1, "b": 1},
        recipients=[who("noc"), who("limited", hourly_limit=1)],
        inventory=INVENTORY,
        notice_rules=NoticeRules(gather_s=0),
        escalation=[EscalationLevel(after_min=5, recipients=frozenset({"noc"}))],
    )
    play.journal.records *= POSITION
    del play.journal.records[POSITION:]
    play.clock.s = TAKEN_S
    play.start()
    for agent in play.agents.values():
        agent.boot = "boot2"
    play.agents["kabil"].set("cam1", Cause.STALLED)
    play.agents["kabil"].set("cam2", Cause.FROZEN)
    play.agents["kabil"].set("cam4", Cause.REFUSED)
    play.agents["nongsa"].set("cam1", Cause.BLACK)
    for site in ("kabil", "nongsa"):
        play.hear(*play.agents[site].birth())
    for site in ("a", "b"):
        play.agents[site].running = False
    play.at(500, play.mend("kabil", "cam2"))
    play.run(700)
    play.run(3750, by=4)
    sent = [(round(each.s / 10) * 10, each.kind, each.recipient, each.about) for each in play.phone.received]
    assert sent == CONTINUATION


def test_names_that_an_older_program_kept_as_they_came_are_printable(kept: Path) -> None:
    store = Store.at(kept / "store.sqlite")
    with store.begin() as connection:
        fleet = fleet_rows.load_fleet(connection)
        site = fleet.sites["kabil"]
        site.name = site.cameras["cam1"].detail = "Gate\r\nBcc: \u202e\x1b[2J"
        fleet.mark_camera_changed(site, site.cameras["cam1"])
        fleet_rows.save_fleet(connection, fleet)
        loaded = fleet_rows.load_fleet(connection).sites["kabil"]
    store.close()
    assert (loaded.name, loaded.cameras["cam1"].detail) == ("Gate  Bcc:  [2J", "Gate  Bcc:  [2J")
