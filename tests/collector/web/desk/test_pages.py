import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from pantau_contract.states import State
from pantau_contract.words import LANGUAGES, words
from tests.collector.web.cities import batam, camera, city, incident, site
from tests.collector.web.desk.control_room import ControlRoom

PAGES = (
    "/map",
    "/cameras",
    "/incidents",
    "/sites/simpang-kabil",
    "/cameras/simpang-kabil/jalur-keluar",
    "/incidents/5",
)


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    return ControlRoom(tmp_path)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_tells_all_without_a_script_in_both_languages(room: ControlRoom, path: str) -> None:
    async with room.client() as client:
        for language in LANGUAGES:
            answer = await client.get(path, params={"lang": language})
            assert answer.status_code == 200, answer.text
            assert f'<html lang="{language}">' in answer.text
            assert words(language)("desk.nav.map") in answer.text
            assert "Jalur keluar" in answer.text or path == "/map"
            assert re.search(r"<script(?![^>]*\ssrc=)", answer.text) is None
            assert " style=" not in answer.text
            assert re.search(r"\son\w+=", answer.text) is None


async def test_what_there_is_not_is_not_found(room: ControlRoom) -> None:
    async with room.client() as client:
        for path in ("/sites/nowhere", "/cameras/simpang-kabil/none", "/cameras/%2e%2e/x", "/incidents/999"):
            assert (await client.get(path)).status_code == 404, path


async def test_a_department_sees_its_own_and_finds_nothing_else(tmp_path: Path) -> None:
    ours, theirs = (replace(camera(name), owner_id=owner) for name, owner in (("Taman", "a"), ("Jalan", "b")))
    theirs = replace(theirs, state=State.DOWN)
    mixed, other = site("Kabil", [ours, theirs]), site("Nongsa", [theirs])
    view = city([mixed, other], [incident(1, mixed, theirs, "refused", minutes=5)])
    room = ControlRoom(tmp_path, view=view)
    room.restrict(owners=("a",))
    async with room.client() as client:
        for path in ("/map", "/cameras", "/incidents", "/sites/kabil"):
            text = (await client.get(path)).text
            assert "Jalan" not in text, path
            assert "Nongsa" not in text, path
        for path in ("/sites/nongsa", "/cameras/kabil/jalan", "/incidents/1"):
            assert (await client.get(path)).status_code == 404, path
        room.restrict(owners=("b",))
        assert (await client.get("/incidents/1")).status_code == 200


async def test_a_query_out_of_range_is_told_so(room: ControlRoom) -> None:
    async with room.client() as client:
        for path, expected in (
            ("/map?state=broken", "state: expected one of ok"),
            ("/cameras?cause=magic", "cause: expected one of"),
            ("/cameras?page=0", "page: expected a number from 1"),
            ("/cameras?page=99999999999999999999", "page: expected"),
            ("/incidents?before=-1", "before: expected"),
            ("/incidents?before=٣", "before: expected"),
            ("/map?text=" + "x" * 300, "text: expected at most 200"),
            ("/map?" + "&".join(f"owner={i}" for i in range(40)), "owner: expected at most 32"),
        ):
            answer = await client.get(path)
            assert (answer.status_code, answer.text[: len(expected)]) == (400, expected)
        assert (await client.get("/cameras?page=5000")).status_code == 200


async def test_hostile_names_are_text_and_nothing_more(tmp_path: Path) -> None:
    hostile = replace(
        camera("x"), name='"><script>alert(1)</script>', owner="<img src=x>", detail="<b>{{ 7 * 7 }}</b>"
    )
    where = replace(site("Satu", [hostile]), name="<script>alert(2)</script>")
    room = ControlRoom(tmp_path, view=city([where], [incident(1, where, hostile, "<i>", minutes=1)]))
    async with room.client() as client:
        for path in ("/map", "/cameras", "/incidents", "/sites/satu", "/cameras/satu/x", "/incidents/1"):
            text = (await client.get(path)).text
            assert "<script>alert" not in text, path
            assert "<img src=x>" not in text, path
            assert "<b>{{ 7" not in text, path


async def test_the_filter_of_the_address_holds_on_map_and_lists(room: ControlRoom) -> None:
    room.view = batam()
    async with room.client() as client:
        assert "Simpang Kabil" not in (await client.get("/map?text=NAGOYA")).text
        text = (await client.get("/cameras?state=impaired")).text
        assert "Jalur keluar" in text
        assert "Arah pasar" not in text
        text = (await client.get("/incidents?cause=refused")).text
        assert 'id="incident-6"' in text
        assert 'id="incident-5"' not in text
        assert 'value="nobody" selected' in (await client.get("/map?owner=nobody")).text
