"""`inventory history`: what it shows, and how a change is said to have been true since another time."""

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite, InventoryUplink
from pantau_collector.ledger import rows
from pantau_collector.store import closed_rows, inventory_rows
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import state

DAY_MS = 86_400_000
NOW_MS = time.time_ns() // 1_000_000
GATE = InventoryCamera(site="kabil", id="gate", owner="dishub", tags=["school"])


def inventory(*cameras: InventoryCamera, uplink: str = "") -> Inventory:
    sites = [InventorySite(id="kabil", uplink=uplink), InventorySite(id="nongsa")]
    return Inventory(sites=sites, cameras=cameras, uplinks=[InventoryUplink(id="tower")])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A history: the camera was given to another owner 20 days ago, and moved to another site 10 days ago."""
    loads = (
        (30, inventory(GATE)),
        (20, inventory(GATE.model_copy(update={"owner": "kominfo", "tags": []}))),
        (10, inventory(GATE.model_copy(update={"owner": "kominfo", "tags": [], "site": "nongsa"}))),
    )
    with state(tmp_path) as connection:
        for days, each in loads:
            inventory_rows.record_inventory(connection, each, now_ms=NOW_MS - days * DAY_MS)
    return configured(tmp_path)


def say(config: Path, *arguments: str) -> tuple[int, str]:
    done = call("inventory", "history", "move", *arguments, "--yes", "--config", config)
    return done.exit_code, done.stderr.strip() or done.stdout.strip()


BY = ("--by", "Ani", "--reason", "typed late")


def test_it_shows_what_changed_and_when(config: Path) -> None:
    shown = called_json("inventory", "history", "--config", config)
    assert [(each["id"], each["entry"], each["kind"]) for each in shown] == [
        (5, "kabil/gate", "changed"),
        (6, "nongsa/gate", "added"),
        (7, "kabil/gate", "removed"),
    ]
    assert shown[0]["since_ms"] == shown[0]["recorded_ms"] == NOW_MS - 20 * DAY_MS
    assert (shown[0]["before"]["owner"], shown[0]["after"]["owner"], shown[2]["after"]) == (
        "dishub",
        "kominfo",
        None,
    )
    text = " ".join(call("inventory", "history", "--config", config).stdout.split())
    assert "camera kabil/gate owner: dishub -> kominfo; tags: school -> none" in text
    assert len(called_json("inventory", "history", "--since", "15d", "--config", config)) == 2
    assert len(called_json("inventory", "history", "--all", "--config", config)) == 7


def test_a_change_is_said_to_have_been_true_earlier_and_that_is_kept(config: Path, tmp_path: Path) -> None:
    [moved] = called_json("inventory", "history", "move", "5", "--to", "25d", *BY, "--yes", "--config", config)
    assert NOW_MS - 25 * DAY_MS <= moved["since_ms"] <= NOW_MS - 24 * DAY_MS
    assert [(each["by"], each["reason"]) for each in moved["moves"]] == [("Ani", "typed late")]
    assert say(config, "5", "--to", "22d", "--by", "Budi", "--reason", "no, later")[0] == 0
    [last] = [each for each in called_json("inventory", "history", "--config", config) if each["id"] == 5]
    assert [each["by"] for each in last["moves"]] == ["Ani", "Budi"]
    with state(tmp_path) as connection:
        history = inventory_rows.load_history(connection)
        changed = {each.site: each.from_ms for each in rows.load_changes(connection)}
    assert history.at(NOW_MS - 23 * DAY_MS).camera("kabil", "gate").owner == "dishub"
    assert history.at(NOW_MS - 21 * DAY_MS).camera("kabil", "gate").owner == "kominfo"
    assert changed == {"kabil": moved["since_ms"]}


def test_a_change_is_said_to_have_been_true_later_than_it_was_typed(config: Path, tmp_path: Path) -> None:
    assert say(config, "5", "--to", "15d", *BY)[0] == 0
    with state(tmp_path) as connection:
        history = inventory_rows.load_history(connection)
        changed = {each.site: each.from_ms for each in rows.load_changes(connection)}
    assert history.at(NOW_MS - 16 * DAY_MS).camera("kabil", "gate").owner == "dishub"
    assert history.at(NOW_MS - 14 * DAY_MS).camera("kabil", "gate").owner == "kominfo"
    assert changed == {"kabil": NOW_MS - 20 * DAY_MS}


def test_both_halves_of_a_move_to_another_site_are_moved_at_once(config: Path, tmp_path: Path) -> None:
    assert say(config, "6-7", "--to", "12d", *BY)[0] == 0
    with state(tmp_path) as connection:
        history = inventory_rows.load_history(connection)
        sites = {each.site for each in rows.load_changes(connection)}
    assert list(history.at(NOW_MS - 11 * DAY_MS).cameras) == [("nongsa", "gate")]
    assert sites == {"kabil", "nongsa"}


def test_closed_months_between_the_two_times_are_named(config: Path, tmp_path: Path) -> None:
    day = datetime.fromtimestamp(NOW_MS / 1000 - 20 * 86_400, ZoneInfo("Asia/Jakarta"))
    with state(tmp_path) as connection:
        for month in (f"{day:%Y-%m}", "2020-01"):
            closed_rows.save_closed(connection, closed_rows.ClosedMonth(month, "Asia/Jakarta", 0, "Ani", "1"), [])
    told = say(config, "5", "--to", "25d", *BY)[1]
    assert f"{day:%Y-%m} is closed: this will appear as a correction of it." in told
    assert "2020-01" not in told


def test_without_a_yes_nothing_is_noted(config: Path, tmp_path: Path) -> None:
    done = call("inventory", "history", "move", "5", "--to", "25d", *BY, "--config", config)
    assert (done.exit_code, "camera kabil/gate" in done.stdout) == (1, True)
    with state(tmp_path) as connection:
        assert inventory_rows.load_moves(connection) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("9", "--to", "1d", *BY), "there is no change 9"),
        (("5-4", "--to", "1d", *BY), "expected a change's number as 12, or 12-40 for several, got '5-4'"),
        (("x", "--to", "1d", *BY), "expected a change's number"),
        (("1-50001", "--to", "1d", *BY), "expected at most 50,000 changes at once, got 1-50001"),
        (("5", "--to", "9999-01-01", *BY), "--to: expected a time that is past"),
        (("5", "--to", "5d", *BY), "change 5 of camera kabil/gate came before change 7 of the same,"),
        (("7", "--to", "25d", *BY), "change 7 of camera kabil/gate came after change 5 of the same,"),
        (("5", "--to", "1d", "--by", "\x1b", "--reason", "x"), "--by: expected one line of 1 to 200 printable"),
        (("5", "--to", "1d", "--by", "Ani", "--reason", " "), "--reason: expected one line of 1 to 1000"),
    ],
)
def test_what_is_wrong_is_said(config: Path, tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    code, told = say(config, *arguments)
    assert (code, text in told) == (2, True), told
    with state(tmp_path) as connection:
        assert inventory_rows.load_moves(connection) == []


def test_a_change_of_an_uplink_concerns_every_site(config: Path, tmp_path: Path) -> None:
    with state(tmp_path) as connection:
        tower = [InventoryUplink(id="tower", owner="pt")]
        later = Inventory(sites=inventory().sites.values(), uplinks=tower)
        inventory_rows.record_inventory(connection, later, now_ms=NOW_MS - DAY_MS)
        uplink = next(each for each in inventory_rows.load_changes(connection)[7:] if each.entry[0] == "uplink")
    assert say(config, str(uplink.id), "--to", "2d", *BY)[0] == 0
    with state(tmp_path) as connection:
        assert {each.site for each in rows.load_changes(connection)} == {"kabil", "nongsa"}
