from pathlib import Path

import pytest

from pantau_collector.config import Recipient
from pantau_collector.inventory import load_inventory
from pantau_service.settings import ConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inventory.toml"


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_inventory(path)
    return [line.removeprefix(f"{path}: ") for line in error.value.problems]


def test_without_an_inventory_everything_has_its_id_for_a_name() -> None:
    inventory = load_inventory(None)
    assert inventory.site("kabil").name == ""
    assert inventory.owner_name("dishub") == "dishub"
    assert inventory.owner_name("") == ""


def test_doubles_unknown_owners_and_wrong_coordinates_are_told_by_table_and_key(path: Path) -> None:
    owners = "[[owner]]\nid = 'dishub'\n[[site]]\nid = 'a'\n"
    assert problems(path, owners + "latitude = 91\nlongitude = -181\n[[site]]\nid = 'a'") == [
        "site[1].latitude: expected less than or equal to 90, got 91",
        "site[1].longitude: expected greater than or equal to -180, got -181",
        "site[2].id: expected each site once, and `a` stands in site[1] too",
    ]
    cameras = """
        [[camera]]
        site = "a"
        id = "cam1"
        owner = "dishup"
        [[camera]]
        site = "b"
        id = "cam1"
        maintainer = "x"
        [[camera]]
        site = "a"
        id = "cam1"
        ownr = "dishub"
    """
    assert problems(path, owners + cameras) == [
        "camera[3].ownr: there is no such key; did you mean `owner`?",
        "camera[3].id: expected each camera once, and `a/cam1` stands in camera[1] too",
    ]
    assert problems(path, owners + cameras.replace("ownr", "owner")) == [
        "camera[3].id: expected each camera once, and `a/cam1` stands in camera[1] too",
        "camera[1].owner: there is no owner `dishup` in this file; did you mean `dishub`?",
        "camera[2].site: there is no site `b` in this file; expected one of a",
        "camera[2].maintainer: there is no maintainer `x` in this file; there are none",
    ]


def test_a_recipient_that_filters_by_what_nobody_knows_is_told(path: Path) -> None:
    path.write_text("[[owner]]\nid = 'dishub'")
    recipient = Recipient.model_validate({"id": "r", "owners": ["dishup"], "urls": ["json://localhost"]})
    assert load_inventory(path).strangers([recipient]) == [
        "recipient `r`: owners: there is no owner `dishup`; did you mean `dishub`?"
    ]


def test_an_inventory_of_ten_thousand_cameras_with_three_bad_ones_names_the_three(path: Path) -> None:
    rows = ["[[site]]\nid = 'a'"]
    for number in range(10_000):
        bad = {77: "owner = 'x'", 5000: "project = 7", 9999: "id = 'C'"}.get(number, "")
        name = "" if bad.startswith("id") else f"id = 'cam{number}'"
        rows.append(f"[[camera]]\nsite = 'a'\n{name}\n{bad}")
    assert [
        line.split(":")[0] for line in problems(path, "\n".join(rows).replace("owner = 'x'", "owner = 7"))
    ] == [
        "camera[78].owner",
        "camera[5001].project",
        "camera[10000].id",
    ]
