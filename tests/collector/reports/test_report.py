"""Reports of a month: what is in them, and that they are the ledger."""

import random
from decimal import Decimal
from pathlib import Path

import pytest

from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Bucket, Ledger
from pantau_collector.ledger.interval import total
from pantau_collector.ledger.spans import Span
from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.reports import as_json
from pantau_collector.reports.document import (
    CameraRow,
    Figures,
    OutageKind,
    OutageRow,
    Period,
    Rate,
    Repairs,
    Report,
    Scope,
    Told,
    worst_first,
)
from pantau_collector.reports.maker import KEYS, ReportError
from pantau_collector.settlement import Month
from pantau_collector.settlement.tally import times_without_contract
from pantau_collector.store import Store, incident_rows, notice_rows, outbox_rows, request_rows
from pantau_collector.store.outbox_rows import Status
from tests.collector.reports.small_city import (
    BEGIN_MS,
    DAY_MS,
    END_MS,
    HOUR_MS,
    OCTOBER,
    SmallCity,
    at,
    contract,
    kabil,
    nongsa,
)

MINUTE_MS = 60_000


def outages_of(report: Report, camera: str) -> list[OutageRow]:
    return [each for each in report.outages if f"{each.site}/{each.camera}" == camera]


@pytest.mark.parametrize("key", KEYS)
def test_cameras_groups_days_and_outages_are_the_ledger_to_the_millisecond(city: SmallCity, key: str) -> None:
    report = city.maker().city(key)  # type: ignore[arg-type] # one of KEYS
    ledger = Ledger(city.store, city.history)
    expected: dict[Bucket, int] = {Bucket.NOT_KNOWN: END_MS - BEGIN_MS}  # nongsa/never
    for site in ("kabil", "nongsa"):
        for intervals in ledger.site_intervals(site, BEGIN_MS, END_MS).values():
            for bucket, ms in total(intervals).by_bucket.items():
                expected[bucket] = expected.get(bucket, 0) + ms
    expected = {bucket: ms for bucket, ms in expected.items() if ms}
    assert report.total.ms == expected
    for rows in (report.cameras, report.groups, report.days):
        sums = {bucket: sum(row.figures.ms.get(bucket, 0) for row in rows) for bucket in Bucket}
        assert {bucket: ms for bucket, ms in sums.items() if ms} == expected
    lost = {bucket: sum(each.ms.get(bucket, 0) for each in report.outages) for bucket in Bucket}
    assert {bucket: ms for bucket, ms in lost.items() if ms} == {
        bucket: ms for bucket, ms in expected.items() if bucket not in (Bucket.WORKING, Bucket.OUT_OF_SERVICE)
    }


def test_the_rates_are_those_that_the_settlement_computes_without_a_contract(city: SmallCity) -> None:
    report = city.maker().city("site")
    ledger = Ledger(city.store, city.history)
    for row in report.cameras:
        intervals = ledger.intervals(row.site, row.camera, BEGIN_MS, END_MS)
        times = times_without_contract(intervals, Span(BEGIN_MS, END_MS))
        online, intact, measured = row.figures.online, row.figures.intact, row.figures.measured
        assert (online.good_ms, intact.good_ms, online.of_ms) == (
            times.online_ms,
            times.intact_ms,
            times.judged_ms,
        )
        assert (measured.good_ms, measured.of_ms) == (times.measured_ms, times.service_ms)


