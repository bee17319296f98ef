from typing import Any

import pytest
from msgspec.structs import replace

from pantau_collector.fleet.model import Camera, Site
from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition
from pantau_collector.incidents.transition import TransitionKind as Step
from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, InventoryUplink, Party
from pantau_collector.notices.filtering import matching_cameras
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.plan import plan
from pantau_collector.notices.recipients import NoticeRules, People
from tests.collector.notices.examples import SINCE_MS

INVENTORY = Inventory(
    owners=[Party(id="dishub", name="Dinas Perhubungan")],
    uplinks=[InventoryUplink(id="timur", name="Menara Timur", maintainer="telco")],
    sites=[InventorySite(id="kabil", uplink="timur"), InventorySite(id="sekupang", owner="dishub")],
    cameras=[
        InventoryCamera(site="kabil", id="cam1", owner="dishub", maintainer="sinar", criticality="high"),
        InventoryCamera(site="kabil", id="cam2", owner="dishub", maintainer="lain", project="Tol"),
        InventoryCamera(site="kabil", id="cam3", owner="polisi", maintainer="sinar", tags=["malam"]),
    ],
)
SITES = {"kabil": Site("kabil", first_s=0, cameras={"cam1": Camera("cam1", first_s=0, name="by the agent")})}
WHOLE = Incident(7, "kabil", None, "site_dark", ("cam1", "cam2", "cam3"), 1, 2, 3.0)
ONE = Incident(8, "kabil", "cam2", "stalled", ("cam2",), 1, 2, 3.0)
HIGH = Incident(9, "kabil", "cam1", "stalled", ("cam1",), 1, 2, 3.0)
UPLINK = Incident(
    10, "", None, "uplink_down", ("kabil/cam1", "kabil/cam3"), 1, 2, 3.0, uplink="timur", sites=("a",)
)
NOON_MS = SINCE_MS - SINCE_MS % 86_400_000 + 5 * 3_600_000  # 12:00 WIB, a Tuesday
NIGHT_MS = NOON_MS + 12 * 3_600_000
SIX_MS = NIGHT_MS + 6 * 3_600_000
OPENED, RESOLVED, ESCALATED, FLAPPING = (
    NoticeKind.OPENED,
    NoticeKind.RESOLVED,
    NoticeKind.ESCALATED,
    NoticeKind.FLAPPING,
)


def people(*recipients: dict[str, Any], group: Any = (), escalation: Any = ()) -> People:
    defaults = {"id": "noc", "urls": ["json://localhost/1"]}
    return People.model_validate(
        {
            "recipient": [{**defaults, **each} for each in recipients or ({},)],
            "group": list(group),
            "escalation": list(escalation),
        }
    )


def notify(
    kind: Step,
    incident: Incident = ONE,
    who: People | None = None,
    notified: dict[str, set[NoticeKind]] | None = None,
    time_ms: int = NOON_MS,
) -> list[Notification]:
    rules = NoticeRules(gather_s=30)
    return plan(Transition(kind, incident, time_ms), notified or {}, who or people(), INVENTORY, SITES, rules)


def whom(notifications: list[Notification]) -> list[tuple[str, NoticeKind]]:
    return [(notification.recipient, notification.notice.kind) for notification in notifications]


def with_(incident: Incident, **more: Any) -> Incident:

    return replace(incident, **more)


@pytest.mark.parametrize(
    ("keys", "cameras"),
    [
        ({}, ["cam1", "cam2", "cam3"]),
        ({"owners": ["dishub"]}, ["cam1", "cam2"]),
        ({"maintainers": ["sinar"]}, ["cam1", "cam3"]),
        ({"owners": ["dishub"], "maintainers": ["sinar"]}, ["cam1"]),
        ({"owners": ["polisi"], "maintainers": ["lain"]}, None),
        ({"sites": ["kabil"], "owners": ["polisi"]}, ["cam3"]),
        ({"sites": ["nongsa"]}, None),
        ({"projects": ["Tol"]}, ["cam2"]),
        ({"criticality": ["high"]}, ["cam1"]),
        ({"tags": ["malam"]}, ["cam3"]),
        ({"causes": ["site_dark"]}, ["cam1", "cam2", "cam3"]),
        ({"causes": ["black"]}, None),
        ({"hours": ["Sel 11:00-13:00"]}, ["cam1", "cam2", "cam3"]),
        ({"hours": ["Sel 11:00-13:00"], "timezone": "Asia/Jayapura"}, None),
        ({"hours": ["22:00-06:00"]}, None),
    ],
)
def test_a_recipient_is_concerned_by_cameras_that_fit_all_of_its_keys(
    keys: dict[str, Any], cameras: list[str] | None
) -> None:
    who = people(keys)
    found = matching_cameras(who, who.recipient[0], WHOLE, INVENTORY, NOON_MS)
    assert found == (None if cameras is None else tuple(("kabil", camera) for camera in cameras))


