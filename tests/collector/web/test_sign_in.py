import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, expect
from starlette.applications import Starlette

from pantau_collector.access.role import Role
from pantau_collector.accounts import changes
from pantau_collector.web import create_app
from pantau_collector.web.access import AccessRules
from pantau_contract.words import words
from tests.collector.accounts.city_accounts import BOSS, PASSWORD, CityAccounts
from tests.collector.web.browser import browsing, chromium, new_page, serving
from tests.collector.web.cities import NOW_MS, FolderOfPictures, batam
from tests.collector.web.signed_wall import SignedWall

INDONESIAN = words("id")


@pytest.fixture
def wall(tmp_path: Path) -> SignedWall:
    wall = SignedWall(tmp_path)
    wall.city.add("budi")
    return wall


async def test_name_and_password_give_a_cookie_by_which_the_wall_is_seen(wall: SignedWall) -> None:
    async with wall.browser() as browser:
        assert (await browser.get("/board")).status_code == 401
        done = await browser.post("/sign-in", data={"name": "budi", "password": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "./")
        session, device = done.headers.get_list("set-cookie")
        assert session.startswith("__Host-pantau=")
        assert session.endswith("; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure")
        assert device.startswith("__Host-pantau-device=")
        assert PASSWORD not in done.text + str(done.headers)
        assert (await browser.get("/board")).status_code == 200
        assert "Gerbang" in (await browser.get("/")).text


async def test_without_tls_the_cookie_has_no_such_name_and_one_of_it_is_not_taken_over_tls(
    wall: SignedWall,
) -> None:
    async with wall.browser("127.0.0.1", base="http://127.0.0.1:8080") as plain, wall.browser() as secure:
        done = await plain.post("/sign-in", data={"name": "budi", "password": PASSWORD})
        session = done.headers.get_list("set-cookie")[0]
        assert session.startswith("pantau=")
        assert "Secure" not in session
        value = session.partition(";")[0]
        assert (await secure.get("/board", headers={"Cookie": value})).status_code == 401
        assert (await secure.get("/board", headers={"Cookie": f"__Host-{value}"})).status_code == 200


async def test_a_page_that_was_asked_for_is_shown_after_the_sign_in(wall: SignedWall) -> None:
    async with wall.browser(accept="text/html") as browser:
        asked = await browser.get("/?lang=en&site=kabil")
        assert asked.headers["location"] == "./sign-in?to=%2F%3Flang%3Den%26site%3Dkabil"
        form = (await browser.get(f"/{asked.headers['location']}")).text
        assert 'value="/?lang=en&amp;site=kabil"' in form
        sent = {"name": "budi", "password": PASSWORD, "to": "/?lang=en&site=kabil"}
        done = await browser.post("/sign-in", data=sent)
        assert done.headers["location"] == "./?lang=en&site=kabil"


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x",
        "",
    ],
)
async def test_no_sign_in_leads_to_another_server(wall: SignedWall, to: str) -> None:
    async with wall.browser() as browser:
        done = await browser.post("/sign-in", data={"name": "budi", "password": PASSWORD, "to": to})
        assert done.headers["location"] == "./"


@pytest.mark.parametrize(
    "body", [b"", b"name=budi", b"name=budi&password=wrong", b"password=" + b"x" * 8000, b"\xff\xfe", b"%%%=&&"]
)
async def test_anything_else_gives_nothing(wall: SignedWall, body: bytes) -> None:
    async with wall.browser() as browser:
        done = await browser.post("/sign-in", content=body)
        assert done.status_code == 403
        assert "set-cookie" not in done.headers
        assert INDONESIAN("wall.sign_in.wrong_password") in done.text


async def test_too_many_attempts_are_answered_with_how_long_to_wait(wall: SignedWall) -> None:
    async with wall.browser() as browser:
        answers = [403]
        for n in range(30):
            browser.headers["x-forwarded-for"] = "1.2.3.4"  # which nobody believes
            answers.append(
                (
                    await browser.post("/sign-in", data={"name": "budi", "password": f"guess number {n}"})
                ).status_code
            )
        assert answers.count(403) == 11
        assert set(answers) == {403, 429}