def test_outages_are_runs_of_lost_time_with_their_bucket_and_evidence(city: SmallCity) -> None:
    report = city.maker().city("owner")
    gate = outages_of(report, "kabil/gate")
    assert [(each.kind, each.bucket, each.evidence) for each in gate] == [
        (OutageKind.OFFLINE, Bucket.CAMERA, "samples"),
        (OutageKind.OFFLINE, Bucket.CAMERA, "samples"),
        (OutageKind.OFFLINE, Bucket.LINK, "backlog"),
        (OutageKind.OFFLINE, Bucket.POWER, "new_boot"),
        (OutageKind.OFFLINE, Bucket.CAMERA, "samples"),
    ]
    first, again, cut, _, last = gate
    assert (first.from_ms, first.lasted_ms) == (at("5 10:00"), 6 * HOUR_MS)
    assert first.cause == "unreachable"
    assert first.repeat_of_ms is None
    assert again.repeat_of_ms == first.to_ms
    assert last.repeat_of_ms is None
    assert cut.well_at_site_ms == cut.lasted_ms
    assert abs(cut.from_ms - at("12 08:00")) <= 20 * MINUTE_MS
    assert last.goes_on
    assert (last.to_ms, last.ms) == (END_MS, {Bucket.CAMERA: 4 * HOUR_MS})
    pole = outages_of(report, "kabil/pole")
    assert [each.kind for each in pole] == [OutageKind.OFFLINE, OutageKind.PICTURE, OutageKind.OFFLINE]


def test_the_means_are_of_the_outages_in_which_nothing_was_seen(city: SmallCity) -> None:
    [row] = [row for row in city.maker().city("site").cameras if row.camera == "gate"]
    ended = [each for each in outages_of(city.maker().city("site"), "kabil/gate") if not each.goes_on]
    assert (row.repairs.outages, row.repairs.repaired, row.repairs.repeats) == (5, 4, 1)
    assert row.repairs.mttr_ms == sum(each.lasted_ms for each in ended) // 4
    assert row.repairs.mtta_ms is None


def test_an_outage_across_the_turn_of_the_month_has_its_true_beginning_and_the_minutes_of_each_month(
    city: SmallCity,
) -> None:
    november = city.maker(Month(2026, 11), now_ms=END_MS + DAY_MS).city("site")
    [outage] = outages_of(november, "kabil/gate")
    assert (outage.from_ms, outage.goes_on) == (at("31 20:00"), True)
    assert outage.ms == {Bucket.CAMERA: DAY_MS}
    assert not outage.begins_before


def test_a_picture_that_is_not_true_is_as_bad_as_no_picture() -> None:
    def row(camera: str, online_ms: int, intact_ms: int, of_ms: int = 100) -> CameraRow:
        figures = Figures({}, Rate(online_ms, of_ms), Rate(intact_ms, of_ms), Rate(of_ms, of_ms))
        return CameraRow("kabil", camera, "", camera, "", "", "", "normal", figures, Repairs(), ())

    rows = (
        row("good", 100, 100),
        row("idle", 0, 0, 0),
        row("down", 60, 60),
        row("frozen", 100, 50),
        row("no", 50, 50),
    )
    report = Report(
        Scope(by="camera"), Period("2026-10", "UTC", 0, 100), True, rows[0].figures, Repairs(), cameras=rows
    )
    assert [each.camera for each in report.worst() if isinstance(each, CameraRow)] == ["no", "frozen", "down"]
    assert [each.camera for each in sorted(rows, key=worst_first)][-2:] == ["good", "idle"]


def test_a_contract_pays_for_an_outage_from_its_true_beginning(city: SmallCity) -> None:
    report = city.maker(Month(2026, 11), now_ms=END_MS + DAY_MS).contract("rawat")
    [delay] = [each for each in report.accounts[0].penalties if each.kind == "delay"]
    assert delay.what == "delay_repair"
    assert (delay.unit, delay.from_ms) == ("kabil/gate", at("31 20:00"))
    assert delay.quantity == 24  # the 4 h of its repair time lie in October
    assert outages_of(report, "kabil/gate")[0].counted_ms == DAY_MS


def test_an_outage_that_began_long_ago_is_followed_back(empty_city: SmallCity) -> None:
    empty_city.enter(kabil())
    [outage] = [
        each
        for each in outages_of(
            empty_city.maker(Month(2026, 12), now_ms=END_MS + 45 * DAY_MS).city("site"), "kabil/gate"
        )
        if each.kind is OutageKind.OFFLINE
    ]
    assert outage.from_ms == at("31 20:00")
    assert outage.lasted_ms == 45 * DAY_MS + 4 * HOUR_MS


