from pathlib import Path

import pytest

from pantau_collector.fleet.model import Camera, Fleet, Site
from pantau_collector.store import downtime_rows, fleet_rows
from pantau_collector.store.schema import downtimes
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import state

INVENTORY = """
[[owner]]
id = "dishub"
name = "Dinas Perhubungan"
[[uplink]]
id = "telkom"
[[site]]
id = "kabil"
name = "Simpang Kabil"
[[device]]
site = "kabil"
id = "sw1"
kind = "switch"
[[camera]]
site = "kabil"
id = "gate"
name = "Gerbang"
project = "Jalan Layang"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    with state(tmp_path):
        pass
    return configured(tmp_path, inventory="inventory.toml")


def test_maintenance_once_is_planned_listed_and_cancelled(config: Path) -> None:
    done = call(
        "downtime", "add", "site", "Simpang Kabil", "--from", "2099-11-30 22:00", "--for", "2h",
        "--reason", "switch baru", "--config", config,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (
        "Maintenance 1 of site kabil is planned:\n  2099-11-30 22:00 WIB - 2099-12-01 00:00 WIB\n"
    )
    listed = call("downtime", "list", "--config", config).stdout
    assert "site kabil" in listed
    assert "switch baru" in listed
    assert call("downtime", "cancel", "1", "--config", config).stdout == "Maintenance 1 is cancelled.\n"
    assert call("downtime", "list", "--config", config).stdout == "No maintenance is planned.\n"
    assert "cancelled" in call("downtime", "list", "--all", "--config", config).stdout
    again = call("downtime", "cancel", "1", "--config", config)
    assert (again.exit_code, again.stderr) == (1, "there is no maintenance 1 that is not cancelled already\n")


def test_recurring_maintenance_shows_its_next_occurrences_in_the_local_zone(config: Path) -> None:
    told = called_json(
        "downtime", "add", "owner", "dinas perhubungan", "--from", "2099-11-29 22:00", "--for", "3h",
        "--rrule", "FREQ=WEEKLY;BYDAY=SU", "--timezone", "Asia/Jayapura", "--by", "Budi", "--config", config,
    )  # fmt: skip
    assert (told["scope"], told["target"], told["timezone"]) == ("owner", "dishub", "Asia/Jayapura")
    assert [each["start"] for each in told["next"]] == [
        "2099-11-29T13:00:00+00:00",
        "2099-12-06T13:00:00+00:00",
        "2099-12-13T13:00:00+00:00",
    ]
    listed = call("downtime", "list", "--timezone", "Asia/Jayapura", "--config", config).stdout
    assert "2099-11-29 22:00 WIT - 2099-11-30 01:00 WIT" in listed


@pytest.mark.parametrize(
    ("scope", "target", "kept"),
    [
        ("camera", "kabil/gate", "kabil/gate"),
        ("camera", "gerbang", "kabil/gate"),
        ("device", "kabil/sw1", "kabil/sw1"),
        ("uplink", "telkom", "telkom"),
        ("project", "jalan layang", "Jalan Layang"),
        ("camera", "nongsa/pier", "nongsa/pier"),
    ],
)
def test_what_is_maintained_is_an_id_or_a_name_of_the_inventory_or_what_agents_told_of(
    config: Path, tmp_path: Path, scope: str, target: str, kept: str
) -> None:
    site = Site("nongsa", first_s=0.0)
    site.cameras["pier"] = Camera("pier", first_s=0.0)
    fleet = Fleet([])
    fleet.sites["nongsa"] = site
    with state(tmp_path) as connection:
        fleet.unsaved.add("nongsa")
        fleet.unsaved_cameras.add(("nongsa", "pier"))
        fleet_rows.save_fleet(connection, fleet)
    assert called_json("downtime", "add", scope, target, "--for", "2h", "--config", config)["target"] == kept


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["site", "kabl", "--for", "2h"], "there is no site `kabl`; did you mean `kabil`?"),
        (["camera", "gate", "--for", "2h"], "there is no camera `gate`; "),
        (["site", "kabil"], "expected --for or --until, and not both"),
        (["site", "kabil", "--for", "2h", "--until", "23:00"], "expected --for or --until, and not both"),
        (["site", "kabil", "--for", "two hours"], "--for: expected a time span"),
        (["site", "kabil", "--from", "2020-01-01", "--until", "2020-01-02"], "--until: expected a time to come"),
        (["site", "kabil", "--rrule", "FREQ=WEEKLY"], "--for: expected how long each occurrence lasts"),
        (["site", "kabil", "--rrule", "SUNDAYS", "--for", "2h"], "--rrule: `SUNDAYS` is no recurrence rule"),
        (["site", "kabil", "--until", "9999-12-31"], "its end is no time between the years 1970 and 9998"),
        (["site", "kabil", "--rrule", "FREQ=WEEKLY;INTERVAL=0", "--for", "2h"], "INTERVAL: expected 1 to 10000"),
        (
            ["site", "kabil", "--rrule", "FREQ=DAILY;COUNT=1", "--from", "2020-01-01", "--for", "2h"],
            "--rrule: expected a rule by which it comes at least once",
        ),
    ],
)
def test_what_cannot_be_planned_is_told_and_nothing_is_kept(
    config: Path, tmp_path: Path, options: list[str], what: str
) -> None:
    done = call("downtime", "add", *options, "--config", config)
    assert done.exit_code == 2
    assert what in done.stderr
    with state(tmp_path) as connection:
        assert downtime_rows.load_downtimes(connection).downtimes == []


def test_a_rule_with_a_start_of_its_own_has_its_zone_and_no_other_start(config: Path) -> None:
    rule = "DTSTART;TZID=Asia/Jayapura:20991129T220000\r\nRRULE:FREQ=WEEKLY;UNTIL=20991213T130000Z"
    told = called_json("downtime", "add", "site", "kabil", "--for", "3h", "--rrule", rule, "--config", config)
    assert told["timezone"] == "Asia/Jayapura"
    assert [each["start"][:16] for each in told["next"]] == [
        "2099-11-29T13:00",
        "2099-12-06T13:00",
        "2099-12-13T13:00",
    ]
    both = call(
        "downtime", "add", "site", "kabil", "--for", "3h", "--rrule", rule, "--from", "22:00", "--config", config
    )
    assert (both.exit_code, both.stderr) == (
        2,
        "--from: the rule has a DTSTART of its own; leave one of the two out\n",
    )


def test_stored_maintenance_that_cannot_be_used_is_listed_with_the_reason_and_can_be_cancelled(
    config: Path, tmp_path: Path
) -> None:
    row = {
        "target": "kabil", "start_ms": 0, "duration_s": 3600, "timezone": "Asia/Jakarta", "reason": "", "by": "",
        "created_ms": 0,
    }  # fmt: skip
    with state(tmp_path) as connection:
        connection.execute(downtimes.insert(), [{"id": 1, "scope": "site", "rrule": "FREQ=SECONDLY", **row}])
        connection.execute(downtimes.insert(), [{"id": 2, "scope": "street", "rrule": "FREQ=DAILY", **row}])
    listed = call("downtime", "list", "--config", config)
    assert listed.exit_code == 0
    assert "maintenance 1 is set aside: `FREQ=SECONDLY` is no recurrence rule" in listed.stderr
    assert "maintenance 2 is set aside: Invalid enum value 'street'" in listed.stderr
    assert called_json("downtime", "list", "--config", config)[0]["problem"]
    for number in "12":
        assert call("downtime", "cancel", number, "--config", config).exit_code == 0
    assert call("downtime", "list", "--config", config).stdout == "No maintenance is planned.\n"
