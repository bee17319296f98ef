"""The pages of projects: by date, within the scope, with a film; as a browser shows them."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryProject
from pantau_contract.states import Cause
from tests.collector.snapshots.cameras import Collector, street
from tests.collector.web.browser import DESKTOP, PHONE, browsing, chromium, new_page, serving
from tests.collector.web.cities import camera, city, site
from tests.collector.web.desk.control_room import ControlRoom

KABIL = "/projects/layang-kabil"


def room_of(folder: Path) -> ControlRoom:
    """Return a city with two projects; the first has pictures of three days and a bad one."""
    sent = Collector(folder)
    for i, day in enumerate(("2026-10-30", "2026-11-02", "2026-11-03")):
        sent.sent(f"{day} 11:00", street(110 + 20 * i, seed=i, size=(640, 360)), site="kabil", camera="gate")
    sent.sent("2026-11-04 11:00", cause=Cause.COVERED, site="kabil", camera="gate")
    sent.sent("2026-11-04 11:00", site="nagoya", camera="door")
    sent.archive.close()
    inventory = Inventory(
        projects=[
            InventoryProject(
                id="layang-kabil", name="Jalan Layang <Kabil>", owner="bina-marga", contractor="PT Beton Kepri"
            )
        ],
        cameras=[
            InventoryCamera(site="kabil", id="gate", project="layang-kabil"),
            InventoryCamera(site="nagoya", id="door", project="Pasar Baru"),
        ],
    )
    gate = replace(camera("Gate"), project="Jalan Layang <Kabil>", owner="bina-marga")
    door = replace(camera("Door", Cause.FROZEN), project="Pasar Baru", owner="pasar")
    view = city([site("Kabil", [gate]), site("Nagoya", [door])])
    return ControlRoom(folder, view=view, inventory=inventory)


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    return room_of(tmp_path)


async def get(room: ControlRoom, address: str) -> httpx.Response:
    async with room.client() as client:
        return await client.get(address)


async def test_projects_are_listed_and_a_name_is_text(room: ControlRoom) -> None:
    page = await get(room, "/projects?lang=en")
    assert page.status_code == 200
    assert "Jalan Layang &lt;Kabil&gt;" in page.text
    assert 'href="./projects/pasar-baru?lang=en"' in page.text
    assert "<Kabil>" not in page.text


async def test_a_project_has_the_pictures_of_its_days_and_none_that_was_not_true(room: ControlRoom) -> None:
    page = await get(room, f"{KABIL}?lang=en")
    assert page.status_code == 200
    assert re.findall(r'<option value="([\d-]+)"', page.text) == ["2026-10-30", "2026-11-02", "2026-11-03"] * 2
    assert "PT Beton Kepri" in page.text
    addresses = set(re.findall(r'src="\.\./(snapshots/[^"]+)"', page.text))
    assert len(addresses) == 3
    for address in addresses:
        picture = await get(room, f"/{address}")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    october = await get(room, f"{KABIL}?month=2026-10&left=2026-11-02&right=2026-11-03")
    assert len(set(re.findall(r"snapshots/kabil/gate/(\d+)", october.text))) == 3


@pytest.mark.parametrize(
    "query", ["left=x&right=9999-99-99", "camera=nagoya/door", "month=%00", "left=0001-01-01"]
)
async def test_a_choice_that_is_none_shows_what_there_is(room: ControlRoom, query: str) -> None:
    page = await get(room, f"{KABIL}?{query}")
    assert page.status_code == 200
    assert "nagoya/door" not in page.text


async def test_a_department_sees_its_own_projects_and_pictures_only(room: ControlRoom) -> None:
    door = next(
        iter(re.findall(r"snapshots/nagoya/door/\d+\.jpg", (await get(room, "/projects/pasar-baru")).text))
    )
    room.who = Principal("budi", Role.OPERATOR, Scope(owners=("bina-marga",)))
    assert "Pasar Baru" not in (await get(room, "/projects")).text
    assert (await get(room, KABIL)).status_code == 200
    for address in (
        "/projects/pasar-baru",
        "/projects/pasar-baru/film.json",
        f"/{door}",
        "/films/nagoya/door/ab.mp4",
    ):
        assert (await get(room, address)).status_code == 404, address


async def test_who_has_no_role_for_it_makes_no_film(room: ControlRoom) -> None:
    room.who = Principal("siti", Role.VIEWER)
    page = await get(room, KABIL)
    assert '<form method="post"' not in page.text
    async with room.client() as client:
        refused = await client.post(f"{KABIL}/film", data={"camera": "kabil/gate"})
    assert (refused.status_code, refused.text) == (403, "this needs the role operator\n")
    room.who = Principal("wall", Role.SCREEN)
    assert (await get(room, KABIL)).status_code == 403
    room.who = None
    assert (await get(room, KABIL)).status_code == 401


async def test_pictures_and_films_that_are_none_are_not_found(room: ControlRoom) -> None:
    for address in (
        "/snapshots/kabil/gate/1.jpg",
        "/snapshots/kabil/gate/x.jpg",
        "/snapshots/kabil/other/1.jpg",
        "/snapshots/..%2f..%2fetc/gate/1.jpg",
        "/films/kabil/gate/abc.mp4",
        "/films/kabil/gate/..%2f..%2fstore.mp4",
        "/projects/nothing",
    ):
        assert (await get(room, address)).status_code == 404, address


async def test_an_operator_has_a_film_made_once_which_then_is_there(room: ControlRoom) -> None:
    form = re.search(r'name="csrf" value="(\w+)"', (await get(room, KABIL)).text)
    assert form is not None
    asked = {"csrf": form[1], "camera": "kabil/gate", "left": "2026-10-30", "right": "2026-11-02"}
    query = "camera=kabil/gate&left=2026-10-30&right=2026-11-02"
    async with room.client() as client:
        refused = await client.post(f"{KABIL}/film", data={**asked, "csrf": "x"})
        assert refused.status_code == 403
        done = await client.post(f"{KABIL}/film", data=asked)
        assert done.status_code == 303
        assert (await client.get(f"{KABIL}/film.json?{query}")).json()["state"] in ("making", "ready")
        for _ in range(600):
            if (await client.get(f"{KABIL}/film.json?{query}")).json()["state"] != "making":
                break
            await asyncio.sleep(0.1)
        page = await client.get(f"{KABIL}?{query}")
        address = re.search(r'src="\.\./(films/[^"]+)"', page.text)
        assert address is not None, page.text
        film = await client.get(f"/{address[1]}")
        assert film.headers["content-type"] == "video/mp4"
        part = await client.get(f"/{address[1]}", headers={"Range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)
    path = room.folder / "film.mp4"
    path.write_bytes(film.content)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("chromium is not installed")
    with browsing() as browser:
        yield browser


def test_the_slider_moves_between_two_dates_and_axe_finds_nothing(browser: Browser, room: ControlRoom) -> None:
    expect.set_options(timeout=60_000)
    problems: list[str] = []
    page: Page = new_page(browser)
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    with serving(room.app) as url:
        for size in (DESKTOP, PHONE):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for address in ("/projects", KABIL):
                page.goto(f"{url}{address}?lang=id")
                found = Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= size[0]
        slider = page.get_by_role("slider")
        expect(slider).to_be_visible()
        slider.focus()
        page.keyboard.press("Home")
        cut = page.locator("#compare").evaluate("each => each.style.getPropertyValue('--cut')")
        assert cut == "0%"
        page.keyboard.press("End")
        cut = page.locator("#compare").evaluate("each => each.style.getPropertyValue('--cut')")
        assert cut == "100%"
        page.get_by_label("Sesudah").select_option("2026-11-02")
        page.get_by_role("button", name="Tampilkan").click()
        expect(page.locator(".after figcaption")).to_have_text("2026-11-02")
    page.context.close()
    assert problems == []


def test_without_script_two_pictures_stand_side_by_side(browser: Browser, room: ControlRoom) -> None:
    page = new_page(browser, script=False)
    with serving(room.app) as url:
        page.goto(f"{url}{KABIL}?lang=en&left=2026-10-30&right=2026-11-03")
        left, right = (page.locator(f".{each} img").bounding_box() for each in ("before", "after"))
        assert left is not None
        assert right is not None
        assert left["x"] + left["width"] <= right["x"]
        expect(page.locator("#cut")).to_be_hidden()
    page.context.close()
