import itertools
from typing import Any

import httpx
import pytest

from pantau_contract.words import words
from tests.collector.web.api_v1.control_room import PARKS, SCREEN, ControlRoom, keys


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    return await get_with(client, 200, path, query)


async def get_with(client: httpx.AsyncClient, expected: int, path: str, query: Any = None) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def test_cameras_say_whose_they_are_how_they_are_and_where(client: httpx.AsyncClient) -> None:
    page = await get(client, "/cameras")
    assert keys(page) == ["kabil/halte", "kabil/pasar", "kabil/taman", "nagoya/selatan", "nagoya/utara"]
    assert (page["total"], page["next"]) == (5, None)
    taman = page["items"][2]
    assert (taman["state"], taman["cause"], taman["criticality"]) == ("impaired", "black", "high")
    assert taman["meaning"] == words("en").meaning("black")
    assert (taman["owner"], taman["owner_name"]) == ("taman", "Dinas Taman")
    assert (taman["latitude"], taman["longitude"]) == (1.05, 104.1), "its site's, as it has none of its own"
    assert taman["since"] == "2026-11-24T06:30:00Z"
    indonesian = await get(client, "/sites/kabil/cameras/taman", lang="id")
    assert indonesian["meaning"] == words("id").meaning("black")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"owner": "dishub", "site": "kabil"}, ["kabil/halte", "kabil/pasar"]),
        ({"owner": "dinas taman"}, ["kabil/taman"]),
        ({"maintainer": "pt-cahaya"}, ["kabil/pasar", "nagoya/selatan", "nagoya/utara"]),
        ({"project": ["Lalu lintas", "Taman 2026"]}, ["kabil/halte", "kabil/taman"]),
        ({"state": ["impaired", "down"]}, ["kabil/taman"]),
        ({"cause": "black"}, ["kabil/taman"]),
        ({"text": "NAGOYA>"}, ["nagoya/selatan", "nagoya/utara"]),
        ({"text": "nothing"}, []),
    ],
)
async def test_a_filter_leaves_the_cameras_that_it_names(
    client: httpx.AsyncClient, query: dict[str, Any], found: list[str]
) -> None:
    page = await get(client, "/cameras", **query)
    assert keys(page) == found
    assert page["total"] == len(found)


async def test_pages_follow_one_another_and_miss_nothing(client: httpx.AsyncClient) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(client, "/cameras", limit=2, **cursor)
        assert page["total"] == 5
        found += keys(page)
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == keys(await get(client, "/cameras"))


async def test_sites_count_the_cameras_that_are_asked_for(client: httpx.AsyncClient) -> None:
    kabil, nagoya = (await get(client, "/sites"))["items"]
    assert (kabil["cameras"], kabil["states"], kabil["uplink"]) == (3, {"ok": 2, "impaired": 1}, "fo-1")
    assert nagoya["name"] == "Bundaran <Nagoya>"
    of_owner = await get(client, "/sites", owner="taman")
    assert [(each["id"], each["cameras"]) for each in of_owner["items"]] == [("kabil", 1)]


async def test_states_over_time_are_those_of_the_ledger_as_people_decided(client: httpx.AsyncClient) -> None:
    query = {"since": "2026-11-24T05:10:00Z", "until": "2026-11-24T07:00:00Z"}
    its = (await get(client, "/sites/kabil/cameras/halte/states", **query))["items"]
    assert its[0]["since"] == query["since"]
    assert its[-1]["until"] == query["until"]
    assert all(one["until"] == other["since"] for one, other in itertools.pairwise(its))
    down = [each for each in its if each["state"] == "down"]
    assert {(each["bucket"], each["evidenced"], each["decision"]) for each in down} == {
        ("third_party", "camera", 1)
    }
    of_site = (await get(client, "/sites/kabil/states", limit=1000, **query))["items"]
    assert [each for each in of_site if each["camera"] == "halte"] == its


async def test_incidents_come_newest_first_and_one_with_its_timeline(client: httpx.AsyncClient) -> None:
    newest, oldest = (await get(client, "/incidents"))["items"]
    assert (newest["cause"], newest["status"], newest["acknowledged"]["by"]) == ("black", "open", "Sari")
    assert (oldest["cameras"], oldest["status"]) == (["kabil/halte"], "resolved")
    assert oldest["remedy"] == words("en").remedy("stalled")
    shown = await get(client, f"/incidents/{oldest['id']}")
    assert [step["kind"] for step in shown["timeline"]] == ["opened", "resolved"]
    assert (await get(client, "/incidents", status="open"))["items"] == [newest]
    assert (await get(client, "/incidents", owner="taman"))["items"] == [newest]
    assert (await get(client, "/incidents", until="2026-11-24T06:00:00Z"))["items"] == [oldest]
    first = await get(client, "/incidents", limit=1)
    assert first["items"] == [newest]
    assert (await get(client, "/incidents", limit=1, cursor=first["next"]))["items"] == [oldest]


async def test_downtimes_say_when_they_come_next(client: httpx.AsyncClient) -> None:
    camera, owner, site = (await get(client, "/downtimes"))["items"]
    assert (site["target"], site["reason"], site["by"]) == ("kabil", "new switch", "Sari")
    assert [each["since"] for each in owner["next"]] == [
        "2026-11-28T19:00:00Z",
        "2026-12-05T19:00:00Z",
        "2026-12-12T19:00:00Z",
    ]
    assert await get(client, f"/downtimes/{camera['id']}") == camera


