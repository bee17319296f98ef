import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from pantau_collector.config import load
from pantau_collector.health import Health, Trouble, TroubleKind
from pantau_collector.heartbeat.config import HeartbeatConfig
from pantau_collector.heartbeat.rule import vital_troubles
from pantau_collector.heartbeat.sender import HeartbeatSender
from pantau_service.settings import ConfigError
from tests.collector.heartbeat.outside import Outside, serving
from tests.servers.process import free_port, until

WELL = Health()
BROKER_GONE = Health((Trouble(TroubleKind.BROKER_GONE, "connection refused"),))


@pytest.fixture
def outside() -> Iterator[Outside]:
    with serving() as server:
        yield server


def sender(url: str, health: Health = WELL, **settings: object) -> HeartbeatSender:
    return HeartbeatSender(HeartbeatConfig.model_validate({"url": url, **settings}), lambda: health)


def test_while_all_is_well_it_beats(outside: Outside) -> None:
    assert sender(f"{outside.url}/own-key").send_due()
    assert sender(f"{outside.url}/own-key", method="POST").send_due()
    assert outside.heard == [("GET", "/own-key", ""), ("POST", "/own-key", "")]


def test_while_not_all_is_well_it_is_silent_so_that_someone_outside_wakes(outside: Outside) -> None:
    silent = sender(f"{outside.url}/own-key", BROKER_GONE)
    assert silent.send_due()
    assert outside.heard == []
    assert not silent.healthy


def test_where_it_is_wanted_what_is_wrong_is_told_to_the_failure_address(outside: Outside) -> None:
    sender(f"{outside.url}/own-key", BROKER_GONE, failure_url=f"{outside.url}/own-key/fail").send_due()
    assert outside.heard == [("POST", "/own-key/fail", "broker_gone: connection refused")]


@pytest.mark.parametrize("kind", TroubleKind)
def test_every_trouble_but_a_late_series_database_withholds_it(kind: TroubleKind) -> None:
    reasons = vital_troubles(Health((Trouble(kind, "because"),)))
    assert reasons == ([] if kind is TroubleKind.SINK_BEHIND else [f"{kind}: because"])


def test_a_sign_that_is_refused_or_not_answered_is_counted_and_told_once_without_the_secret_address(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    outside.status = 500
    refused = sender(f"{outside.url}/my-secret-key")
    assert not refused.send_due()
    assert not refused.send_due()
    assert (refused.sent, refused.failures, refused.trouble) == (0, 2, "the service answered 500")
    gone = sender(f"http://127.0.0.1:{free_port()}/my-secret-key?token=geheim")
    assert not gone.send_due()
    assert len(caplog.messages) == 2
    assert "my-secret-key" not in caplog.text
    assert "geheim" not in caplog.text
    unnameable = sender("http://.my-secret-host.example/")
    assert not unnameable.send_due()
    assert "my-secret-host" not in caplog.text
    outside.status = 200
    assert refused.send_due()
    assert refused.trouble is None


def test_a_login_page_on_the_way_does_not_count_as_an_answer(outside: Outside) -> None:
    outside.answer = b"<html><title>Silakan masuk</title></html>"
    captive = sender(outside.url)
    assert not captive.send_due()
    assert (captive.sent, captive.failures) == (0, 1)
    assert "web page" in str(captive.trouble)


def test_while_the_collector_is_starting_nothing_is_reported_and_the_first_heartbeat_follows_at_once(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, health = 1000.0, BROKER_GONE
    monkeypatch.setattr("pantau_collector.heartbeat.sender.time.monotonic", lambda: now)
    config = HeartbeatConfig.model_validate({"url": f"{outside.url}/key", "failure_url": f"{outside.url}/fail"})
    starting = HeartbeatSender(config, lambda: health)
    monkeypatch.setattr(starting._thread, "start", lambda: None)
    starting.start()
    now += 9.9
    assert starting._step() == 0.5
    assert outside.heard == []
    health = WELL
    assert starting._step() == 60
    assert outside.heard == [("GET", "/key", "")]
    health = BROKER_GONE
    starting._step()
    assert outside.heard[1:] == [("POST", "/fail", "broker_gone: connection refused")]


def test_a_trouble_that_outlasts_the_start_is_reported_after_10_s(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("pantau_collector.heartbeat.sender.time.monotonic", lambda: now)
    starting = sender(f"{outside.url}/key", BROKER_GONE, failure_url=f"{outside.url}/fail")
    monkeypatch.setattr(starting._thread, "start", lambda: None)
    starting.start()
    now += 10
    starting._step()
    assert outside.heard == [("POST", "/fail", "broker_gone: connection refused")]


@pytest.mark.parametrize(
    ("status", "health", "wait_s"), [(200, WELL, 60), (500, WELL, 10), (200, BROKER_GONE, 60)]
)
def test_the_next_one_comes_after_the_interval_and_after_10_s_if_one_was_lost(
    outside: Outside, status: int, health: Health, wait_s: float
) -> None:
    outside.status = status
    assert sender(outside.url, health)._step() == wait_s
    assert sender(outside.url, health, interval_s=5)._step() == 5


def test_it_beats_by_itself_and_goes_on_after_what_nobody_foresaw(outside: Outside) -> None:
    asked = 0

    def health() -> Health:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("the health cannot be told")
        return Health()

    config = HeartbeatConfig.model_validate({"url": outside.url}).model_copy(update={"interval_s": 0.05})
    beating = HeartbeatSender(config, health)
    beating.start()
    try:
        assert until(lambda: beating.sent >= 2)
    finally:
        beating.stop()


def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="expected an address such as"):
        HeartbeatConfig.model_validate({"url": "hc-ping.com/key"})
    with pytest.raises(ValueError, match="expected an address"):
        HeartbeatSender(HeartbeatConfig(), Health)
    (tmp_path / "heartbeat").write_text("https://hc-ping.com/key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert HeartbeatConfig().url == SecretStr("https://hc-ping.com/key")


def test_an_address_that_is_wrong_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "collector.toml"
    path.write_text('[heartbeat]\nurl = "hc-ping.com/my-secret-key"\nfailure_url = 7\n')
    with pytest.raises(ConfigError) as error:
        load(path)
    assert error.value.problems == [
        f"{path}: heartbeat.url: expected an address such as https://hc-ping.com/your-own-key",
        f"{path}: heartbeat.failure_url: expected a valid string, got int",
    ]
