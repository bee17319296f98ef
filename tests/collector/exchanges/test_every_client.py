"""Everything that is a client of somebody else's server gives one up that drips its answer, or never ends it."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pantau_collector.alertmanager import alert_sender
from pantau_collector.alertmanager.config import AlertmanagerConfig
from pantau_collector.clock import SystemClock
from pantau_collector.config import InfluxV1, InfluxV2
from pantau_collector.exchanges import HttpClient
from pantau_collector.health import Health
from pantau_collector.heartbeat import sender as heartbeat_sender
from pantau_collector.heartbeat.config import HeartbeatConfig
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.inventory import Inventory
from pantau_collector.notices import smtp, transport, webhook
from pantau_collector.notices.apprise_process import AppriseProcess
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.sinks import http_store, setup_v1, setup_v2
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.downsampling import DownsamplingRules
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.setup_plan import SetupError
from pantau_collector.store import Store, incident_rows
from tests.servers import hostile
from tests.servers.hostile import HostileServer

SHORT_S = 0.3
MESSAGE = RenderedMessage("[PADAM] Simpang Kabil", "Garis satu\n")
RULES = DownsamplingRules(90, 0, 300, 8)
Ask = Callable[[HostileServer, Path], str]
"""Has a client make one exchange, and returns why it failed, or an empty text."""


@pytest.fixture(scope="module")
def apprise() -> Iterator[AppriseProcess]:
    process = AppriseProcess()
    # It starts with the first message, which takes a busy machine longer than the short deadlines of these tests.
    with hostile.hostile(hostile.ENDLESS_BODY) as server:
        assert _send(ChannelTransport(lambda: 0, process), f"json://127.0.0.1:{server.port}/x") == ""
    yield process
    process.close()


def ask_webhook(server: HostileServer, _folder: Path) -> str:
    return _send(ChannelTransport(lambda: 0), f"webhook://:geheim@127.0.0.1:{server.port}/x")


def ask_influxdb(server: HostileServer, _folder: Path) -> str:
    try:
        InfluxV1Store(InfluxV1(version=1, url=server.url)).write(b"camera fps=1 1")
    except RetryLaterError as error:
        return str(error)
    return ""


def ask_setup_1(server: HostileServer, _folder: Path) -> str:
    return _plan(setup_v1.InfluxV1Setup(InfluxV1(version=1, url=server.url), RULES))


def ask_setup_2(server: HostileServer, _folder: Path) -> str:
    return _plan(setup_v2.InfluxV2Setup(InfluxV2(version=2, url=server.url, org="city"), RULES))


def ask_heartbeat(server: HostileServer, _folder: Path) -> str:
    sender = heartbeat_sender.HeartbeatSender(HeartbeatConfig.model_validate({"url": server.url}), Health)
    sender.send_due()
    return sender.trouble or ""


def ask_alertmanager(server: HostileServer, folder: Path) -> str:
    store, clock = Store.at(folder / "collector.sqlite"), SystemClock()
    now_ms = clock.time_ms()
    incident = Incident(1, "kabil", "gate", "stalled", ("gate",), now_ms, now_ms, 0.0)
    with store.begin() as connection:
        incident_rows.save_incidents(connection, [incident], [Transition(TransitionKind.OPENED, incident, now_ms)])
    sender = alert_sender.AlertSender(AlertmanagerConfig(url=server.url), store, Inventory, clock)
    sender.send_due()
    store.close()
    return sender.trouble or ""


def ask_mail(server: HostileServer, _folder: Path) -> str:
    return _send(ChannelTransport(lambda: 0), f"mailto://127.0.0.1:{server.port}/?from=a@b.example&to=c@b.example")


ASKS = [ask_webhook, ask_influxdb, ask_setup_1, ask_setup_2, ask_heartbeat, ask_alertmanager]


def _send(sending: ChannelTransport, url: str) -> str:
    try:
        sending.send(url, MESSAGE, kind=NoticeKind.OPENED, key="k")
    except ChannelError as error:
        return str(error)
    return ""


def _plan(setup: setup_v1.InfluxV1Setup | setup_v2.InfluxV2Setup) -> str:
    try:
        setup.plan(shorten=False)
    except SetupError as error:
        return str(error)
    finally:
        setup.close()
    return ""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_client", HttpClient(within_s=SHORT_S))
    for module in (http_store, setup_v1, setup_v2):
        monkeypatch.setattr(module, "WITHIN_S", SHORT_S)
    for module in (heartbeat_sender, alert_sender):
        monkeypatch.setattr(module, "_WITHIN_S", SHORT_S)


def test_the_documented_deadlines() -> None:
    assert webhook.WITHIN_S == transport.SEND_WITHIN_S == http_store.WITHIN_S == 60
    assert (heartbeat_sender._WITHIN_S, alert_sender._WITHIN_S) == (10, 15)
    assert setup_v1.WITHIN_S == setup_v2.WITHIN_S == 600
    assert smtp.DIALOGUE_TIMEOUT_S == 600


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("behaviour", [hostile.DRIPPING_HEAD, hostile.DRIPPING_BODY], ids=["head", "body"])
def test_an_answer_that_drips(ask: Ask, behaviour: hostile.Behaviour, tmp_path: Path) -> None:
    with hostile.hostile(behaviour) as server:
        assert "gave no whole answer within 0.3 s" in ask(server, tmp_path)
        assert server.connections == 1


@pytest.mark.parametrize("ask", ASKS)
def test_an_answer_without_end_is_not_kept(ask: Ask, tmp_path: Path) -> None:
    with hostile.hostile(hostile.ENDLESS_BODY) as server:
        ask(server, tmp_path)
        assert server.connections == 1


def test_a_mail_server_that_drips_its_greeting_or_greets_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "DIALOGUE_TIMEOUT_S", SHORT_S)
    with hostile.hostile(_greets(b"2")) as server:
        assert "timed out" in ask_mail(server, tmp_path)
    monkeypatch.undo()
    with hostile.hostile(_greets((b"220-" + b"a" * 4000 + b"\r\n") * 10)) as server:
        assert "cannot be reached" in ask_mail(server, tmp_path)


def _greets(piece: bytes) -> hostile.Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        while not over.wait(0.01):
            connection.sendall(piece)

    return behave


@pytest.mark.parametrize("kind", ["json", "ntfy"])
def test_a_service_of_apprise_that_drips_is_ended_with_its_process(kind: str, apprise: AppriseProcess) -> None:
    sending = ChannelTransport(lambda: 0, apprise, apprise_within_s=SHORT_S)
    with hostile.hostile(hostile.DRIPPING_BODY) as server:
        assert "gave no whole answer within 0.3 s" in _send(sending, f"{kind}://127.0.0.1:{server.port}/x")


def test_of_an_endless_answer_of_a_service_of_apprise_the_status_is_taken(apprise: AppriseProcess) -> None:
    with hostile.hostile(hostile.ENDLESS_BODY) as server:
        assert _send(ChannelTransport(lambda: 0, apprise), f"json://127.0.0.1:{server.port}/x") == ""


def test_a_redirect_of_a_service_of_apprise_is_not_followed(apprise: AppriseProcess) -> None:
    redirect = hostile.flood(b"HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", b"")
    with hostile.hostile(redirect) as server:
        assert "error=307" in _send(ChannelTransport(lambda: 0, apprise), f"json://127.0.0.1:{server.port}/x")
        assert server.connections == 1


def test_a_process_for_apprise_that_was_killed_is_started_again(apprise: AppriseProcess) -> None:
    with hostile.hostile(hostile.ENDLESS_BODY) as server:
        url = f"json://127.0.0.1:{server.port}/x"
        assert _send(ChannelTransport(lambda: 0, apprise), url) == ""
        assert apprise._process is not None
        apprise._process.kill()
        apprise._process.wait()
        assert _send(ChannelTransport(lambda: 0, apprise), url) == ""