def test_a_site_without_cameras_concerns_those_who_look_after_it() -> None:
    empty = Incident(9, "sekupang", None, "agent_gone", (), 1, 2, 3.0)

    def is_concerned(**keys: Any) -> bool:
        who = people(keys)
        return matching_cameras(who, who.recipient[0], empty, INVENTORY, NOON_MS) == ()

    assert is_concerned()
    assert is_concerned(sites=["sekupang"])
    assert is_concerned(owners=["dishub"])
    assert not is_concerned(sites=["kabil"])
    assert not is_concerned(owners=["polisi"])
    assert not is_concerned(criticality=["high"])


def test_who_mends_an_uplink_is_told_of_all_that_it_takes_down() -> None:
    who = people({"maintainers": ["telco"]})
    assert whom(notify(Step.OPENED, UPLINK, who)) == [("noc", OPENED)]
    (notification,) = notify(Step.OPENED, UPLINK, who)
    assert notification.notice.place == "Menara Timur"
    assert len(notification.notice.cameras) == 2
    assert notify(Step.OPENED, HIGH, who) == []


def test_a_group_tells_its_members_what_fits_it() -> None:
    who = people(
        {"id": "ani"},
        {"id": "budi", "owners": ["polisi"]},
        {"id": "cici"},
        group=[{"id": "malam", "members": ["ani", "budi"], "projects": ["Tol"]}],
    )
    assert whom(notify(Step.OPENED, ONE, who)) == [("ani", OPENED), ("budi", OPENED), ("cici", OPENED)]
    assert whom(notify(Step.OPENED, HIGH, who)) == [("cici", OPENED)]


def test_each_is_told_once_that_it_began_and_only_those_told_that_it_ended() -> None:
    who = people({"id": "ani"}, {"id": "budi"})
    known = {"ani": {OPENED}}
    assert whom(notify(Step.OPENED, who=who)) == [("ani", OPENED), ("budi", OPENED)]
    for kind in (Step.CHANGED, Step.SPLIT, Step.DOWNTIME_ENDED):
        assert whom(notify(kind, who=who, notified=known)) == [("budi", OPENED)]
    assert whom(notify(Step.RESOLVED, who=who, notified=known)) == [("ani", RESOLVED)]
    assert notify(Step.RESOLVED, who=who) == []
    for kind in (Step.MERGED, Step.DOWNTIME_STARTED, Step.FLAPPING_ENDED):
        assert notify(kind, who=who, notified=known) == []


def test_an_end_is_told_outside_of_the_hours_too() -> None:
    who = people({"hours": ["07:00-16:00"]})
    assert notify(Step.OPENED, who=who, time_ms=NIGHT_MS) == []
    ended = notify(Step.RESOLVED, who=who, notified={"noc": {OPENED}}, time_ms=NIGHT_MS)
    assert whom(ended) == [("noc", RESOLVED)]


def test_in_maintenance_nothing_is_told_but_what_outlives_it_is_and_so_is_an_end() -> None:
    covered = with_(ONE, downtime="3")
    assert notify(Step.OPENED, covered) == []
    assert notify(Step.ESCALATED, with_(covered, escalation=1)) == []
    assert whom(notify(Step.RESOLVED, covered, notified={"noc": {OPENED}})) == [("noc", RESOLVED)]
    (notification,) = notify(Step.DOWNTIME_ENDED)
    assert notification.notice.outlived
    assert not notify(Step.OPENED)[0].notice.outlived


def test_escalation_tells_those_of_its_level_and_those_alone() -> None:
    who = people(
        {"id": "ani"},
        {"id": "kabid", "escalations_only": True, "owners": ["dishub"]},
        {"id": "walikota", "escalations_only": True},
        group=[{"id": "atasan", "members": ["kabid"], "owners": ["dishub"]}],
        escalation=[
            {"after_min": 60, "recipients": ["walikota"], "criticality": ["high"]},
            {"after_min": 15, "recipients": ["atasan", "ani"]},
        ],
    )
    assert whom(notify(Step.OPENED, HIGH, who)) == [("ani", OPENED)]
    first = notify(Step.ESCALATED, with_(HIGH, escalation=1), who, {"ani": {OPENED}})
    assert whom(first) == [("ani", ESCALATED), ("kabid", ESCALATED)]
    assert {(notification.notice.waited_min, notification.step) for notification in first} == {(15, "1")}
    assert whom(notify(Step.ESCALATED, with_(HIGH, escalation=2), who)) == [("walikota", ESCALATED)]
    assert notify(Step.ESCALATED, with_(ONE, escalation=2), who) == [], "it is not of high criticality"
    assert notify(Step.ESCALATED, with_(HIGH, escalation=3), who) == [], "there is no such level any more"
    assert whom(notify(Step.RESOLVED, HIGH, who, {"kabid": {ESCALATED}})) == [("kabid", RESOLVED)]


