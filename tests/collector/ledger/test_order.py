"""The ledger in the store is the same in whatever order messages arrive, in whatever portions, and how often."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.pool import StaticPool

from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket, Ledger
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.ledger.interval import clip
from pantau_collector.ledger.lives import lives
from pantau_collector.own_records import Figures, make_record
from pantau_collector.store import Store
from pantau_collector.store.schema import metadata
from pantau_contract.states import Cause
from tests.collector.ledger.simulated import SimulatedSite
from tests.collector.ledger.site_by_definition import Received
from tests.collector.ledger.stories import SITE, T0, histories, record, spans
from tests.collector.ledger.test_definition import FROM, PATHS, TO, history
from tests.servers.postgresql import PostgreSQL

TABLES = [table for table in metadata.sorted_tables if table.name.startswith("ledger_")]
NUMBERED = {"id", "subject", "boot", "revision"}
INVENTORY = Inventory(
    sites=[InventorySite(id=SITE)],
    devices=[
        InventoryDevice(site=SITE, id="switch", kind="switch"),
        InventoryDevice(site=SITE, id="nvr", kind="supply", via="switch"),
    ],
    cameras=[InventoryCamera(site=SITE, id=camera, via=path[0]) for camera, path in PATHS.items()],
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = Store("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    yield store
    store.close()


def listening(from_ms: int, to_ms: int) -> Record:
    unknown = dict.fromkeys(Figures.__struct_fields__[1:21], 0)
    return make_record(Figures("c", **unknown, attentive_since_ms=from_ms), to_ms)


def enter(store: Store, records: Sequence[Record], portions: Sequence[int], *, reopen: bool = False) -> None:
    """Enter records into an empty ledger, in portions of so many; the book is closed in between if asked for."""
    with store.begin() as connection:
        for table in TABLES:
            connection.execute(table.delete())
        book = Book(connection)
    rest = list(records)
    for size in [*portions, len(rest)]:
        portion, rest = rest[:size], rest[size:]
        facts = Facts()
        for each in portion:
            facts.add(each)
        with store.begin() as connection:
            book.enter(connection, facts)
            if reopen:
                book = Book(connection)


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows, without the numbers that were given in the order of arrival."""
    found = {}
    with store.begin() as connection:
        for table in TABLES:
            columns = [column for column in table.columns if column.name not in NUMBERED]
            found[table.name] = sorted(map(tuple, connection.execute(select(*columns))))
    return found


def test_postgresql_keeps_the_same(store: Store, postgresql: PostgreSQL) -> None:
    site = SimulatedSite(SITE, PATHS)
    site.run(600)
    site.cut_line()
    site.set(Cause.STALLED, "cam1", "cam2")
    site.run(900)
    site.stop()
    site.run(600)
    site.start("machine")
    site.run(300)
    site.mend_line()
    site.run(300)
    records = [*site.records[::2], *site.records[1::2], listening(T0, T0 + 900_000)]
    other = Store(postgresql.create_database("ledger"))
    for each in (store, other):
        enter(each, records, [20, 40], reopen=True)
    assert content(other) == content(store)
    period = (T0 + 100_000, site.now_ms)
    intervals = Ledger(other, INVENTORY).site_intervals(SITE, *period)
    assert intervals == Ledger(store, INVENTORY).site_intervals(SITE, *period)
    assert {each.bucket for each in intervals["cam1"]} >= {Bucket.LINK, Bucket.POWER}
    other.close()


orders = st.randoms(use_true_random=False)
portions = st.lists(st.integers(0, 6), max_size=5)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(histories(), spans(), orders, portions, st.booleans())
def test_any_order_makes_the_same_ledger(
    store: Store,
    received: list[Received],
    attentive: list[tuple[int, int]],
    order: st.DrawFn,
    sizes: list[int],
    reopen: bool,
) -> None:
    records = [*map(record, received), *(listening(*span) for span in attentive)]
    enter(store, records, [])
    in_order = content(store)
    shuffled = [*records, *records[::3]]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    enter(store, shuffled, sizes, reopen=reopen)
    assert content(store) == in_order


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(histories(), spans(), st.integers(0, 100), st.integers(1, 100))
def test_what_is_read_of_any_period_is_that_part_of_the_whole(
    store: Store, received: list[Received], attentive: list[tuple[int, int]], first: int, length: int
) -> None:
    enter(store, [*map(record, received), *(listening(*span) for span in attentive)], [3, 3])
    from_ms = T0 + first * 9_973
    to_ms = from_ms + length * 9_973
    found = Ledger(store, INVENTORY).site_intervals(SITE, from_ms, to_ms)
    whole = lives(history(received, attentive, []), FROM, TO)
    assert found == {camera: clip(intervals, from_ms, to_ms) for camera, intervals in whole.items()}
