from pathlib import Path
from typing import Any

import pytest

from pantau_collector.config import CollectorConfig, load
from pantau_collector.unsafe_settings import refusals
from pantau_service.settings import ConfigError
from tests.collector.commands.command import call
from tests.collector.test_cli import write

TOKEN = "0123456789abcdef0123"


def web(**settings: Any) -> CollectorConfig:
    return CollectorConfig.model_validate({"web": settings})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "wall.intern", "192.168.1.2"])
def test_a_wall_that_other_machines_reach_needs_a_login(host: str) -> None:
    [refused] = refusals(web(host=host))
    assert f"web.host: {host} is reached from other machines, and the wall has no login" in refused
    assert "`web.token`" in refused
    assert refusals(web(host=host, trusted_proxies=["127.0.0.1", "::1"])) == [refused]
    assert refusals(web(host=host, token=TOKEN)) == []
    assert refusals(web(host=host, trusted_proxies=["10.0.0.9"])) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_one_that_this_machine_alone_reaches_does_not(host: str) -> None:
    assert refusals(web(host=host)) == []


def test_run_and_check_say_so_and_run_starts_nothing(tmp_path: Path) -> None:
    config = write(tmp_path, web={"host": "0.0.0.0", "public_url": "http://pantau.example"})
    for what in ("check", "run"):
        done = call(what, "--config", config)
        assert done.exit_code == 2
        assert "web.host: 0.0.0.0 is reached from other machines, and the wall has no login" in done.stderr
    assert "web.public_url: http://pantau.example is not https" in call("check", "--config", config).stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"token": "short"}, "web.token: expected 20 characters or more, as `openssl rand -hex 16` makes them"),
        ({"allowed_hosts": ["https://wall.intern"]}, "web.allowed_hosts[1]: expected a name or address alone"),
        ({"allowed_hosts": ["wall.intern:8080"]}, "web.allowed_hosts[1]: expected a name or address alone"),
        ({"trusted_proxies": ["proxy.intern"]}, "web.trusted_proxies[1]"),
        ({"token": TOKEN, "token_file": __file__}, "web.token: expected `token` or `token_file`, not both"),
    ],
)
def test_what_is_wrong_about_the_web_is_told(tmp_path: Path, settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(write(tmp_path, web=settings))
    assert says in str(told.value)
    assert TOKEN not in str(told.value)
    assert "short" not in str(told.value)


def test_the_token_may_stand_in_a_file_or_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "web").write_text(f"{TOKEN}\n")
    for settings in ({"token_file": "web"}, {}):
        if not settings:
            monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        token = load(write(tmp_path, web=settings)).web.token
        assert token is not None
        assert token.get_secret_value() == TOKEN
