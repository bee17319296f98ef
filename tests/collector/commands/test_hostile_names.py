"""No name can make a command fail, print a line of its own, or control the terminal: every command that prints."""

import ast
import re
import shutil
from pathlib import Path

import pytest
import tomli_w
from msgspec.structs import replace
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import pantau_collector
from pantau_collector import commands
from pantau_collector.attribution import Decision, add_decision
from pantau_collector.fleet.model import Camera, Fleet
from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.transition import TransitionKind
from pantau_collector.inventory import load_inventory
from pantau_collector.ledger import Bucket
from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.store import fleet_rows, inventory_rows, notice_rows, outbox_rows
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import OPENED_MS, incident, save, state

NASTY = "[/x] [red]A[/red] :smile: \x1b[2J\x07\x9b1m B\r\nroot# \u202egpj.\u2028 \u0000 {0} %s [link=http://evil.example]C"
MARKUP = "[/x] [red]A[/red] :smile:"
SHEET = "[red]cctv.xlsx"
BY = "Budi " + NASTY.replace("\0", "")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with an inventory, a state and a sheet in which every name is hostile."""
    tmp_path = tmp_path_factory.mktemp("hostile")
    inventory = {
        "owner": [{"id": "dishub", "name": NASTY}],
        "maintainer": [{"id": "sinar", "name": NASTY}],
        "uplink": [{"id": "telkom", "name": NASTY}],
        "site": [{"id": "kabil", "name": NASTY, "owner": "dishub", "uplink": "telkom", "tags": [NASTY]}],
        "device": [{"id": "sw1", "site": "kabil", "kind": "switch", "name": NASTY}],
        "camera": [{"id": "gate", "site": "kabil", "name": NASTY, "via": "sw1", "project": NASTY}],
    }
    (tmp_path / "inventory.toml").write_text(tomli_w.dumps(inventory))
    noc = {"id": "noc", "name": NASTY, "urls": ["json://127.0.0.1:9/x"], "projects": [NASTY], "tags": [NASTY]}
    fleet = Fleet()
    site = fleet.site("nagoya", 0.0)
    site.name, site.dead = NASTY, True
    site.cameras["cam1"] = Camera("cam1", 0.0, name=NASTY, detail=NASTY)
    notice = Notice(NoticeKind.OPENED, 1, "kabil", NASTY, "gate", NASTY, "stalled", "down", OPENED_MS, ())
    with state(tmp_path) as connection:
        fleet_rows.save_fleet(connection, fleet)
        notice_rows.add(connection, [Notification("noc", notice, OPENED_MS, held=True)], created_ms=OPENED_MS)
        outbox_rows.add(
            connection, 1, Form.SINGLE, NoticeKind.OPENED, [1], "noc", ["1-json"], created_ms=OPENED_MS
        )
        outbox_rows.finish(connection, 1, outbox_rows.Status.DEAD, time_ms=OPENED_MS, error=NASTY)
        gate = ("kabil", "gate")
        add_decision(connection, Decision(0, 1, (gate,), 0, 9, Bucket.POWER, BY, BY, BY, OPENED_MS, {}))
        inventory_rows.record_inventory(connection, load_inventory(tmp_path / "inventory.toml"), now_ms=OPENED_MS)
        inventory_rows.add_moves(connection, [1], OPENED_MS, reason=BY, by=BY, now_ms=OPENED_MS)
    acknowledged = Acknowledgement(BY, OPENED_MS)
    save(tmp_path, replace(incident(1), acknowledged=acknowledged, downtime=NASTY), TransitionKind.OPENED)
    save(tmp_path, replace(incident(2, None, "device_down"), device="sw1"), TransitionKind.OPENED)
    save(
        tmp_path,
        replace(
            incident(3, None, "uplink_down"), site="", uplink="telkom", sites=("kabil",), cameras=("kabil/gate",)
        ),
        TransitionKind.OPENED,
    )
    configured(tmp_path, inventory="inventory.toml", recipient=[noc])
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    write_sheet(tmp_path / SHEET)
    return tmp_path


@pytest.fixture
def config(made: Path, tmp_path: Path) -> Path:
    """Return a configuration of the test's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "collector.toml"
    path.write_text(path.read_text().replace(str(made), str(tmp_path)))
    return path


