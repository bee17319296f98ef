"""Random site maps and months of random faults: the properties that hold whatever happens."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.topology import Topology
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
)
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.plan import plan
from pantau_collector.notices.recipients import NoticeRules, People
from pantau_collector.simulation.history import Fault, History
from pantau_contract.states import Cause

DAY_S = 86_400
MONTHS_S = 60 * DAY_S
RULES = IncidentRules(settle_s=20, recovery_s=20, regroup_s=60, uplink_window_s=60)
LONG_S = 900.0
"""Seconds after the last change behind one uplink or site by which all notices about it are planned."""

PEOPLE = People.model_validate(
    {
        "recipient": [
            {"id": "noc", "urls": ["json://localhost/noc"]},
            {"id": "a", "owners": ["a"], "urls": ["json://localhost/a"]},
            {"id": "b", "owners": ["b"], "urls": ["json://localhost/b"]},
        ]
    }
)
BEGINS = frozenset({TransitionKind.OPENED, TransitionKind.SPLIT})
ENDS = frozenset({TransitionKind.RESOLVED, TransitionKind.MERGED})


@st.composite
def cities(draw: st.DrawFn) -> Inventory:
    """Draw an inventory in which any level may be missing."""
    uplinks = [
        InventoryUplink(id=f"u{i}", via=draw(st.sampled_from(["", *(f"u{above}" for above in range(i))])))
        for i in range(draw(st.integers(0, 3)))
    ]
    sites, devices, cameras = [], [], []
    for i in range(draw(st.integers(1, 6))):
        site = f"s{i}"
        uplink = draw(st.sampled_from(["", *(uplink.id for uplink in uplinks)]))
        sites.append(InventorySite(id=site, uplink=uplink))
        names = [f"d{j}" for j in range(draw(st.integers(0, 3)))]
        for j, name in enumerate(names):
            via = draw(st.sampled_from(["", *names[:j]]))
            devices.append(InventoryDevice(site=site, id=name, kind="switch", via=via))
        for j in range(draw(st.integers(1, 6))):
            via = draw(st.sampled_from(["", *names]))
            owner = draw(st.sampled_from(["", "a", "b"]))
            cameras.append(InventoryCamera(site=site, id=f"c{j}", via=via, owner=owner))
    return Inventory(uplinks=uplinks, sites=sites, devices=devices, cameras=cameras)


def things(city: Inventory) -> dict[str, list[tuple[str, str]]]:
    """Return what can fail at once: a camera, all behind a device, a site's agent, all agents behind an uplink."""
    topology = Topology(city)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for site, camera in city.cameras:
        found[f"{site}/{camera}"].append((site, camera))
        for device in topology.devices(site).of_camera.get(camera, ()):
            found[f"{site}/{device}"].append((site, camera))
    for site in city.sites:
        found[site].append((site, ""))
        for uplink in topology.uplinks_of(site):
            found[f"uplink {uplink}"].append((site, ""))
    return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[Inventory, list[Fault]]:
    """Draw a city and its faults: for moments or days, within seconds of each other or far apart."""
    city = draw(cities())
    found = things(city)
    faults: list[Fault] = []
    at = 0.0
    for _ in range(draw(st.integers(1, 25))):
        at = (at + draw(st.one_of(st.integers(1, 120), st.integers(120, 3 * DAY_S)))) % MONTHS_S
        lasts = draw(st.one_of(st.integers(1, 60), st.integers(60, 1800), st.integers(1800, 3 * DAY_S)))
        cause = draw(st.sampled_from([Cause.STALLED, Cause.UNREACHABLE, Cause.FROZEN]))
        spread = draw(st.sampled_from([0, 0, 3, 10]))
        for i, (site, camera) in enumerate(found[draw(st.sampled_from(sorted(found)))]):
            faults.append(Fault(at + i * spread, at + i * spread + lasts, site, camera, cause))
    return city, faults


@settings(max_examples=60)
@given(case=histories())
def test_whatever_happens_each_outage_is_told_once_and_ended_once(case: tuple[Inventory, list[Fault]]) -> None:
    city, faults = case
    history = History(city, RULES)
    history.plan(faults)
    lives: dict[int, list[Transition]] = defaultdict(list)
    notified: dict[int, dict[str, list[NoticeKind]]] = defaultdict(lambda: defaultdict(list))
    edges = sorted({edge for fault in faults for edge in (fault.start_s, fault.end_s)})
    quiet = [edge + LONG_S for edge, after in pairwise([*edges, float("inf")]) if edge + LONG_S < after]
    for at in quiet:
        for transitions in history.run(at):
            for transition in transitions:
                lives[transition.incident.id].append(transition)
                notify(transition, city, notified[transition.incident.id])
            no_camera_is_in_two_incidents(history.open.values())
        what_is_down_is_in_one_incident(history)
    for number, life in lives.items():
        each_entitled_recipient_is_notified_once(life, city, notified[number])
        kinds = [transition.kind for transition in life]
        assert kinds[0] in BEGINS
        assert kinds[-1] in ENDS
        assert not {*BEGINS, *ENDS}.intersection(kinds[1:-1]), kinds
    assert not history.open, "all is well again"


def no_camera_is_in_two_incidents(opened: Iterable[Incident]) -> None:
    """Assert at every moment: one open incident per subject, and no camera in two of them."""
    incidents = list(opened)
    subjects = Counter((incident.site, incident.subject) for incident in incidents)
    assert not [subject for subject, number in subjects.items() if number > 1]
    covered = Counter(member for incident in incidents for member in incident.members)
    assert not [member for member, number in covered.items() if number > 1], incidents


def what_is_down_is_in_one_incident(history: History) -> None:
    """Assert some time after the last change: every outage is in one incident, and nothing healthy is in any."""
    incidents = list(history.open.values())
    covered = {member for incident in incidents for member in incident.members}
    gone = {site for (site, camera), number in history.down.items() if number and not camera}
    for (site, camera), number in history.down.items():
        if not number:
            continue
        if camera and site not in gone:
            assert (site, camera) in covered, f"{site}/{camera} is down, and nobody was told"
        elif not camera:
            covering = [i for i in incidents if site in i.sites or (i.site == site and i.subject == "")]
            assert len(covering) == 1, f"{site} is gone: {covering}"
    for incident in incidents:
        reasons = [history.down[site, camera] or site in gone for site, camera in incident.members] or [
            incident.site in gone
        ]
        assert any(reasons), f"nothing of it is down any more: {incident}"


def notify(transition: Transition, city: Inventory, notified: dict[str, list[NoticeKind]]) -> None:
    known = {recipient: set(kinds) for recipient, kinds in notified.items()}
    for notification in plan(transition, known, PEOPLE, city, {}, NoticeRules()):
        notified[notification.recipient].append(notification.notice.kind)


def each_entitled_recipient_is_notified_once(
    life: list[Transition], city: Inventory, notified: dict[str, list[NoticeKind]]
) -> None:
    """Assert that owners of a camera in it get the beginning, and those who got that get the end; each once."""
    members = {member for transition in life for member in transition.incident.members}
    owners = {city.camera(*member).owner for member in members}
    entitled = {"noc", *(owners & {"a", "b"})}
    assert set(notified) == entitled
    for recipient, kinds in notified.items():
        assert not [kind for kind, number in Counter(kinds).items() if number > 1], (recipient, kinds)
        assert {NoticeKind.OPENED, NoticeKind.FLAPPING}.intersection(kinds)
        assert (NoticeKind.RESOLVED in kinds) == (life[-1].kind is TransitionKind.RESOLVED)
