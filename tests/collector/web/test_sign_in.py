import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from pantau_collector.config import Web
from pantau_collector.web import create_app
from pantau_collector.web.access import access_rules
from pantau_contract.words import words
from tests.collector.web.browser import browsing, chromium, new_page, serving
from tests.collector.web.cities import NOW_MS, FolderOfPictures, batam, write_pictures

TOKEN = "0123456789abcdef0123"
WRONG = words("id")("wall.sign_in.wrong")


def client(folder: Path) -> httpx.AsyncClient:
    app = create_app(
        batam,
        FolderOfPictures(folder),
        access=access_rules(Web.model_validate({"token": TOKEN, "public_url": "https://pantau.example/wall"})),
        clock_ms=lambda: NOW_MS,
    )
    transport = httpx.ASGITransport(app=app, client=("10.20.3.4", 50_000))
    return httpx.AsyncClient(transport=transport, base_url="https://pantau.example")


async def test_the_token_gives_a_cookie_by_which_everything_is_seen(tmp_path: Path) -> None:
    async with client(tmp_path) as stranger:
        assert (await stranger.get("/board")).status_code == 401
        done = await stranger.post("/sign-in", data={"token": f" {TOKEN} "})
        assert (done.status_code, done.headers["location"]) == (303, "./")
        assert done.headers["set-cookie"].endswith("; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure")
        assert TOKEN not in done.headers["set-cookie"]
        assert (await stranger.get("/board")).status_code == 200
        assert "pictures/" in (await stranger.get("/")).text


@pytest.mark.parametrize("body", [b"", b"token=", b"token=wrong", b"token=" + b"x" * 8000, b"\xff\xfe", b"%%%=&&"])
async def test_a_wrong_token_gives_nothing(tmp_path: Path, body: bytes) -> None:
    async with client(tmp_path) as stranger:
        done = await stranger.post("/sign-in", content=body)
        assert done.status_code == 403
        assert "set-cookie" not in done.headers
        assert WRONG in done.text
        assert (await stranger.get("/board")).status_code == 401


async def test_a_token_cannot_be_guessed_quickly(tmp_path: Path) -> None:
    async with client(tmp_path) as stranger:
        answers = [403]
        while answers[-1] == 403:
            answers.append((await stranger.post("/sign-in", data={"token": f"guess {len(answers)}"})).status_code)
        assert answers[-1] == 429
        assert len(answers) > 10


async def test_the_page_sends_its_form_to_itself_and_is_kept_nowhere(tmp_path: Path) -> None:
    async with client(tmp_path) as stranger:
        page = await stranger.get("/sign-in?lang=en")
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert words("en")("wall.sign_in.title") in page.text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("chromium is not installed")
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = new_page(browser)
    yield page
    page.context.close()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    view = batam()
    app = create_app(
        batam,
        write_pictures(tmp_path, view),
        access=access_rules(Web.model_validate({"token": TOKEN, "public_url": "https://pantau.example"})),
        clock_ms=lambda: NOW_MS,
    )
    with serving(app) as url:
        yield url


def test_a_screen_that_is_opened_with_the_token_behind_the_hash_signs_itself_in(page: Page, url: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}/sign-in#{TOKEN}")
    expect(page).to_have_url(f"{url}/")
    expect(page.locator("img[src^=pictures]").first).to_be_visible()
    assert page.locator("#signed-out").count() == 0
    assert not [address for address in asked if TOKEN in address.partition("#")[0]]
    page.go_back()
    assert TOKEN not in page.url


def test_a_person_signs_in_by_the_form(page: Page, url: str) -> None:
    page.goto(f"{url}/?lang=en")
    expect(page.locator("#signed-out")).to_contain_text(words("en")("wall.sign_in.needed"))
    assert page.locator("img[src^=pictures]").count() == 0
    page.get_by_role("link", name=words("en")("wall.sign_in.title")).click()
    page.fill("#token", "wrong")
    page.get_by_role("button").click()
    expect(page.locator(".note")).to_have_text(words("en")("wall.sign_in.wrong"))
    page.fill("#token", TOKEN)
    page.get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.locator("img[src^=pictures]").first).to_be_visible()
