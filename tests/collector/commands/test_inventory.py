import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.commands import inventory as inventory_commands
from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, load_inventory
from tests.collector.commands.command import call, called_json, configured

INVENTORY = """
[[owner]]
id = "dishub"
name = "Dinas Perhubungan"
[[site]]
id = "kabil"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    return configured(tmp_path, inventory="inventory.toml")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "cctv.csv"
    path.write_text("lokasi;kamera;nama\nkabil;utara;Arah utara\nkabil;selatan;Arah selatan\n")
    return path


def departments_file(config: Path) -> Path:
    return config.with_name("inventory.d") / "dishub.toml"


def test_it_shows_what_would_change_and_writes_nothing_without_a_yes(config: Path, sheet: Path) -> None:
    for options, status in ((["--dry-run"], 0), ([], 1)):
        done = call("inventory", "import", sheet, "--owner", "dishub", "--config", config, *options)
        assert done.exit_code == status
        assert "+ camera kabil/utara  name Arah utara, owner dishub" in done.stdout
        assert "2 camera added" in done.stdout
        assert not departments_file(config).exists()
    assert "There is nobody to ask: add --yes" in done.stderr


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False)])
def test_a_person_is_asked(config: Path, sheet: Path, answer: str, written: bool) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    command: list[str | Path] = [sys.executable, "-m", "pantau_collector", "inventory", "import", sheet]
    done = subprocess.run(
        [*command, "--owner", "dishub", "--config", config],
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert f"Write this to {departments_file(config)}?" in done.stderr
    assert done.returncode == (0 if written else 1)
    assert departments_file(config).exists() == written


def test_with_a_yes_it_is_written_for_the_collector_to_read_and_a_department_may_be_called_by_its_name(
    config: Path, sheet: Path
) -> None:
    done = call("inventory", "import", sheet, "--owner", "dinas perhubungan", "--config", config, "--yes")
    assert done.exit_code == 0
    assert "systemctl reload pantau-collector" in done.stderr
    assert departments_file(config).stat().st_mode & 0o777 == 0o644
    assert load_inventory(config.with_name("inventory.toml")).camera("kabil", "utara").owner == "dishub"
    again = call("inventory", "import", sheet, "--owner", "dishub", "--config", config)
    assert again.exit_code == 0
    assert "Nothing would change" in again.stdout


def test_programs_get_old_and_new(config: Path, sheet: Path) -> None:
    imported: list[str | Path] = ["inventory", "import", sheet, "--owner", "dishub", "--config", config, "--yes"]
    assert called_json(*imported)["written"] is True
    sheet.write_text("site,id,name,No\nkabil,utara,Utara,1\n")
    told = called_json(*imported, "--remove", "--dry-run")
    assert told["written"] is False
    assert told["changes"] == [
        {
            "what": "changed",
            "table": "camera",
            "key": "kabil/utara",
            "values": {"name": {"old": "Arah utara", "new": "Utara"}},
        },
        {
            "what": "removed",
            "table": "camera",
            "key": "kabil/selatan",
            "values": {
                "site": {"old": "kabil", "new": None},
                "id": {"old": "selatan", "new": None},
                "name": {"old": "Arah selatan", "new": None},
                "owner": {"old": "dishub", "new": None},
            },
        },
    ]
    assert told["remarks"] == [f"{sheet}: column D (No) is passed over"]
    assert call(*imported[:-1], "--json").exit_code == 2


def test_a_wrong_row_is_told_and_nothing_is_taken(config: Path, sheet: Path) -> None:
    sheet.write_text("lokasi;kamera\nkabil;utara\nkabl;selatan\n")
    done = call("inventory", "import", sheet, "--owner", "dishub", "--config", config, "--yes")
    assert done.exit_code == 2
    assert done.stderr == f"{sheet}: row 3, column A (lokasi): there is no site `kabl`; did you mean `kabil`?\n"
    assert not departments_file(config).exists()


def test_an_owner_that_nobody_knows_is_told(config: Path, sheet: Path) -> None:
    done = call("inventory", "import", sheet, "--owner", "dishup", "--config", config, "--yes")
    assert done.exit_code == 2
    assert "--owner: there is no owner `dishup` in the inventory; did you mean `dishub`?" in done.stderr


def test_without_an_inventory_in_the_configuration_it_says_so(tmp_path: Path, sheet: Path) -> None:
    config = configured(tmp_path)
    done = call("inventory", "import", sheet, "--owner", "dishub", "--config", config)
    assert done.exit_code == 2
    assert "inventory: expected the file with owners and sites" in done.stderr


def test_check_counts_what_there_is_and_what_is_missing(config: Path) -> None:
    config.with_name("inventory.toml").write_text(INVENTORY + '[[camera]]\nsite = "kabil"\nid = "utara"\n')
    told = called_json("inventory", "check", "--config", config)
    assert (told["cameras"], told["cameras_without_owner"], told["sites_without_place"]) == (1, 1, 1)
    assert "1 camera without owner" in call("inventory", "check", "--config", config).stdout
    config.with_name("inventory.toml").write_text("[[site]]\nid = 7")
    done = call("inventory", "check", "--config", config)
    assert done.exit_code == 2
    assert "site[1].id: expected a valid string, got 7" in done.stderr


def test_show_gives_all_of_it_or_one_owners(config: Path, sheet: Path) -> None:
    call("inventory", "import", sheet, "--owner", "dishub", "--config", config, "--yes")
    told = called_json("inventory", "show", "--config", config)
    assert [camera["id"] for camera in told["camera"]] == ["utara", "selatan"]
    assert told["owner"] == [{"id": "dishub", "name": "Dinas Perhubungan"}]
    shown = call("inventory", "show", "--config", config, "--owner", "Dinas Perhubungan").stdout
    assert "  utara  Arah utara  [dishub / -]" in shown


def test_the_template_is_a_sheet_that_an_import_takes(config: Path, tmp_path: Path) -> None:
    template = tmp_path / "template.xlsx"
    assert call("inventory", "template", template).exit_code == 0
    told = called_json("inventory", "import", template, "--owner", "dishub", "--config", config, "--dry-run")
    assert [change["key"] for change in told["changes"]] == ["simpang-kabil", "simpang-kabil/kabil-utara"]
    assert call("inventory", "template", tmp_path / "template.doc").exit_code == 2


def test_show_looks_at_each_camera_once_and_not_for_each_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    class Counted(InventoryCamera):
        def __getattribute__(self, name: str) -> Any:
            nonlocal reads
            reads += name == "site"
            return super().__getattribute__(name)

    sites = 60
    known = Inventory(
        sites=[InventorySite(id=f"s{i}") for i in range(sites)],
        cameras=[Counted(site=f"s{i}", id="cam1", owner="a", maintainer="b") for i in range(sites)],
    )
    monkeypatch.setattr(inventory_commands, "open_inventory", lambda _settings: known)
    reads = 0
    shown = call("inventory", "show", "--config", configured(tmp_path)).stdout
    assert shown.count("cam1") == sites
    assert reads <= 3 * sites


def test_a_site_goes_out_of_every_file_and_only_after_a_yes(config: Path, sheet: Path) -> None:
    assert call("inventory", "import", sheet, "--owner", "dishub", "--config", config, "--yes").exit_code == 0
    main, before = config.with_name("inventory.toml"), departments_file(config).read_text()
    shown = called_json("inventory", "remove-site", "kabil", "--config", config, "--dry-run")
    assert (shown["cameras"], shown["done"]) == (["utara", "selatan"], False)
    assert call("inventory", "remove-site", "kabil", "--config", config).exit_code == 1
    assert (main.read_text(), departments_file(config).read_text()) == (INVENTORY, before)
    assert call("inventory", "remove-site", "kabil", "--config", config, "--yes").exit_code == 0
    inventory = load_inventory(main)
    assert (list(inventory.sites), list(inventory.cameras), list(inventory.owners)) == ([], [], ["dishub"])
    again = call("inventory", "remove-site", "kabil", "--config", config, "--yes")
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, "no file of the inventory has kabil")
