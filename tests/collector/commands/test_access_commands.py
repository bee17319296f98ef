"""`user`, `token` and `audit`, as one types them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pantau_collector.access.passwords import Passwords
from pantau_collector.access.secret_text import secret_hash
from pantau_collector.cli import app
from pantau_collector.commands.audit import audit_app
from pantau_collector.commands.token import token_app
from pantau_collector.commands.user import user_app
from pantau_collector.data_dir import DataDir
from pantau_collector.store import Store, account_rows, token_rows
from tests.collector.commands.command import call, called_json, configured

INVENTORY = """
[[owner]]
id = "dishub"
name = "Dinas Perhubungan"

[[site]]
id = "kabil"

[[camera]]
site = "kabil"
id = "gate"
owner = "dishub"
project = "jembatan"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    with state(tmp_path):
        pass
    return configured(tmp_path, inventory="inventory.toml", web={"public_url": "https://pantau.example"})


@contextmanager
def state(folder: Path) -> Iterator[Store]:
    store = Store.at(DataDir(folder / "data").store)
    yield store
    store.close()


def test_an_account_is_added_with_a_link_and_listed(config: Path) -> None:
    added = called_json("user", "add", "Ani", "--role", "operator", "--owner", "dishub", "--config", config)
    assert added["link"].startswith("https://pantau.example/sign-in#pantau_link_")
    (listed,) = called_json("user", "list", "--config", config)
    assert (listed["name"], listed["role"], listed["owners"]) == ("ani", "operator", ["dishub"])
    assert "password" not in json.dumps(listed).replace("has_password", "")
    table = call("user", "list", "--config", config).stdout
    assert "operator of owners dishub" in table


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ani", "--owner", "dishup"), "--owner: the inventory has no 'dishup'; did you mean `dishub`"),
        (("ani", "--site", "nongsa"), "--site: the inventory has no 'nongsa'"),
        (("a b",), "expected a name of up to 63 letters"),
        (("ani", "--role", "admin", "--site", "kabil"), "an admin decides for the whole city"),
    ],
)
def test_what_cannot_be_added_is_said(config: Path, arguments: tuple[str, ...], told: str) -> None:
    done = call("user", "add", *arguments, "--config", config)
    assert done.exit_code in (1, 2)
    assert told in " ".join(done.output.split())
    assert called_json("user", "list", "--config", config) == []


def test_a_password_comes_from_standard_input_and_is_shown_nowhere(config: Path, tmp_path: Path) -> None:
    call("user", "add", "ani", "--config", config)
    done = CliRunner().invoke(
        app, ["user", "password", "ani", "--config", str(config)], input="jembatan barelang\n"
    )
    assert done.exit_code == 0, done.output
    assert "jembatan" not in done.output
    with state(tmp_path) as store, store.begin() as connection:
        account = account_rows.load_account(connection, "ani")
    assert account is not None
    assert Passwords().matches(account.password, "jembatan barelang")
    short = CliRunner().invoke(app, ["user", "password", "ani", "--config", str(config)], input="short\n")
    assert (short.exit_code, "expected a password of 12 characters or more" in short.output) == (2, True)


def test_no_command_takes_a_password_as_an_argument(config: Path) -> None:
    assert call("user", "password", "ani", "secret password", "--config", config).exit_code == 2
    for command in ("add", "password"):
        assert "--password" not in call("user", command, "--help").stdout


def test_rights_change_and_an_account_is_disabled(config: Path) -> None:
    for name, role in (("ani", "admin"), ("budi", "viewer")):
        call("user", "add", name, "--role", role, "--config", config)
    assert called_json("user", "role", "budi", "operator", "--config", config)["role"] == "operator"
    assert called_json("user", "scope", "budi", "--site", "kabil", "--config", config)["sites"] == ["kabil"]
    assert called_json("user", "scope", "budi", "--whole-city", "--config", config)["sites"] == []
    assert call("user", "scope", "budi", "--config", config).exit_code == 2
    assert called_json("user", "disable", "budi", "--config", config)["disabled"]
    assert call("user", "link", "budi", "--config", config).exit_code == 1
    assert called_json("user", "enable", "budi", "--config", config) == {"name": "budi", "disabled": False}
    refused = call("user", "disable", "ani", "--config", config)
    assert (refused.exit_code, "ani is the only admin" in refused.output) == (1, True)
    assert call("user", "role", "nobody", "viewer", "--config", config).exit_code == 1


def test_a_token_is_shown_once_and_revoked(config: Path, tmp_path: Path) -> None:
    made = called_json("token", "add", "report", "--site", "kabil", "--days", "30", "--config", config)
    assert made["token"].startswith("pantau_api_")
    assert made["link"] is None
    listed = call("token", "list", "--json", "--config", config).stdout
    assert made["token"] not in listed
    assert json.loads(listed)[0]["sites"] == ["kabil"]
    with state(tmp_path) as store, store.begin() as connection:
        assert token_rows.find_token(connection, secret_hash(made["token"])) is not None
    assert called_json("token", "revoke", str(made["id"]), "--config", config) == {
        "id": made["id"],
        "revoked": True,
    }
    assert call("token", "revoke", str(made["id"]), "--config", config).exit_code == 1
    assert call("token", "add", "for ever", "--days", "9999", "--config", config).exit_code == 1


def test_a_screen_s_token_is_an_address_that_it_opens(config: Path) -> None:
    made = called_json("token", "add", "lobby", "--role", "screen", "--config", config)
    assert made["link"] == f"https://pantau.example/screen#{made['token']}"


def test_the_audit_log_is_listed_and_exported(config: Path, tmp_path: Path) -> None:
    call("user", "add", "ani", "--full-name", "=cmd()", "--config", config)
    call("token", "add", "=SUM(A1)", "--config", config)
    listed = called_json("audit", "list", "--action", "account_added", "--config", config)
    assert [(each["kind"], each["target"]) for each in listed] == [("command", "ani")]
    out = tmp_path / "audit.csv"
    assert call("audit", "export", "--out", out, "--config", config).exit_code == 0
    lines = out.read_text("utf-8-sig").splitlines()
    assert lines[0] == "time,who,kind,address,action,target,detail"
    assert [line.split(",")[4] for line in lines[1:]] == ["account_added", "link_made", "token_made"]
    assert ",=" not in out.read_text()
    again = call("audit", "export", "--out", out, "--config", config)
    assert (again.exit_code, "cannot be written" in again.output) == (1, True)
    exported = called_json("audit", "export", "--from", "1d", "--config", config)
    assert [each["action"] for each in exported] == ["account_added", "link_made", "token_made", "audit_exported"]


@pytest.mark.parametrize("group", [user_app, token_app, audit_app])
def test_each_command_has_an_example(group: typer.Typer) -> None:
    for each in group.registered_commands:
        assert f"Example: pantau-collector {group.info.name} {each.name}" in str(each.epilog)
