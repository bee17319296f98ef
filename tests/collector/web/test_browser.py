import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from pantau_collector.fleet.view import CityView
from pantau_collector.web import create_app
from pantau_contract.states import Cause, State
from tests.collector.web.browser import DESKTOP, PHONE, browsing, chromium, new_page, serving
from tests.collector.web.cities import MINUTE_MS, NOW_MS, FolderOfPictures, batam, large, write_pictures

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

expect.set_options(timeout=60_000)


class Collector:
    """Publishes a view that is always fresh; its clock starts at `NOW_MS`."""

    def __init__(self, view: CityView, pictures: FolderOfPictures) -> None:
        self.view = view
        self.app = create_app(self.fresh, pictures, clock_ms=self.clock_ms)
        self._began = time.monotonic()

    def clock_ms(self) -> int:
        return NOW_MS + round((time.monotonic() - self._began) * 1000)

    def fresh(self) -> CityView:
        return msgspec.structs.replace(self.view, time_ms=self.clock_ms())


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
def collector(tmp_path: Path) -> Collector:
    view = batam()
    return Collector(view, write_pictures(tmp_path, view))


def test_an_incident_appears_and_goes_without_a_reload(page: Page, collector: Collector) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    ill, collector.view = collector.view, batam(well=True)
    with serving(collector.app) as url:
        page.goto(url)
        expect(page.locator("#calm")).to_be_visible()
        page.evaluate("window.sameDocument = true")
        kept = page.locator("[id='camera-simpang-kabil/halte'] img").element_handle()
        collector.view = ill
        card = page.locator("#incident-5")
        expect(card).to_be_visible()
        expect(card.locator("h3")).to_contain_text("Jalur keluar")
        expect(card.locator("time")).to_have_text(re.compile(r"^\d+ mnt$"))
        expect(page.locator("#calm")).to_have_count(0)
        expect(page.locator("[id='site-batam-center'] .covered")).to_have_count(4)
        expect(page).to_have_title("(3) Pantau")
        collector.view = batam(well=True)
        expect(card).to_have_count(0)
        expect(page.locator("#calm")).to_be_visible()
        expect(page).to_have_title("Pantau")
        assert page.evaluate("window.sameDocument") is True
        assert kept is not None
        assert kept.evaluate("image => image.isConnected"), "a picture that did not change was drawn anew"
        assert not problems, problems


def test_durations_and_the_clock_run_on_between_changes(page: Page, collector: Collector) -> None:
    collector.view = msgspec.structs.replace(
        collector.view,
        incidents=tuple(
            msgspec.structs.replace(each, opened_ms=NOW_MS - MINUTE_MS + 3000) if each.id == 6 else each
            for each in collector.view.incidents
        ),
    )
    with serving(collector.app) as url:
        page.goto(url)
        expect(page.locator("#incident-6 time")).to_have_text("1 mnt")
        clock = page.locator("#clock").text_content() or ""
        assert clock.startswith("14:3")
        expect(page.locator("#clock")).not_to_have_text(clock)


def test_a_collector_that_is_gone_is_said_to_be_gone_and_the_wall_comes_back(
    page: Page, collector: Collector
) -> None:
    page.clock.install()
    page.route("**/*seen=*", lambda route: route.abort())  # no stream is to be had: the page is fetched instead
    with serving(collector.app) as url:
        page.goto(url)
        expect(page.locator("#incident-5")).to_be_visible()
        page.route(f"{url}/**", lambda route: route.abort())
        page.clock.run_for(40_000)
        expect(page.locator("#lost")).to_be_visible()
        page.unroute_all()
        page.clock.run_for(15_000)
        page.clock.resume()
        expect(page.locator("#lost")).to_be_hidden()


def test_the_wall_fits_a_big_screen_and_a_phone(browser: Browser, collector: Collector) -> None:
    with serving(collector.app) as url:
        for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            page = new_page(browser, size)
            page.goto(url)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], f"{name} scrolls sideways"
            box = page.locator(".card").first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < size[1], f"{name}: the first incident is not on the screen"
            # Not `wait_for_function`: it evaluates a string, which the page's Content Security Policy forbids.
            picture = page.locator(".card img[src*='pictures/']").first
            picture.scroll_into_view_if_needed()
            expect(picture).to_have_js_property("naturalWidth", 640)
            page.context.close()


def test_the_page_works_where_scripts_do_not_run(browser: Browser, collector: Collector) -> None:
    with serving(collector.app) as url:
        page = new_page(browser, script=False)
        page.goto(url)
        expect(page.locator("#incident-5")).to_be_visible()
        expect(page.locator("#incident-5 time")).to_have_text(re.compile(r"^\d+ mnt$"))
        expect(page.locator("#live")).to_be_hidden()
        assert page.locator("meta[http-equiv=refresh]").count() == 1
        page.context.close()


def test_one_change_among_two_thousand_cameras_changes_little_in_the_page(page: Page, tmp_path: Path) -> None:
    view = large(2000)
    collector = Collector(view, FolderOfPictures(tmp_path))
    with serving(collector.app) as url:
        page.goto(url)
        expect(page.locator(".marks .mark")).to_have_count(2000)
        page.evaluate(
            "window.touched = 0; new MutationObserver(all => { for (const { addedNodes, removedNodes } of all)"
            " touched += addedNodes.length + removedNodes.length })"
            ".observe(document.getElementById('sites'), { childList: true, subtree: true })"
        )
        first, *rest = view.sites
        broken = msgspec.structs.replace(first.cameras[0], state=State.DOWN, cause=Cause.REFUSED)
        first = msgspec.structs.replace(first, cameras=(broken, *first.cameras[1:]))
        collector.view = msgspec.structs.replace(view, sites=(first, *rest))
        expect(page.locator(f"[id='wrong-{first.id}/{broken.id}']")).to_be_visible()
        assert page.evaluate("window.touched") < 200
