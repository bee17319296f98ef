from pathlib import Path

import pytest

from pantau_collector.config import InfluxV1, InfluxV2, load
from pantau_collector.inventory import load_inventory
from pantau_collector.notices.unknown_filters import find_unknown_filters
from pantau_contract.states import State
from pantau_service.settings import ConfigError

EXAMPLES = Path(__file__).parents[2] / "collector"


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(path)
    return [line.removeprefix(f"{path}: ") for line in error.value.problems]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collector.toml"


def test_an_empty_configuration_has_defaults(path: Path) -> None:
    path.write_text("")
    config = load(path)
    assert (config.broker.host, config.broker.port, config.influx, config.recipient) == (
        "127.0.0.1",
        1883,
        None,
        [],
    )
    assert config.incidents.states == {State.DOWN, State.IMPAIRED}


def test_the_example_is_right(path: Path) -> None:
    (path.parent / "broker.password").write_text("geheim\n")
    path.write_text((EXAMPLES / "collector.example.toml").read_text())
    config = load(path)
    assert config.inventory == path.parent / "inventory.toml"
    assert config.broker.password is not None
    assert config.broker.password.get_secret_value() == "geheim"
    inventory = load_inventory(EXAMPLES / "inventory.example.toml")
    assert find_unknown_filters(config.recipient, inventory) == []


def test_everything_that_is_wrong_is_told_at_once_by_key_with_what_was_expected(path: Path) -> None:
    text = """
        data_dirr = "x"
        [influx]
        version = 1
        url = "localhost"
        databse = "x"
        [incidents]
        settle_s = "soon"
        states = ["ok"]
        [[recipient]]
        id = "A B"
        timezone = "WIB"
        urls = ["foo://x"]
        [[recipient]]
        id = "noc"
    """
    assert problems(path, text) == [
        "influx.url: expected an address such as http://127.0.0.1:8086, got 'localhost'",
        "influx.databse: there is no such key; did you mean `database`?",
        "incidents.settle_s: expected a valid number, unable to parse string as a number, got 'soon'",
        "incidents.states: expected some of degraded, down, impaired",
        (
            "recipient[1].id: expected 1 to 63 lower-case letters, digits, '-' or '_',"
            " the first a letter or digit, got 'A B'"
        ),
        (
            "recipient[1].timezone: expected a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura,"
            " got 'WIB' (recipient 'A B')"
        ),
        "recipient[1].urls[1]: expected an address that can be sent to: Unparseable URL *** (recipient 'A B')",
        "recipient[2].urls: expected a value, and there is none (recipient 'noc')",
        "data_dirr: there is no such key; did you mean `data_dir`?",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[influx]\nversion = 3\nurl = 'http://x'", "influx: expected `version` to be one of 1, 2"),
        ("[influx]\nurl = 'http://x'", "influx: expected `version` to say of which kind it is"),
        ("[broker]\nport = 99999", "broker.port: expected less than or equal to 65535, got 99999"),
        ("[broker\n", "expected TOML: Expected ']' at the end of a table declaration (at line 1, column 8)"),
        (
            "[broker]\npassword = 'x'",
            "broker: expected `user` beside the password (MQTT knows no password without a user)",
        ),
        (
            "embedded_broker = true",
            "embedded_broker: the collector has no broker of its own any more: remove this key",
        ),
        (
            "[[recipient]]\nid = 'a'\nurls = ['json://x']\n[[recipient]]\nid = 'a'\nurls = ['json://x']",
            "expected each recipient's or group's id once, got 'a' more than once",
        ),
    ],
)
def test_a_wrong_value_is_told(path: Path, text: str, problem: str) -> None:
    assert problems(path, text) == [problem]


@pytest.mark.parametrize(
    "url",
    [
        "mailto://127.0.0.1/?from=a@b.example&to=nobody",
        "mailtos://u:hunter2secret@mail.example/?from=a@b.example&to=nobody",
        "tgram://hunter2secret",
        "hunter2secret",
        "",
    ],
)
def test_a_recipient_without_a_valid_address_is_told_without_its_secrets(path: Path, url: str) -> None:
    (problem,) = problems(path, f"[[recipient]]\nid = 'noc'\nurls = ['{url}']")
    assert problem.startswith("recipient[1].urls[1]: expected an address that can be sent to: ")
    assert "hunter2" not in problem


def test_no_secret_is_shown(path: Path) -> None:
    path.write_text(
        "[broker]\nuser = 'u'\npassword = 'hunter2'\n"
        "[influx]\nversion = 2\nurl = 'http://x'\ntoken = 'hunter2'\n"
        "[[recipient]]\nid = 'noc'\nurls = ['jsons://u:hunter2@host/']"
    )
    config = load(path)
    assert "hunter2" not in repr(config)
    assert isinstance(config.influx, InfluxV2)
    for wrong in ("[broker]\npassword = 22222", "[influx]\nversion = 1\nurl = 'http://u:22222@x'"):
        assert "22222" not in str(problems(path, wrong))


def test_a_file_is_looked_for_beside_the_configuration(path: Path) -> None:
    (path.parent / "token").write_text("hunter2\n")
    path.write_text("data_dir = 'data'\n[influx]\nversion = 2\nurl = 'http://x/'\ntoken_file = 'token'")
    config = load(path)
    assert config.data_dir == path.parent / "data"
    assert isinstance(config.influx, InfluxV2)
    assert config.influx.token is not None
    assert config.influx.token.get_secret_value() == "hunter2"
    assert config.influx.url == "http://x"


def test_a_secret_may_be_a_credential_of_systemd(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path.parent / "broker").write_text("hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(path.parent))
    path.write_text("[broker]\nuser = 'u'")
    password = load(path).broker.password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_the_environment_goes_before_the_file_and_is_named_where_it_is_wrong(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("[influx]\nversion = 1\nurl = 'http://x'\n[broker]\nhost = 'file'")
    monkeypatch.setenv("PANTAU_COLLECTOR_BROKER__HOST", "environment")
    config = load(path)
    assert config.broker.host == "environment"
    assert isinstance(config.influx, InfluxV1)
    monkeypatch.setenv("PANTAU_COLLECTOR_BROKER__PORT", "many")
    with pytest.raises(ConfigError, match=r"^\$PANTAU_COLLECTOR_BROKER__PORT: expected a valid integer"):
        load(path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///x.sqlite", "postgresql+psycopg://"),
        ("postgresql://pantau@db/pantau", "postgresql+psycopg://"),
        ("postgresql+psycopg://pantau@db/", "postgresql+psycopg://"),
        ("postgresql+psycopg://pantau:hunter2secret@db/pantau", "without password"),
    ],
)
def test_a_store_is_a_postgresql_without_password_in_its_address(path: Path, url: str, expected: str) -> None:
    (line,) = problems(path, f'[store]\nurl = "{url}"\n')
    assert line.startswith("store.url: expected")
    assert expected in line
    assert "hunter2secret" not in line


def test_the_password_of_the_store_stands_in_a_file(path: Path) -> None:
    (path.parent / "store.password").write_text("p@ss/word\n")
    url = "postgresql+psycopg://pantau@localhost/pantau"
    path.write_text(f'[store]\nurl = "{url}"\npassword_file = "store.password"\n')
    store = load(path).store
    assert store is not None
    assert store.full_url.password == "p@ss/word"
    assert "p@ss" not in repr(store) + repr(store.full_url)
