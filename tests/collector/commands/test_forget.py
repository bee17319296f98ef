"""`forget`: what it shows and asks, what it refuses, and that the collector forgets the site."""

from pathlib import Path

import pytest

from pantau_collector.data_dir import DataDir
from pantau_collector.fleet.model import Camera, Fleet, Site
from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.store import downtime_rows, fleet_rows, forgotten_rows
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import incident, save, state


@pytest.fixture
def config(tmp_path: Path) -> Path:
    site = Site("kabil", first_s=0.0)
    site.cameras["gate"] = Camera("gate", first_s=0.0)
    fleet = Fleet([site])
    fleet.unsaved.add("kabil")
    fleet.unsaved_cameras.add(("kabil", "gate"))
    save(tmp_path, incident())
    with state(tmp_path) as connection:
        fleet_rows.save_fleet(connection, fleet)
        for scope, target in ((Scope.SITE, "kabil"), (Scope.CAMERA, "kabil/gate"), (Scope.SITE, "kabil2")):
            downtime_rows.add_downtime(connection, Downtime(0, scope, target, 0, end_ms=2_000_000_000_000))
    pictures = DataDir(tmp_path / "data").pictures / "kabil" / "gate"
    pictures.mkdir(parents=True)
    (pictures / "latest.jpg").write_bytes(b"jpeg")
    kept = DataDir(tmp_path / "data").outage_pictures / "1" / "kabil" / "gate"
    kept.mkdir(parents=True)
    (kept / "before.jpg").write_bytes(b"jpeg")
    (tmp_path / "inventory.toml").write_text("")
    return configured(tmp_path, inventory="inventory.toml")


def requested(folder: Path) -> set[str]:
    with state(folder) as connection:
        return set(forgotten_rows.load_forgotten(connection))


def test_it_shows_what_goes_along_and_does_nothing_without_a_yes(config: Path, tmp_path: Path) -> None:
    done = call("forget", "kabil", "--config", config)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[:5] == [
        "What goes along with site kabil:",
        "  cameras: gate",
        "  open incidents: 1",
        "  planned maintenance: 1, 2",
        "  pictures: 2",
    ]
    assert requested(tmp_path) == set()
    assert (DataDir(tmp_path / "data").pictures / "kabil").exists()


def test_with_a_yes_it_requests_it_cancels_what_is_planned_and_deletes_the_pictures(
    config: Path, tmp_path: Path
) -> None:
    told = called_json("forget", "kabil", "--yes", "--config", config)
    assert told == {"id": "kabil", "cameras": ["gate"], "incidents": [1], "downtimes": [1, 2], "pictures": 2}
    assert requested(tmp_path) == {"kabil"}
    assert not (DataDir(tmp_path / "data").pictures / "kabil").exists()
    assert not list(DataDir(tmp_path / "data").outage_pictures.rglob("*.jpg"))
    with state(tmp_path) as connection:
        planned = downtime_rows.load_downtimes(connection).downtimes
    assert [each.id for each in planned if each.cancelled_ms is None] == [3]


def test_a_site_that_is_not_known_or_in_the_inventory_or_still_reports_is_refused(
    config: Path, tmp_path: Path
) -> None:
    unknown = call("forget", "kabl", "--yes", "--config", config)
    assert (unknown.exit_code, unknown.stderr) == (2, "there is no site `kabl`; did you mean `kabil`?\n")
    fleet = Fleet([Site("kabil", first_s=0.0, heard_ms=4_000_000_000_000)])
    fleet.unsaved.add("kabil")
    with state(tmp_path) as connection:
        fleet_rows.save_fleet(connection, fleet)
    reporting = call("forget", "kabil", "--yes", "--config", config)
    assert reporting.exit_code == 1
    assert "stop its agent first" in reporting.stderr
    (tmp_path / "inventory.toml").write_text('[[site]]\nid = "kabil"\n')
    listed = call("forget", "kabil", "--yes", "--config", config)
    assert listed.exit_code == 2
    assert "take it out there first" in listed.stderr
    assert requested(tmp_path) == set()


def test_a_trial_shows_what_would_go_also_of_a_site_that_still_reports_and_changes_nothing(
    config: Path, tmp_path: Path
) -> None:
    (tmp_path / "inventory.toml").write_text('[[site]]\nid = "kabil"\n')
    fleet = Fleet([Site("kabil", first_s=0.0, heard_ms=4_000_000_000_000)])
    fleet.unsaved.add("kabil")
    with state(tmp_path) as connection:
        fleet_rows.save_fleet(connection, fleet)
    told = called_json("forget", "kabil", "--dry-run", "--config", config)
    assert told == {"id": "kabil", "cameras": ["gate"], "incidents": [1], "downtimes": [1, 2], "pictures": 2}
    assert requested(tmp_path) == set()
    assert (DataDir(tmp_path / "data").pictures / "kabil").exists()