async def test_decisions_say_what_the_time_was_before(client: httpx.AsyncClient) -> None:
    (made,) = (await get(client, "/decisions"))["items"]
    assert (made["to"], made["party"], made["cameras"]) == ("third_party", "PT X", ["kabil/halte"])
    assert set(made["before_ms"]["kabil/halte"]) == {"camera"}
    assert await get(client, "/decisions/1") == made


async def test_pictures_are_described_and_served(client: httpx.AsyncClient) -> None:
    present, good = (await get(client, "/sites/kabil/cameras/taman/snapshots"))["items"]
    assert (present["which"], good["which"]) == ("present", "good")
    assert present["taken"] > good["taken"]
    picture = await client.get(f"/sites/kabil/cameras/taman/{good['address']}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.content[:2] == b"\xff\xd8"
    assert (await client.get("/sites/kabil/cameras/halte/snapshots/good")).status_code == 404


async def test_projects_name_their_cameras(client: httpx.AsyncClient) -> None:
    traffic, park = (await get(client, "/projects"))["items"]
    assert (traffic["name"], park["name"]) == ("Lalu lintas", "Taman 2026")
    assert (park["id"], park["owner"], park["place"], traffic["id"]) == ("taman-2026", "taman", "Kabil", "")
    assert (park["owners"], park["cameras"], park["states"]) == (["Dinas Taman"], ["kabil/taman"], {"impaired": 1})


async def test_availability_divides_the_time_as_reports_do(client: httpx.AsyncClient) -> None:
    period = {"since": "2026-11-24T05:10:00Z", "until": "2026-11-24T06:50:00Z"}
    answer = await get(client, "/availability", by="owner", **period)
    assert [each["key"] for each in answer["items"]] == ["dishub", "taman"]
    dishub, taman = answer["items"]
    assert dishub["cameras"] == 4
    assert sum(dishub["ms"].values()) == 4 * 100 * 60_000
    assert dishub["ms"]["third_party"] == pytest.approx(30 * 60_000, abs=60_000)
    assert (taman["online"], taman["intact"]) == (1, pytest.approx(0.8, abs=0.01))
    one = await get(client, "/availability", by="camera", site="kabil", owner="taman", **period)
    assert [each["key"] for each in one["items"]] == ["kabil/taman"]


async def test_a_contract_is_told_by_its_own_terms(client: httpx.AsyncClient) -> None:
    answer = await get(client, "/contracts/jalan-a/availability", month="2026-11")
    assert (answer["unit"], answer["units"], answer["target"], answer["verdict"]) == ("camera", 4, 0.95, "met")
    assert answer["lost_ms"] == 0, "the excavator's time is not the party's"


async def test_a_department_sees_itself_alone_also_in_counts(client: httpx.AsyncClient, room: ControlRoom) -> None:
    room.who = PARKS
    page = await get(client, "/cameras")
    assert (keys(page), page["total"]) == (["kabil/taman"], 1)
    (kabil,) = (await get(client, "/sites"))["items"]
    assert (kabil["cameras"], kabil["states"]) == (1, {"impaired": 1})
    assert {each["camera"] for each in (await get(client, "/sites/kabil/states"))["items"]} == {"taman"}
    assert [each["cause"] for each in (await get(client, "/incidents"))["items"]] == ["black"]
    assert [each["target"] for each in (await get(client, "/downtimes"))["items"]] == ["taman", "kabil"]
    assert (await get(client, "/decisions"))["items"] == []
    assert [each["name"] for each in (await get(client, "/projects"))["items"]] == ["Taman 2026"]
    (own,) = (await get(client, "/availability", by="owner"))["items"]
    assert own["cameras"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "/sites/nagoya",
        "/sites/nagoya/states",
        "/sites/kabil/cameras/halte",
        "/sites/kabil/cameras/halte/states",
        "/sites/kabil/cameras/halte/snapshots",
        "/sites/kabil/cameras/halte/snapshots/present",
        "/incidents/1",
        "/decisions/1",
        "/downtimes/3",
        "/contracts/jalan-a/availability",
    ],
)
async def test_what_is_beyond_the_scope_is_not_there(
    client: httpx.AsyncClient, room: ControlRoom, path: str
) -> None:
    assert (await client.get(path)).status_code in (200, 404)
    room.who = PARKS
    problem = await get_with(client, 404, path)
    assert problem["title"] == "Not Found"
    assert "halte" not in problem["detail"]


async def test_a_screen_has_no_business_here(client: httpx.AsyncClient, room: ControlRoom) -> None:
    room.who = SCREEN
    assert (await get_with(client, 403, "/cameras"))["detail"] == "this needs the role viewer"


async def test_a_calendar_shows_the_maintenance_of_the_scope(client: httpx.AsyncClient, room: ControlRoom) -> None:
    feed = await client.get("/maintenance.ics")
    assert feed.headers["content-type"].startswith("text/calendar")
    assert "SUMMARY:Maintenance: Simpang Kabil\r\n" in feed.text
    assert feed.text.count("BEGIN:VEVENT") == 3
    assert (
        await client.get("/maintenance.ics", headers={"If-None-Match": feed.headers["etag"]})
    ).status_code == 304
    room.who = PARKS
    own = await client.get("/maintenance.ics?lang=id")
    assert own.text.count("BEGIN:VEVENT") == 2
    assert "SUMMARY:Pemeliharaan: Dinas Taman\r\n" in own.text
