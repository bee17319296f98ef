"""Which cameras a contract covers when: by the inventory of each moment, and only while it is valid."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector.contracts import Contract, Covered, coverage, valid_span
from pantau_collector.contracts.coverage import covered_cameras, zone_of
from pantau_collector.contracts.days import midnight_ms, service_spans
from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, InventoryUplink, Party
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.ledger.spans import Span
from pantau_collector.store import Store, inventory_rows

HOUR = 3_600_000
WIB = "Asia/Jakarta"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def contract(**changes: Any) -> Contract:
    values: dict[str, Any] = {
        "id": "c",
        "kind": "rental",
        "party": "teknik",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "zone": "UTC",
        "covers": [{"maintained": True}],
        "link": "at_site",
        "counts": ["camera"],
        "target": 95,
        "fee": 1,
        "fee_per": "month",
    }
    return Contract.model_validate(values | changes)


def camera(site: str, name: str, **values: Any) -> InventoryCamera:
    return InventoryCamera(site=site, id=name, **values)


def inventory(*cameras: InventoryCamera) -> Inventory:
    return Inventory(
        maintainers=[Party(id="teknik"), Party(id="lain")],
        uplinks=[InventoryUplink(id="kota"), InventoryUplink(id="kabil", via="kota"), InventoryUplink(id="radio")],
        sites=[
            InventorySite(id="a", maintainer="teknik", owner="dishub", uplink="kabil", tags=["wita", "x"]),
            InventorySite(id="b", maintainer="lain", owner="dishub", uplink="radio", project="Flyover"),
        ],
        cameras=cameras,
    )


def history(*inventories: tuple[str, Inventory]) -> InventoryHistory:
    store = Store("sqlite://")
    with store.begin() as connection:
        for day, each in inventories:
            inventory_rows.record_inventory(connection, each, now_ms=ms(day))
        found = inventory_rows.load_history(connection)
    store.close()
    return found


OCTOBER = Span(ms("2026-10-01"), ms("2026-11-01"))


def covered(found: Contract, over_time: InventoryHistory, reported: Sequence[tuple[str, str]] = ()) -> Any:
    spans = coverage(found, over_time, reported, OCTOBER)
    return {
        "/".join(key): [(each.from_ms, each.to_ms, each.criticality) for each in its] for key, its in spans.items()
    }


def test_each_share_belongs_to_whom_it_belonged_then() -> None:
    over_time = history(
        ("2026-09-01", inventory(camera("a", "kept"), camera("a", "moves"), camera("a", "old"))),
        # `moves` goes to another site, with another maintainer; `old` is renamed; `late` is added.
        (
            "2026-10-11T07:30",
            inventory(camera("a", "kept"), camera("b", "moves"), camera("a", "new"), camera("a", "late")),
        ),
        # `kept` becomes more critical; `late` gets another maintainer, and later its first one again.
        (
            "2026-10-20",
            inventory(
                camera("a", "kept", criticality="high"), camera("a", "new"), camera("a", "late", maintainer="lain")
            ),
        ),
        (
            "2026-10-25",
            inventory(camera("a", "kept", criticality="high"), camera("a", "new"), camera("a", "late")),
        ),
    )
    first, begin, end = OCTOBER.from_ms, ms("2026-10-11T07:30"), OCTOBER.to_ms
    assert covered(contract(), over_time) == {
        "a/kept": [(first, ms("2026-10-20"), "normal"), (ms("2026-10-20"), end, "high")],
        "a/moves": [(first, begin, "normal")],
        "a/old": [(first, begin, "normal")],
        "a/new": [(begin, end, "normal")],
        "a/late": [(begin, ms("2026-10-20"), "normal"), (ms("2026-10-25"), end, "normal")],
    }


@pytest.mark.parametrize(
    ("covers", "change"),
    [
        ({"tags": ["x"]}, {"tags": []}),
        ({"uplinks": ["kota"]}, {"uplink": "radio"}),
        ({"maintained": True}, {"maintainer": "lain"}),
        ({"owners": ["dishub"]}, {"owner": "pu"}),
    ],
)
def test_what_changes_at_a_site_changes_what_is_covered_there(
    covers: dict[str, Any], change: dict[str, Any]
) -> None:
    first = inventory(camera("a", "one"))
    second = inventory(camera("a", "one"))
    second = Inventory(
        maintainers=second.maintainers.values(),
        uplinks=second.uplinks.values(),
        sites=[second.sites["a"].model_copy(update=change), second.sites["b"]],
        cameras=[camera("a", "one")],
    )
    over_time = history(("2026-09-01", first), ("2026-10-11", second))
    expected = {"a/one": [(OCTOBER.from_ms, ms("2026-10-11"), "normal")]}
    assert covered(contract(covers=[covers]), over_time) == expected


def test_an_uplink_that_is_connected_otherwise_changes_what_is_covered_behind_it() -> None:
    first, second = inventory(camera("a", "one")), inventory(camera("a", "one"))
    second.uplinks["kabil"] = InventoryUplink(id="kabil", via="radio")
    over_time = history(("2026-09-01", first), ("2026-10-11", second))
    expected = {"a/one": [(OCTOBER.from_ms, ms("2026-10-11"), "normal")]}
    assert covered(contract(covers=[{"uplinks": ["kota"]}]), over_time) == expected


def test_a_contract_covers_only_while_it_is_valid() -> None:
    over_time = history(("2026-09-01", inventory(camera("a", "one"))))
    half = contract(valid_from="2026-10-16", valid_to="2026-10-20")
    assert covered(half, over_time) == {"a/one": [(ms("2026-10-16"), ms("2026-10-21"), "normal")]}
    assert covered(contract(valid_to="2026-09-30"), over_time) == {}
    assert valid_span(contract(zone="Asia/Jayapura")).from_ms == ms("2026-01-01") - 9 * HOUR


@pytest.mark.parametrize(
    ("covers", "names"),
    [
        ([{"maintained": True}], {"a/one", "a/two"}),
        ([{"sites": ["b"]}], {"b/one"}),
        ([{"cameras": ["a/two", "b/one"]}], {"a/two", "b/one"}),
        ([{"owners": ["dishub"]}], {"a/one", "b/one"}),
        ([{"owners": ["pu"]}], {"a/two"}),
        ([{"projects": ["Flyover"]}], {"a/two"}),
        ([{"tags": ["x"]}], {"a/one", "a/two"}),
        ([{"tags": ["y"]}], {"b/one"}),
        ([{"uplinks": ["kota"]}], {"a/one", "a/two"}),
        ([{"uplinks": ["radio", "kabil"]}], {"a/one", "a/two", "b/one"}),
        ([{"owners": ["dishub"], "sites": ["a"]}], {"a/one"}),
        ([{"owners": ["pu"], "sites": ["b"]}], set()),
        ([{"owners": ["pu"]}, {"sites": ["b"]}], {"a/two", "b/one"}),
    ],
)
def test_all_keys_of_an_entry_and_any_of_the_entries(covers: list[dict[str, Any]], names: set[str]) -> None:
    over_time = history(
        (
            "2026-09-01",
            inventory(
                camera("a", "one"),
                camera("a", "two", owner="pu", project="Flyover"),
                camera("b", "one", tags=["y"]),
            ),
        )
    )
    assert set(covered(contract(covers=covers), over_time)) == names


def test_an_unlisted_camera_is_covered_only_where_none_is_listed() -> None:
    reported = [("a", "one"), ("a", "invented")]
    assert set(covered(contract(), history(("2026-09-01", inventory(camera("a", "one")))), reported)) == {"a/one"}
    assert set(covered(contract(), history(("2026-09-01", inventory())), reported)) == {"a/one", "a/invented"}


def test_the_zone_is_that_of_the_first_tag_that_the_site_has() -> None:
    over_time = history(("2026-09-01", inventory(camera("a", "one"), camera("b", "one", maintainer="teknik"))))
    zones = {"wit": "Asia/Jayapura", "x": "Asia/Makassar", "wita": "Asia/Tokyo"}
    spans = coverage(contract(zone_by_tag=zones), over_time, [], OCTOBER)
    assert {key: its[0].zone for key, its in spans.items()} == {("a", "one"): "Asia/Makassar", ("b", "one"): "UTC"}
    assert spans["a", "one"] == [Covered(*OCTOBER, "normal", "Asia/Makassar")]


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    sites = [
        InventorySite(
            id=site,
            maintainer=draw(st.sampled_from(["teknik", "lain"])),
            uplink=draw(st.sampled_from(["kota", "kabil", ""])),
            tags=draw(st.sampled_from([[], ["x"]])),
        )
        for site in ("a", "b")
    ]
    uplinks = [InventoryUplink(id="kota"), InventoryUplink(id="kabil", via=draw(st.sampled_from(["", "kota"])))]
    keys = draw(st.lists(st.sampled_from([("a", "one"), ("a", "two"), ("b", "one")]), unique=True))
    cameras = [camera(*key, criticality=draw(st.sampled_from(["normal", "high"]))) for key in keys]
    return Inventory(
        maintainers=[Party(id="teknik"), Party(id="lain")], sites=sites, uplinks=uplinks, cameras=cameras
    )


@settings(deadline=None, max_examples=60)
@given(
    st.lists(inventories(), min_size=1, max_size=5),
    st.sampled_from([{"maintained": True}, {"uplinks": ["kota"]}, {"tags": ["x"]}, {"sites": ["a"]}]),
)
def test_what_is_covered_over_time_is_what_each_moment_says(
    found: list[Inventory], covers: dict[str, Any]
) -> None:
    over_time = history(*((f"2026-10-{5 * i + 1:02}", each) for i, each in enumerate(found)))
    terms = contract(covers=[covers], zone_by_tag={"x": "Asia/Makassar"})
    reported = [("a", "one"), ("b", "unlisted")]
    spans = coverage(terms, over_time, reported, OCTOBER)
    for day in range(1, 32):
        at_ms = ms(f"2026-10-{day:02}T12:00")
        inventory = over_time.at(at_ms)
        now = {key: each[2:] for key, its in spans.items() for each in its if each.from_ms <= at_ms < each.to_ms}
        assert now == {
            (each.site, each.id): (each.criticality, zone_of(terms, inventory, each.site))
            for each in covered_cameras(terms, inventory, reported)
        }
    for its in spans.values():
        assert all(one[1:] != (other.from_ms, *other[2:]) for one, other in pairwise(its))
        assert all(one.to_ms <= other.from_ms for one, other in pairwise(its))


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (date(2026, 10, 1), WIB, "2026-09-30T17:00"),
        (date(2026, 10, 1), "Asia/Makassar", "2026-09-30T16:00"),
        (date(2026, 10, 1), "Asia/Jayapura", "2026-09-30T15:00"),
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00"),  # there is no midnight: 01:00 is the first
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00"),  # there is no such day
    ],
)
def test_a_day_begins_at_its_first_midnight(day: date, zone: str, expected: str) -> None:
    assert midnight_ms(day, zone) == ms(expected)


def hours(
    texts: list[str], zone: str, begin: str, end: str, holidays: tuple[date, ...] = ()
) -> list[tuple[str, str]]:
    found = service_spans(tuple(texts), holidays, zone, Span(ms(begin), ms(end)))
    return [tuple(f"{datetime.fromtimestamp(each / 1000, UTC):%d %H:%M}" for each in span) for span in found]  # type: ignore[misc]


def test_service_hours_follow_the_week_and_the_zone() -> None:
    # 2026-10-02 is a Friday.
    assert hours(["Mon-Fri 08:00-16:00"], WIB, "2026-10-02", "2026-10-06") == [
        ("02 01:00", "02 09:00"),
        ("05 01:00", "05 09:00"),
    ]
    assert hours(["Sat 22:00-06:00"], WIB, "2026-10-03", "2026-10-05") == [("03 15:00", "03 23:00")]
    assert hours([], WIB, "2026-10-02", "2026-10-03") == [("02 00:00", "03 00:00")]
    free = (date(2026, 10, 2),)
    assert hours(["08:00-16:00"], "UTC", "2026-10-01", "2026-10-04", free) == [
        ("01 08:00", "01 16:00"),
        ("03 08:00", "03 16:00"),
    ]
    assert hours([], "UTC", "2026-10-01T12:00", "2026-10-03T06:00", free) == [
        ("01 12:00", "02 00:00"),
        ("03 00:00", "03 06:00"),
    ]


def test_service_hours_across_a_change_of_the_clock() -> None:
    # Berlin, 25 October 2026: 03:00 becomes 02:00. 02:00-02:30 comes twice: from the first to the second time.
    assert hours(["02:00-02:30"], "Europe/Berlin", "2026-10-25", "2026-10-26") == [("25 00:00", "25 01:30")]
    # Berlin, 29 March 2026: 02:00 becomes 03:00. 02:30 is taken as if the clock had not been changed: 03:30.
    assert hours(["02:30-04:00"], "Europe/Berlin", "2026-03-29", "2026-03-30") == [("29 01:30", "29 02:00")]
