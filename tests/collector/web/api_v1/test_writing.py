from typing import Any

import httpx
import pytest

from pantau_collector.web.api_v1.events import beginning, changes
from pantau_contract.states import Cause
from tests.collector.web.api_v1.control_room import OPERATOR, PARKS, VIEWER, ControlRoom


@pytest.fixture
def operator(room: ControlRoom) -> ControlRoom:
    room.who = OPERATOR
    return room


async def ask(client: httpx.AsyncClient, method: str, path: str, expected: int, body: Any = None) -> Any:
    answer = await client.request(method, path, json=body)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def test_an_incident_is_taken_and_given_back(client: httpx.AsyncClient, operator: ControlRoom) -> None:
    until = "2026-11-24T09:00:00Z"
    noted = await ask(client, "POST", "/incidents/2/acknowledgement", 202, {"until": until})
    assert noted == {"incident": 2, "by": "Sari", "until": until, "withdrawn": False}
    await ask(client, "DELETE", "/incidents/2/acknowledgement", 202)
    operator.step(2)
    assert (await ask(client, "GET", "/incidents/2", 200))["acknowledged"] is None
    await ask(client, "POST", "/incidents/2/acknowledgement", 202, {})
    operator.step(2)
    assert (await ask(client, "GET", "/incidents/2", 200))["acknowledged"] == {"by": "Sari", "until": None}


async def test_what_cannot_be_taken_says_why(client: httpx.AsyncClient, operator: ControlRoom) -> None:
    await ask(client, "POST", "/incidents/1/acknowledgement", 409, {})
    await ask(client, "POST", "/incidents/99/acknowledgement", 404, {})
    over = await ask(client, "POST", "/incidents/2/acknowledgement", 422, {"until": "2026-11-24T01:00:00Z"})
    assert over["errors"][0]["field"] == "until"
    operator.who = VIEWER
    await ask(client, "POST", "/incidents/2/acknowledgement", 403, {})


