"""The inventory as it was: recorded as changes alone, found again at each time, corrected by people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text

from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
    Party,
)
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.inventory.history_changes import Change, Move, difference
from pantau_collector.inventory_recorder import InventoryRecorder
from pantau_collector.store import Store, StoreError, inventory_rows, schema
from tests.servers.postgresql import PostgreSQL


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.at(tmp_path / "store.sqlite")
    yield store
    store.close()


def inventory(*cameras: InventoryCamera, owner: str = "dishub", uplink: str = "") -> Inventory:
    """Return one with two sites, of which `kabil` has these cameras, owner and uplink."""
    return Inventory(
        owners=[Party(id="dishub", name="Dinas Perhubungan"), Party(id="kominfo")],
        uplinks=[InventoryUplink(id="tower", via="fibre"), InventoryUplink(id="fibre")],
        sites=[InventorySite(id="kabil", owner=owner, uplink=uplink), InventorySite(id="nongsa")],
        devices=[InventoryDevice(site="kabil", id="switch", kind="switch")],
        cameras=[InventoryCamera(site="nongsa", id="pole"), *cameras],
    )


GATE = InventoryCamera(site="kabil", id="gate", via="switch", tags=["school"], latitude=1.1, longitude=104.1)


def record(store: Store, *loads: tuple[int, Inventory], most_rows: int = 1000) -> InventoryHistory:
    with store.begin() as connection:
        for now_ms, each in loads:
            inventory_rows.record_inventory(connection, each, now_ms=now_ms, most_rows=most_rows)
        return inventory_rows.load_history(connection)


def same(one: Inventory, other: Inventory) -> bool:
    """Return True if nothing distinguishes two inventories."""
    tables = ("owners", "maintainers", "uplinks", "sites", "devices", "cameras")
    return all(getattr(one, table) == getattr(other, table) for table in tables)


LOADS = (
    (1000, inventory(GATE)),
    (2000, inventory(GATE, owner="kominfo")),
    (3000, inventory(GATE, GATE.model_copy(update={"id": "rear", "owner": "dishub"}), owner="kominfo")),
    (4000, inventory(GATE.model_copy(update={"site": "nongsa", "via": ""}))),
    (5000, inventory(GATE.model_copy(update={"name": "Gerbang"}))),
)


def at_each_time(store: Store) -> None:
    history = record(store, *LOADS)
    assert history.changes(0, 9000) == [2000, 3000, 4000, 5000]
    assert history.changes(2000, 4000) == [3000]
    for moment, was in ((0, 0), (999, 0), (1000, 0), (1999, 0), (2000, 1), (3999, 2), (4000, 3), (9**12, 4)):
        assert same(history.at(moment), LOADS[was][1]), moment
    assert history.at(1500).camera("kabil", "gate").owner == "dishub"
    assert history.at(2500).camera("kabil", "gate").owner == "kominfo"


def test_each_load_is_found_again_at_its_time_and_the_first_one_before_it(store: Store) -> None:
    at_each_time(store)


def test_postgresql_does_the_same(postgresql: PostgreSQL) -> None:
    store = Store(postgresql.create_database("inventory_history"))
    at_each_time(store)
    record(store, (6000, inventory(GATE)), (7000, inventory()), most_rows=10)
    assert same(record(store).at(6000), inventory(GATE))
    store.close()


def count(store: Store) -> int:
    with store.begin() as connection:
        return connection.execute(select(func.count()).select_from(schema.inventory_changes)).scalar_one()


def test_what_does_not_change_costs_nothing_and_a_site_that_changes_one_row(store: Store) -> None:
    record(store, LOADS[0])
    first = count(store)
    assert first == 9
    record(store, (1500, inventory(GATE)), (1600, inventory(GATE)))
    assert count(store) == first
    record(store, LOADS[1])
    assert count(store) == first + 1


def test_a_period_is_divided_only_where_the_site_its_cameras_or_its_uplinks_changed(store: Store) -> None:
    way = inventory(GATE, uplink="tower")
    longer = Inventory(
        owners=[Party(id="dishub", name="Dishub"), Party(id="kominfo")],
        uplinks=[InventoryUplink(id="tower", via="fibre"), InventoryUplink(id="fibre", maintainer="pt")],
        sites=way.sites.values(),
        devices=[InventoryDevice(site="kabil", id="switch", kind="switch")],
        cameras=[InventoryCamera(site="nongsa", id="pole"), GATE],
    )
    history = record(store, (1000, way), (2000, longer), (3000, inventory(uplink="tower")))
    assert [span[:2] for span in history.spans("kabil", 500, 9000)] == [(500, 2000), (2000, 3000), (3000, 9000)]
    assert [span[:2] for span in history.spans("nongsa", 500, 9000)] == [(500, 9000)]
    assert [span[:2] for span in history.spans("unknown", 500, 9000)] == [(500, 9000)]
    assert history.spans("kabil", 9000, 9000) == []
    first, second, third = (span.inventory for span in history.spans("kabil", 500, 9000))
    assert (first.uplinks["fibre"].maintainer, second.uplinks["fibre"].maintainer) == ("", "pt")
    assert ("kabil", "gate") not in third.cameras
    assert history.spans("nongsa", 500, 9000)[0].inventory is first


def test_a_change_holds_since_when_the_last_of_those_who_corrected_it_says(store: Store) -> None:
    record(store, *LOADS)
    with store.begin() as connection:
        owner = next(each for each in inventory_rows.load_changes(connection) if each.time_ms == 2000)
        inventory_rows.add_moves(connection, [owner.id], 1200, reason="the letter says so", by="Ani", now_ms=9000)
        inventory_rows.add_moves(connection, [owner.id], 1400, reason="no, two days later", by="Budi", now_ms=9001)
        history = inventory_rows.load_history(connection)
        kept = [(each.to_ms, each.by, each.reason) for each in inventory_rows.load_moves(connection)]
    assert history.changes(0, 9000) == [1400, 3000, 4000, 5000]
    assert history.at(1399).camera("kabil", "gate").owner == "dishub"
    assert history.at(1400).camera("kabil", "gate").owner == "kominfo"
    assert kept == [(1200, "Ani", "the letter says so"), (1400, "Budi", "no, two days later")]


def test_a_camera_of_the_first_inventory_can_have_come_later(store: Store) -> None:
    record(store, LOADS[0])
    with store.begin() as connection:
        changes = inventory_rows.load_changes(connection)
        gate = next(each for each in changes if each.entry == ("camera", ("kabil", "gate")))
        inventory_rows.add_moves(connection, [gate.id], 700, reason="put up", by="Ani", now_ms=9000)
        history = inventory_rows.load_history(connection)
    assert ("kabil", "gate") not in history.at(699).cameras
    assert ("kabil", "gate") in history.at(700).cameras
    assert ("nongsa", "pole") in history.at(0).cameras


def test_without_any_record_there_is_the_inventory_as_it_is() -> None:
    now = inventory(GATE)
    assert InventoryHistory([], otherwise=now).at(5) is now
    assert InventoryHistory([], otherwise=now).spans("kabil", 1, 2) == [(1, 2, now)]
    assert same(InventoryHistory([]).at(5), Inventory())


def test_the_oldest_changes_are_given_up_beyond_the_limit(store: Store) -> None:
    loads = [(i * 1000, inventory(GATE.model_copy(update={"name": f"Gate {i}"}))) for i in range(1, 60)]
    history = record(store, *loads, most_rows=20)
    assert 9 <= count(store) <= 20
    assert same(history.at(59_500), loads[-1][1])
    assert same(history.at(55_500), loads[-5][1])
    assert history.at(0).cameras.keys() == loads[0][1].cameras.keys()
    with store.begin() as connection:
        assert inventory_rows.record_inventory(connection, loads[-1][1], now_ms=99_000) == 0


@pytest.mark.parametrize("about", [slice(9, None), slice(9, None, 2), slice(10, None, 2)])
def test_what_was_said_of_a_change_keeps_nothing_from_being_the_first(store: Store, about: slice) -> None:
    loads = [(i * 1000, inventory(GATE.model_copy(update={"name": f"Gate {i}"}))) for i in range(1, 17)]
    record(store, *loads[:12])
    with store.begin() as connection:
        for each in inventory_rows.load_changes(connection)[about]:
            inventory_rows.add_moves(connection, [each.id], each.time_ms - 500, reason="", by="Ani", now_ms=1)
    history = record(store, *loads[12:], most_rows=20)
    assert count(store) < 20
    assert ("kabil", "gate") in history.at(0).cameras


def test_the_recorder_records_each_inventory_once_and_tries_again_after_an_error(store: Store) -> None:
    current, now_ms = [inventory()], [1000]
    recorder = InventoryRecorder(store, lambda: current[0], lambda: now_ms[0])
    recorder.record_if_replaced()
    current[0], now_ms[0] = inventory(GATE), 2000
    rename(store, "inventory_changes", "away")
    with pytest.raises(StoreError):
        recorder.record_if_replaced()
    rename(store, "away", "inventory_changes")
    now_ms[0] = 3000
    recorder.record_if_replaced()
    history = record(store)
    assert history.changes(0, 9000) == [3000]
    assert ("kabil", "gate") in history.at(3000).cameras
    with store.begin() as connection:
        connection.execute(delete(schema.inventory_changes))
    recorder.record_if_replaced()
    assert count(store) == 0


def rename(store: Store, table: str, name: str) -> None:
    with store.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


# Any history


def _loads() -> st.SearchStrategy[list[list[tuple[str, str]]]]:
    """Each load: the cameras of a site, each with its owner, which may be empty; and the site's owner first."""
    owner = st.sampled_from(["", "a", "b"])
    cameras = st.dictionaries(st.sampled_from(["one", "two", "three"]), owner)
    return st.lists(
        st.tuples(owner, cameras).map(lambda it: [("", it[0]), *it[1].items()]), min_size=1, max_size=6
    )


