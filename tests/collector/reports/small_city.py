"""A small city in a store, with a story in October 2026, and reports of it."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection

from pantau_collector.attribution import load_decisions
from pantau_collector.contracts import Contract, Contracts
from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
    Party,
)
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.journal import Record
from pantau_collector.ledger import Ledger
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.reports.maker import ReportMaker, Sources
from pantau_collector.settlement import Month
from pantau_collector.store import Store
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite, listening

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ZONE = "Asia/Jakarta"
OCTOBER = Month(2026, 10)
BEGIN_MS, END_MS = OCTOBER.span(ZONE)
AFTER_MS = END_MS + 5 * DAY_MS
"""When reports are asked for, unless something else is said."""


def at(text: str) -> int:
    """Return a moment of October in Batam, as `17 06:30`, in UTC ms."""
    day, clock = text.split()
    hour, minute = clock.split(":")
    return BEGIN_MS + (int(day) - 1) * DAY_MS + int(hour) * HOUR_MS + int(minute) * 60_000


INVENTORY = Inventory(
    owners=[Party(id="dishub", name="Dinas Perhubungan")],
    maintainers=[Party(id="sinar", name="CV Sinar"), Party(id="telkom", name="Telkom")],
    uplinks=[InventoryUplink(id="metro")],
    sites=[
        InventorySite(id="kabil", name="Simpang Kabil", owner="dishub", maintainer="sinar", uplink="metro"),
        InventorySite(id="nongsa", owner="dishub", maintainer="sinar"),
    ],
    devices=[InventoryDevice(site="kabil", id="switch", kind="switch")],
    cameras=[
        InventoryCamera(site="kabil", id="gate", name="=Gerbang", via="switch"),
        InventoryCamera(site="kabil", id="pole", via="switch"),
        InventoryCamera(site="nongsa", id="never"),
    ],
)
"""`nongsa/never` was never reported; `nongsa/beach` is reported, and not listed."""


def contract(**changes: Any) -> Contract:
    """Return a contract about all cameras that CV Sinar maintains."""
    values: dict[str, Any] = {
        "id": "rawat",
        "name": "Pemeliharaan",
        "kind": "maintenance",
        "party": "sinar",
        "budget_line": "5.1.02",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "covers": [{"maintained": True}],
        "counts": ["picture", "camera", "device", "power"],
        "link": "at_site",
        "target": "99",
        "fee": 10_000_000,
        "fee_per": "month",
        "classes": [{"criticality": ["high", "normal", "low"], "repair_hours": 4, "response_hours": 1}],
        "penalties": [
            {"kind": "restitution"},
            {"kind": "delay", "after": "repair", "each": "begun_hour", "amount": 50_000},
        ],
    }
    return Contract(**(values | changes))


def kabil(*, backlog: bool = True) -> list[Record]:
    """Return the messages of a site in October: dead cameras, a cut line whose backlog may come, a power cut."""
    site = SimulatedSite("kabil", ["gate", "pole"], interval_s=600)
    _run_to(site, at("5 10:00"))
    site.set(Cause.UNREACHABLE, "gate")
    _run_to(site, at("5 16:00"))
    site.set(State.OK, "gate")
    _run_to(site, at("9 00:00"))
    site.set(Cause.UNREACHABLE, "gate")
    _run_to(site, at("9 02:30"))
    site.set(State.OK, "gate")
    _run_to(site, at("12 08:00"))
    site.cut_line()
    _run_to(site, at("13 08:00"))
    site.set(Cause.FROZEN, "pole")
    _run_to(site, at("14 08:00"))
    before = len(site.records)
    site.mend_line()
    backlog_ends = len(site.records)
    _run_to(site, at("20 00:00"))
    site.set(State.OK, "pole")
    site.stop()
    _run_to(site, at("20 03:00"))
    site.start("machine")
    _run_to(site, at("31 20:00"))
    site.set(Cause.UNREACHABLE, "gate")
    _run_to(site, END_MS + DAY_MS)
    late = site.records[before + 1 : backlog_ends]
    if backlog:
        return site.records
    return [each for each in site.records if not any(each is other for other in late)]


def late_backlog() -> list[Record]:
    """Return what `kabil` lacks without its backlog."""
    known = {(each.topic, each.payload) for each in kabil(backlog=False)}
    return [each for each in kabil() if (each.topic, each.payload) not in known]


def nongsa() -> list[Record]:
    """Return the messages of a site whose camera works, and is not in the inventory."""
    site = SimulatedSite("nongsa", ["beach"], interval_s=3600)
    _run_to(site, END_MS + DAY_MS)
    return site.records


def _run_to(site: SimulatedSite, at_ms: int) -> None:
    site.run((at_ms - site.now_ms) / 1000)


class SmallCity:
    """The city in a store."""

    def __init__(self, store: Store, *, inventory: Inventory = INVENTORY) -> None:
        self.store = store
        self.history = InventoryHistory((), otherwise=inventory)
        self.contracts: list[Contract] = [contract()]

    def enter(self, records: Iterable[Record]) -> None:
        """Enter messages into the ledger, as the collector does that listened all the while."""
        facts = Facts()
        for record in (listening(EPOCH_MS, END_MS + DAY_MS), *records):
            facts.add(record)
        with self.store.begin() as connection:
            Book(connection).enter(connection, facts)

    def change(self, step: Callable[[Connection], object]) -> None:
        """Do something in a transaction."""
        with self.store.begin() as connection:
            step(connection)

    def maker(self, month: Month = OCTOBER, *, now_ms: int = AFTER_MS, zone: str = ZONE) -> ReportMaker:
        """Return what makes the reports of a month."""
        with self.store.begin() as connection:
            decisions = load_decisions(connection)
        contracts = Contracts({each.id: each for each in self.contracts})
        ledger = Ledger(self.store, self.history)
        return ReportMaker(Sources(self.store, ledger, self.history, contracts, decisions, now_ms), month, zone)