@pytest.mark.usefixtures("operator")
async def test_maintenance_is_planned_and_cancelled(client: httpx.AsyncClient) -> None:
    wish = {
        "scope": "camera",
        "target": "kabil/halte",
        "duration_s": 3600,
        "rrule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=1",
        "since": "2026-11-24T08:00:00Z",
    }
    made = await ask(
        client, "POST", "/downtimes", 201, wish | {"reason": "lens\u202e", "timezone": "Asia/Makassar"}
    )
    assert (made["by"], made["reason"], made["timezone"]) == ("Sari", "lens", "Asia/Makassar")
    assert made["next"][0]["since"].endswith("T17:00:00Z")
    assert made == await ask(client, "GET", f"/downtimes/{made['id']}", 200)
    cancelled = await ask(client, "DELETE", f"/downtimes/{made['id']}", 200)
    assert cancelled["cancelled"]
    assert cancelled["next"] == []
    await ask(client, "DELETE", f"/downtimes/{made['id']}", 409)
    await ask(client, "DELETE", "/downtimes/99", 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": "kabil/halt"}, "target"),
        ({"duration_s": 0}, "for"),
        ({"until": "2026-11-24T01:00:00Z", "duration_s": 0}, "until"),
        ({"until": "2026-11-25T01:00:00Z"}, "duration_s"),
        ({"rrule": "FREQ=SOMETIMES"}, "rrule"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
        ({"rrule": "DTSTART:20261201T010000\nRRULE:FREQ=DAILY", "since": "2026-12-01T00:00:00Z"}, "since"),
        ({"timezone": "Asia/Batam"}, "timezone"),
        ({"scope": "city"}, "scope"),
        ({"since": "2026-12-01T00:00:00"}, "since"),
        ({"by": "somebody else"}, ""),
    ],
)
@pytest.mark.usefixtures("operator")
async def test_maintenance_that_cannot_be_is_refused_by_its_field(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    wish = {"scope": "camera", "target": "kabil/halte", "duration_s": 3600}
    before = await ask(client, "GET", "/downtimes?over=true", 200)
    problem = await ask(client, "POST", "/downtimes", 422, wish | change)
    named = problem["errors"][0]["field"] if problem["errors"] else ""
    assert named == {"for": "duration_s"}.get(field, field)
    assert await ask(client, "GET", "/downtimes?over=true", 200) == before


async def test_a_department_plans_for_itself_alone(client: httpx.AsyncClient, room: ControlRoom) -> None:
    room.who = PARKS
    wish = {"duration_s": 3600}
    made = await ask(client, "POST", "/downtimes", 201, wish | {"scope": "camera", "target": "kabil/taman"})
    await ask(client, "DELETE", f"/downtimes/{made['id']}", 200)
    for scope, target in (("site", "kabil"), ("owner", "dishub"), ("uplink", "fo-1"), ("camera", "kabil/halte")):
        await ask(client, "POST", "/downtimes", 403, wish | {"scope": scope, "target": target})
    shared = (await ask(client, "GET", "/downtimes", 200))["items"][-1]
    assert shared["target"] == "kabil"
    await ask(client, "DELETE", f"/downtimes/{shared['id']}", 403)
    await ask(client, "POST", "/incidents/1/acknowledgement", 404, {})
    await ask(client, "POST", "/decisions", 404, {"incident": 1, "to": "power", "reason": "x"})


@pytest.mark.usefixtures("operator")
async def test_lost_time_is_decided_about_and_taken_back(client: httpx.AsyncClient) -> None:
    made = await ask(
        client, "POST", "/decisions", 201, {"incident": 1, "to": "force_majeure", "reason": "a flood"}
    )
    decision = made["decision"]
    assert (decision["to"], decision["by"], decision["cameras"]) == ("force_majeure", "Sari", ["kabil/halte"])
    assert decision["before_ms"]["kabil/halte"] == {"third_party": 1_800_000}
    taken_back = {"incident": 1, "to": "third_party", "party": "PT X", "reason": "an excavator after all"}
    await ask(client, "POST", "/decisions", 201, taken_back)
    path = "/sites/kabil/cameras/halte/states?since=2026-11-24T05:35:00Z&until=2026-11-24T05:36:00Z"
    (now,) = (await ask(client, "GET", path, 200))["items"]
    assert now["bucket"] == "third_party"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"incident": 99}, 404, ""),
        ({"to": "nobody"}, 422, "to"),
        ({"to": "third_party"}, 422, "party"),
        ({"reason": " "}, 422, "reason"),
        ({"reason": "a\nb"}, 422, "reason"),
        ({"cameras": ["kabil/pasar"]}, 422, "cameras"),
        ({"since": "2026-11-20T00:00:00Z"}, 422, "since"),
    ],
)
@pytest.mark.usefixtures("operator")
async def test_a_decision_that_cannot_be_made_is_refused(
    client: httpx.AsyncClient, change: dict[str, Any], status: int, field: str
) -> None:
    wish = {"incident": 1, "to": "power", "reason": "a fuse"}
    problem = await ask(client, "POST", "/decisions", status, wish | change)
    assert (problem["errors"][0]["field"] if problem["errors"] else "") == field


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'"\\ud800"', "application/json", 422),
        (b"[" * 5000, "application/json", 422),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 400),
    ],
)
@pytest.mark.usefixtures("operator")
async def test_a_body_that_is_none_is_refused(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    answer = await client.post("/downtimes", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (status, 400), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("room")
async def test_a_calendar_sends_its_token_as_a_password_to_the_feed_alone(client: httpx.AsyncClient) -> None:
    login = httpx.BasicAuth("any name", "of-whoever-asks")
    assert (await client.get("/maintenance.ics", auth=login)).status_code == 200
    assert (await client.get("/cameras", auth=login)).status_code == 401
    wrong = httpx.BasicAuth("any name", "wrong")
    assert (await client.get("/maintenance.ics", auth=wrong)).status_code == 401
    for broken in ("Basic", "Basic !", "Basic /w==", "Basic " + "A" * 9000):
        headers = {"Authorization": broken}
        assert (await client.get("/maintenance.ics", headers=headers)).status_code == 401


async def test_a_camera_that_changes_is_an_event(room: ControlRoom) -> None:
    before = room.pipeline.view
    room.hear("nagoya", "utara", Cause.STALLED)
    room.step()
    after = room.pipeline.view
    found = changes(before, after)
    assert [(each.site, each.camera, each.cause) for each in found.cameras] == [("nagoya", "utara", "stalled")]
    assert beginning(after).cameras == 5
    room.hear("nagoya", "utara", None)
    room.step(60)
    assert [each.state for each in changes(after, room.pipeline.view).cameras] == ["ok"]
