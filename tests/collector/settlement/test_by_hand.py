"""October 2026, from messages to rupiah, computed by hand.

Three sites in three zones, each with one camera: Batam (WIB, UTC+7), Denpasar (WITA, +8), Jayapura (WIT, +9). Two
contracts. What happens, in the time of the site:

| site | when | what |
| --- | --- | --- |
| jayapura | Wed 30 Sep 12:00 - Thu 1 Oct 12:00 | camera down, across the turn of the month |
| batam | Tue 6 Oct 10:00 - 22:00 | line cut; the agent goes on, its backlog comes when the line is mended |
| batam | Tue 6 Oct 11:00 - 13:00 | camera down meanwhile, as the backlog tells |
| jayapura | Tue 13 Oct 09:30 - 12:30 | camera down; planned 09:00 - 11:00, and 10:00 - 13:00 once more |
| jayapura | Fri 16 Oct 00:00 WIB | connected by the leased line from now on |
| denpasar | Tue 20 Oct 10:00 - 15:00 | camera down; decided: a third party until 13:00; acknowledged at 13:30 |
| denpasar | Sat 24 Oct 10:00 - 12:00 | no power |
| denpasar | Fri 30 Oct 14:00 - Mon 2 Nov 10:00 | camera down, across the turn of the month |
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from pantau_collector.attribution import Decision, Decisions, add_decision, load_decisions
from pantau_collector.contracts import Contract, coverage
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, InventoryUplink, Party
from pantau_collector.journal import Journal
from pantau_collector.ledger import Bucket, Ledger
from pantau_collector.ledger.keeper import LedgerKeeper
from pantau_collector.ledger.spans import Span
from pantau_collector.settlement import CameraLife, Month, Settlement, Verdict, needs_earlier, settle
from pantau_collector.store import Store, downtime_rows, inventory_rows
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

ZONES = {"batam": "Asia/Jakarta", "denpasar": "Asia/Makassar", "jayapura": "Asia/Jayapura"}
HOUR = 3_600_000
OCTOBER = Month(2026, 10)


def at(site: str, text: str) -> int:
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(ZONES[site])).timestamp() * 1000)


def simulated(name: str) -> SimulatedSite:
    """A site whose agent reports at each full ten minutes; it was started shortly before October."""
    site = SimulatedSite(name, ["cam"], interval_s=600)
    until(site, "09-25 12:00")
    site.stop()
    site.start("service")
    return site


def until(site: SimulatedSite, text: str) -> None:
    site.run((at(site.site, text) - site.now_ms) / 1000)


def batam() -> SimulatedSite:
    site = simulated("batam")
    until(site, "10-06 10:00")
    site.cut_line()
    until(site, "10-06 11:00")
    site.set(Cause.UNREACHABLE)
    until(site, "10-06 13:00")
    site.set(State.OK)
    until(site, "10-06 22:00")
    site.mend_line()
    until(site, "11-03 00:00")
    return site


def denpasar() -> SimulatedSite:
    site = simulated("denpasar")
    until(site, "10-20 10:00")
    site.set(Cause.STALLED)
    until(site, "10-20 15:00")
    site.set(State.OK)
    until(site, "10-24 10:00")
    site.stop()
    until(site, "10-24 12:00")
    site.start("machine")
    until(site, "10-30 14:00")
    site.set(Cause.UNREACHABLE)
    until(site, "11-02 10:00")
    site.set(State.OK)
    until(site, "11-03 00:00")
    return site


def jayapura() -> SimulatedSite:
    site = simulated("jayapura")
    until(site, "09-30 12:00")
    site.set(Cause.UNREACHABLE)
    until(site, "10-01 12:00")
    site.set(State.OK)
    until(site, "10-13 09:30")
    site.set(Cause.UNREACHABLE)
    until(site, "10-13 12:30")
    site.set(State.OK)
    until(site, "11-03 00:00")
    return site


def inventory(*, jayapura_by: str) -> Inventory:
    uplinks = {"batam": "serat", "denpasar": "serat", "jayapura": jayapura_by}
    tags: dict[str, list[str]] = {"batam": [], "denpasar": ["wita"], "jayapura": ["wit"]}
    return Inventory(
        owners=[Party(id="dishub")],
        maintainers=[Party(id="teknik"), Party(id="provider")],
        uplinks=[InventoryUplink(id="serat"), InventoryUplink(id="satelit")],
        sites=[InventorySite(id=each, uplink=uplinks[each], tags=tags[each]) for each in ZONES],
        cameras=[InventoryCamera(site=each, id="cam", maintainer="teknik") for each in ZONES],
    )


MAINTENANCE = Contract.model_validate(
    {
        "id": "pemeliharaan",
        "kind": "maintenance",
        "party": "teknik",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "zone_by_tag": {"wita": "Asia/Makassar", "wit": "Asia/Jayapura"},
        "hours": ["Mon-Fri 08:00-16:00"],
        "covers": [{"maintained": True}],
        "link": "at_site",
        "counts": ["picture", "camera", "device"],
        "maintenance_hours": 2,
        "target": 98,
        "classes": [{"criticality": ["high", "normal", "low"], "response_hours": 1, "repair_hours": 6}],
        "fee": 30_000_000,
        "fee_per": "month",
        "penalties": [
            {
                "kind": "availability",
                "tiers": [
                    {"at_least": 98, "below": 100, "percent": 0},
                    {"at_least": 95, "below": 98, "percent": 5},
                    {"at_least": 0, "below": 95, "percent": 10},
                ],
            },
            {"kind": "delay", "after": "repair", "each": "begun_hour", "amount": 75_000},
            {"kind": "delay", "after": "response", "each": "occasion", "amount": 100_000},
        ],
        "cap_percent": 6,
    }
)
LINES = Contract.model_validate(
    {
        "id": "jalur",
        "kind": "line",
        "party": "provider",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "covers": [{"uplinks": ["serat"]}],
        "unit": "site",
        "link": "unseen",
        "available": ["below_standard", "picture", "camera", "device"],
        "counts": ["link"],
        "target": 99,
        "fee": 4_500_000,
        "fee_per": "unit",
        "penalties": [{"kind": "restitution", "per": "unit"}],
    }
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("october")
    store = Store.at(folder / "state.db")
    with store.begin() as connection:
        inventory_rows.record_inventory(connection, inventory(jayapura_by="satelit"), now_ms=EPOCH_MS)
        inventory_rows.record_inventory(
            connection, inventory(jayapura_by="serat"), now_ms=at("batam", "10-16 00:00")
        )
        for begin, end in (("10-13 09:00", "10-13 11:00"), ("10-13 10:00", "10-13 13:00")):
            planned = Downtime(0, Scope.SITE, "jayapura", at("jayapura", begin), at("jayapura", end))
            downtime_rows.add_downtime(connection, planned)
        add_decision(
            connection,
            Decision(
                id=0,
                incident=7,
                cameras=(("denpasar", "cam"),),
                from_ms=at("denpasar", "10-20 10:00") - HOUR,
                to_ms=at("denpasar", "10-20 13:00"),
                to=Bucket.THIRD_PARTY,
                party="PT Gali",
                reason="an excavator cut the cable",
                by="Ani",
                created_ms=at("denpasar", "10-21 09:00"),
                before={},
            ),
        )
    with Journal(folder / "journal") as journal:
        for site in (batam(), denpasar(), jayapura()):
            journal.append(site.records)
        keeper = LedgerKeeper(journal, store)
        while keeper.enter_some():
            pass
    yield store
    store.close()


def lives(store: Store, contract: Contract, month: Month, first: dict[str, Month]) -> list[CameraLife]:
    """What a report would pass: from the beginning of the month, or of an earlier one for the sites in `first`."""
    taken = {"denpasar": [Span(at("denpasar", "10-20 13:30"), at("denpasar", "10-20 15:05"))]}
    with store.begin() as connection:
        history = inventory_rows.load_history(connection)
        decisions = Decisions(load_decisions(connection))
    ledger = Ledger(store, history)
    found = []
    for site in ZONES:
        begin = first.get(site, month).span(contract.zone).from_ms
        span = Span(begin, month.span(contract.zone).to_ms)
        spans = coverage(contract, history, ledger.cameras(), span).get((site, "cam"), [])
        intervals = decisions.apply(site, "cam", ledger.intervals(site, "cam", *span))
        if spans:
            found.append(CameraLife(site, "cam", spans, intervals, taken.get(site, [])))
    return found


def settled(store: Store, contract: Contract, month: Month = OCTOBER) -> Settlement:
    first: dict[str, Month] = {}
    while earlier := needs_earlier(contract, month, lives(store, contract, month, first)):
        first |= {each.site: first.get(each.site, month).plus(-1) for each in earlier}
    return settle(contract, month, lives(store, contract, month, first))


def test_the_maintenance(store: Store) -> None:
    found = settled(store, MAINTENANCE)
    # October 2026 has 22 days from Monday to Friday, of 8 service hours: 176 h for each camera.
    #   batam     lost 6 Oct 11-13: 2 h, though the line was cut. Of the rest of the cut the camera worked.
    #   denpasar  20 Oct: 10-13 third party (excluded 3 h), 13-15 lost 2 h. 24 Oct is Saturday. 30 Oct 14-16: 2 h.
    #   jayapura  1 Oct 08-12: lost 4 h. 13 Oct 09:30-12:30 is planned: 2 h are allowed, 11:30-12:30 is lost: 1 h.
    by_site = {each.site: each for each in found.cameras}
    hours = {
        site: [Fraction(ms, HOUR) for ms in (its.available_ms, its.lost_ms, its.excluded_ms, its.service_ms)]
        for site, its in ((site, each.times) for site, each in by_site.items())
    }
    assert hours == {"batam": [174, 2, 0, 176], "denpasar": [169, 4, 3, 176], "jayapura": [169, 5, 2, 176]}
    [third_party] = by_site["denpasar"].excluded
    assert (third_party.bucket, third_party.decision) == (Bucket.THIRD_PARTY, 1)
    [planned] = by_site["jayapura"].excluded
    assert (planned.bucket, planned.from_ms) == (Bucket.MAINTENANCE, at("jayapura", "10-13 09:30"))
    # Available 174 + 169 + 169 = 512 h, lost 2 + 4 + 5 = 11 h, judged 523 h: 97.89 %, below the target of 98 %.
    assert found.times.availability == Fraction(512, 523)
    assert found.verdict is Verdict.MISSED
    # Every camera that was not available was down: online and intact are the same here.
    assert (found.camera_times.online, found.camera_times.intact) == (Fraction(512, 523), Fraction(512, 523))
    # The whole of October: Rp 30,000,000.
    assert found.fee == 30_000_000
    amounts = [(each.number, each.unit, each.quantity, each.amount) for each in found.lines]
    assert amounts == [
        # The tier of 95 to 98 %: 5 % of 30,000,000.
        (0, "", Fraction(512, 523), Decimal(1_500_000)),
        # Repair within 6 h: jayapura's outage lost 4 h in September and 4 h in October, so 2 h are beyond it, in
        # October. All others took less.
        (1, "jayapura/cam", 2, Decimal(150_000)),
        # Response within 1 h: nobody took batam's (2 h), nor denpasar's of 30 Oct (2 h in October). That of 20
        # Oct was taken after half an hour; jayapura's first was late in September already; its second lasted 1
        # h, no more.
        (2, "batam/cam", 1, Decimal(100_000)),
        (2, "denpasar/cam", 1, Decimal(100_000)),
    ]
    # 1,500,000 + 150,000 + 2 x 100,000 = 1,850,000; the cap is 6 % of 30,000,000 = 1,800,000.
    assert [found.penalties, found.cap, found.deduction] == [1_850_000, 1_800_000, 1_800_000]
    assert found.payable == 28_200_000


def test_the_maintenance_of_the_month_after(store: Store) -> None:
    # Denpasar's outage lost 2 h in October, and on Mon 2 Nov 08-10 two more: 4 h are within the repair time. Its
    # response was late in October, which paid for it. From 3 Nov 00:00 on nothing has been heard: that is left
    # out.
    found = settled(store, MAINTENANCE, Month(2026, 11))
    [outage] = [each for unit in found.units for each in unit.outages]
    assert outage.from_ms == at("denpasar", "10-30 14:00")
    assert (outage.lost_before_ms, outage.lost_ms) == (2 * HOUR, 2 * HOUR)
    # Judged: 2 Nov, 8 h of each camera. Available 22 of 24 h = 91.67 %: 10 % of the fee.
    assert found.times.availability == Fraction(22, 24)
    assert [each.amount for each in found.lines] == [3_000_000]
    assert [found.deduction, found.payable] == [1_800_000, 28_200_000]


def test_september_paid_for_the_response_that_was_late_then(store: Store) -> None:
    # The agents were first heard on 21 Sep: what was before is not known, and left out. Jayapura's outage lost 4
    # h on 30 Sep (12-16), 3 of them beyond the response time.
    found = settled(store, MAINTENANCE, Month(2026, 9))
    delays = [(each.number, each.unit, each.amount) for each in found.lines if each.kind == "delay"]
    assert delays == [(2, "jayapura/cam", Decimal(100_000))]


def test_the_lines(store: Store) -> None:
    found = settled(store, LINES)
    by_name = {each.name: each for each in found.units}
    assert list(by_name) == ["batam", "denpasar", "jayapura"]
    # Batam's line: the control room saw nothing from 10:00 until the first batch of the backlog came, a second
    # after 22:00: 12 x 3,600 + 1 = 43,201 s. What the camera did behind it is not the provider's matter.
    assert by_name["batam"].times.lost_by == {Bucket.LINK: 43_201_000}
    # Denpasar: without power for 2 h, and 12 s until the agent knew the camera: excluded; and what a third party
    # did.
    assert by_name["denpasar"].times.excluded_by == {
        Bucket.POWER: 2 * HOUR + 12_000,
        Bucket.THIRD_PARTY: 3 * HOUR,
    }
    assert by_name["denpasar"].times.lost_ms == 0
    # Jayapura has it from 16 Oct on: 16 of 31 days. 4,500,000 x 16 / 31 = 2,322,580.645 = Rp 2,322,581.
    assert by_name["jayapura"].covered_ms == 16 * 24 * HOUR
    assert [each.fee for each in found.units] == [4_500_000, 4_500_000, 2_322_581]
    assert found.fee == 11_322_581
    # Batam's own availability is (2,678,400 - 43,201) / 2,678,400 s = 98.39 %, below 99 %, so it is restituted:
    # 4,500,000 x 43,201 / (744 x 3,600 x 0.99) = 194,404,500,000 / 2,651,616 = 73,315.48 = Rp 73,315.
    assert [(each.unit, each.quantity, each.amount) for each in found.lines] == [
        ("batam", Fraction(43_201) / (744 * 3600 * Fraction(99, 100)), Decimal(73_315))
    ]
    assert [found.deduction, found.payable] == [73_315, 11_249_266]
    # All lines together: judged are batam's 2,678,400 s, denpasar's less 5 h and 12 s, and jayapura's 16 days,
    # after its maintenance: 2,678,400 + 2,660,388 + 1,382,400 = 6,721,188 s. 43,201 of them lost are 99.36 %:
    # met.
    assert found.times.availability == 1 - Fraction(43_201, 6_721_188)
    assert found.verdict is Verdict.MET