async def test_a_link_signs_in_once_and_leads_to_where_a_password_is_set(wall: SignedWall) -> None:
    wall.city.add("ani", Role.ADMIN, password="")
    code = wall.city.link("ani")
    async with wall.browser() as browser, wall.browser() as another:
        done = await browser.post("/sign-in/code", data={"code": code})
        assert (done.status_code, done.headers["location"]) == (303, "../account")
        assert (await browser.get("/board")).status_code == 200
        again = await another.post("/sign-in/code", data={"code": code})
        assert again.status_code == 403
        assert INDONESIAN("wall.sign_in.wrong_code") in again.text


async def test_a_screen_signs_in_by_its_token_and_only_sees(wall: SignedWall) -> None:
    _, token = wall.city.token(Role.SCREEN)
    async with wall.browser() as screen:
        assert 'id="code"' in (await screen.get("/screen")).text
        assert (await screen.post("/sign-in/code", data={"code": token})).status_code == 303
        assert (await screen.get("/")).status_code == 200
        assert (await screen.get("/account")).status_code == 403


async def test_signing_out_needs_our_own_form_and_ends_the_session_everywhere(wall: SignedWall) -> None:
    async with wall.signed_in("budi") as browser, wall.browser() as thief:
        stolen = {"Cookie": f"__Host-pantau={browser.cookies['__Host-pantau']}"}
        assert (await thief.get("/board", headers=stolen)).status_code == 200
        assert (await browser.post("/sign-out")).status_code == 403
        assert (await browser.post("/sign-out", data={"csrf": "0" * 64})).status_code == 403
        page = (await browser.get("/account")).text
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        assert csrf is not None
        done = await browser.post("/sign-out", data={"csrf": csrf[1]})
        assert (done.status_code, done.headers["location"]) == (303, "sign-in")
        assert (await browser.get("/board")).status_code == 401
        assert (await thief.get("/board", headers=stolen)).status_code == 401


async def test_a_disabled_account_is_out_at_once(wall: SignedWall) -> None:
    async with wall.signed_in("budi") as browser:
        assert (await browser.get("/board")).status_code == 200
        with wall.city.store.begin() as connection:
            changes.disable(connection, BOSS, wall.city.now_ms, "budi")
        wall.city.now_ms += 1000
        assert (await browser.get("/board")).status_code == 401


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    with browsing() as started:
        yield started


def note_address(seen: list[str], request: Request) -> None:
    seen.append(request.url)


def served(folder: Path) -> tuple[CityAccounts, Starlette]:
    city = CityAccounts(folder)
    return city, create_app(
        batam, FolderOfPictures(folder), access=AccessRules(), accounts=city.all, clock_ms=lambda: NOW_MS
    )


def test_a_person_signs_in_by_name_and_password_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    city, app = served(tmp_path)
    city.add("budi")
    with serving(app) as url:
        page = new_page(browser)
        page.goto(url)
        expect(page).to_have_url(re.compile("/sign-in"))
        page.get_by_label(INDONESIAN("wall.sign_in.name")).fill("budi")
        page.get_by_label(INDONESIAN("wall.sign_in.password")).fill("not the password")
        page.get_by_role("button", name=INDONESIAN("wall.sign_in.button")).first.click()
        expect(page.get_by_role("alert")).to_have_text(INDONESIAN("wall.sign_in.wrong_password"))
        page.get_by_label(INDONESIAN("wall.sign_in.name")).fill("budi")
        page.get_by_label(INDONESIAN("wall.sign_in.password")).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#board")).to_be_visible()
        page.context.close()


def test_a_screen_opens_an_address_and_its_token_is_in_no_request_and_not_in_the_address(
    browser: Browser, tmp_path: Path
) -> None:
    city, app = served(tmp_path)
    _, token = city.token(Role.SCREEN)
    with serving(app) as url:
        for start in ("/screen", "/sign-in"):
            page = new_page(browser)
            addresses: list[str] = []
            page.on("request", partial(note_address, addresses))
            page.goto(f"{url}{start}#{token}")
            expect(page.locator("#board")).to_be_visible()
            assert token not in page.url
            assert not [each for each in addresses if token in each.partition("#")[0]]
            page.context.close()
