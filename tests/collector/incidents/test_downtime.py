"""When downtimes are, and what they cover."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from pantau_collector.incidents.calendar import Calendar
from pantau_collector.incidents.case import Case
from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime, DowntimeError, Scope, check, occurrence
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.mute import Mute
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import device_subject
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite, InventoryUplink

HOUR_MS = 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


SUNDAYS = Downtime(1, Scope.SITE, "kabil", ms("2026-11-01 16:00"), rrule="FREQ=WEEKLY;BYDAY=SU", duration_s=10_800)
"""A downtime on Sundays at 23:00 in Jakarta, for three hours."""


def test_a_recurring_downtime_is_by_the_wall_clock_of_its_zone() -> None:
    found = occurrence(SUNDAYS, ms("2026-11-22 18:59"))
    assert found == (ms("2026-11-22 16:00"), ms("2026-11-22 19:00"))
    following = occurrence(SUNDAYS, ms("2026-11-22 19:00"))
    assert following == (ms("2026-11-29 16:00"), ms("2026-11-29 19:00"))


def test_a_recurring_downtime_keeps_its_hour_where_clocks_are_set() -> None:
    nightly = Downtime(
        1,
        Scope.SITE,
        "x",
        ms("2026-03-27 03:00"),
        rrule="FREQ=DAILY",
        duration_s=3600,
        timezone="Europe/Amsterdam",
    )
    assert occurrence(nightly, ms("2026-03-28 12:00")) == (ms("2026-03-29 02:00"), ms("2026-03-29 03:00"))


def test_a_recurring_downtime_ends_and_a_cancelled_one_never_is() -> None:
    limited = replace(SUNDAYS, end_ms=ms("2026-11-10 00:00"))
    assert occurrence(limited, ms("2026-11-09 00:00")) is None
    assert occurrence(replace(SUNDAYS, cancelled_ms=1), SUNDAYS.start_ms) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rrule": None}, "needs an end after its start"),
        ({"duration_s": 0}, "needs a duration"),
        ({"rrule": "WEEKLY ON SUNDAY"}, "is no recurrence rule"),
        ({"timezone": "Batam"}, "is no time zone"),
    ],
)
def test_one_that_can_never_be_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DowntimeError, match=said):
        check(replace(SUNDAYS, **change))


def test_the_calendar_says_when_something_has_changed_and_not_else() -> None:
    calendar = Calendar()
    once = Downtime(2, Scope.OWNER, "dishub", start_ms=1000, end_ms=2000)
    calendar.set_downtimes([once])
    said = [(now, calendar.advance(now), len(calendar.active)) for now in (0, 999, 1000, 1500, 2000, 3000)]
    assert said == [
        (0, False, 0),
        (999, False, 0),
        (1000, True, 1),
        (1500, False, 1),
        (2000, True, 0),
        (3000, False, 0),
    ]
    calendar.set_downtimes([Downtime(3, Scope.OWNER, "dishub", start_ms=1000, end_ms=9000)])
    assert calendar.advance(3001)


def test_a_downtime_that_cannot_be_evaluated_is_set_aside_and_the_others_go_on() -> None:
    calendar = Calendar()
    once = Downtime(2, Scope.OWNER, "dishub", start_ms=1000, end_ms=2000)
    endless = replace(SUNDAYS, id=1, rrule="FREQ=WEEKLY;INTERVAL=0")
    lost = replace(SUNDAYS, id=3, timezone="Batam")
    calendar.set_downtimes([endless, once, lost])
    assert calendar.advance(1500)
    assert (calendar.active, calendar.usable) == ([once], [once])
    assert calendar.unusable.keys() == {1, 3}
    calendar.set_downtimes([once, replace(SUNDAYS, id=3)])
    assert calendar.unusable == {}


def test_a_clock_that_was_wrong_for_a_while_loses_no_downtime() -> None:
    calendar = Calendar()
    once = Downtime(2, Scope.OWNER, "dishub", start_ms=ms("2026-11-29 22:00"), end_ms=ms("2026-11-29 23:00"))
    calendar.set_downtimes([once])
    assert not calendar.advance(ms("2099-01-01 00:00"))
    assert calendar.advance(ms("2026-11-29 22:30"))
    assert calendar.advance(ms("2026-11-29 21:30"))
    assert calendar.active == []


INVENTORY = Inventory(
    uplinks=[InventoryUplink(id="batam"), InventoryUplink(id="telkom", via="batam")],
    sites=[InventorySite(id="kabil", uplink="telkom"), InventorySite(id="nongsa")],
    devices=[
        InventoryDevice(site="kabil", id="sw", kind="switch"),
        InventoryDevice(site="kabil", id="nvr", kind="recorder", via="sw"),
    ],
    cameras=[
        InventoryCamera(site="kabil", id="cam1", via="nvr", owner="dishub", project="jalan"),
        InventoryCamera(site="kabil", id="cam2", owner="polisi", project="jalan"),
    ],
)


@pytest.mark.parametrize(
    ("scope", "target", "covered"),
    [
        (Scope.CAMERA, "kabil/cam1", {"cam1", "device:nvr"}),
        (Scope.DEVICE, "kabil/sw", {"cam1", "device:nvr"}),
        (Scope.SITE, "kabil", {"cam1", "cam2", "", "device:nvr"}),
        (Scope.SITE, "nongsa", set()),
        (Scope.UPLINK, "batam", {"cam1", "cam2", "", "device:nvr"}),
        (Scope.OWNER, "dishub", {"cam1", "device:nvr"}),
        (Scope.PROJECT, "jalan", {"cam1", "cam2", "", "device:nvr"}),
    ],
)
def test_what_is_covered_is_all_of_it_and_nothing_else(scope: Scope, target: str, covered: set[str]) -> None:
    mute = Mute(Coverage(INVENTORY, Topology(INVENTORY)))
    mute.set_active([Downtime(7, scope, target, 0, 1)])
    case = Case("kabil", "kabil")
    case.proposals = {
        "cam1": Proposal("stalled", ("cam1",), 0),
        "cam2": Proposal("stalled", ("cam2",), 0),
        "": Proposal("site_dark", ("cam1", "cam2"), 0),
        device_subject("nvr"): Proposal("device_down", ("cam1",), 0),
    }
    mute(case, Moment(0, 0.0))
    assert {subject for subject, proposal in case.proposals.items() if proposal.downtime == "7"} == covered


def test_an_owners_maintenance_covers_what_is_theirs_and_nobody_elses_at_their_site() -> None:
    inventory = Inventory(
        sites=[InventorySite(id="kabil", owner="dishub")],
        cameras=[
            InventoryCamera(site="kabil", id="cam1"),
            InventoryCamera(site="kabil", id="cam2", owner="polisi"),
        ],
    )
    mute = Mute(Coverage(inventory, Topology(inventory)))
    mute.set_active([Downtime(7, Scope.OWNER, "dishub", 0, 1)])
    case = Case("kabil", "kabil")
    case.proposals = {
        "cam1": Proposal("stalled", ("cam1",), 0),
        "cam2": Proposal("stalled", ("cam2",), 0),
        "new": Proposal("stalled", ("new",), 0),
        "": Proposal("site_dark", ("cam1", "cam2"), 0),
    }
    mute(case, Moment(0, 0.0))
    assert {subject for subject, proposal in case.proposals.items() if proposal.downtime} == {"cam1", "new"}
    case.proposals = {"": Proposal("agent_gone", (), 0)}
    mute(case, Moment(0, 0.0))
    assert case.proposals[""].downtime == "7"


def test_an_uplinks_outage_is_covered_where_all_of_its_sites_are() -> None:
    mute = Mute(Coverage(INVENTORY, Topology(INVENTORY)))
    case = Case("uplink:telkom", "")
    for scope, target, downtime in (
        (Scope.UPLINK, "batam", "7"),
        (Scope.SITE, "kabil", "7"),
        (Scope.SITE, "x", ""),
    ):
        case.proposals = {"uplink:telkom": Proposal("uplink_down", ("kabil/cam1",), 0, sites=("kabil",))}
        mute.set_active([Downtime(7, scope, target, 0, 1)])
        mute(case, Moment(0, 0.0))
        assert case.proposals["uplink:telkom"].downtime == downtime, target
