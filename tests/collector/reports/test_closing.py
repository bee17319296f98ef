"""A closed month stays as it was; what is known otherwise since is a correction, in milliseconds and in rupiah."""

import zlib
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, update

from pantau_collector.attribution import Decision, add_decision
from pantau_collector.backup.create import create_backup
from pantau_collector.data_dir import DataDir
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.incidents.incident import Incident
from pantau_collector.journal import Journal
from pantau_collector.ledger import Bucket
from pantau_collector.reports import as_json, closing
from pantau_collector.reports.document import Milliseconds, Report
from pantau_collector.reports.maker import CannotCloseError, ReportError
from pantau_collector.settlement import Month
from pantau_collector.store import (
    Store,
    StoreError,
    closed_rows,
    downtime_rows,
    incident_rows,
    request_rows,
    schema,
)
from pantau_collector.store.old_rows import remove_old
from tests.collector.reports.small_city import (
    AFTER_MS,
    DAY_MS,
    END_MS,
    HOUR_MS,
    OCTOBER,
    SmallCity,
    at,
    contract,
    kabil,
    late_backlog,
    nongsa,
)
from tests.servers.postgresql import PostgreSQL

LINES = {
    "id": "jalur",
    "kind": "line",
    "party": "telkom",
    "covers": [{"uplinks": ["metro"]}],
    "counts": ["link"],
    "available": ["below_standard", "picture", "camera", "device"],
    "link": "unseen",
    "unit": "site",
    "classes": [],
    "penalties": [{"kind": "restitution"}],
}


@pytest.fixture
def waiting(empty_city: SmallCity) -> SmallCity:
    """A city whose backlog has not come yet, with two contracts."""
    empty_city.enter([*kabil(backlog=False), *nongsa()])
    empty_city.contracts = [contract(**LINES), contract()]
    return empty_city


def difference(then: Milliseconds, now: Milliseconds) -> Milliseconds:
    sums = {bucket: now.get(bucket, 0) - then.get(bucket, 0) for bucket in Bucket}
    return {bucket: ms for bucket, ms in sums.items() if ms}


def test_a_late_backlog_corrects_a_closed_month_by_the_difference_of_two_reports(waiting: SmallCity) -> None:
    names = ("jalur", "rawat")
    city, settled = waiting.maker().city("owner"), {name: waiting.maker().contract(name) for name in names}
    closed = waiting.maker().close("Ibu Sari")
    assert (closed.month, closed.by, len(closed.digest)) == ("2026-10", "Ibu Sari", 64)
    waiting.enter(late_backlog())
    open_city = SmallCity(waiting.store)
    open_city.contracts = waiting.contracts
    corrected = waiting.maker()
    shown = corrected.city("owner")
    waiting.change(lambda connection: [connection.execute(table.delete()) for table in CLOSED])
    now_city, now = waiting.maker().city("owner"), {name: waiting.maker().contract(name) for name in names}
    assert shown.total == city.total != now_city.total
    assert (shown.groups, shown.outages, shown.accounts) == (city.groups, city.outages, city.accounts)
    by_contract = {each.contract: each for each in shown.corrections}
    assert by_contract.keys() == {"", *names}
    assert by_contract[""].ms == difference(city.total.ms, now_city.total.ms) != {}
    for name in names:
        then, later, found = settled[name].accounts[0], now[name].accounts[0], by_contract[name]
        assert found.ms == difference(then.ms, later.ms)
        assert sum(found.ms.values()) == 0
        assert (found.deduction_then, found.deduction_now) == (then.deduction, later.deduction)
        assert found.amount == later.deduction - then.deduction
        assert not found.contract_changed
    assert by_contract["jalur"].amount not in (None, Decimal(0))


CLOSED = (schema.closed_months, schema.closed_documents)


def test_the_report_of_a_contract_of_a_closed_month_has_its_correction_alone(waiting: SmallCity) -> None:
    before = waiting.maker().contract("rawat")
    waiting.maker().close("Ibu Sari")
    assert waiting.maker().contract("rawat").corrections == ()
    waiting.enter(late_backlog())
    after = waiting.maker().contract("rawat")
    assert [each.contract for each in after.corrections] == ["rawat"]
    assert replace(after, period=before.period, corrections=()) == before
    assert (after.period.closed_by, after.period.closed_ms) == ("Ibu Sari", AFTER_MS)


