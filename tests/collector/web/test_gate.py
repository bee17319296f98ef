import logging
from pathlib import Path

import httpx
import msgspec
import pytest

from pantau_collector.config import Web
from pantau_collector.health import Health, Trouble, TroubleKind
from pantau_collector.web import create_app
from pantau_collector.web.access import access_rules
from pantau_collector.web.gate import API_RATE, PAGE_RATE, SIGN_IN_RATE
from pantau_collector.web.guard import MAX_BODY
from pantau_collector.web.picture_log import NOTED_AGAIN_S, PictureLog
from pantau_collector.web.rate_limit import Rate, RateLimit
from pantau_contract.states import Cause
from pantau_contract.words import words
from tests.collector.web.cities import NOW_MS, FolderOfPictures, camera, city, incident, site

TOKEN = "0123456789abcdef0123"
EVIDENCE = "10.20.3.14 port 554: connection refused"
KNOWN = {"vendor": "hikvision", "model": "DS-2CD2142", "firmware": "V5.4.0", "firmware_note": "CVE-2017-7921"}
SECRETS = (EVIDENCE, *KNOWN.values(), "1.19", "0.1.0")
BROKER = Trouble(TroubleKind.BROKER_GONE, "10.0.0.9 does not answer")


class Wall:
    """The application behind its gate, with a camera of which much is known, and who may ask from where."""

    def __init__(
        self, folder: Path, *, token: str | None = TOKEN, public_url: str = "https://pantau.example"
    ) -> None:
        gate = msgspec.structs.replace(camera("Gerbang", Cause.BLACK, picture_ms=NOW_MS), detail=EVIDENCE, **KNOWN)
        where = msgspec.structs.replace(site("Kabil", [gate]), latitude=1.19, longitude=104.1)
        view = city([where], [incident(1, where, gate, "black", minutes=1)])
        (folder / "kabil--gerbang.jpg").write_bytes(b"\xff\xd8\xff\xd9")
        self.app = create_app(
            lambda: view,
            FolderOfPictures(folder),
            lambda: Health((BROKER,)),
            access=access_rules(Web.model_validate({"token": token, "public_url": public_url})),
            clock_ms=lambda: NOW_MS,
        )

    async def ask(
        self,
        path: str,
        *,
        peer: str = "127.0.0.1",
        host: str = "pantau.example",
        method: str = "GET",
        **headers: str,
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.1.1.1") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers={"Host": host, **named})

    async def signed_in(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask(path, peer="10.20.3.4", authorization=f"Bearer {TOKEN}", **headers)


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


PAGES = ["/", "/board", "/api/city", "/api/incidents", "/metrics"]
PICTURES = ["/pictures/kabil/gerbang.jpg", "/pictures/kabil/gerbang/good.jpg"]


async def test_who_is_signed_in_sees_everything(wall: Wall) -> None:
    for path in (*PAGES, *PICTURES):
        assert (await wall.signed_in(path)).status_code == 200
    seen = (await wall.signed_in("/api/city")).text
    assert all(each in seen for each in SECRETS)
    assert "pictures/kabil/gerbang.jpg" in (await wall.signed_in("/")).text
    assert 'site="kabil"' in (await wall.signed_in("/metrics")).text
    assert (await wall.signed_in("/healthz")).json()["reasons"][0]["detail"] == BROKER.detail


async def test_without_a_sign_in_this_machine_sees_the_wall_without_pictures_and_details(wall: Wall) -> None:
    for path in PAGES:
        answer = await wall.ask(path)
        assert answer.status_code == 200
        assert not [each for each in SECRETS if each in answer.text]
        assert "pictures/" not in answer.text
    for path in PICTURES:
        assert (await wall.ask(path)).status_code == 401
    page = (await wall.ask("/")).text
    assert "Gerbang" in page
    assert words("id").meaning("black") in page
    assert words("id")("wall.sign_in.needed") in page
    assert 'href="sign-in?lang=id"' in page
    metrics = (await wall.ask("/metrics")).text
    assert "pantau_cameras{" in metrics
    assert "kabil" not in metrics


async def test_strangers_learn_whether_it_is_well_and_may_sign_in(wall: Wall) -> None:
    for path in (*PAGES[1:], *PICTURES):
        assert (await wall.ask(path, peer="10.20.3.4")).status_code == 401
    front = await wall.ask("/", peer="10.20.3.4")
    assert (front.status_code, front.headers["location"]) == (303, "sign-in")
    health = await wall.ask("/healthz", peer="10.20.3.4")
    assert (health.status_code, health.json()) == (503, {"ok": False})
    assert (await wall.ask("/sign-in", peer="10.20.3.4")).status_code == 200
    assert (await wall.ask("/static/wall.css", peer="10.20.3.4")).status_code == 200


async def test_without_a_token_there_is_no_page_to_sign_in(tmp_path: Path) -> None:
    wall = Wall(tmp_path, token=None)
    assert (await wall.ask("/sign-in")).status_code == 404
    assert (await wall.ask("/", peer="10.20.3.4")).status_code == 401
    assert "sign-in" not in (await wall.ask("/")).text


async def test_a_city_on_one_machine_needs_no_sign_in(tmp_path: Path) -> None:
    wall = Wall(tmp_path, token=None, public_url="http://127.0.0.1:8080")
    for path in (*PAGES, *PICTURES):
        assert (await wall.ask(path, host="127.0.0.1:8080")).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, *PICTURES, "/healthz", "/ack", "/static/wall.css", "/nothing"])
