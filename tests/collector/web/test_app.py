import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, Trouble, TroubleKind
from pantau_collector.web import RoomMetric, create_app
from pantau_contract.states import Cause
from pantau_contract.words import words
from pantau_contract.words.evidence import detail
from tests.collector.web.cities import NOW_MS, FolderOfPictures, batam, camera, city, incident, site


class City:
    """The collector around the web application, whose view and health a test can change."""

    def __init__(self, folder: Path) -> None:
        self.view = batam()
        self.health = Health()
        self.now_ms = NOW_MS
        self.pictures = FolderOfPictures(folder)
        self.registry = CollectorRegistry()
        self.app = create_app(
            lambda: self.view,
            self.pictures,
            lambda: self.health,
            registry=self.registry,
            clock_ms=lambda: self.now_ms,
        )


@pytest.fixture
def collector(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
async def client(collector: City) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=collector.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://wall") as client:
        yield client


async def test_the_page_tells_everything_in_indonesian_without_a_script(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert '<html lang="id">' in page
    assert words("id").meaning("frozen") in page
    assert words("id").remedy("frozen") in page
    assert "Batam Center" in page
    assert 'datetime="' not in page
    assert ">7 mnt</time>" in page
    assert '<noscript><meta http-equiv="refresh"' in page


async def test_the_page_shows_no_evidence_which_is_for_programs_in_english(
    client: httpx.AsyncClient, collector: City
) -> None:
    evidence = detail("no_packet", seconds="6.0")
    stalled = msgspec.structs.replace(camera("x", Cause.STALLED), detail=evidence)
    where = site("Satu", [stalled])
    collector.view = city([where], [incident(1, where, stalled, "stalled", minutes=1)])
    assert words("id").meaning("stalled") in (await client.get("/")).text
    assert "packet" not in (await client.get("/")).text
    assert evidence in (await client.get("/api/city")).text


async def test_the_address_asks_for_english(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?lang=en")).text
    assert '<html lang="en">' in page
    assert words("en").meaning("frozen") in page
    assert '<html lang="id">' in (await client.get("/?lang=fr")).text


async def test_a_hostile_name_is_text_and_nothing_more(client: httpx.AsyncClient, collector: City) -> None:
    hostile = msgspec.structs.replace(camera("x"), name='"><script>alert(1)</script>', owner="<img src=x>")
    where = msgspec.structs.replace(site("Satu", [hostile]), name="{{ 7 * 7 }}<b>")
    collector.view = city([where], [incident(1, where, hostile, "<i>", minutes=1)])
    page = (await client.get("/")).text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "{{ 7 * 7 }}&lt;b&gt;" in page


async def test_every_answer_forbids_inline_scripts_and_framing(client: httpx.AsyncClient) -> None:
    for path in (
        "/",
        "/board",
        "/api/city",
        "/healthz",
        "/metrics",
        "/static/live.js",
        "/pictures/a/b.jpg",
        "/no",
    ):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


async def test_the_page_has_nothing_inline_that_its_policy_would_forbid(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert re.search(r"<script(?![^>]*\ssrc=)", page) is None
    assert " style=" not in page
    assert re.search(r"\son\w+=", page) is None


async def test_a_board_that_shows_nothing_new_is_not_sent_again(
    client: httpx.AsyncClient, collector: City
) -> None:
    tag = (await client.get("/board")).headers["etag"]
    collector.now_ms += 4000
    collector.view = msgspec.structs.replace(collector.view, time_ms=collector.now_ms)
    unchanged = await client.get("/board", headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    collector.view = msgspec.structs.replace(batam(well=True), time_ms=collector.now_ms)
    changed = await client.get("/board", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert words("id")("wall.no_incident") in changed.text


async def test_the_wall_says_that_the_collector_is_stale(client: httpx.AsyncClient, collector: City) -> None:
    collector.now_ms = collector.view.time_ms + 15_000
    assert 'id="stale"' not in (await client.get("/")).text
    assert (await client.get("/healthz")).status_code == 200
    collector.now_ms += 1
    assert (await client.get("/healthz")).status_code == 503
    collector.now_ms += 1_000  # a board is cached for a second
    page = (await client.get("/")).text
    assert words("id")("wall.stale", time="14:32") in page


async def test_a_picture_is_served_once_and_then_known(client: httpx.AsyncClient, collector: City) -> None:
    file = collector.pictures.folder / "simpang-kabil--halte.jpg"
    file.write_bytes(b"\xff\xd8picture")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    first = await client.get("/pictures/simpang-kabil/halte.jpg?t=1")
    assert (first.status_code, first.content) == (200, b"\xff\xd8picture")
    assert first.headers["content-type"] == "image/jpeg"
    assert first.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    for known in ({"If-None-Match": first.headers["etag"]}, {"If-Modified-Since": first.headers["last-modified"]}):
        assert (await client.get("/pictures/simpang-kabil/halte.jpg", headers=known)).status_code == 304
    file.write_bytes(b"\xff\xd8another")
    again = await client.get("/pictures/simpang-kabil/halte.jpg", headers={"If-None-Match": first.headers["etag"]})
    assert again.content == b"\xff\xd8another"


@pytest.mark.parametrize("since", ["yesterday", "Tue, 99 Nov 2023 22:13:20 GMT", ""])
async def test_a_date_that_is_none_gets_the_picture(
    client: httpx.AsyncClient, collector: City, since: str
) -> None:
    (collector.pictures.folder / "simpang-kabil--halte.jpg").write_bytes(b"\xff\xd8")
    assert (
        await client.get("/pictures/simpang-kabil/halte.jpg", headers={"If-Modified-Since": since})
    ).status_code == 200


async def test_beside_an_untrue_picture_stands_the_last_good_one(
    client: httpx.AsyncClient, collector: City
) -> None:
    (collector.pictures.folder / "simpang-kabil--jalur-keluar--good.jpg").write_bytes(b"\xff\xd8good")
    page = (await client.get("/")).text
    good = re.findall(r'<img src="\./(pictures/[^"]*/good.jpg[^"]*)"', page)
    assert [address.partition("?")[0] for address in good] == ["pictures/simpang-kabil/jalur-keluar/good.jpg"]
    assert (await client.get("/" + good[0])).content == b"\xff\xd8good"


async def test_a_camera_without_a_picture_gets_a_drawing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/pictures/simpang-kabil/halte.jpg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/..%2f..%2fetc/passwd.jpg",
        "/pictures/%2e%2e/%2e%2e.jpg",
        "/pictures/Site/camera.jpg",
        "/pictures/site/camera%00.jpg",
        "/pictures/site/a%2fb.jpg",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
    ],
)
async def test_a_path_that_is_no_id_finds_nothing(client: httpx.AsyncClient, collector: City, path: str) -> None:
    assert (await client.get(path)).status_code == 404
    assert collector.pictures.requests == []


async def test_the_api_gives_the_view_as_it_is(client: httpx.AsyncClient, collector: City) -> None:
    answer = await client.get("/api/city")
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.content, type=CityView) == collector.view


async def test_the_api_tells_incidents_newest_first_in_the_language_asked_for(client: httpx.AsyncClient) -> None:
    told: list[dict[str, Any]] = (await client.get("/api/incidents?lang=en")).json()
    assert [each["id"] for each in told] == [6, 5, 4, 3]
    assert told[0]["meaning"] == words("en").meaning("refused")
    assert told[0]["resolved_ms"] is None
    assert told[3]["resolved_ms"]


async def test_health_is_200_while_all_is_well_and_503_with_reasons_otherwise(
    client: httpx.AsyncClient, collector: City
) -> None:
    well = await client.get("/healthz")
    assert (well.status_code, well.json()) == (
        200,
        {"ok": True, "attentive": True, "view_age_s": 0.0, "reasons": []},
    )
    collector.health = Health((Trouble(TroubleKind.BROKER_GONE, "127.0.0.1:1883 refuses"),), attentive=False)
    collector.now_ms += 20_000
    ill = await client.get("/healthz")
    assert ill.status_code == 503
    assert [reason["kind"] for reason in ill.json()["reasons"]] == ["view_stale", "broker_gone"]
    assert ill.json()["attentive"] is False
    assert words("id")("wall.trouble.broker_gone") in (await client.get("/")).text


async def test_metrics_count_the_city_and_what_the_other_rooms_register(
    client: httpx.AsyncClient, collector: City
) -> None:
    collector.registry.register(RoomMetric("pantau_intake_messages", "Messages taken.", lambda: 42, counter=True))
    collector.registry.register(RoomMetric("pantau_sink_lag_bytes", "Journal not yet in InfluxDB.", lambda: 7.5))
    collector.health = Health((Trouble(TroubleKind.SINK_BEHIND),))
    collector.now_ms += 3000
    figures = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families((await client.get("/metrics")).text)
        for sample in family.samples
    }
    assert figures["pantau_cameras", "ok"] == 5
    assert figures["pantau_cameras", "disabled"] == 0
    assert (figures["pantau_sites",], figures["pantau_sites_online",]) == (3, 2)
    assert figures["pantau_incidents_open",] == 3
    assert figures["pantau_incidents_open_by_cause", "agent_gone"] == 1
    assert figures["pantau_view_age_seconds",] == 3
    assert figures["pantau_trouble", "sink_behind"] == 1
    assert figures["pantau_trouble", "broker_gone"] == 0
    assert figures["pantau_intake_messages_total",] == 42
    assert figures["pantau_sink_lag_bytes",] == 7.5


async def test_a_city_of_two_thousand_cameras_asks_for_pictures_of_the_broken_alone(
    client: httpx.AsyncClient, collector: City
) -> None:
    cameras = [
        camera(f"Kamera {n}", Cause.BLACK if n % 100 == 0 else None, picture_ms=NOW_MS) for n in range(2000)
    ]
    sites = [site(f"Lokasi {n}", cameras[100 * n : 100 * n + 100]) for n in range(20)]
    collector.view = city(sites)
    page = (await client.get("/", headers={"Accept-Encoding": "gzip"})).text
    assert page.count('<img src="./pictures/') == 20
    assert page.count('loading="lazy"') == 20
    assert page.count('id="camera-') == 2000


async def test_a_dense_wall_lists_the_cameras_whose_pictures_are_not_judged(
    client: httpx.AsyncClient, collector: City
) -> None:
    why = "no keyframe of it comes whole"
    well = [camera(f"cam{number}") for number in range(70)]
    slow = msgspec.structs.replace(camera("slow", Cause.LOW_FPS), picture_unseen=why)
    well[3] = msgspec.structs.replace(well[3], picture_unseen=why)
    collector.view = city([site("nagoya", [*well, slow])], [])
    page = (await client.get("/?lang=en")).text
    lines = re.findall(r'id="wrong-(.*?)".*?class="why">(.*?)</span>', page, re.DOTALL)
    assert {key.rpartition("/")[2] for key, _ in lines} == {well[3].id, slow.id}
    assert all(why in text for _, text in lines)


async def test_an_empty_city_says_how_to_begin(client: httpx.AsyncClient, collector: City) -> None:
    collector.view = city([])
    assert words("id")("wall.empty_detail") in (await client.get("/")).text


async def test_what_is_left_out_for_one_site_is_a_click_away(client: httpx.AsyncClient, collector: City) -> None:
    cameras = [camera(f"Kamera {n}", Cause.STALLED) for n in range(70)]
    where, other = site("Satu", cameras), site("Dua", [camera("Lain", Cause.BLACK)])
    collector.view = city(
        [where, other],
        [
            *(incident(n, where, each, "stalled", minutes=1) for n, each in enumerate(cameras, start=1)),
            incident(99, other, other.cameras[0], "black", minutes=1),
        ],
    )
    page = (await client.get("/?lang=en")).text
    assert page.count('<article class="card') == 4
    assert '<a href="./?site=satu&amp;lang=en">and 67 more of this site</a>' in page
    assert '<a href="./?all=1&amp;lang=en">and 67 more</a>' in page
    assert '<a href="./?site=satu&amp;lang=en">and 64 more</a>' in page
    alone = (await client.get("/?site=satu&lang=en")).text
    assert alone.count('<article class="card') == 70
    assert "Only Satu." in alone
    assert "Lain" not in alone
    assert '<a href="./?lang=en">Show the whole city</a>' in alone
    assert 'href="?site=satu&amp;lang=id"' in alone
    everything = (await client.get("/?all=1")).text
    assert everything.count('<article class="card') == 71
    assert (await client.get("/board?site=satu")).text.count('<article class="card') == 70
    assert (await client.get("/?site=nowhere")).text.count('<article class="card') == 4