def test_every_report_of_a_closed_month_is_the_one_that_it_was(city: SmallCity) -> None:
    keys = ("owner", "maintainer", "project", "uplink", "site", "camera")
    before = {key: city.maker().city(key) for key in keys}  # type: ignore[arg-type] # a key
    city.maker().close("Ibu Sari")
    for key in keys:
        after = city.maker().city(key)  # type: ignore[arg-type] # a key
        assert replace(after, period=before[key].period) == before[key]
        assert as_json.parse(as_json.render(after)) == after


def test_a_closed_month_needs_no_incidents_and_no_contracts_any_more(city: SmallCity) -> None:
    incident = Incident(
        *(7, "kabil", "gate", "unreachable", ("gate",), at("5 10:00"), at("5 10:02"), 0.0),
        resolved_ms=at("5 16:05"),
    )

    def happen(connection: Connection) -> None:
        incident_rows.save_incidents(connection, [incident, replace(incident, id=8, since_ms=END_MS)], [])
        request_rows.acknowledge(connection, 7, "Budi", None, created_ms=at("5 13:00"))
        request_rows.acknowledge(connection, 8, "Budi", None, created_ms=END_MS)

    delays = [{"kind": "delay", "after": "response", "each": "begun_hour", "amount": 1000}]
    city.contracts = [contract(penalties=delays)]
    city.change(happen)
    before = city.maker().contract("rawat")
    assert before.accounts[0].deduction > 0
    city.maker().close("Ibu Sari")
    city.change(lambda connection: remove_old(connection, END_MS, 100))
    with city.store.begin() as connection:
        assert incident_rows.load_incident(connection, 7) is None
    city.contracts = []
    after = city.maker().contract("rawat")
    assert (after.outages, after.accounts) == (before.outages, before.accounts)
    assert [each.amount for each in after.corrections] == [0]
    assert after.corrections[0].contract_changed
    with pytest.raises(ReportError, match="2026-10 was closed without a contract `rawot`; did you mean `rawat`"):
        city.maker().contract("rawot")


def test_a_decision_about_a_closed_month_is_a_correction(city: SmallCity) -> None:
    then = city.maker().contract("rawat").accounts[0]
    city.maker().close("Ibu Sari")
    decision = Decision(
        id=0,
        incident=1,
        cameras=(("kabil", "gate"),),
        from_ms=at("5 09:00"),
        to_ms=at("5 17:00"),
        to=Bucket.THIRD_PARTY,
        party="PT X",
        reason="a lorry",
        by="Budi",
        created_ms=AFTER_MS,
        before={("kabil", "gate"): {Bucket.CAMERA: 6 * HOUR_MS}},
    )
    city.change(lambda connection: add_decision(connection, decision))
    report = city.maker().contract("rawat")
    [correction] = report.corrections
    assert correction.ms == {Bucket.CAMERA: -6 * HOUR_MS, Bucket.THIRD_PARTY: 6 * HOUR_MS}
    assert correction.amount is not None
    assert correction.amount < 0
    assert report.accounts == (then,)
    assert [(each.by, each.reason, each.before) for each in report.decisions] == [
        ("Budi", "a lorry", {Bucket.CAMERA: 6 * HOUR_MS})
    ]


def test_a_contract_that_reads_otherwise_since_changes_nothing_and_is_told(city: SmallCity) -> None:
    then = city.maker().contract("rawat").accounts
    city.maker().close("Ibu Sari")
    city.contracts = [contract(fee=99_000_000, target="99.9")]
    report = city.maker().contract("rawat")
    assert report.accounts == then
    [correction] = report.corrections
    assert (correction.ms, correction.amount) == ({}, Decimal(0))
    assert correction.contract_changed


def test_contracts_are_kept_as_they_read() -> None:
    every = [
        contract(**LINES),
        contract(hours=["Mon-Fri 07:30-16:00"], holidays=["2026-10-10"], cap_percent="7.5"),
    ]
    assert closing.parse_rules(closing.rules(every)) == sorted(every, key=lambda each: each.id)


