"""A site that invents cameras, or lets all of them fail, hides no other site: real pipeline, store and sender."""

from collections.abc import Callable

import pytest

from pantau_collector.inventory import Inventory, InventoryCamera
from pantau_collector.store import incident_rows
from pantau_contract.states import Cause
from tests.collector.incidents.play import Play

Make = Callable[..., Play]
LISTED = Inventory(cameras=[InventoryCamera(site=site, id="cam1") for site in ("kabil", "nongsa")])


def letters_about(city: Play, site: str) -> list[list[str]]:
    """Return what each letter about a site is about, in the order of arrival."""
    letters: dict[str, list[str]] = {}
    for notice in city.phone.received:
        if notice.about.startswith(site):
            letters.setdefault(notice.key.split(" ")[0], []).append(f"{notice.kind} {notice.about} {notice.cause}")
    return list(letters.values())


def open_incidents(city: Play) -> list[tuple[str, str, int]]:
    return [(each.name, each.cause, len(each.cameras)) for each in city.pipeline.open_incidents]


def one_after_another(
    city: Play, site: str, cameras: int, *, from_s: int = 150, cause: Cause = Cause.BLACK
) -> None:
    for n in range(1, cameras + 1):
        city.at(from_s + n, city.fail(site, f"cam{n}", cause))


def test_cameras_that_the_inventory_does_not_know_share_one_incident_and_one_notice(play: Make) -> None:
    city = play({"kabil": 58, "nongsa": 1}, inventory=LISTED)
    one_after_another(city, "kabil", 58)
    city.at(200, city.fail("nongsa", "cam1"))
    city.run(300)
    assert letters_about(city, "kabil") == [
        ["opened kabil/cam1 black"],
        ["opened kabil unlisted_cameras"],
    ]
    assert letters_about(city, "nongsa") == [["opened nongsa/cam1 stalled"]]
    assert sorted(open_incidents(city)) == [
        ("kabil", "unlisted_cameras", 57),
        ("kabil/cam1", "black", 1),
        ("nongsa/cam1", "stalled", 1),
    ]


def test_the_shared_incident_ends_with_its_last_camera_and_says_so(play: Make) -> None:
    city = play({"kabil": 4}, inventory=LISTED)
    one_after_another(city, "kabil", 4)
    for n, second in ((2, 300), (3, 340), (4, 380)):
        city.at(second, city.mend("kabil", f"cam{n}"))
    city.run(390)
    assert ("kabil", "unlisted_cameras", 3) in open_incidents(city)
    city.run(450)
    assert letters_about(city, "kabil")[-1] == ["resolved kabil unlisted_cameras"]
    assert city.phone.received[-1].message.text.startswith("Kamera yang tidak ada di inventaris berfungsi lagi")


def test_the_shared_incident_outlives_a_restart_and_the_silence_of_its_agent(play: Make) -> None:
    city = play({"kabil": 3}, inventory=LISTED)
    one_after_another(city, "kabil", 3)
    city.at(240, city.start)
    city.at(300, city.cut("kabil"))
    city.at(400, city.join("kabil"))
    city.run(500)
    assert sorted(open_incidents(city)) == [("kabil", "unlisted_cameras", 2), ("kabil/cam1", "black", 1)]
    assert [letter for letter in letters_about(city, "kabil") if "unlisted" in letter[0]] == [
        ["opened kabil unlisted_cameras"]
    ]


def test_a_camera_that_is_entered_into_the_inventory_has_an_incident_of_its_own_from_then_on(play: Make) -> None:
    city = play({"kabil": 3}, inventory=LISTED)
    one_after_another(city, "kabil", 3)
    city.run(250)
    cameras = [InventoryCamera(site="kabil", id=f"cam{n}") for n in (1, 2, 3)]
    city.inventory = Inventory(cameras=cameras)
    city.start()
    city.run(300)
    assert sorted(open_incidents(city)) == [(f"kabil/cam{n}", "black", 1) for n in (1, 2, 3)]


def test_incidents_from_before_there_was_a_list_become_part_of_the_shared_one(play: Make) -> None:
    city = play({"kabil": 3})
    one_after_another(city, "kabil", 3)
    city.run(250)
    assert len(open_incidents(city)) == 3
    city.inventory = LISTED
    city.start()
    city.run(300)
    assert sorted(open_incidents(city)) == [("kabil", "unlisted_cameras", 2), ("kabil/cam1", "black", 1)]
    with city.store.begin() as connection:
        merged = [incident_rows.load_timeline(connection, number)[-1].kind for number in (2, 3)]
    assert merged == ["merged", "merged"]


def test_a_whole_site_that_goes_dark_is_one_incident_with_its_unlisted_cameras(play: Make) -> None:
    city = play({"kabil": 4}, inventory=LISTED)
    for n in range(1, 5):
        city.at(150 + n, city.fail("kabil", f"cam{n}", Cause.UNREACHABLE))
    city.run(400)
    assert open_incidents(city) == [("kabil", "site_dark", 4)]


@pytest.mark.parametrize(
    "inventory", [None, Inventory(cameras=[InventoryCamera(site="kabil", id=f"cam{n}") for n in range(1, 41)])]
)
def test_beyond_six_letters_an_hour_the_cameras_of_a_site_are_told_together(
    play: Make, inventory: Inventory | None
) -> None:
    """Where the inventory lists no camera at all, or all of them: each keeps its incident, and none is lost."""
    city = play({"kabil": 40, "nongsa": 1}, inventory=inventory)
    for n in range(1, 41):
        city.at(150 + 2 * n, city.fail("kabil", f"cam{n}", Cause.BLACK))
    if inventory is None:
        city.at(240, city.fail("nongsa", "cam1"))
    city.run(300)
    assert [len(letter) for letter in letters_about(city, "kabil")] == [1] * 6
    city.run(900)
    assert [len(letter) for letter in letters_about(city, "kabil")] == [1] * 6 + [34]
    assert len(open_incidents(city)) == (41 if inventory is None else 40)
    if inventory is None:
        told_s = next(notice.s for notice in city.phone.received if notice.about == "nongsa/cam1")
        assert told_s <= 265


def test_unlisted_cameras_that_come_and_go_are_told_once_as_unstable(play: Make) -> None:
    city = play({"kabil": 2}, inventory=LISTED)
    for second in range(150, 1500, 60):
        city.at(second, city.fail("kabil", "cam2", Cause.BLACK))
        city.at(second + 30, city.mend("kabil", "cam2"))
    city.run(1500)
    told = [letter[0].split(" ")[0] for letter in letters_about(city, "kabil")]
    assert told.count("flapping") == 1
    assert len(told) <= 7