async def test_another_name_is_refused_everywhere(wall: Wall, path: str) -> None:
    for host in ("evil.example", "evil.example:8080", "pantau.example.evil.example"):
        assert (await wall.signed_in(path, Host=host)).status_code == 421
    assert (await wall.signed_in(path, Host="localhost:8080")).status_code != 421


async def test_another_site_may_link_to_the_wall_and_not_use_it(wall: Wall) -> None:
    foreign = {"sec_fetch_site": "cross-site"}
    link = {**foreign, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    for path in (*PAGES, *PICTURES, "/healthz"):
        assert (await wall.signed_in(path, **foreign)).status_code == 403
    for path in (*PAGES[1:], *PICTURES):
        assert (await wall.signed_in(path, **link)).status_code == 403
    assert (await wall.signed_in("/", **link)).status_code == 200
    assert (await wall.signed_in("/", **{**link, "sec_fetch_dest": "iframe"})).status_code == 403
    assert (await wall.ask("/sign-in", method="POST", **link)).status_code == 403
    for own in ("same-origin", "none", "same-site"):
        assert (await wall.signed_in("/api/city", sec_fetch_site=own)).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "BREW"])
async def test_other_methods_are_refused(wall: Wall, method: str) -> None:
    for path in (*PAGES, *PICTURES, "/static/wall.css", "/sign-in"):
        answer = await wall.ask(path, method=method)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) >= {"GET", "HEAD"}


async def test_bodies_are_refused_before_they_are_read(wall: Wall) -> None:
    assert MAX_BODY == 8192
    for method, length, status in (
        ("GET", "1", 413),
        ("POST", "8193", 413),
        ("POST", "nonsense", 413),
        ("GET", "0", 200),
    ):
        path = "/sign-in" if method == "POST" else "/"
        answer = await wall.ask(path, method=method, content_length=length)
        assert answer.status_code == status, (method, length)
    assert (await wall.ask("/", transfer_encoding="chunked")).status_code == 413


async def test_every_answer_has_the_security_headers(wall: Wall) -> None:
    answers = [
        await wall.ask(path) for path in (*PAGES, *PICTURES, "/healthz", "/sign-in", "/nothing", "/static/wall.js")
    ]
    answers.append(await wall.ask("/", host="evil.example"))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_an_address_may_ask_so_often() -> None:
    assert Rate(240, 40) == API_RATE
    assert Rate(600, 100) == PAGE_RATE
    assert Rate(10, 1 / 6) == SIGN_IN_RATE
    limit = RateLimit(Rate(burst=3, per_s=2))
    assert [limit.admit("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.admit("b", 0.0)
    assert [limit.admit("a", 0.5), limit.admit("a", 0.5), limit.admit("a", 99.0)] == [True, False, True]


def test_the_addresses_that_are_remembered_are_limited() -> None:
    limit = RateLimit(Rate(burst=1, per_s=1))
    for n in range(20_000):
        assert limit.admit(str(n), 0.0)
    assert len(limit._buckets) == 4096
    assert not limit.admit("19999", 0.0)


async def test_one_address_too_many_requests_for_the_api_and_not_for_the_wall(wall: Wall) -> None:
    answers = [200]
    while answers[-1] == 200:
        answers.append((await wall.ask("/api/city")).status_code)
    assert answers[-1] == 429
    assert len(answers) > 60
    assert (await wall.ask("/")).status_code == 200
    assert (await wall.ask("/api/city", peer="127.0.0.2")).status_code == 200
    assert {(await wall.signed_in("/api/city")).status_code for _ in range(len(answers))} == {200}


async def test_who_looks_at_a_picture_is_noted_once_an_hour(wall: Wall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        await wall.signed_in(PICTURES[0])
        await wall.ask(PICTURES[0], peer="10.9.9.9")
    noted = [record.message for record in caplog.records if record.name.endswith("picture_log")]
    assert noted == [
        "/pictures/kabil/gerbang.jpg asked for by 10.20.3.4: 200",
        "/pictures/kabil/gerbang.jpg asked for by 10.9.9.9: 401",
    ]


def test_the_same_look_is_noted_again_an_hour_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now_s = [0.0]
    log = PictureLog(lambda: now_s[0])
    assert NOTED_AGAIN_S == 3600
    for each in (0.0, 3599.0, 3600.0, 3601.0, 7199.0, 7200.0):
        now_s[0] = each
        log._note("10.1.1.1", "/pictures/a/b.jpg", 304 if each else 200)
    assert len(caplog.records) == 3
    for n in range(10_000):
        log._note("10.1.1.1", f"/pictures/a/{n}.jpg", 200)
    assert len(log._noted) == 4096