def test_that_somebody_has_taken_it_is_told_to_the_others_who_know_of_it() -> None:
    who = people({"id": "ani", "name": "Ani"}, {"id": "budi"}, {"id": "cici"})
    known = {"ani": {OPENED}, "budi": {OPENED}}
    taken = with_(ONE, acknowledged=Acknowledgement("Ani", NOON_MS, NOON_MS + 1))
    (notification,) = notify(Step.ACKNOWLEDGED, taken, who, known)
    assert (notification.recipient, notification.notice.by, notification.notice.until_ms) == (
        "budi",
        "Ani",
        NOON_MS + 1,
    )
    again = notify(Step.ACKNOWLEDGED, taken, who, known, NOON_MS + 5)
    assert [each.step for each in again] != [notification.step]
    assert [each.recipient for each in notify(Step.UNACKNOWLEDGED, ONE, who, known)] == ["ani", "budi"]


def test_flapping_is_told_once_also_to_those_who_know_of_the_outage() -> None:
    flapping = with_(ONE, flapping=True)
    assert whom(notify(Step.FLAPPING_STARTED, flapping, notified={"noc": {OPENED}})) == [("noc", FLAPPING)]
    assert whom(notify(Step.OPENED, flapping)) == [("noc", FLAPPING)]
    assert notify(Step.FLAPPING_STARTED, flapping, notified={"noc": {FLAPPING}}) == []
    assert notify(Step.CHANGED, flapping, notified={"noc": {FLAPPING}}) == []
    assert whom(notify(Step.RESOLVED, ONE, notified={"noc": {FLAPPING}})) == [("noc", RESOLVED)]


def test_what_takes_down_more_than_a_camera_waits_for_others_like_it() -> None:
    def ready(kind: Step, incident: Incident) -> tuple[int, bool]:
        (notification,) = notify(kind, incident, notified={"noc": {OPENED}} if kind is Step.RESOLVED else {})
        return notification.ready_ms - NOON_MS, notification.held

    assert ready(Step.OPENED, ONE) == (0, False)
    assert ready(Step.OPENED, WHOLE) == (30_000, False)
    assert ready(Step.RESOLVED, WHOLE) == (30_000, False)


def test_in_quiet_hours_all_but_the_urgent_is_held_until_they_end() -> None:
    quiet = {"quiet_hours": ["22:00-06:00"]}
    who = people(quiet, escalation=[{"after_min": 5, "recipients": ["noc"]}])

    def ready(kind: Step, incident: Incident, who: People = who, time_ms: int = NIGHT_MS) -> tuple[int, bool]:
        (notification,) = notify(kind, incident, who, {"noc": {OPENED}} if kind is Step.RESOLVED else {}, time_ms)
        return notification.ready_ms, notification.held

    assert ready(Step.OPENED, ONE) == (SIX_MS, True)
    assert ready(Step.RESOLVED, WHOLE) == (NIGHT_MS + 30_000, False), "one of its cameras is urgent"
    assert ready(Step.OPENED, HIGH) == (NIGHT_MS, False)
    assert ready(Step.OPENED, HIGH, people({**quiet, "quiet_except": []})) == (SIX_MS, True)
    assert ready(Step.ESCALATED, with_(ONE, escalation=1)) == (NIGHT_MS, False)
    assert ready(Step.OPENED, ONE, time_ms=SIX_MS) == (SIX_MS, False)
    east = people({**quiet, "timezone": "Asia/Jayapura"})
    assert ready(Step.OPENED, ONE, east) == (SIX_MS - 2 * 3_600_000, True)


def test_a_notice_names_things_as_the_inventory_does_or_else_as_the_agent_does() -> None:
    (notification,) = notify(Step.OPENED, HIGH)
    notice = notification.notice
    assert (notice.site_name, notice.camera_name) == ("kabil", "by the agent")
    assert (notice.cameras[0].owner, notice.cameras[0].maintainer) == ("Dinas Perhubungan", "sinar")


def test_a_camera_of_which_nobody_is_told_to_own_it_is_its_sites() -> None:
    site = Incident(9, "sekupang", "x", "black", ("x",), 1, 2, 3.0)
    (notification,) = notify(Step.OPENED, site, people({"owners": ["dishub"]}))
    assert notification.notice.cameras[0].owner == "Dinas Perhubungan"
