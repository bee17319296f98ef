"""A department fills in its own part of the inventory, and no other."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from openpyxl import Workbook

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope as Part
from pantau_collector.fleet.view import CityView
from pantau_collector.inventory import load_inventory
from pantau_collector.web.inventory.sheet_page import MAX_UPLOAD
from tests.collector.web.cities import NOW_MS, camera, site
from tests.collector.web.desk.control_room import ControlRoom

BY_HAND = """\
[[owner]]
id = "parks"
name = "Dinas Taman"
[[owner]]
id = "roads"
[[maintainer]]
id = "cahaya"
name = "PT Cahaya"
[[site]]
id = "kabil"
name = "Kabil"
owner = "parks"
[[site]]
id = "nongsa"
owner = "roads"
[[camera]]
site = "kabil"
id = "pintu"
"""
PARKS_FILE = """\
[[camera]]
site = "kabil"
id = "taman"
name = "Taman lama"
owner = "parks"
tags = ["by hand"]
"""
TAMAN, PINTU, JALAN, LIAR = (
    replace(camera(name), owner_id=owner)
    for name, owner in (("Taman", "parks"), ("Pintu", "parks"), ("Jalan", "roads"), ("Liar", "parks"))
)
CITY = CityView(
    NOW_MS, (site("Kabil", [TAMAN, PINTU, LIAR]), site("Nongsa", [JALAN]), site("Unlisted", [camera("New")])), ()
)
PARKS = Principal("Citra", Role.OPERATOR, Part(owners=("parks",)), session="c")
TAMAN_FORM = "cameras/kabil/taman/inventory"
GOOD = "lokasi;kamera;nama;lintang;bujur\nkabil;taman;Taman kota;1,08;104,09\nkabil;baru;Baru;;\n"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ControlRoom]:
    path = tmp_path / "inventory.toml"
    path.write_text(BY_HAND)
    (tmp_path / "inventory.d").mkdir()
    (tmp_path / "inventory.d" / "parks.toml").write_text(PARKS_FILE)
    room = ControlRoom(tmp_path, view=CITY, inventory=load_inventory(path), inventory_file=path)
    room.who = PARKS
    yield room
    room.store.close()


def files(room: ControlRoom) -> dict[str, str]:
    return {
        path.name: path.read_text()
        for path in (room.folder, room.folder / "inventory.d")
        for path in path.glob("*.toml")
    }


def fields(page: str) -> dict[str, str]:
    """Return what a form holds, as a browser would send it."""
    inputs = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page))
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        inputs[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    return inputs


async def correct(room: ControlRoom, path: str = TAMAN_FORM, **values: str) -> httpx.Response:
    async with room.client() as client:
        page = await client.get(f"/{path}?lang=en")
        assert page.status_code == 200, page.text
        return await client.post(f"/{path}?lang=en", data=fields(page.text) | values)


async def upload(
    room: ControlRoom, content: bytes | str, name: str = "cctv.csv", *, owner: str = "parks", **more: str
) -> httpx.Response:
    data = content.encode() if isinstance(content, str) else content
    async with room.client() as client:
        csrf = fields((await client.get("/inventory")).text).get("csrf", "")
        return await client.post(
            "/inventory?lang=en", data={"csrf": csrf, "owner": owner} | more, files={"file": (name, data)}
        )


async def take(room: ControlRoom, preview: httpx.Response) -> httpx.Response:
    async with room.client() as client:
        return await client.post("/inventory/take?lang=en", data=fields(preview.text))


async def test_a_camera_is_corrected_in_the_departments_file_and_what_was_typed_by_hand_stays(
    room: ControlRoom,
) -> None:
    done = await correct(
        room, name="Taman kota", latitude="1,0836", longitude="104.0934", maintainer="cahaya", contact="Budi 0812"
    )
    assert done.status_code == 303, done.text
    known = room.inventory.camera("kabil", "taman")
    assert (known.name, known.latitude, known.maintainer, known.contact) == (
        "Taman kota",
        1.0836,
        "cahaya",
        "Budi 0812",
    )
    assert known.tags == ["by hand"]
    assert load_inventory(room.folder / "inventory.toml").camera("kabil", "taman") == known
    assert files(room)["inventory.toml"] == BY_HAND


async def test_a_camera_that_no_file_lists_is_added_to_its_owners_file(room: ControlRoom) -> None:
    assert (await correct(room, "cameras/kabil/liar/inventory", name="Liar", owner="parks")).status_code == 303
    assert room.inventory.cameras["kabil", "liar"].owner == "parks"


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"latitude": "104,0934", "longitude": "1.08"}, "latitude", "are the two swapped"),
        ({"latitude": "north"}, "latitude", "expected decimal degrees"),
        ({"maintainer": "nobody"}, "maintainer", "nobody"),
        ({"criticality": "enormous"}, "criticality", "expected one of"),
    ],
)
async def test_what_is_wrong_stands_beside_the_field_and_nothing_is_written(
    room: ControlRoom, values: dict[str, str], field: str, text: str
) -> None:
    before = files(room)
    refused = await correct(room, **values)
    assert refused.status_code == 422
    problem = re.search(rf'id="inventory-{field}-problem" role="alert">([^<]*)<', refused.text)
    assert problem, refused.text
    assert text in problem[1]
    assert files(room) == before


async def test_nobody_gives_a_camera_away_or_takes_one_over(room: ControlRoom) -> None:
    before = files(room)
    assert (await correct(room, owner="roads")).status_code == 403
    async with room.client() as client:
        assert (await client.get("/cameras/nongsa/jalan/inventory")).status_code == 404
    for sheet in (
        "site;camera;owner\nnongsa;jalan;parks\n",
        "site;camera;owner\nnongsa;baru;parks\n",
        "site;camera;owner\nkabil;taman;roads\n",
        "site;site name;camera\nunlisted;Mine;new\n",
    ):
        refused = await upload(room, sheet)
        assert (refused.status_code, "is not yours" in refused.text) == (403, True), sheet
    assert (await upload(room, GOOD, owner="roads")).status_code == 422
    assert files(room) == before


async def test_a_camera_written_by_hand_is_changed_by_hand(room: ControlRoom) -> None:
    refused = await correct(room, "cameras/kabil/pintu/inventory", name="Pintu")
    assert (refused.status_code, "inventory.toml, which people write by hand" in refused.text) == (422, True)


async def test_a_form_that_is_stale_changes_nothing(room: ControlRoom) -> None:
    async with room.client() as client:
        form = fields((await client.get(f"/{TAMAN_FORM}")).text)
        assert (await client.post(f"/{TAMAN_FORM}", data=form | {"name": "First"})).status_code == 303
        stale = await client.post(f"/{TAMAN_FORM}?lang=en", data=form | {"name": "Second"})
    assert (stale.status_code, "changed the inventory meanwhile" in stale.text) == (409, True)
    assert room.inventory.camera("kabil", "taman").name == "First"


async def test_a_spreadsheet_is_previewed_and_taken_as_a_whole(room: ControlRoom) -> None:
    preview = await upload(room, GOOD)
    assert preview.status_code == 200
    assert "2 changes in all" in preview.text
    assert "<del>Taman lama</del> <ins>Taman kota</ins>" in preview.text
    assert files(room)["parks.toml"] == PARKS_FILE
    assert (await take(room, preview)).status_code == 303
    assert room.inventory.camera("kabil", "taman").name == "Taman kota"
    assert ("kabil", "baru") in room.inventory.cameras
    again = await take(room, preview)
    assert (again.status_code, "changed the inventory meanwhile" in again.text) == (409, True)


async def test_one_wrong_row_and_nothing_is_taken(room: ControlRoom) -> None:
    wrong = await upload(room, GOOD + "kabil;Bad Id;x;;\n")
    assert wrong.status_code == 422
    assert "cctv.csv: row 4" in wrong.text
    assert "/tmp" not in wrong.text
    assert files(room)["parks.toml"] == PARKS_FILE


async def test_another_person_cannot_take_what_was_uploaded(room: ControlRoom) -> None:
    preview = await upload(room, GOOD)
    room.who = replace(PARKS, name="Eko", session="e")
    async with room.client() as client:
        csrf = fields((await client.get("/inventory")).text)["csrf"]
        form = fields(preview.text) | {"csrf": csrf}
        refused = await client.post("/inventory/take?lang=en", data=form)
    assert (refused.status_code, "upload it again" in refused.text) == (422, True)


async def test_a_viewer_uploads_nothing_and_without_a_token_nobody_does(room: ControlRoom) -> None:
    async with room.client() as client:
        data, file = {"owner": "parks"}, {"file": ("cctv.csv", GOOD.encode())}
        assert (await client.post("/inventory", data=data, files=file)).status_code == 403
        room.who = replace(PARKS, role=Role.VIEWER)
        assert (await client.post("/inventory", data=data, files=file)).status_code == 403
        assert "sheet-file" not in (await client.get("/inventory")).text


def workbook(rows: int = 2) -> bytes:
    book, held = Workbook(), io.BytesIO()
    page = book.worksheets[0]
    page.append(["lokasi", "kamera", "nama"])
    for number in range(rows):
        page.append(["kabil", f"kam-{number}", f"Kamera {number}"])
    book.save(held)
    return held.getvalue()


def bomb() -> bytes:
    """Return a small archive whose parts are very large."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 100_000_000)
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "status", "text"),
    [
        (b"", "cctv.csv", 422, "choose a file"),
        (GOOD.encode(), "cctv.exe", 422, "expected a .csv, .xlsx, .xls or .ods file"),
        (b"\x00\x01\x02" * 1000, "cctv.xlsx", 422, "expected a workbook"),
        (b"x" * (MAX_UPLOAD + 50_000), "cctv.csv", 413, ""),
        (bomb(), "cctv.xlsx", 422, "MB, unpacked"),
        (b"a;b\n", "../../etc/passwd.csv", 422, "passwd.csv: expected a row with column names"),
    ],
    ids=["nothing", "a program", "rubbish", "10 MB", "a bomb", "an odd name"],
)
async def test_a_file_that_is_no_sheet_is_refused(
    room: ControlRoom, content: bytes, name: str, status: int, text: str
) -> None:
    refused = await upload(room, content, name)
    assert refused.status_code == status, refused.text
    assert text in refused.text
    assert "../../etc" not in refused.text
    assert files(room)["parks.toml"] == PARKS_FILE


async def test_a_workbook_is_read(room: ControlRoom) -> None:
    assert (await take(room, await upload(room, workbook(), "cctv.xlsx"))).status_code == 303
    assert ("kabil", "kam-1") in room.inventory.cameras


async def test_a_folder_that_cannot_be_written_is_named_and_what_to_do(room: ControlRoom) -> None:
    preview = await upload(room, GOOD)
    folder = room.folder / "inventory.d"
    (folder / "parks.toml").rename(room.folder / "kept")
    folder.rmdir()
    folder.write_text("")
    refused = await take(room, preview)
    assert refused.status_code in (409, 503)
    assert room.inventory.camera("kabil", "taman").name == "Taman lama"


async def test_what_is_missing_is_listed_and_counted_within_the_scope(room: ControlRoom) -> None:
    async with room.client() as client:
        page = (await client.get("/inventory?lang=en")).text
        table = (await client.get("/inventory/missing.csv")).text
    assert "Dinas Taman" in page
    assert "jalan" not in page.lower()
    assert "kabil;taman;Taman;;1;1;1" in table
    assert "nongsa" not in table