def test_who_was_told_and_who_took_it(city: SmallCity) -> None:
    def incident(number: int, camera: str, ended_ms: int | None = None) -> Incident:
        began_ms, opened_ms = at("5 10:00"), at("5 10:02")
        return Incident(
            number, "kabil", camera, "unreachable", (camera,), began_ms, opened_ms, 0.0, resolved_ms=ended_ms
        )

    opened, over = incident(7, "gate"), incident(7, "gate", at("5 16:05"))
    notice = Notice(NoticeKind.OPENED, 7, "kabil", "", "gate", "", "unreachable", "down", at("5 10:00"), ())
    with city.store.begin() as connection:
        incident_rows.save_incidents(connection, [opened], [Transition(TransitionKind.OPENED, opened, 0)])
        incident_rows.save_incidents(connection, [over, incident(8, "pole", at("6 00:00"))], [])
        notice_rows.add(connection, [Notification("noc", notice, 0)], created_ms=0)
        notice_rows.put_in_letter(connection, [1], 5)
        for channel in ("1-mail", "2-wa"):
            outbox_rows.add(connection, 5, Form.SINGLE, NoticeKind.OPENED, [7], "noc", [channel], created_ms=0)
        outbox_rows.finish(connection, 1, Status.SENT, time_ms=at("5 10:03"))
        outbox_rows.finish(connection, 2, Status.DEAD, time_ms=at("5 10:04"))
        request_rows.acknowledge(connection, 7, "Budi", None, created_ms=at("5 10:40"))
        request_rows.acknowledge(connection, 7, "Ani", None, created_ms=at("5 11:00"))
    report = city.maker().city("site")
    first, again, *_ = outages_of(report, "kabil/gate")
    assert first.incident == 7
    assert first.told == (Told("noc", "1-mail", at("5 10:03")),)
    assert (first.taken_by, first.taken_ms) == ("Budi", at("5 10:40"))
    assert (again.incident, again.told, again.taken_by) == (None, (), "")
    assert report.repairs.mtta_ms == 40 * MINUTE_MS
    settled = city.maker().contract("rawat")
    assert outages_of(settled, "kabil/gate")[0].taken_by == "Budi"


def test_a_camera_that_nobody_ever_reported_is_not_known_and_one_that_is_not_listed_says_so(
    city: SmallCity,
) -> None:
    rows = {f"{row.site}/{row.camera}": row for row in city.maker().city("site").cameras}
    never, beach = rows["nongsa/never"], rows["nongsa/beach"]
    assert never.figures.ms == {Bucket.NOT_KNOWN: END_MS - BEGIN_MS}
    assert never.figures.online.percent() is None
    assert never.figures.measured.percent() == 0
    assert never.days == (-1,) * 31
    assert (never.is_listed, beach.is_listed) == (True, False)
    assert beach.owner == "dishub"  # its site's


def test_without_an_inventory_all_cameras_are_reported(city: SmallCity) -> None:
    bare = SmallCity(city.store, inventory=Inventory())
    bare.contracts = []
    report = bare.maker().city("owner")
    assert [row.camera for row in report.cameras] == ["gate", "pole", "beach"]
    [group] = report.groups
    assert (group.key, group.name, group.cameras) == ("", "", 3)


def test_a_month_without_any_data_says_so(empty_city: SmallCity) -> None:
    report = empty_city.maker().city("owner")
    assert not report.has_data
    assert report.total.online.percent() is None
    assert report.worst() == ()
    settled = empty_city.maker().contract("rawat")
    assert not settled.has_data
    [account] = settled.accounts
    assert account.is_met is None
    assert (account.deduction, account.payable) == (Decimal(0), account.fee)
    nothing = SmallCity(empty_city.store, inventory=Inventory())
    assert nothing.maker().city("camera").cameras == ()