def test_a_month_is_closed_once_and_only_when_it_is_over_everywhere(city: SmallCity) -> None:
    for now_ms in (END_MS - 1, at("10 00:00")):
        with pytest.raises(CannotCloseError, match="2026-10 is not over"):
            city.maker(now_ms=now_ms).close("Ibu Sari")
    city.contracts = [contract(zone="Europe/London")]
    with pytest.raises(CannotCloseError, match="2026-10 is not over"):
        city.maker(now_ms=END_MS).close("Ibu Sari")
    city.contracts = [contract()]
    city.maker(now_ms=END_MS).close("Ibu Sari")
    with pytest.raises(CannotCloseError, match="2026-10 is closed already, by Ibu Sari"):
        city.maker().close("Pak Budi")
    other, late = city.maker(Month(2026, 9)), city.maker()
    other.close("Ibu Sari")
    with city.store.begin() as connection, pytest.raises(StoreError, match="closed already, by Ibu Sari"):
        closed_rows.save_closed(connection, late.closed, [])  # type: ignore[arg-type] # it is closed


def test_a_closed_month_whose_maintenance_is_forgotten_is_final(city: SmallCity) -> None:
    planned = Downtime(
        0, Scope.SITE, "kabil", at("5 00:00"), end_ms=at("6 00:00"), by="x", reason="y", created_ms=0
    )
    city.change(lambda connection: downtime_rows.add_downtime(connection, planned))
    city.change(
        lambda connection: downtime_rows.add_downtime(
            connection, replace(planned, start_ms=END_MS, end_ms=AFTER_MS)
        )
    )
    before = city.maker().city("site")
    assert before.total.ms[Bucket.MAINTENANCE] == 6 * HOUR_MS
    city.maker().close("Ibu Sari")
    assert not city.maker().city("site").is_final
    city.change(lambda connection: remove_old(connection, END_MS + 370 * DAY_MS, 100))
    assert not city.maker().city("site").is_final
    city.change(lambda connection: remove_old(connection, END_MS + 380 * DAY_MS, 100))
    for report in (city.maker().city("site"), city.maker().contract("rawat")):
        assert report.is_final
        assert report.corrections == ()
    assert city.maker().city("site").total == before.total


@pytest.mark.parametrize("damage", ["cut off", "another figure"])
def test_a_damaged_document_is_refused(city: SmallCity, damage: str) -> None:
    city.maker().close("Ibu Sari")
    with city.store.begin() as connection:
        content = closed_rows.load_document(connection, "2026-10", "by/owner")
        assert content is not None
        body = b"x" if damage == "cut off" else zlib.compress(content.replace(b"1", b"9"))
        table = schema.closed_documents
        connection.execute(update(table).where(table.c.name == "by/owner").values(body=body))
    with pytest.raises(StoreError, match="by/owner of the closed month 2026-10 is damaged"):
        city.maker().city("owner")
    assert city.maker().city("site").groups


def test_a_closed_month_is_in_a_backup(city: SmallCity, tmp_path: Path) -> None:
    city.maker().close("Ibu Sari")
    data = tmp_path / "data"
    Journal(data / "journal").close()
    create_backup(data, tmp_path / "copy", has_store=True, time_ms=AFTER_MS)
    copy = Store.at(DataDir(tmp_path / "copy").store)
    with copy.begin() as connection:
        assert closed_rows.document_names(connection, "2026-10")[:2] == ["by/camera", "by/maintainer"]
        assert closed_rows.load_document(connection, "2026-10", "city") is not None
    copy.close()


def test_postgresql_does_the_same(postgresql: PostgreSQL, waiting: SmallCity) -> None:
    there = SmallCity(Store(postgresql.create_database("reports")))
    there.contracts = waiting.contracts
    there.enter([*kabil(backlog=False), *nongsa()])
    assert _closed_and_corrected(there) == _closed_and_corrected(waiting)
    there.store.close()


def _closed_and_corrected(city: SmallCity) -> list[Report]:
    city.maker().close("Ibu Sari")
    city.enter(late_backlog())
    return [city.maker(OCTOBER).city("maintainer"), city.maker().contract("jalur")]
