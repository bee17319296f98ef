"""Signing in at the city's provider, which runs here, and at one that lies."""

import base64
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.accounts import changes, provider
from pantau_collector.accounts.actor import Actor
from pantau_collector.store import account_rows
from tests.collector.web.desk.control_room import ControlRoom
from tests.collector.web.every_route import whole_application
from tests.servers.oidc_provider import CLIENT, SECRET, OidcProvider

GRANTS = [
    {"group": "pantau-admins", "role": "admin"},
    {"group": "dishub", "role": "operator", "owners": ["dishub"]},
]


@pytest.fixture
def city() -> Iterator[OidcProvider]:
    running = OidcProvider()
    with running.running():
        yield running


@pytest.fixture
def room(tmp_path: Path, city: OidcProvider) -> ControlRoom:
    oidc = {
        "issuer": city.url,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "label": "SSO Batam",
        "grant": GRANTS,
    }
    room = ControlRoom(tmp_path, web={"public_url": "http://localhost", "oidc": oidc})
    room.who = None
    return room


@pytest.fixture
async def browser(room: ControlRoom) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=whole_application(room))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        yield browser


async def at_provider(browser: httpx.AsyncClient, to: str = "") -> str:
    """Go to the provider and sign in there; return the path by which it sends the browser back."""
    left = await browser.get("/sign-in/provider", params={"to": to})
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient() as outside:
        back = await outside.get(left.headers["location"])
    parts = urlsplit(back.headers["location"])
    return f"{parts.path}?{parts.query}"


async def signed_in(browser: httpx.AsyncClient) -> httpx.Response:
    return await browser.get(await at_provider(browser))


async def test_whom_the_provider_signs_in_has_the_rights_of_their_group(
    room: ControlRoom, browser: httpx.AsyncClient, city: OidcProvider
) -> None:
    assert "SSO Batam" in (await browser.get("/sign-in")).text
    done = await browser.get(await at_provider(browser, "/incidents?lang=en"))
    assert (done.status_code, done.headers["location"]) == (303, "../../incidents?lang=en")
    assert (await browser.get("/incidents")).status_code == 200
    assert (await browser.get("/admin")).status_code == 403
    with room.store.begin() as connection:
        account = account_rows.load_account(connection, "ani")
    assert account is not None
    assert (account.role, account.scope.owners, account.password) == (Role.OPERATOR, ("dishub",), "")
    city.user["groups"] = ["other", "pantau-admins"]
    await signed_in(browser)
    assert (await browser.get("/admin")).status_code == 200


async def test_a_new_key_of_the_provider_is_fetched(
    browser: httpx.AsyncClient, city: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await signed_in(browser)).status_code == 303
    monkeypatch.setattr(provider, "_KEYS_AGAIN_S", 0.0)
    city.key = RSAKey.generate_key(2048, {"kid": "second"})
    assert (await signed_in(browser)).status_code == 303


async def test_who_is_in_no_group_or_disabled_or_has_the_name_of_another_is_not_signed_in(
    room: ControlRoom, browser: httpx.AsyncClient, city: OidcProvider
) -> None:
    city.user["groups"] = ["other"]
    assert (await signed_in(browser)).status_code == 403
    city.user["groups"] = ["dishub"]
    boss = Actor("boss", "account")
    with room.store.begin() as connection:
        changes.add_account(connection, boss, 1, name="budi", role=Role.ADMIN, scope=Scope())
    city.user |= {"preferred_username": "budi", "sub": "2"}
    assert (await signed_in(browser)).status_code == 403
    city.user |= {"preferred_username": "ani", "sub": "1"}
    assert (await signed_in(browser)).status_code == 303
    city.user["sub"] = "3"
    assert (await signed_in(browser)).status_code == 403
    city.user["sub"] = "1"
    with room.store.begin() as connection:
        changes.disable(connection, boss, 1, "ani")
    assert (await signed_in(browser)).status_code == 403


