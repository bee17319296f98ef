"""Projects in the inventory: listed with all that is known of them, or only named by cameras, as before."""

from datetime import date
from pathlib import Path

import pytest

from pantau_collector.inventory import Inventory, InventoryCamera, InventoryProject, load_inventory
from pantau_collector.inventory.load import load_files
from pantau_collector.inventory.write import write_department
from pantau_collector.projects import find_project, projects_of
from pantau_collector.store import Store, inventory_rows
from pantau_service.settings import ConfigError

LAYANG = """
[[owner]]
id = "bina-marga"
name = "Dinas Bina Marga"
[[project]]
id = "layang-kabil"
name = "Jalan Layang Kabil"
owner = "bina-marga"
contractor = "PT Beton Kepri"
begin = 2026-03-01
planned_end = 2027-06-30
place = "Simpang Kabil"
latitude = 1.1
longitude = 104.1
budget_line = "1.03.10.2.01.0044"
[[site]]
id = "kabil"
[[camera]]
site = "kabil"
id = "by-id"
project = "layang-kabil"
[[camera]]
site = "kabil"
id = "by-name"
project = "Jalan Layang Kabil"
[[camera]]
site = "kabil"
id = "of-another"
project = "Pasar Baru"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "inventory.toml"
    path.write_text(text)
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_inventory(path)
    return [line.removeprefix(f"{path}: ") for line in error.value.problems]


def test_cameras_name_a_project_by_its_id_or_name_and_it_is_the_same_one(tmp_path: Path) -> None:
    layang, pasar = projects_of(load_inventory(written(tmp_path, LAYANG)))
    assert (layang.id, layang.title, layang.is_listed) == ("layang-kabil", "Jalan Layang Kabil", True)
    assert layang.cameras == (("kabil", "by-id"), ("kabil", "by-name"))
    assert (layang.owner_name, layang.contractor) == ("Dinas Bina Marga", "PT Beton Kepri")
    assert (layang.begin, layang.planned_end) == (date(2026, 3, 1), date(2027, 6, 30))
    assert (layang.place, layang.budget_line) == ("Simpang Kabil", "1.03.10.2.01.0044")
    assert (pasar.id, pasar.title, pasar.is_listed) == ("pasar-baru", "Pasar Baru", False)
    assert pasar.cameras == (("kabil", "of-another"),)


def test_everyone_else_sees_the_name_whichever_way_the_camera_names_it(tmp_path: Path) -> None:
    inventory = load_inventory(written(tmp_path, LAYANG))
    assert {key[1]: camera.project for key, camera in inventory.cameras.items()} == {
        "by-id": "Jalan Layang Kabil",
        "by-name": "Jalan Layang Kabil",
        "of-another": "Pasar Baru",
    }


def test_an_inventory_without_projects_is_as_before(tmp_path: Path) -> None:
    text = "[[site]]\nid='a'\n[[camera]]\nsite='a'\nid='c'\nproject='Lalu lintas'\n"
    inventory = load_inventory(written(tmp_path, text))
    assert inventory.camera("a", "c").project == "Lalu lintas"
    assert [each.id for each in projects_of(inventory)] == ["lalu-lintas"]
    assert projects_of(Inventory()) == []


def test_names_that_make_the_same_id_are_two_projects() -> None:
    cameras = [
        InventoryCamera(site="a", id="one", project="Pasar Baru"),
        InventoryCamera(site="a", id="two", project="Pasar, Baru!"),
        InventoryCamera(site="a", id="three", project="市場"),
    ]
    found = projects_of(Inventory(projects=[InventoryProject(id="pasar-baru", name="Lama")], cameras=cameras))
    assert [each.id for each in found] == ["pasar-baru", "pasar-baru-2", "pasar-baru-3", "project"]
    assert len({each.id for each in found}) == 4


def test_a_project_is_found_by_id_and_by_name(tmp_path: Path) -> None:
    projects = projects_of(load_inventory(written(tmp_path, LAYANG)))
    for text in ("layang-kabil", "jalan layang kabil", " Jalan Layang Kabil "):
        found = find_project(projects, text)
        assert found is not None
        assert found.id == "layang-kabil"
    assert find_project(projects, "layang") is None


def test_what_is_wrong_with_a_project_is_told_by_its_key(tmp_path: Path) -> None:
    path = written(tmp_path, LAYANG.replace('owner = "bina-marga"', 'owner = "binamarga"'))
    assert problems(path) == ["project[1].owner: there is no owner `binamarga`; did you mean `bina-marga`?"]
    path = written(tmp_path, LAYANG.replace("2027-06-30", "2025-06-30"))
    assert problems(path) == ["project[1]: expected planned_end not before begin (2026-03-01), got 2025-06-30"]
    path = written(tmp_path, LAYANG.replace("begin = 2026-03-01", 'begin = "soon"'))
    assert "project[1].begin" in problems(path)[0]


def test_two_projects_that_are_called_the_same_are_refused(tmp_path: Path) -> None:
    double = '[[project]]\nid = "other"\nname = "Jalan Layang Kabil"\n[[project]]\nid = "layang-kabil"\n'
    path = written(tmp_path, LAYANG + double)
    told = problems(path)
    assert any("expected each project once, and `layang-kabil`" in line for line in told)
    assert any(
        "project[2].name: expected another name" in line and "`Jalan Layang Kabil` too" in line for line in told
    )


def test_the_history_knows_a_project_as_it_was(tmp_path: Path) -> None:
    before = load_inventory(written(tmp_path, LAYANG))
    after = load_inventory(written(tmp_path, LAYANG.replace("2027-06-30", "2028-12-31")))
    store = Store.at(tmp_path / "store.sqlite")
    with store.begin() as connection:
        inventory_rows.record_inventory(connection, before, now_ms=1000)
        inventory_rows.record_inventory(connection, after, now_ms=2000)
        history = inventory_rows.load_history(connection)
    store.close()
    assert projects_of(history.at(1500)) == projects_of(before)
    assert projects_of(history.at(2500)) == projects_of(after)
    assert history.at(2500).projects["layang-kabil"].planned_end == date(2028, 12, 31)


def test_a_departments_file_keeps_its_projects_when_it_is_written(tmp_path: Path) -> None:
    (loaded,) = load_files(written(tmp_path, LAYANG))
    write_department(tmp_path / "written.toml", "bina-marga", loaded.content)
    (again,) = load_files(tmp_path / "written.toml")
    assert again.content == loaded.content
