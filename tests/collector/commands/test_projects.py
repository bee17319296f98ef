"""`projects` and `timelapse`: what they say, and what they refuse."""

from pathlib import Path

import av
import pytest

from pantau_collector.fleet.model import Camera, Fleet, Site
from pantau_collector.store import fleet_rows
from pantau_contract.states import State
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import state
from tests.collector.inventory.test_projects import LAYANG
from tests.collector.snapshots.cameras import Collector


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "inventory.toml").write_text(LAYANG)
    site = Site("kabil", first_s=0.0)
    site.cameras["by-id"] = Camera("by-id", first_s=0.0, state=State.OK, cause=None)
    fleet = Fleet([site])
    fleet.unsaved.add("kabil")
    fleet.unsaved_cameras.add(("kabil", "by-id"))
    with state(tmp_path) as connection:
        fleet_rows.save_fleet(connection, fleet)
    city = Collector(tmp_path / "data")
    for day in ("2026-11-02", "2026-11-03"):
        city.sent(f"{day} 11:00", site="kabil", camera="by-id")
    city.sent("2026-11-03 11:00", site="kabil", camera="by-name")
    city.archive.close()
    return configured(tmp_path, inventory="inventory.toml")


def test_the_list_has_listed_projects_and_those_only_named(config: Path) -> None:
    layang, pasar = called_json("projects", "list", "--config", config)
    assert layang["project"] == "layang-kabil"
    assert layang["owner_name"] == "Dinas Bina Marga"
    assert (layang["begin"], layang["planned_end"]) == ("2026-03-01", "2027-06-30")
    assert layang["listed"] is True
    assert [each["camera"] for each in layang["cameras"]] == ["by-id", "by-name"]
    assert [each["state"] for each in layang["cameras"]] == ["ok", "unknown"]
    assert (pasar["project"], pasar["listed"], pasar["begin"]) == ("pasar-baru", False, None)
    text = call("projects", "list", "--config", config, "--language", "id").stdout
    assert "Kontraktor" in text
    assert "Jalan Layang Kabil" in text
    assert "1/2" in text


def test_show_says_what_is_known_and_which_pictures_there_are(config: Path) -> None:
    found = called_json("projects", "show", "Jalan Layang Kabil", "--config", config)
    assert [each["days"] for each in found["cameras"]] == [2, 1]
    assert found["cameras"][0]["first"] == "2026-11-02T04:00:00+00:00"
    text = call("projects", "show", "layang-kabil", "--config", config, "--language", "en").stdout
    assert "Budget line: 1.03.10.2.01.0044" in text
    assert "2026-11-02 11:00" in text
    unlisted = call("projects", "show", "pasar-baru", "--config", config, "--language", "en").stdout
    assert "no entry" in unlisted


def test_an_unknown_project_is_told_with_the_nearest_name(config: Path, tmp_path: Path) -> None:
    for command in (("projects", "show"), ("timelapse",)):
        out = ("--out", tmp_path / "x.mp4") if command == ("timelapse",) else ()
        done = call(*command, "layang-kabul", *out, "--config", config)
        assert done.exit_code == 1
        assert "there is no project `layang-kabul`; did you mean `layang-kabil`?" in done.stderr


def test_a_time_lapse_is_made_and_says_what_it_is(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "layang.mp4"
    told = called_json("timelapse", "layang-kabil", "--out", out, "--config", config)
    assert told["frames"] == 3
    assert told["skipped"] == 0
    assert told["bytes"] == out.stat().st_size
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 3
    done = call("timelapse", "layang-kabil", "--out", out, "--config", config)
    assert done.exit_code == 1
    assert "is there already" in done.stderr
    options = (
        "--from",
        "2026-11-03",
        "--camera",
        "kabil/by-id",
        "--force",
        "--language",
        "en",
        "--config",
        config,
    )
    done = call("timelapse", "layang-kabil", "--out", out, *options)
    assert done.exit_code == 0, done.output
    assert "1 picture in 0.1 s" in done.stdout


@pytest.mark.parametrize(
    ("options", "code", "what"),
    [
        (("--from", "2026-12-01", "--to", "2026-12-02"), 1, "no picture of that time"),
        (("--from", "yesterday"), 2, "--from: expected a day such as 2026-03-01"),
        (("--from", "2026-11-03", "--to", "2026-11-02"), 2, "--to: expected 2026-11-03 or a later day"),
        (("--camera", "kabil/by-idd"), 1, "did you mean `kabil/by-id`"),
        (("--every", "week"), 2, "--every: expected day or hour"),
        (("--fps", "0"), 2, "--fps"),
    ],
)
def test_what_cannot_be_made_is_told(
    config: Path, tmp_path: Path, options: tuple[str, ...], code: int, what: str
) -> None:
    out = tmp_path / "x.mp4"
    done = call("timelapse", "layang-kabil", "--out", out, *options, "--config", config)
    assert done.exit_code == code
    assert what in done.stderr
    assert not out.exists()


def test_a_film_is_an_mp4_in_a_folder_that_is_there(config: Path, tmp_path: Path) -> None:
    done = call("timelapse", "layang-kabil", "--out", tmp_path / "x.avi", "--config", config)
    assert (done.exit_code, "ends in .mp4" in done.stderr) == (2, True)
    done = call("timelapse", "layang-kabil", "--out", tmp_path / "nowhere" / "x.mp4", "--config", config)
    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)