LIES: dict[str, Any] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "other"},
    "two audiences and another party": {"aud": [CLIENT, "other"], "azp": "other"},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1},
    "no end": {"exp": None},
    "issued tomorrow": {"iat": 4_102_444_800},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 7},
    "a long subject": {"sub": "x" * 1000},
    "no name": {"preferred_username": None},
    "a name that is no text": {"preferred_username": ["ani"]},
    "times that are text": {"exp": "soon", "iat": {}},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_that_is_not_for_this_sign_in_is_not_believed(
    room: ControlRoom, browser: httpx.AsyncClient, city: OidcProvider, lie: str
) -> None:
    city.claims = lambda claims: {key: value for key, value in (claims | LIES[lie]).items() if value is not None}
    done = await signed_in(browser)
    assert done.status_code in (403, 502)
    assert "__Host-pantau=" not in str(done.headers)
    with room.store.begin() as connection:
        assert account_rows.load_accounts(connection) == []


def unsigned(claims: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


@pytest.mark.parametrize("how", ["none", "shared secret", "another key", "nonsense"])
async def test_a_token_that_the_provider_has_not_signed_is_not_believed(
    room: ControlRoom, browser: httpx.AsyncClient, city: OidcProvider, how: str
) -> None:
    other = RSAKey.generate_key(2048, {"kid": "first"})
    shared = OctKey.import_key(SECRET * 2)
    city.sign = {
        "none": unsigned,
        "shared secret": lambda claims: jwt.encode({"alg": "HS256", "kid": "first"}, claims, shared),
        "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, other),
        "nonsense": lambda _: "a.b.c",
    }[how]
    assert (await signed_in(browser)).status_code == 502
    with room.store.begin() as connection:
        assert account_rows.load_accounts(connection) == []


@pytest.mark.parametrize("what", ["token", "keys"])
@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("x" * 2_000_000),
        PlainTextResponse("[" * 100_000),
        PlainTextResponse(""),
        JSONResponse([]),
        JSONResponse({"keys": 7, "id_token": 7}),
        JSONResponse({}, 500),
        RedirectResponse("http://127.0.0.1:1/"),
    ],
)
async def test_what_is_no_answer_signs_nobody_in(
    browser: httpx.AsyncClient, city: OidcProvider, what: str, answer: PlainTextResponse
) -> None:
    city.answers[what] = lambda: answer
    assert (await signed_in(browser)).status_code == 502


async def test_a_provider_that_is_slow_is_given_up(
    room: ControlRoom, city: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def slow() -> PlainTextResponse:
        released.wait(60)
        return PlainTextResponse("{}")

    monkeypatch.setattr(provider, "WITHIN_S", 0.5)
    city.answers["discovery"] = slow
    transport = httpx.ASGITransport(app=whole_application(room))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
        assert (await browser.get("/sign-in/provider")).status_code == 502
    released.set()


@pytest.mark.parametrize("issuer", ["https://other.example", ""])
async def test_an_issuer_that_says_to_be_another_is_not_asked(
    browser: httpx.AsyncClient, city: OidcProvider, issuer: str
) -> None:
    city.answers["discovery"] = lambda: JSONResponse({"issuer": issuer})
    assert (await browser.get("/sign-in/provider")).status_code == 502


async def test_an_answer_to_nobody_s_question_is_refused(browser: httpx.AsyncClient) -> None:
    path = await at_provider(browser)
    assert (await browser.get(path.replace("state=", "state=x"))).status_code == 403
    assert (await browser.get("/sign-in/provider/back?code=x&state=")).status_code == 403
    assert (await browser.get(path)).status_code == 303
    assert (await browser.get(path)).status_code == 403  # the cookie is gone
    forged = browser.cookies
    forged.set("pantau-provider", "e30.00")
    assert (await browser.get("/sign-in/provider/back?code=x&state=x")).status_code == 403