def _of(load: list[tuple[str, str]]) -> Inventory:
    (_, site_owner), *cameras = load
    return Inventory(
        sites=[InventorySite(id="kabil", owner=site_owner)],
        cameras=[InventoryCamera(site="kabil", id=name, owner=owner) for name, owner in cameras],
    )


def _recorded(loads: list[list[tuple[str, str]]]) -> list[Change]:
    """Record loads at 1000, 2000, ... without a store."""
    known: dict[tuple[str, tuple[str, ...]], str | None] = {}
    changes: list[Change] = []
    for i, load in enumerate(loads, 1):
        for entry, value in difference(known, _of(load)):
            known[entry] = value
            changes.append(Change(len(changes) + 1, i * 1000, entry, value))
    return changes


@given(_loads())
def test_any_sequence_of_inventories_is_found_again(loads: list[list[tuple[str, str]]]) -> None:
    history = InventoryHistory(_recorded(loads))
    for i, load in enumerate(loads, 1):
        assert same(history.at(i * 1000), _of(load))
        assert same(history.at(i * 1000 + 999), _of(load))
    assert same(history.at(0), _of(loads[0]))


@given(_loads(), st.data())
def test_whatever_people_say_the_newest_holds_in_the_end_and_each_span_is_as_its_moments(
    loads: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    changes = _recorded(loads)
    said = st.tuples(st.sampled_from([each.id for each in changes]), st.integers(0, 8000))
    moves = [Move(i, *each, "", "", 0) for i, each in enumerate(data.draw(st.lists(said, max_size=8)))]
    history = InventoryHistory(changes, moves)
    assert same(history.at(9000), _of(loads[-1]))
    spans = history.spans("kabil", 500, 8500)
    assert [spans[0].from_ms, *(span.to_ms for span in spans)] == [500, *history.changes(500, 8500), 8500]
    for span in spans:
        assert all(same(history.at(ms), span.inventory) for ms in (span.from_ms, span.to_ms - 1))
    for each in moves[-1:]:
        entry = changes[each.change - 1].entry
        later = [since for since in history.in_effect[entry] if since.change.id > each.change]
        assert next(since.from_ms for since in history.in_effect[entry] if since.change.id == each.change) == min(
            [each.to_ms, *(since.from_ms for since in later)]
        )
