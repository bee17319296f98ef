"""What operators do, in a real browser: look now, take an outage, plan maintenance."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pantau_collector.inventory import load_inventory
from pantau_collector.store import agent_request_rows, downtime_rows, request_rows
from pantau_contract.messages import Command, Reply, Sample
from pantau_contract.states import State
from pantau_contract.topics import parse_topic
from pantau_contract.wire import decode
from tests.collector.web.actions.test_actions import CITY, OPERATOR, TAMAN, save_incidents
from tests.collector.web.browser import PHONE, browsing, chromium, new_page, serving
from tests.collector.web.desk.control_room import ControlRoom
from tests.collector.web.inventory.test_inventory_pages import BY_HAND, PARKS_FILE

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ControlRoom]:
    path = tmp_path / "inventory.toml"
    path.write_text(BY_HAND)
    (tmp_path / "inventory.d").mkdir()
    (tmp_path / "inventory.d" / "parks.toml").write_text(PARKS_FILE)
    room = ControlRoom(tmp_path, view=CITY, inventory=load_inventory(path), inventory_file=path)
    room.who = OPERATOR
    save_incidents(room.store)
    yield room
    room.store.close()


def has_no_barrier(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("script", [True, False])
def test_the_answer_of_a_look_appears_by_itself(browser: Browser, room: ControlRoom, script: bool) -> None:
    page = new_page(browser, PHONE, script=script)
    with serving(room.app) as url:
        page.goto(f"{url}/{TAMAN}/actions?lang=en")
        page.get_by_role("button", name="Look now").click()
        expect(page.get_by_text("looks at the camera")).to_be_visible()
        ((topic, payload),) = room.sent
        command = decode(parse_topic(topic), payload)
        assert isinstance(command, Command)
        now_ms = room.clock_ms()
        sample = Sample("taman", now_ms, State.OK, now_ms, fps=24.9)
        with room.store.begin() as connection:
            answer = Reply("kabil", command.id, "taman", now_ms, sample=sample)
            agent_request_rows.save_answers(connection, [(now_ms, answer)])
        expect(page.locator(".state.ok")).to_have_text("working")
        expect(page.get_by_text("24.9")).to_be_visible()
    page.context.close()


def test_an_outage_is_taken_and_maintenance_planned_without_a_barrier(browser: Browser, room: ControlRoom) -> None:
    page = new_page(browser)
    with serving(room.app) as url:
        page.goto(f"{url}/incidents/1/actions?lang=en")
        has_no_barrier(page)
        page.locator("form[action*=acknowledge] button").click()
        expect(page.get_by_role("status")).to_be_visible()
        with room.store.begin() as connection:
            assert [each.by for each in request_rows.load_pending(connection)] == ["Budi"]

        page.goto(f"{url}/{TAMAN}/maintenance?lang=en")
        has_no_barrier(page)
        page.get_by_role("button", name="Show what would happen").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("how long it lasts"))
        has_no_barrier(page)
        page.get_by_label("For how many hours").fill("2")
        page.get_by_role("button", name="Show what would happen").click()
        page.get_by_role("button", name="Plan it").click()
        expect(page.get_by_role("status")).to_have_text("The maintenance is planned.")
        has_no_barrier(page)
        with room.store.begin() as connection:
            assert [each.target for each in downtime_rows.load_downtimes(connection).downtimes] == ["kabil/taman"]

        page.goto(f"{url}/inventory?lang=en")
        has_no_barrier(page)
    page.context.close()
