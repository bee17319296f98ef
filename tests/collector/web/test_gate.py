import logging
from pathlib import Path

import httpx
import pytest

from pantau_collector.access.role import Role
from pantau_collector.store import StoreError
from pantau_collector.web.gate import API_RATE, PAGE_RATE, SIGN_IN_RATE
from pantau_collector.web.guard import MAX_BODY
from pantau_collector.web.rate_limit import Rate, RateLimit
from tests.collector.web.signed_wall import BROKER, SignedWall


class Wall:
    """The application behind its gate, and who may ask from where."""

    def __init__(self, folder: Path) -> None:
        self.signed = SignedWall(folder)
        self.app = self.signed.app
        _, self.token = self.signed.city.token(Role.VIEWER)

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
        return await self.ask(path, peer="10.20.3.4", authorization=f"Bearer {self.token}", **headers)


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


PAGES = ["/", "/board", "/api/city", "/api/incidents", "/metrics"]
PICTURES = ["/pictures/kabil/gerbang.jpg", "/pictures/kabil/gerbang/good.jpg"]


async def test_who_is_signed_in_sees_everything(wall: Wall) -> None:
    for path in (*PAGES, *PICTURES):
        assert (await wall.signed_in(path)).status_code == 200
    assert (await wall.signed_in("/healthz")).json()["reasons"][0]["detail"] == BROKER.detail


async def test_strangers_learn_whether_it_is_well_and_may_sign_in_also_on_this_machine(wall: Wall) -> None:
    for peer in ("127.0.0.1", "10.20.3.4"):
        for path in (*PAGES, *PICTURES):
            assert (await wall.ask(path, peer=peer)).status_code == 401
        front = await wall.ask("/", peer=peer, accept="text/html")
        assert (front.status_code, front.headers["location"]) == (303, "./sign-in")
        health = await wall.ask("/healthz", peer=peer)
        assert (health.status_code, health.json()) == (503, {"ok": False})
        for path in ("/sign-in", "/screen", "/static/wall.css"):
            assert (await wall.ask(path, peer=peer)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "{token}", "Basic {token}", "Bearer {token}x"],
)
async def test_a_wrong_token_is_nobody_s_even_beside_a_session(wall: Wall, authorization: str) -> None:
    wall.signed.city.add("budi")
    session = wall.signed.city.signed_in("budi").secret
    sent = {"cookie": f"__Host-pantau={session}"}
    assert (await wall.ask("/board", **sent)).status_code == 200
    wrong = authorization.format(token=wall.token)
    answer = await wall.ask("/board", authorization=wrong, **sent)
    assert answer.status_code == (401 if wrong else 200)


@pytest.mark.parametrize(
    "path",
    [
        "/api/city?token=secret-of-somebody",
        "/?access_token=x",
        "/board?x=1&API_KEY=x",
        "/?x={token}",
        "/{token}",
        "/?x=%70antau_api_" + "x" * 43,
    ],
)
async def test_a_token_in_an_address_is_refused_and_written_nowhere(
    wall: Wall, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await wall.ask(path.format(token=wall.token))
    assert answer.status_code == 400
    assert "Authorization: Bearer" in answer.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pantau")]
    assert not [each for each in ours if "secret-of-somebody" in each or wall.token in each]
    assert wall.token not in answer.text


async def test_a_form_of_another_origin_is_refused(wall: Wall) -> None:
    for origin in ("https://evil.example", "http://[", "x", "https://pantau.example.evil.example"):
        answer = await wall.ask("/sign-in", method="POST", origin=origin, content_length="0")
        assert answer.status_code == 403
    for origin in ("https://pantau.example", "null"):
        answer = await wall.ask("/sign-in", method="POST", origin=origin, content_length="0")
        assert "wall.sign_in" not in answer.text
        assert "sign-in/code" in answer.text


async def test_a_state_that_cannot_be_read_lets_nobody_in(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> object:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(wall.signed.city.store, "begin", failing)
    answer = await wall.signed_in("/board")
    assert answer.status_code == 503
    assert "disk" not in answer.text
    assert (await wall.ask("/healthz")).json() == {"ok": False}


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
        ("POST", "10000000", 413),
        ("POST", "nonsense", 413),
        ("GET", "0", 200),
    ):
        path = "/sign-in"
        answer = await wall.ask(path, method=method, content_length=length)
        assert answer.status_code == status, (method, length)
    assert (await wall.ask("/", transfer_encoding="chunked")).status_code == 413
    assert (await wall.ask("/sign-in", method="POST", transfer_encoding="chunked")).status_code == 411


async def test_every_answer_has_the_security_headers(wall: Wall) -> None:
    answers = [
        await wall.ask(path) for path in (*PAGES, *PICTURES, "/healthz", "/sign-in", "/nothing", "/static/live.js")
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
    answers = [401]
    while answers[-1] == 401:
        answers.append((await wall.ask("/api/city")).status_code)
    assert answers[-1] == 429
    assert len(answers) > 60
    assert (await wall.ask("/")).status_code == 401
    assert (await wall.ask("/api/city", peer="127.0.0.2")).status_code == 401
    assert {(await wall.signed_in("/api/city")).status_code for _ in range(len(answers))} == {200}


async def test_who_looks_at_which_picture_is_in_the_audit_log_once_an_hour(wall: Wall) -> None:
    for _ in range(3):
        await wall.signed_in(PICTURES[0])
        await wall.ask(PICTURES[0], peer="10.9.9.9")
    assert wall.signed.city.audited()[-1:] == [("lobby", "picture_seen", "kabil/gerbang")]
    assert len([each for each in wall.signed.city.audited() if each[1] == "picture_seen"]) == 1
