import logging
import re
from typing import Any

import httpx
import pytest

from pantau_collector.web.api_v1 import OPERATIONS, Operation
from tests.collector.web.api_v1.control_room import ControlRoom


def check_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        ("limit=0", "limit", ">= 1"),
        ("limit=1001", "limit", "<= 1000"),
        ("limit=ten", "limit", "int"),
        ("limit=1&limit=2", "limit", "once"),
        ("state=broken", "state", "expected one of ok"),
        ("state=donw", "state", "did you mean `down`"),
        ("cause=stalld", "cause", "did you mean `stalled`"),
        ("stat=down", "stat", "did you mean `state`"),
        ("cursor=!", "cursor", "matching regex"),
        ("cursor=AAAA", "cursor", "the `next` of a page"),
        ("text=" + "x" * 201, "text", "length <= 200"),
        ("site=Kabil", "site", "matching regex"),
        ("lang=fr", "lang", "expected one of"),
    ],
)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, query: str, field: str, hint: str) -> None:
    problem = check_problem(await client.get(f"/cameras?{query}"), 422)
    assert problem["errors"][0]["field"] == field
    assert hint in problem["detail"]
    assert problem["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        ("since=yesterday", "since", "expected a time such as"),
        ("since=2026-11-24", "since", "expected a time such as"),
        ("since=1", "since", "expected a time such as"),
        ("since=2026-11-24T00:00:00", "since", "expected a time such as"),
        ("since=2026-11-24T00:00:00+07:00", "since", "a + is written %2B"),
        ("since=2026-13-24T00:00:00Z", "since", "invalid"),
        ("since=0001-01-01T00:00:00Z", "since", "between 1970 and 9998"),
        ("since=2026-09-01T00:00:00Z", "since", "at most 31 days"),
        ("since=2026-11-24T06:00:00Z&until=2026-11-24T05:00:00Z", "since", "before `until`"),
        ("until=9999-12-31T23:59:59Z", "until", "between 1970 and 9998"),
    ],
)
async def test_a_period_out_of_range_is_refused(
    client: httpx.AsyncClient, query: str, field: str, hint: str
) -> None:
    problem = check_problem(await client.get(f"/sites/kabil/states?{query}"), 422)
    assert problem["errors"][0]["field"] == field
    assert hint in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/sites/nowhere", 404),
        ("GET", "/sites/%3Cscript%3E", 404),
        ("GET", "/sites/..%2f..%2fetc", 404),
        ("GET", "/sites/kabil/cameras/%00", 404),
        ("GET", "/incidents/99", 404),
        ("GET", "/incidents/0", 422),
        ("GET", "/incidents/99999999999999999999", 422),
        ("GET", "/incidents/one", 422),
        ("GET", "/sites/kabil/cameras/taman/snapshots/best", 422),
        ("GET", "/contracts/nothing/availability", 404),
        ("PUT", "/sites", 405),
        ("OPTIONS", "/sites", 405),
    ],
)
async def test_every_refusal_is_a_problem(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    problem = check_problem(await client.request(method, path), status)
    assert "<script>" not in problem["detail"]


async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient) -> None:
    assert (await client.put("/sites", content=b"")).headers["allow"] == "GET, HEAD"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    check_problem(await client.post("/downtimes", content=b"x" * 10_000_000), 413)


async def test_a_stranger_is_told_how_to_sign_in(client: httpx.AsyncClient, room: ControlRoom) -> None:
    room.who = None
    answer = await client.get("/cameras")
    check_problem(answer, 401)
    assert answer.headers["www-authenticate"] == 'Bearer realm="pantau"'
    feed = await client.get("/maintenance.ics")
    check_problem(feed, 401)
    assert feed.headers["www-authenticate"] == 'Basic realm="pantau"'


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_nothing_is_answered_without_the_right_token(
    client: httpx.AsyncClient, operation: Operation
) -> None:
    path = re.sub("{[a-z]+}", "kabil", operation.path)
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic d3Jvbmc="}):
        check_problem(await client.request(operation.method, path, headers=headers), 401)


async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient, room: ControlRoom) -> None:
    first = await client.get("/cameras")
    known = {"If-None-Match": first.headers["etag"]}
    again = await client.get("/cameras", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    room.step()
    assert (await client.get("/cameras", headers=known)).status_code == 304, "a new view of the same is no change"
    assert (await client.get("/cameras?limit=1", headers=known)).status_code == 200


async def test_a_store_that_cannot_be_read_is_told_without_its_words(
    client: httpx.AsyncClient, room: ControlRoom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with room.store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE incidents RENAME TO away")
    try:
        answer = await client.get("/incidents")
    finally:
        with room.store.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO incidents")
    problem = check_problem(answer, 503)
    assert answer.headers["retry-after"] == "5"
    assert "incidents" not in problem["detail"]


async def test_too_many_days_of_cameras_at_once_are_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pantau_collector.web.api_v1.availability.MOST_CAMERA_DAYS", 4)
    problem = check_problem(await client.get("/availability"), 422)
    assert "5 cameras for 1 days" in problem["detail"]
    assert (await client.get("/availability?site=nagoya")).status_code == 200
