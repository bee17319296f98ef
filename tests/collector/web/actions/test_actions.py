"""What operators do from the pages: each does what the command does, and nothing for whom it is not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope as Part
from pantau_collector.actions.agent_requests import ANSWER_WITHIN_MS, MAX_AT_SITE
from pantau_collector.fleet.view import CityView
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import InventoryCamera, InventorySite, Party
from pantau_collector.ledger import Bucket
from pantau_collector.store import Store, agent_request_rows, downtime_rows, incident_rows, note_rows, request_rows
from pantau_contract.messages import Command, Reply, Sample
from pantau_contract.states import Cause, State
from pantau_contract.topics import parse_topic
from pantau_contract.wire import decode
from pantau_contract.words.evidence import detail
from tests.collector.web.cities import NOW_MS, camera, incident, site
from tests.collector.web.desk.control_room import ControlRoom

PARK, ROAD = (replace(camera(name), owner_id=owner) for name, owner in (("Taman", "parks"), ("Jalan", "roads")))
KABIL = replace(site("Kabil", [PARK, ROAD]), actions=("look", "accept_view"), connection="boot/7", version="0.2.0")
NONGSA = replace(site("Nongsa", [ROAD]), version="0.1.0")
CITY = CityView(NOW_MS, (KABIL, NONGSA), ())
OPERATOR = Principal("Budi", Role.OPERATOR, session="b")
PARKS = Principal("Citra", Role.OPERATOR, Part(owners=("parks",)), session="c")
VIEWER = Principal("Dewi", Role.VIEWER, session="d")
TAMAN, JALAN = "cameras/kabil/taman", "cameras/kabil/jalan"


def save_incidents(store: Store) -> None:
    """Save an outage of a camera, one of its whole site, and one that is over."""
    incidents = [
        Incident(1, "kabil", "taman", "stalled", ("taman",), NOW_MS - 60_000, NOW_MS - 50_000, 0.0),
        Incident(2, "kabil", None, "site_dark", ("jalan", "taman"), NOW_MS - 60_000, NOW_MS - 50_000, 0.0),
        Incident(
            3, "kabil", "jalan", "stalled", ("jalan",), NOW_MS - 90_000, NOW_MS - 80_000, 0.0, resolved_ms=NOW_MS
        ),
    ]
    with store.begin() as connection:
        steps = [Transition(TransitionKind.OPENED, each, each.opened_ms) for each in incidents]
        incident_rows.save_incidents(connection, incidents, steps)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ControlRoom]:
    inventory = Inventory(
        owners=[Party(id="parks", name="Parks"), Party(id="roads", name="Roads")],
        sites=[InventorySite(id="kabil", name="Kabil"), InventorySite(id="nongsa")],
        cameras=[
            InventoryCamera(site="kabil", id="taman", name="Taman", owner="parks"),
            InventoryCamera(site="kabil", id="jalan", name="Jalan", owner="roads", project="Jembatan"),
            InventoryCamera(site="nongsa", id="jalan", owner="roads"),
        ],
    )
    room = ControlRoom(tmp_path, view=CITY, inventory=inventory)
    room.who = OPERATOR
    save_incidents(room.store)
    yield room
    room.store.close()


async def ask(room: ControlRoom, path: str, form: dict[str, str] | None = None, **options: Any) -> httpx.Response:
    """Open a page, or send a form with the secret fields of the page that it is on."""
    async with room.client() as client:
        if form is None:
            return await client.get(f"/{path}", **options)
        page = await client.get(f"/{path.rpartition('/')[0]}/actions?lang=en")
        hidden = {
            name: value
            for name in ("csrf", "once")
            for value in re.findall(f'name="{name}" value="([^"]+)"', page.text)[:1]
        }
        return await client.post(f"/{path}?lang=en", data=hidden | form, **options)


def downtimes(room: ControlRoom) -> list[tuple[str, str, int | None, str]]:
    with room.store.begin() as connection:
        found, unreadable = downtime_rows.load_downtimes(connection)
    assert not unreadable
    return [(each.scope, each.target, each.end_ms, each.by) for each in found]


def acknowledgements(room: ControlRoom) -> list[tuple[int, str, bool]]:
    with room.store.begin() as connection:
        return [(each.incident, each.by, each.withdrawn) for each in request_rows.load_pending(connection)]


FORMS = [
    (f"{TAMAN}/look", {}),
    (f"{TAMAN}/accept-view", {}),
    (f"{TAMAN}/mute", {"hours": "4"}),
    (f"{TAMAN}/notes", {"text": "a bird sits on it"}),
    (f"{TAMAN}/maintenance", {"step": "plan", "target": "camera:kabil/taman", "for": "2"}),
    ("incidents/1/acknowledge", {"hours": "4"}),
    ("incidents/1/notes", {"text": "a bird sits on it"}),
    ("incidents/1/attribute", {"step": "decide", "to": "force_majeure", "reason": "flood"}),
]


def changed(room: ControlRoom) -> bool:
    """Return whether anything was done."""
    with room.store.begin() as connection:
        noted = note_rows.load_notes_of_incident(connection, 1) or note_rows.load_notes_of_camera(
            connection, "kabil", "taman"
        )
    return bool(room.sent or downtimes(room) or acknowledgements(room) or noted)


@pytest.mark.parametrize(("path", "form"), FORMS)
async def test_a_form_changes_nothing_for_a_viewer_for_another_department_or_without_its_token(
    room: ControlRoom, path: str, form: dict[str, str]
) -> None:
    async with room.client() as client:
        assert (await client.post(f"/{path}", data=form)).status_code == 403
        assert (await client.post(f"/{path}", data=form | {"csrf": "0" * 64})).status_code == 403
        room.who = VIEWER
        assert (await client.post(f"/{path}", data=form)).status_code == 403
        assert (await client.get(f"/{path.rpartition('/')[0]}/actions")).status_code == 403
        room.who = None
        assert (await client.post(f"/{path}", data=form)).status_code == 401
    room.who = replace(PARKS, scope=Part(owners=("roads",), sites=()))
    beyond = await ask(room, path, form, headers={"X-CSRF-Token": await token(room)})
    assert beyond.status_code == 404
    assert not changed(room)


async def token(room: ControlRoom) -> str:
    """Return the CSRF token of who asks, out of a page that they may see."""
    async with room.client() as client:
        page = await client.get(f"/{JALAN}/actions")
    return str(re.findall('name="csrf" value="([^"]+)"', page.text)[0])


async def test_a_look_is_asked_of_the_agent_once_and_its_answer_is_shown(room: ControlRoom) -> None:
    asked = await ask(room, f"{TAMAN}/look", {})
    assert asked.status_code == 303
    again = await ask(room, f"{TAMAN}/look", {})
    assert again.headers["location"] == asked.headers["location"]
    [(topic, payload)] = room.sent
    command = decode(parse_topic(topic), payload)
    assert isinstance(command, Command)
    assert (topic, command.action, command.camera) == ("pantau/v1/kabil/command", "look", "taman")
    assert (command.connection, (command.time or 0) - NOW_MS < 60_000) == ("boot/7", True)
    path = f"{TAMAN}/asked/{command.id}"
    waiting = await ask(room, f"{path}?lang=en")
    assert "looks at the camera" in waiting.text
    assert 'http-equiv="refresh"' in waiting.text
    sample = Sample("taman", NOW_MS, State.DOWN, NOW_MS, Cause.TIMEOUT, detail("no_answer"))
    stranger = Reply("nongsa", command.id, "taman", NOW_MS, sample=replace(sample, state=State.OK, cause=None))
    with room.store.begin() as connection:
        agent_request_rows.save_answers(connection, [(NOW_MS, stranger)])
    assert "looks at the camera" in (await ask(room, f"{path}?lang=en")).text
    with room.store.begin() as connection:
        agent_request_rows.save_answers(
            connection, [(NOW_MS, Reply("kabil", command.id, "taman", NOW_MS, sample=sample))]
        )
    answered = await ask(room, f"{path}?lang=en&part=1")
    assert "no answer" in answered.text
    assert "There is no fresh picture" in answered.text
    assert "<html" not in answered.text
    assert "tidak ada jawaban" in (await ask(room, f"{path}?lang=id")).text.lower()
    room.who = replace(PARKS, scope=Part(owners=("roads",)))
    assert (await ask(room, path)).status_code == 404
    assert (await ask(room, f"{JALAN}/asked/{command.id}")).status_code == 404


async def test_why_a_look_is_not_asked_stands_beside_its_button(room: ControlRoom) -> None:
    room.connected = False
    unconnected = await ask(room, f"{TAMAN}/look", {})
    assert (unconnected.status_code, "no connection to the broker" in unconnected.text) == (503, True)
    room.connected = True
    older = await ask(room, "cameras/nongsa/jalan/accept-view", {})
    assert (older.status_code, "version 0.1.0, which cannot do that" in older.text) == (409, True)
    await ask(room, "cameras/nongsa/jalan/look", {})
    assert [decode(parse_topic(topic), payload).action for topic, payload in room.sent] == ["snapshot"]  # type: ignore[union-attr] # a command
    room.view = replace(CITY, sites=(replace(KABIL, online=False), NONGSA))
    gone = await ask(room, f"{TAMAN}/look", {})
    assert (gone.status_code, "is not connected" in gone.text) == (409, True)
    many = [camera(f"Cam {number}") for number in range(MAX_AT_SITE + 1)]
    room.view = replace(CITY, sites=(replace(KABIL, cameras=tuple(many)),))
    answers = [await ask(room, f"cameras/kabil/{each.id}/look", {}) for each in many]
    assert [each.status_code for each in answers] == [303] * MAX_AT_SITE + [409]


async def test_an_agent_that_does_not_answer_is_called_late(
    room: ControlRoom,
) -> None:
    asked = await ask(room, f"{TAMAN}/look", {})
    address = asked.headers["location"].partition("asked/")[2].partition("?")[0]
    path = f"{TAMAN}/asked/{address}?lang=en"
    room._began -= ANSWER_WITHIN_MS / 1000 + 1
    assert "has not answered" in (await ask(room, path)).text


async def test_muting_is_maintenance_that_begins_now_and_a_double_press_is_one(room: ControlRoom) -> None:
    async with room.client() as client:
        page = (await client.get(f"/{TAMAN}/actions")).text
        form = {name: re.findall(f'name="{name}" value="([^"]+)"', page)[0] for name in ("csrf", "once")}
        for _ in range(2):
            done = await client.post(f"/{TAMAN}/mute", data=form | {"hours": "4", "reason": "painting"})
            assert done.status_code == 303
        wrong = await client.post(f"/{TAMAN}/mute?lang=en", data=form | {"hours": "9999"})
    [(scope, target, end_ms, by)] = downtimes(room)
    assert (scope, target, by) == ("camera", "kabil/taman", "Budi")
    assert 0 <= (end_ms or 0) - NOW_MS - 4 * 3_600_000 < 600_000
    assert wrong.status_code == 422
    assert re.search('name="hours" aria-invalid="true" aria-describedby="mute-hours-problem"', wrong.text)


async def test_maintenance_is_previewed_before_it_is_planned(room: ControlRoom) -> None:
    filled = {"target": "site:kabil", "from": "2026-12-01T22:00", "for": "1.5", "reason": "new switch"}
    preview = await ask(room, f"{TAMAN}/maintenance", filled | {"step": "preview"})
    assert preview.status_code == 200
    assert "2026-12-01 22:00 WIB – 2026-12-01 23:30 WIB" in preview.text
    assert "2 cameras" in preview.text
    assert downtimes(room) == []
    assert (await ask(room, f"{TAMAN}/maintenance", filled | {"step": "plan"})).status_code == 303
    assert [each[:2] for each in downtimes(room)] == [("site", "kabil")]


@pytest.mark.parametrize(
    ("filled", "field", "text"),
    [
        ({}, "for", "how long it lasts"),
        ({"for": "two"}, "for", "a number of hours"),
        ({"for": "2", "until": "2026-12-01T22:00"}, "for", "not both"),
        ({"until": "2020-01-01T00:00"}, "until", "a time to come"),
        ({"until": "soon"}, "until", "expected a time such as"),
        ({"for": "2", "rrule": "FREQ=SOMETIMES"}, "rrule", "no recurrence rule"),
        ({"for": "2", "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule", "never occurs within ten years"),
        ({"for": "2", "target": "site:nongsa"}, "target", "choose what is maintained"),
    ],
)
async def test_what_is_wrong_with_maintenance_stands_beside_the_field(
    room: ControlRoom, filled: dict[str, str], field: str, text: str
) -> None:
    for step in ("preview", "plan"):
        refused = await ask(room, f"{TAMAN}/maintenance", {"target": "camera:kabil/taman", "step": step} | filled)
        assert refused.status_code == 422
        problem = re.search(rf'id="maintenance-{field}-problem" role="alert">([^<]*)<', refused.text)
        assert problem, refused.text
        assert text in problem[1]
    assert downtimes(room) == []


async def test_a_department_silences_nothing_of_others(room: ControlRoom) -> None:
    room.who = PARKS
    for target in ("site:kabil",):
        refused = await ask(room, f"{TAMAN}/maintenance", {"target": target, "for": "2", "step": "plan"})
        assert (refused.status_code, "cameras of others" in refused.text) == (403, True)
    assert (
        await ask(room, f"{TAMAN}/maintenance", {"target": "camera:kabil/taman", "for": "2", "step": "plan"})
    ).status_code == 303
    assert [each[:2] for each in downtimes(room)] == [("camera", "kabil/taman")]


async def test_an_incident_is_taken_once_and_given_back(room: ControlRoom) -> None:
    for _ in range(2):
        assert (await ask(room, "incidents/1/acknowledge", {"hours": "4"})).status_code == 303
    assert acknowledgements(room) == [(1, "Budi", False)]
    assert (await ask(room, "incidents/1/acknowledge", {"withdraw": "1"})).status_code == 303
    assert acknowledgements(room) == [(1, "Budi", False), (1, "Budi", True)]
    over = await ask(room, "incidents/3/acknowledge", {"hours": "4"})
    assert (over.status_code, "incident 3 is over" in over.text) == (409, True)
    past = await ask(room, "incidents/1/acknowledge", {"until": "2020-01-01T00:00"})
    assert (past.status_code, "a time to come" in past.text) == (422, True)
    assert (await ask(room, "incidents/99/acknowledge", {"hours": "4"})).status_code in (403, 404)
    assert len(acknowledgements(room)) == 2


async def test_a_department_takes_no_outage_that_affects_others_too(room: ControlRoom) -> None:
    room.who = PARKS
    page = await ask(room, "incidents/2/actions?lang=en")
    assert "kabil/taman" in page.text
    assert "jalan" not in page.text.lower()
    refused = await ask(room, "incidents/2/acknowledge", {"hours": "4"})
    assert (refused.status_code, "cameras of others" in refused.text) == (403, True)
    assert (await ask(room, "incidents/3/actions")).status_code == 404
    assert (await ask(room, "incidents/1/acknowledge", {"hours": "4"})).status_code == 303
    assert acknowledgements(room) == [(1, "Citra", False)]


async def test_notes_are_kept_with_name_and_time_and_run_no_script(room: ControlRoom) -> None:
    script = "<script>alert(1)</script>\nsecond line\x07"
    assert (await ask(room, "incidents/1/notes", {"text": script})).status_code == 303
    assert (await ask(room, f"{TAMAN}/notes", {"text": "  "})).status_code == 422
    assert (await ask(room, f"{TAMAN}/notes", {"text": "x" * 2001})).status_code == 422
    page = (await ask(room, "incidents/1/actions")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nsecond line" in page
    assert "Budi" in page
    assert "&lt;script&gt;" in (await ask(room, f"{TAMAN}/actions")).text
    room.view = replace(CITY, incidents=(incident(1, KABIL, PARK, "stalled", minutes=1),))
    shown = await ask(room, "incidents/1")
    assert (shown.status_code, "&lt;script&gt;alert(1)&lt;/script&gt;" in shown.text) == (200, True)


async def test_lost_time_is_not_moved_where_none_was_lost(room: ControlRoom) -> None:
    filled = {"to": str(Bucket.FORCE_MAJEURE), "reason": "flood"}
    refused = await ask(room, "incidents/1/attribute", filled | {"step": "decide"})
    assert (refused.status_code, "none of the incident" in refused.text) == (422, True)
    for form, field in (({"reason": ""}, "reason"), ({"to": "nobody"}, "to"), ({"to": "third_party"}, "party")):
        refused = await ask(room, "incidents/1/attribute", filled | form | {"step": "preview"})
        assert refused.status_code == 422
        assert f'id="attribute-{field}-problem"' in refused.text


async def test_the_address_of_a_form_leads_to_its_page(room: ControlRoom) -> None:
    assert (await ask(room, f"{TAMAN}/mute?lang=en")).headers["location"] == f"../../../{TAMAN}/actions?lang=en"
