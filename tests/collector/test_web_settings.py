from pathlib import Path
from typing import Any

import pytest

from pantau_collector.config import CollectorConfig, load
from pantau_collector.unsafe_settings import refusals, warnings
from pantau_service.settings import ConfigError
from tests.collector.commands.command import call
from tests.collector.test_cli import write

TOKEN = "0123456789abcdef0123"


def web(**settings: Any) -> CollectorConfig:
    return CollectorConfig.model_validate({"web": settings})


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_a_proxy_that_may_be_anybody_lets_nobody_in(network: str) -> None:
    [refused] = refusals(web(trusted_proxies=[network], proxy_role="viewer"))
    assert f"web.trusted_proxies: {network} is everybody" in refused
    assert refusals(web(trusted_proxies=[network])) == []
    assert refusals(web(trusted_proxies=["10.0.0.9"], proxy_role="viewer")) == []


def test_run_and_check_say_so_and_run_starts_nothing(tmp_path: Path) -> None:
    config = write(tmp_path, web={"trusted_proxies": ["0.0.0.0/0"], "proxy_role": "viewer"})
    for what in ("check", "run"):
        done = call(what, "--config", config)
        assert done.exit_code == 2
        assert "web.trusted_proxies: 0.0.0.0/0 is everybody" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({"host": "0.0.0.0"}, "web.host: 0.0.0.0 is reached from other machines without TLS"),
        ({"public_url": "http://pantau.example"}, "web.public_url: http://pantau.example is not https"),
        ({"metrics_listen": "10.0.0.5:9108"}, "web.metrics_listen: whoever reaches 10.0.0.5:9108"),
        ({"metrics_listen": "127.0.0.1:9108"}, ""),
        ({"host": "0.0.0.0", "trusted_proxies": ["10.0.0.9"]}, ""),
        ({}, ""),
    ],
)
def test_what_others_may_read_is_warned_of(tmp_path: Path, settings: dict[str, object], warned: str) -> None:
    told = [each for each in warnings(web(**settings), tmp_path) if each.startswith("web.")]
    assert len(told) == bool(warned)
    assert warned in "".join(told)


def test_a_link_leads_to_the_public_address_or_to_this_machine() -> None:
    assert (
        web(public_url="https://pantau.example/wall/").web.sign_in_link("x")
        == "https://pantau.example/wall/sign-in#x"
    )
    assert web(host="0.0.0.0", port=81).web.sign_in_link("x") == "http://127.0.0.1:81/sign-in#x"
    assert web(host="::1", port=81).web.screen_link("x") == "http://[::1]:81/screen#x"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"token": "short"}, "web.token: expected 20 characters or more, as `openssl rand -hex 16` makes them"),
        ({"allowed_hosts": ["https://wall.intern"]}, "web.allowed_hosts[1]: expected a name or address alone"),
        ({"allowed_hosts": ["wall.intern:8080"]}, "web.allowed_hosts[1]: expected a name or address alone"),
        ({"trusted_proxies": ["proxy.intern"]}, "web.trusted_proxies[1]"),
        ({"certificate": __file__}, "web.key: expected `certificate` and `key` together"),
        (
            {"certificate": "/nowhere.pem", "key": __file__},
            "web.certificate: expected a file that the collector can",
        ),
        ({"proxy_role": "viewer"}, "web.proxy_role: expected `trusted_proxies` beside it"),
        ({"proxy_role": "admin"}, "web.proxy_role"),
        ({"metrics_listen": "9108"}, "web.metrics_listen: expected an address and a port"),
        ({"metrics_listen": "127.0.0.1:99999"}, "web.metrics_listen: expected a port from 1 to 65535"),
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
