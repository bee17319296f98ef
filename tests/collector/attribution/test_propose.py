"""Decisions about an incident: what is checked, what is kept for ever, and both databases."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select

from pantau_collector.attribution import (
    DecidedLedger,
    Decision,
    DecisionError,
    Proposal,
    Wish,
    add_decision,
    load_decisions,
    propose,
)
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Bucket, rows
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.ledger.spans import Span
from pantau_collector.retention import StateRetention
from pantau_collector.store import Store, incident_rows, schema
from pantau_contract.states import State
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import until

HOUR, HOUR_MS = 3600, 3_600_000
DOWN_MS = EPOCH_MS + HOUR_MS
UP_MS = DOWN_MS + 2 * HOUR_MS
NOW_MS = UP_MS + HOUR_MS
CUT = Wish(1, Bucket.THIRD_PARTY, "the excavator at KM 4", "Ani", party="PT Galian")


@dataclass
class City:
    """Two sites of two cameras, of which all but one were down for two hours: incident 1."""

    store: Store

    def propose(self, wish: Wish = CUT, **options: Any) -> Proposal:
        ledger = DecidedLedger(self.store, Inventory())
        return propose(self.store, ledger, wish, **{"now_ms": NOW_MS, **options})

    def decide(self, wish: Wish = CUT, **options: Any) -> Decision:
        proposal = self.propose(wish, **options)
        with self.store.begin() as connection:
            return add_decision(connection, proposal.decision)

    def decisions(self) -> list[Decision]:
        with self.store.begin() as connection:
            return load_decisions(connection)

    def lost(self, site: str = "kabil", camera: str = "gate") -> dict[Bucket, int]:
        """Return the milliseconds of a camera by bucket, as they are decided."""
        found: dict[Bucket, int] = {}
        lives = DecidedLedger(self.store, Inventory()).site_intervals(site, EPOCH_MS, NOW_MS)
        for each in lives[camera]:
            if each.bucket not in {Bucket.WORKING, Bucket.OUT_OF_SERVICE}:
                found[each.bucket] = found.get(each.bucket, 0) + each.ms
        return found

    def save(self, incident: Incident) -> None:
        with self.store.begin() as connection:
            incident_rows.save_incidents(connection, [incident], [])


def incident(resolved_ms: int | None = UP_MS + 60_000) -> Incident:
    cameras = ("kabil/gate", "kabil/pole", "nongsa/gate")
    times = (DOWN_MS, DOWN_MS + 90_000, 0.0, None, resolved_ms)
    return Incident(1, "", None, "uplink_down", cameras, *times, uplink="tower")


def city_in(store: Store) -> City:
    facts = Facts()
    for name in ("kabil", "nongsa"):
        site = SimulatedSite(name, ("gate", "pole"), interval_s=60)
        site.run(HOUR)
        site.set(State.DOWN, *(("gate", "pole") if name == "kabil" else ("gate",)))
        site.run(2 * HOUR)
        site.set(State.OK)
        site.run(HOUR)
        for record in site.records:
            facts.add(record)
    with store.begin() as connection:
        Book(connection).enter(connection, facts)
    city = City(store)
    city.save(incident())
    return city


@pytest.fixture
def city() -> Iterator[City]:
    store = Store("sqlite://")
    yield city_in(store)
    store.close()


def test_the_lost_time_of_all_its_cameras_moves_and_what_it_was_before_is_kept(city: City) -> None:
    made = city.decide()
    assert made.before == {
        ("kabil", "gate"): {Bucket.DEVICE: 2 * HOUR_MS},
        ("kabil", "pole"): {Bucket.DEVICE: 2 * HOUR_MS},
        ("nongsa", "gate"): {Bucket.CAMERA: 2 * HOUR_MS},
    }
    assert made.before_ms == {Bucket.DEVICE: 4 * HOUR_MS, Bucket.CAMERA: 2 * HOUR_MS}
    assert city.decisions() == [made]
    with city.store.begin() as connection:
        assert load_decisions(connection, with_before=False) == [replace(made, before={})]
    assert city.lost() == city.lost("nongsa") == {Bucket.THIRD_PARTY: 2 * HOUR_MS}
    assert city.lost("nongsa", "pole") == {}


def test_a_second_decision_counts_instead_and_both_are_kept(city: City) -> None:
    first = city.decide()
    part = city.decide(
        Wish(1, Bucket.FORCE_MAJEURE, "flood", "Budi", cameras=(("kabil", "gate"),), to_ms=DOWN_MS + HOUR_MS)
    )
    assert part.before == {("kabil", "gate"): {Bucket.THIRD_PARTY: HOUR_MS}}
    assert city.lost() == {Bucket.FORCE_MAJEURE: HOUR_MS, Bucket.THIRD_PARTY: HOUR_MS}
    assert city.lost("kabil", "pole") == {Bucket.THIRD_PARTY: 2 * HOUR_MS}
    back = city.decide(Wish(1, None, "it was the switch after all", "Ani"))
    assert city.lost() == {Bucket.DEVICE: 2 * HOUR_MS}
    assert back.before[("kabil", "gate")] == {Bucket.FORCE_MAJEURE: HOUR_MS, Bucket.THIRD_PARTY: HOUR_MS}
    assert [each.id for each in city.decisions()] == [first.id, part.id, back.id]


def test_of_an_open_incident_it_lasts_until_its_end(city: City) -> None:
    city.save(incident(resolved_ms=None))
    made = city.decide(now_ms=DOWN_MS + HOUR_MS)
    assert (made.to_ms, made.before_ms[Bucket.DEVICE]) == (None, 2 * HOUR_MS)
    assert city.lost() == {Bucket.THIRD_PARTY: 2 * HOUR_MS}
    city.save(incident(resolved_ms=DOWN_MS + HOUR_MS))
    [ended] = city.decisions()
    assert ended == replace(made, to_ms=DOWN_MS + HOUR_MS + 120_000)
    assert city.lost() == {Bucket.THIRD_PARTY: HOUR_MS + 120_000, Bucket.DEVICE: HOUR_MS - 120_000}


def test_it_outlives_its_incident_but_an_end_that_is_needed_stays(city: City) -> None:
    city.decide()
    city.save(replace(incident(), id=2, resolved_ms=None))
    open_ended = city.decide(replace(CUT, incident=2))
    city.save(replace(incident(), id=2))
    city.save(replace(incident(), id=3))
    StateRetention(city.store, 10, lambda: NOW_MS + 900 * 24 * HOUR_MS).remove_some()
    with city.store.begin() as connection:
        assert list(connection.execute(select(schema.incidents.c.id)).scalars()) == [2, 3]
    assert [each.id for each in city.decisions()] == [1, open_ended.id]
    assert city.lost() == {Bucket.THIRD_PARTY: 2 * HOUR_MS}
    with pytest.raises(DecisionError, match="there is no incident 1, or it was over so long ago"):
        city.propose()


def test_without_its_incident_an_open_end_is_when_it_was_decided(city: City) -> None:
    city.save(incident(resolved_ms=None))
    city.decide(now_ms=DOWN_MS + HOUR_MS)
    with city.store.begin() as connection:
        connection.execute(delete(schema.incidents))
    assert [each.to_ms for each in city.decisions()] == [DOWN_MS + HOUR_MS]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"incident": 9}, "there is no incident 9"),
        ({"by": " "}, "by: expected the name of the person who decides, and it is empty"),
        ({"reason": ""}, "reason: expected why it is decided so, and it is empty"),
        ({"reason": "x" * 1001}, "reason: expected at most 1000 characters, got 1001"),
        ({"by": "x" * 201}, "by: expected at most 200 characters, got 201"),
        ({"party": "PT\x1b[2J"}, r"party: expected one line of printable characters, got 'PT\\x1b\[2J'"),
        ({"reason": "a\nb"}, "reason: expected one line of printable characters"),
        ({"party": ""}, "party: expected whose fault it was, for third_party"),
        ({"to": None}, "party: expected none, because the time goes back to the evidence"),
        ({"cameras": (("kabil", "gat"),)}, "incident 1 has no camera `kabil/gat`; did you mean `kabil/gate`?"),
        (
            {"from_ms": DOWN_MS - 120_001},
            "lasted from 2026-09-21 22:13:20 WIB to 2026-09-22 00:14:20 WIB; got 2026-09-21 22:11:19 WIB",
        ),
        ({"to_ms": UP_MS + 180_001}, "to: expected a time within incident 1"),
        ({"from_ms": UP_MS, "to_ms": UP_MS}, "from: expected a time before the end of the period"),
        ({"from_ms": UP_MS + 1}, "none of the time of incident 1 in that period was lost, so"),
    ],
)
def test_what_is_wrong_is_said(city: City, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(DecisionError, match=text):
        city.propose(replace(CUT, **changed), zone=ZoneInfo("Asia/Jakarta"))
    assert city.decisions() == []


def test_nothing_is_decided_about_the_future_of_an_open_incident(city: City) -> None:
    city.save(incident(resolved_ms=None))
    with pytest.raises(DecisionError, match=r"to: expected a time within incident 1, .* to now; got"):
        city.propose(replace(CUT, to_ms=NOW_MS + 1))


def test_closed_months_are_named(city: City) -> None:
    closed = {"2026-08": Span(0, DOWN_MS - 120_000), "2026-09": Span(DOWN_MS - 120_000, NOW_MS)}
    assert city.propose(closed=closed).closed == ("2026-09",)
    assert city.propose().closed == ()


def test_the_ledger_counts_as_changed_since_the_decision_begins(city: City) -> None:
    with city.store.begin() as connection:
        rows.drop_changes(connection, rows.load_changes(connection))
    made = city.decide()
    with city.store.begin() as connection:
        changed = {each.site: each.from_ms for each in rows.load_changes(connection)}
    assert changed == {"kabil": made.from_ms, "nongsa": made.from_ms}


def test_on_postgresql_the_other_collector_sees_it(postgresql: PostgreSQL) -> None:
    url = postgresql.create_database("decisions")
    one, other = city_in(Store(url)), Store(url)
    made = one.decide()
    one.decide(Wish(1, None, "back", "Budi"))
    with other.begin() as connection:
        first, second = load_decisions(connection)
    assert (first, second.to, one.lost()) == (made, None, {Bucket.DEVICE: 2 * HOUR_MS})
    StateRetention(other, 10, lambda: NOW_MS + 900 * 24 * HOUR_MS).remove_some()
    one.store.close()
    other.close()


def test_two_collectors_may_note_a_change_of_the_same_site_at_once(postgresql: PostgreSQL) -> None:
    url = postgresql.create_database("changes")
    one, other = Store(url), Store(url)

    def note(store: Store, from_ms: int) -> None:
        with store.begin() as connection:
            rows.save_changes(connection, {"kabil": from_ms})

    with one.begin() as connection:
        rows.save_changes(connection, {"kabil": 500})
        waiting = threading.Thread(target=note, args=(other, 400))
        waiting.start()
        assert until(lambda: postgresql.query("changes", "SELECT 1 FROM pg_locks WHERE NOT granted"))
    waiting.join()
    note(one, 600)
    with one.begin() as connection:
        assert rows.load_changes(connection) == [rows.Change("kabil", 400, 3)]
    one.close()
    other.close()