def write_sheet(path: Path) -> None:
    book = Workbook()
    rows = [
        ["lokasi", "kamera", "nama", "proyek", "tanda"],
        ["kabil", "east", "[/x] [red]A[/red] :smile: \x85\nroot# \u202e", "[bold]", "[/x]"],
    ]
    page = book.active
    assert isinstance(page, Worksheet)
    for row in rows:
        page.append(row)
    book.save(path)


COMMANDS = [
    ["check"],
    ["incidents"],
    ["incidents", "--all", "--since", "2020-01-01"],
    ["incidents", "show", "1"],
    ["incidents", "show", "2"],
    ["incidents", "show", "3"],
    ["ack", "1", "--by", BY],
    ["inventory", "check"],
    ["inventory", "show"],
    ["inventory", "history", "--all"],
    ["inventory", "history", "move", "1", "--to", "1d", "--by", BY, "--reason", "x"],
    ["inventory", "history", "move", "[/x]\x1b[2J", "--to", "1d", "--by", "x", "--reason", "x"],
    ["inventory", "import", SHEET, "--owner", "dishub", "--dry-run"],
    ["inventory", "import", SHEET, "--owner", "dishub", "--yes"],
    ["inventory", "import", SHEET, "--owner", "[/x]\x1b[2J"],
    ["outbox", "--all"],
    ["recipients", "list"],
    ["recipients", "test", "[/x]\x1b[2J"],
    ["downtime", "add", "site", "kabil", "--for", "2h", "--reason", BY, "--by", BY],
    ["downtime", "add", "site", "[/x]\x1b[2J", "--for", "2h"],
    ["downtime", "list"],
    ["forget", "nagoya"],
    ["forget", "[/x]\x1b[2J"],
    ["ledger", "nagoya/[/x]\x1b[2J"],
    ["attribute", "list"],
    ["attribute", "1", "--to", "power", "--by", BY, "--reason", "x"],
    ["attribute", "1", "--to", "power", "--by", "x", "--reason", "x", "--camera", "[/x]\x1b[2J/a"],
    ["simulate", "scenario.toml"],
]
SCENARIO = """
lasts = "5m"
[[cluster]]
site = "kabil"
cameras = 1
[[event]]
at = "1m"
do = "fail"
what = ["kabil/cam1"]
"""


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda each: " ".join(each[:3]).replace("\x1b", ""))
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_what_is_printed_is_printable(
    config: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], as_json: bool
) -> None:
    monkeypatch.chdir(config.parent)
    done = call(*arguments, "--config", config, *(["--json"] if as_json else []))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    for line in done.output.split("\n"):
        assert line.isprintable(), repr(line)
        assert not line.startswith("root#")


@pytest.mark.parametrize(
    "arguments",
    [
        ["incidents"],
        ["incidents", "show", "1"],
        ["inventory", "show"],
        ["inventory", "history", "--all"],
        ["outbox"],
    ],
)
def test_names_are_shown_as_they_are_written(config: Path, arguments: list[str]) -> None:
    printed = " ".join(call(*arguments, "--config", config).output.split())
    assert MARKUP in printed or "[/x] [red]A[/red]" in printed


def test_names_reach_programs_whole(config: Path) -> None:
    [camera] = called_json("inventory", "show", "--config", config)["camera"]
    assert camera["name"].startswith(MARKUP)
    assert "\n" not in camera["name"]


def test_only_one_module_of_the_commands_writes_on_the_terminal() -> None:
    folder = Path(next(iter(commands.__path__)))
    modules = [*folder.glob("*.py"), Path(next(iter(pantau_collector.__path__))) / "cli.py"]
    writes = re.compile(
        r"\bprint\(|typer\.s?echo|\.secho|sys\.std(out|err)\.write|rich\.(console|table|text|markup)"
    )
    found = {path.name for path in modules if writes.search(ast.unparse(ast.parse(path.read_text())))}
    assert found == {"output.py"}