def test_a_running_month_is_reported_up_to_now_and_marked(city: SmallCity) -> None:
    now_ms = at("10 12:00")
    report = city.maker(now_ms=now_ms).city("owner")
    assert (report.period.is_running, report.period.to_ms) == (True, now_ms)
    assert len(report.days) == 10
    assert sum(report.total.ms.values()) == 4 * (now_ms - BEGIN_MS)
    [account] = report.accounts
    assert account.is_provisional
    with pytest.raises(ReportError, match="2026-11 has not begun"):
        city.maker(Month(2026, 11), now_ms=now_ms)


def test_the_report_of_a_contract_is_its_settlement(city: SmallCity) -> None:
    report = city.maker().contract("rawat")
    [account] = report.accounts
    assert account.cameras == 3 == len(report.cameras)  # nongsa/beach is not in the inventory, and not covered
    # gate: 6 h + 2.5 h + 4 h down; pole: true again when the power went on the 20th; power counts here: 3 h each
    gate = next(row for row in report.cameras if row.camera == "gate")
    assert gate.figures.ms[Bucket.CAMERA] == 12 * HOUR_MS + HOUR_MS // 2
    assert Bucket.LINK not in report.total.ms  # at_site: the time counts as it was there
    assert sum(account.lost.values()) == sum(each.counted_ms or 0 for each in report.outages)
    assert report.total.ms == account.ms
    sums = {bucket: sum(day.figures.ms.get(bucket, 0) for day in report.days) for bucket in Bucket}
    assert {bucket: ms for bucket, ms in sums.items() if ms} == report.total.ms
    delay = [each for each in account.penalties if each.kind == "delay"]
    first = next(each for each in delay if each.from_ms == at("5 10:00"))
    assert (first.quantity, first.each) == (Decimal(2), "begun_hour")  # 6 h less 4 h
    assert first.amount == 100_000
    assert account.deduction == sum((each.amount for each in account.penalties), Decimal(0))
    assert account.payable == account.fee - account.deduction
    in_city = city.maker().city("owner").accounts[0]
    assert (in_city.deduction, in_city.ms, in_city.availability) == (
        account.deduction,
        account.ms,
        account.availability,
    )


def test_a_contract_of_a_part_of_the_month_has_the_outages_of_that_part(city: SmallCity) -> None:
    city.contracts = [contract(valid_from="2026-10-05", valid_to="2026-10-05")]
    report = city.maker().contract("rawat")
    [gate] = outages_of(report, "kabil/gate")
    assert gate.ms == {Bucket.CAMERA: 6 * HOUR_MS}
    assert sum(report.cameras[0].figures.ms.values()) == DAY_MS


def test_an_unknown_contract_and_no_contracts_are_errors_that_help(city: SmallCity) -> None:
    with pytest.raises(ReportError, match="no contract `rawatt`; did you mean `rawat`"):
        city.maker().contract("rawatt")
    city.contracts = [contract(covers=[{"sites": ["elsewhere"]}])]
    with pytest.raises(ReportError, match="rawat: it covers no camera in 2026-10"):
        city.maker().contract("rawat")
    city.contracts = []
    with pytest.raises(ReportError, match="there are no contracts"):
        city.maker().contract("rawat")


def test_the_order_in_which_messages_arrive_makes_no_difference(empty_city: SmallCity, told_story: Path) -> None:
    told = Store.at(told_story)
    expected = as_json.render(SmallCity(told).maker().city("owner"))
    told.close()
    records = [*kabil(), *nongsa()]
    random.Random(1).shuffle(records)
    for begin in range(0, len(records), 2000):
        empty_city.enter(records[begin : begin + 2000])
    assert as_json.render(empty_city.maker().city("owner")) == expected


def test_the_worst_come_first(city: SmallCity) -> None:
    names = [getattr(row, "key", "") for row in city.maker().city("camera").worst()]
    assert names == ["kabil/pole", "kabil/gate"]  # the pole was online longer, with a picture that was not true
    assert city.maker(OCTOBER).city("camera").worst(1)[0].figures.online.percent() is not None
