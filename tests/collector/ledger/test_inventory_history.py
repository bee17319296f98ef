"""Cameras are connected, and covered by maintenance, as the inventory had it at each moment."""

from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.ledger import Bucket, Interval, Ledger
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.ledger.interval import clip
from pantau_collector.store import Store, downtime_rows, inventory_rows
from pantau_contract.states import State
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

HOUR, HOUR_MS = 3600, 3_600_000
CAMERAS = ("cam1", "cam2", "cam3")


def connected(via: str, owner: str) -> Inventory:
    """Return an inventory in which `via` connects two of three cameras, and all belong to `owner`."""
    return Inventory(
        sites=[InventorySite(id="kabil", owner=owner)],
        devices=[InventoryDevice(site="kabil", id="switch", kind="switch")],
        cameras=[InventoryCamera(site="kabil", id=name, via=via if name != "cam3" else "") for name in CAMERAS],
    )


def test_each_moment_has_the_connections_and_the_owner_that_it_had() -> None:
    store = Store("sqlite://")
    site = SimulatedSite("kabil", CAMERAS, interval_s=60)
    site.run(HOUR)
    site.set(State.DOWN, "cam1", "cam2")
    site.run(6 * HOUR)
    facts = Facts()
    for record in site.records:
        facts.add(record)
    moved_ms, renamed_ms = EPOCH_MS + 3 * HOUR_MS, EPOCH_MS + 5 * HOUR_MS
    planned = Downtime(0, Scope.OWNER, "dishub", EPOCH_MS + 4 * HOUR_MS, end_ms=EPOCH_MS + 6 * HOUR_MS)
    inventories = [connected("switch", "dishub"), connected("", "dishub"), connected("", "kominfo")]
    with store.begin() as connection:
        Book(connection).enter(connection, facts)
        downtime_rows.add_downtime(connection, planned)
        for inventory, now_ms in zip(inventories, (EPOCH_MS, moved_ms, renamed_ms), strict=True):
            inventory_rows.record_inventory(connection, inventory, now_ms=now_ms)
        history = inventory_rows.load_history(connection)
    found = Ledger(store, history).site_intervals("kabil", EPOCH_MS, site.now_ms)
    assert [_whose(each) for each in found["cam1"][-4:]] == [
        (EPOCH_MS + HOUR_MS, Bucket.DEVICE, "switch"),
        (moved_ms, Bucket.CAMERA, ""),
        (EPOCH_MS + 4 * HOUR_MS, Bucket.MAINTENANCE, ""),
        (renamed_ms, Bucket.CAMERA, ""),
    ]
    assert found["cam3"][-1].from_ms < EPOCH_MS + HOUR_MS  # nothing about it changed since
    for inventory, from_ms, to_ms in zip(
        inventories, (EPOCH_MS, moved_ms, renamed_ms), (moved_ms, renamed_ms, site.now_ms), strict=True
    ):
        alone = Ledger(store, inventory).site_intervals("kabil", from_ms, to_ms)
        assert alone == {camera: clip(its, from_ms, to_ms) for camera, its in found.items()}
    for from_ms, to_ms in ((moved_ms - 1, moved_ms + 1), (moved_ms, renamed_ms), (EPOCH_MS + 7, renamed_ms + 1)):
        part = Ledger(store, history).site_intervals("kabil", from_ms, to_ms)
        assert part == {camera: clip(its, from_ms, to_ms) for camera, its in found.items()}
    store.close()


def _whose(each: Interval) -> tuple[int, Bucket, str]:
    return each.from_ms, each.bucket, each.device
