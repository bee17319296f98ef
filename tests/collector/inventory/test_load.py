from pathlib import Path

import pytest

from pantau_collector.config import Recipient
from pantau_collector.inventory import load_inventory
from pantau_collector.notices.unknown_filters import find_unknown_filters
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
        "site[1].latitude: expected -90 to 90 degrees, got 91 (site 'a')",
        "site[1].longitude: expected -180 to 180 degrees, got -181 (site 'a')",
        f"site[2].id: expected each site once, and `a` stands in {path}: site[1] too",
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
        "camera[3].ownr: there is no such key; did you mean `owner`? (camera 'cam1')",
        f"camera[3].id: expected each camera once, and `a/cam1` stands in {path}: camera[1] too",
    ]
    assert problems(path, owners + cameras.replace("ownr", "owner")) == [
        f"camera[3].id: expected each camera once, and `a/cam1` stands in {path}: camera[1] too",
        "camera[1].owner: there is no owner `dishup`; did you mean `dishub`?",
        "camera[2].site: there is no site `b`; expected one of a",
        "camera[2].maintainer: there is no maintainer `x`; there are none",
    ]


def test_a_recipient_that_filters_by_what_nobody_knows_is_told(path: Path) -> None:
    path.write_text("[[owner]]\nid = 'dishub'")
    recipient = Recipient.model_validate({"id": "r", "owners": ["dishup"], "urls": ["json://localhost"]})
    assert find_unknown_filters([recipient], load_inventory(path)) == [
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


def test_latitude_and_longitude_that_look_swapped_are_hinted_at(path: Path) -> None:
    [problem] = problems(path, "[[site]]\nid = 'a'\nlatitude = 104.0934\nlongitude = 1.0836")
    assert problem == (
        "site[1].latitude: expected -90 to 90 degrees, got 104.0934; is it the longitude, and are the two swapped?"
        " (site 'a')"
    )


TOPOLOGY = """
[[uplink]]
id = "district"
[[uplink]]
id = "kabil-line"
via = "district"
[[site]]
id = "kabil"
uplink = "kabil-line"
owner = "dishub"
maintainer = "sinar"
[[site]]
id = "nongsa"
[[device]]
site = "kabil"
id = "switch"
kind = "switch"
[[device]]
site = "kabil"
id = "nvr"
kind = "recorder"
via = "switch"
[[camera]]
site = "kabil"
id = "gate"
via = "nvr"
[[camera]]
site = "kabil"
id = "tower"
owner = "polisi"
[[owner]]
id = "dishub"
[[owner]]
id = "polisi"
[[maintainer]]
id = "sinar"
"""


def test_what_nobody_says_of_a_camera_or_device_its_site_says(path: Path) -> None:
    path.write_text(TOPOLOGY)
    inventory = load_inventory(path)
    assert inventory.camera("kabil", "gate").owner == inventory.devices["kabil", "nvr"].owner == "dishub"
    assert (inventory.camera("kabil", "tower").owner, inventory.camera("kabil", "tower").maintainer) == (
        "polisi",
        "sinar",
    )


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        ('uplink = "kabil-line"', 'uplink = "line"', "site[1].uplink: there is no uplink `line`; expected"),
        (
            'via = "nvr"',
            'via = "nvt"',
            "camera[1].via: there is no device `nvt` at site `kabil`; did you mean `nvr`?",
        ),
        (
            'site = "kabil"\nid = "gate"',
            'site = "nongsa"\nid = "gate"',
            "camera[1].via: there is no device `nvr` at",
        ),
        (
            'via = "district"',
            'via = "distrik"',
            "uplink[2].via: there is no uplink `distrik`; did you mean `district`?",
        ),
        (
            'id = "district"',
            'id = "district"\nvia = "kabil-line"',
            "uplink[1].via: expected a way that ends, and it",
        ),
        (
            'kind = "switch"',
            'kind = "switch"\nvia = "nvr"',
            "device[1].via: expected a way that ends, and it is a ring:",
        ),
        (
            'kind = "switch"',
            'kind = "switch"\nvia = "switch"',
            "device[1].via: expected a way that ends, and it is a ri",
        ),
        (
            'kind = "switch"',
            'kind = "router"',
            "device[1].kind: expected 'host', 'recorder', 'supply' or 'switch', got 'router'",
        ),
        (
            'maintainer = "sinar"',
            'maintainer = "sinr"',
            "site[1].maintainer: there is no maintainer `sinr`; did you mean",
        ),
    ],
)
def test_what_does_not_hang_together_is_told(path: Path, right: str, wrong: str, what: str) -> None:
    assert TOPOLOGY.count(right) >= 1
    [problem] = problems(path, TOPOLOGY.replace(right, wrong, 1))
    assert problem.startswith(what)


def test_a_long_way_and_two_that_share_their_end_are_no_ring(path: Path) -> None:
    links = [f'[[uplink]]\nid = "u{i}"\nvia = "u{i // 2}"' for i in range(1, 2000)]
    path.write_text("\n".join(links).replace('via = "u0"', "", 1))
    assert len(load_inventory(path).uplinks) == 1999


def test_files_of_departments_beside_it_are_part_of_it_and_told_of_by_name(path: Path) -> None:
    path.write_text(TOPOLOGY)
    folder = path.with_suffix(".d")
    folder.mkdir()
    (folder / "polisi.toml").write_text('[[camera]]\nsite = "nongsa"\nid = "pier"\nowner = "polisi"\n')
    assert load_inventory(path).camera("nongsa", "pier").owner == "polisi"
    theirs = folder / "dishub.toml"
    theirs.write_text('[[camera]]\nsite = "kabil"\nid = "gate"\n[[camera]]\nsite = "x"\nid = "y"')
    with pytest.raises(ConfigError) as error:
        load_inventory(path)
    assert error.value.problems == [
        f"{theirs}: camera[1].id: expected each camera once, and `kabil/gate` stands in {path}: camera[1] too",
        f"{theirs}: camera[2].site: there is no site `x`; expected one of kabil, nongsa",
    ]


def test_of_thousands_of_unknown_ids_only_the_first_50_have_a_hint(path: Path) -> None:
    cameras = "\n".join(f"[[camera]]\nsite = 'kabl{i}'\nid = 'cam1'" for i in range(60))
    found = problems(path, f"[[site]]\nid = 'kabil'\n{cameras}")
    assert len(found) == 60
    assert sum("did you mean `kabil`?" in line for line in found) == 50
    assert found[59] == "camera[60].site: there is no site `kabl59`"
