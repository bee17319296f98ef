from typing import Any

import pytest

from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite, InventoryUplink
from pantau_collector.notices.announcements import plan_announcements
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.recipients import NoticeRules, People

HOUR_MS = 3_600_000
START_MS = 1_795_507_200_000 - 8 * HOUR_MS + 19 * HOUR_MS  # 02:00 WIB
INVENTORY = Inventory(
    uplinks=[InventoryUplink(id="menara", name="Menara", via="pusat"), InventoryUplink(id="pusat")],
    sites=[InventorySite(id="kabil", name="Simpang Kabil", uplink="menara"), InventorySite(id="nongsa")],
    devices=[
        InventoryDevice(site="kabil", id="switch", name="Switch tiang", kind="switch"),
        InventoryDevice(site="kabil", id="nvr", kind="recorder", via="switch"),
    ],
    cameras=[
        InventoryCamera(site="kabil", id="cam1", owner="dishub", via="nvr", project="Tol"),
        InventoryCamera(site="kabil", id="cam2", owner="polisi"),
        InventoryCamera(site="nongsa", id="cam3", owner="dishub"),
    ],
)


def at(
    hours_before: float, *downtimes: Downtime, announced: set[str] | None = None, **keys: Any
) -> list[Notification]:
    who = People.model_validate({"recipient": [{"id": "noc", "urls": ["json://h/"], **keys}]})
    now_ms = START_MS - int(hours_before * HOUR_MS)
    known = announced or set()
    steps = {step: {"noc"} for step in known}
    rules, coverage = NoticeRules(announce_min=60), Coverage(INVENTORY, Topology(INVENTORY))
    return plan_announcements(
        downtimes, lambda step: steps.get(step, set()), who, INVENTORY, coverage, {}, rules, now_ms
    )


def downtime(scope: Scope = Scope.SITE, target: str = "kabil", **more: Any) -> Downtime:
    facts: dict[str, Any] = {"start_ms": START_MS, "end_ms": START_MS + HOUR_MS, "reason": "ganti switch"}
    return Downtime(3, scope, target, **{**facts, **more})


def test_it_is_announced_once_an_hour_before_it_begins() -> None:
    assert at(1.1, downtime()) == []
    (notification,) = at(1, downtime())
    notice = notification.notice
    assert (notice.kind, notice.place, notice.detail) == (NoticeKind.MAINTENANCE, "Simpang Kabil", "ganti switch")
    assert (notice.since_ms, notice.until_ms) == (START_MS, START_MS + HOUR_MS)
    assert at(0.5, downtime(), announced={notification.step}) == []
    assert at(0, downtime()) == [], "it has begun"
    assert at(1, downtime(cancelled_ms=1)) == []


def test_each_occurrence_of_one_that_recurs_is_announced() -> None:
    weekly = downtime(rrule="FREQ=WEEKLY", end_ms=None, duration_s=3600)
    (first,) = at(1, weekly)
    (second,) = at(1 - 7 * 24, weekly, announced={first.step})
    assert second.notice.since_ms == START_MS + 7 * 24 * HOUR_MS
    assert at(-3 * 24, weekly, announced={first.step}) == []


def test_who_has_quiet_hours_then_is_told_before_they_begin() -> None:
    quiet: dict[str, Any] = {"quiet_hours": ["22:00-06:00"]}
    assert at(4.5, downtime(), **quiet) == []
    (notification,) = at(4, downtime(), **quiet)
    assert notification.ready_ms == START_MS - 4 * HOUR_MS
    assert at(1, downtime(), announced={notification.step}, **quiet) == []


@pytest.mark.parametrize(
    ("scope", "target", "place", "cameras"),
    [
        (Scope.CAMERA, "kabil/cam1", "Simpang Kabil / cam1", ["cam1"]),
        (Scope.DEVICE, "kabil/switch", "Simpang Kabil / Switch tiang", ["cam1"]),
        (Scope.SITE, "kabil", "Simpang Kabil", ["cam1", "cam2"]),
        (Scope.UPLINK, "pusat", "pusat", ["cam1", "cam2"]),
        (Scope.OWNER, "dishub", "dishub", ["cam1", "cam3"]),
        (Scope.PROJECT, "Tol", "Tol", ["cam1"]),
    ],
)
def test_it_says_what_it_covers(scope: Scope, target: str, place: str, cameras: list[str]) -> None:
    (notification,) = at(1, downtime(scope, target))
    assert notification.notice.place == place
    assert [camera.id for camera in notification.notice.cameras] == cameras


def test_it_is_announced_to_those_whose_cameras_it_covers() -> None:
    (notification,) = at(1, downtime(), owners=["polisi"])
    assert [camera.id for camera in notification.notice.cameras] == ["cam2"]
    assert at(1, downtime(), owners=["lain"]) == []
    assert at(1, downtime(), escalations_only=True) == []
