import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from pantau_contract.states import Cause, State
from tests.collector.web.browser import DESKTOP, PHONE, browsing, chromium, new_page, serving
from tests.collector.web.cities import MINUTE_MS, NOW_MS, batam, city, large, write_pictures
from tests.collector.web.desk.control_room import ControlRoom, measured, placed

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

expect.set_options(timeout=60_000)

CAMERA = "/cameras/simpang-kabil/jalur-keluar"
PAGES = ("/map", "/cameras", "/incidents?state=down", "/sites/simpang-kabil", CAMERA, "/incidents/5", "/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = new_page(browser)
    yield page
    page.context.close()


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    room = ControlRoom(tmp_path, view=placed(batam()))
    room.pictures = write_pictures(room.pictures.folder, room.view)
    measured(room, "simpang-kabil", "jalur-keluar")
    return room


def problems_of(page: Page) -> list[str]:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return problems


def test_the_map_shows_each_site_by_shape_and_colour_and_asks_nobody_else(page: Page, room: ControlRoom) -> None:
    problems = problems_of(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serving(room.app) as url:
        page.goto(f"{url}/map?lang=en")
        expect(page.locator(".pin")).to_have_count(3)
        expect(page.locator(".pin.impaired use")).to_have_attribute("href", "#is-impaired")
        expect(page.locator("path.land").first).to_be_attached()
        frame = page.locator("#map").bounding_box()
        assert frame is not None
        for pin in page.locator(".pin").all():
            box = pin.bounding_box()
            assert box is not None
            assert frame["x"] < box["x"] < frame["x"] + frame["width"]
            assert frame["y"] < box["y"] < frame["y"] + frame["height"]
        page.locator(".pin.impaired").click()
        expect(page).to_have_url(re.compile("/sites/simpang-kabil"))
        assert all(each.startswith(url) for each in asked), asked
    assert not problems, problems


def test_a_camera_that_fails_is_on_the_open_map_and_its_open_page_without_a_reload(
    page: Page, browser: Browser, room: ControlRoom
) -> None:
    ill, room.view = room.view, placed(batam(well=True))
    other = new_page(browser)
    with serving(room.app) as url:
        page.goto(f"{url}/map")
        other.goto(f"{url}{CAMERA}")
        expect(page.locator(".pin.ok")).to_have_count(3)
        expect(other.locator("#head.ok")).to_be_visible()
        for each in (page, other):
            each.evaluate("window.sameDocument = true")
        room.view = ill
        expect(page.locator(".pin.down")).to_have_count(2)
        expect(page.locator("#site-simpang-kabil.impaired")).to_be_visible()
        expect(other.locator("#head.impaired")).to_be_visible()
        expect(other.locator("#incident-5")).to_be_visible()
        expect(other).to_have_title(re.compile("^Jalur keluar: "))
        room.view = placed(batam(well=True))
        expect(page.locator(".pin.ok")).to_have_count(3)
        expect(other.locator("#incident-5")).to_have_count(0)
        assert page.evaluate("window.sameDocument") is other.evaluate("window.sameDocument") is True
    other.context.close()


def test_a_filter_stands_in_the_address_and_holds_as_the_page_lives(page: Page, room: ControlRoom) -> None:
    with serving(room.app) as url:
        page.goto(f"{url}/cameras?lang=en")
        page.locator("summary").first.click()
        page.get_by_label("Name or id").fill("dermaga")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page).to_have_url(re.compile("text=dermaga"))
        expect(page.locator("tbody tr")).to_have_count(1)
        view = room.view
        sites = tuple(
            replace(each, cameras=tuple(replace(c, state=State.DOWN, cause=Cause.REFUSED) for c in each.cameras))
            for each in view.sites
        )
        room.view = replace(view, sites=sites)
        expect(page.locator("tbody tr.down")).to_have_count(1)
        expect(page.locator("tbody tr")).to_have_count(1)


def test_a_camera_tells_its_past_and_its_measures(page: Page, room: ControlRoom) -> None:
    with serving(room.app) as url:
        page.goto(f"{url}{CAMERA}?lang=en")
        expect(page.locator(".plot")).to_have_count(6)
        expect(page.locator(".plot .mean").first).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("^Frame rate over 24 hours: mean 24"))).to_be_visible()
        picture = page.locator("#pictures img").first
        expect(picture).to_have_js_property("naturalWidth", 640)


def test_no_page_has_a_barrier_by_light_or_dark_in_either_language(browser: Browser, room: ControlRoom) -> None:
    with serving(room.app) as url:
        looks: tuple[tuple[Literal["dark", "light"], str], ...] = (("dark", "id"), ("light", "en"))
        for scheme, language in looks:
            context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
            page = context.new_page()
            for path in PAGES:
                page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={language}")
                expect(page.locator("html.script")).to_be_attached()
                for closed in page.locator("details:not([open]) > summary").all():
                    closed.click()
                found = Axe().run(page)
                assert found.violations_count == 0, f"{path} {scheme}: {found.generate_report()}"
            context.close()


def test_every_page_fits_a_phone_and_shows_names_whole(browser: Browser, room: ControlRoom) -> None:
    name = "Persimpangan Jalan Jenderal Sudirman menuju Pelabuhan Internasional Batam Center sisi selatan"
    first, *rest = room.view.sites
    cameras = tuple(replace(each, name=name) if each.id == "jalur-keluar" else each for each in first.cameras)
    room.view = replace(room.view, sites=(replace(first, name=name, cameras=cameras), *rest))
    with serving(room.app) as url:
        for size in (PHONE, DESKTOP):
            page = new_page(browser, size)
            for path in PAGES[:6]:
                page.goto(f"{url}{path}")
                assert page.evaluate("document.documentElement.scrollWidth") <= size[0], f"{path} at {size}"
                for shown in page.get_by_text(name).all():
                    cut = shown.evaluate(
                        "each => each.scrollWidth > each.clientWidth + 1"
                        " && getComputedStyle(each).overflowX != 'visible'"
                    )
                    assert not cut, f"{path} at {size}: a name is cut"
            page.context.close()


def test_a_map_of_three_hundred_sites_is_drawn_and_moved(page: Page, room: ControlRoom) -> None:
    room.view = placed(large(1500))
    with serving(room.app) as url:
        page.goto(f"{url}/map")
        expect(page.locator(".pin")).to_have_count(300)
        view = room.view
        first, *rest = view.sites
        broken = replace(first.cameras[0], state=State.DOWN, cause=Cause.REFUSED, since_ms=NOW_MS - MINUTE_MS)
        page.evaluate(
            "window.touched = 0; new MutationObserver(all => { for (const { addedNodes, removedNodes } of all)"
            " touched += addedNodes.length + removedNodes.length })"
            ".observe(document.body, { childList: true, subtree: true })"
        )
        room.view = city([replace(first, cameras=(broken, *first.cameras[1:])), *rest], view.incidents)
        expect(page.locator(f"#site-{first.id}.down")).to_be_visible()
        assert page.evaluate("window.touched") < 100
