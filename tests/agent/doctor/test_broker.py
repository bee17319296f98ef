"""The check of the broker, against a real mosquitto that is right or wrong."""

import asyncio
import datetime as dt
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pantau_agent.config import Broker
from pantau_agent.doctor.broker import check_broker
from pantau_agent.doctor.finding import FindingLevel
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.words import words
from tests.agent.certificate import make_certificate
from tests.agent.eventually import eventually
from tests.agent.listener import listening
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port
from tests.servers.programs import require_program

DAY = dt.timedelta(days=1)
PUBLISHING = (FindingLevel.OK, "publishing")


def starting(folder: Path, settings: str) -> Mosquitto:
    return Mosquitto(folder / "mosquitto", settings=settings)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that knows one user."""
    passwords = tmp_path / "passwords"
    subprocess.run([require_program("mosquitto_passwd"), "-b", "-c", str(passwords), "north", "right"], check=True)
    with starting(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n") as server:
        assert isinstance(server, Mosquitto)
        yield server


async def examined(settings: Broker, *, site: str = "north") -> list[tuple[FindingLevel, str]]:
    findings = await check_broker(settings, site, time.time())
    for finding in findings:
        for say in (words("en"), words("id")):
            assert finding.found(say)
            assert "wr0ng" not in f"{finding.found(say)} {finding.mend(say)} {finding!r}"
    return [(finding.level, finding.key) for finding in findings]


@pytest.mark.parametrize("protocol", ["auto", "5", "3.1.1"])
async def test_a_broker_that_takes_the_password_is_ready(guarded: Mosquitto, protocol: str) -> None:
    right = Broker.model_validate(
        {"host": "127.0.0.1", "port": guarded.port, "user": "north", "password": "right", "protocol": protocol}
    )
    expected = (
        (FindingLevel.UNKNOWN, "publishing_unsaid") if protocol == "3.1.1" else (FindingLevel.OK, "publishing")
    )
    assert await examined(right) == [(FindingLevel.OK, "ready"), expected]
    wrong = right.model_copy(update={"password": SecretStr("wr0ng")})
    assert await examined(wrong) == [(FindingLevel.ERROR, "password")]


async def test_an_access_list_that_lets_it_in_and_not_publish(guarded: Mosquitto, tmp_path: Path) -> None:
    guarded.stop()
    rules = tmp_path / "access"
    rules.write_text("pattern write pantau/v1/%u/#\n")
    rules.chmod(0o600)
    settings = f"allow_anonymous false\npassword_file {tmp_path / 'passwords'}\nacl_file {rules}\n"
    with starting(tmp_path, settings) as server:
        assert isinstance(server, Mosquitto)
        right = Broker.model_validate(
            {"host": "127.0.0.1", "port": server.port, "user": "north", "password": "right"}
        )
        assert await examined(right) == [(FindingLevel.OK, "ready"), PUBLISHING]
        assert await examined(right, site="south") == [
            (FindingLevel.OK, "ready"),
            (FindingLevel.ERROR, "forbidden"),
        ]


async def test_what_it_publishes_is_what_a_collector_passes_over(mosquitto: Mosquitto) -> None:
    """The message is that of a camera that was removed from the configuration."""
    with listening(mosquitto.port) as listener:
        received: list[tuple[str, bytes]] = []
        listener.client.message_callback_add(
            "pantau/#", lambda *all: received.append((all[2].topic, all[2].payload))
        )
        assert await examined(Broker(host="127.0.0.1", port=mosquitto.port)) == [
            (FindingLevel.OK, "ready"),
            PUBLISHING,
        ]
        assert await eventually(lambda: received)
    ((topic, payload),) = received
    assert (parse_topic(topic).kind, payload) == (TopicKind.STATE, b"")


async def test_where_nothing_listens_it_is_refused() -> None:
    assert await examined(Broker(host="127.0.0.1", port=free_port())) == [(FindingLevel.ERROR, "refused")]


async def test_a_name_that_nobody_knows() -> None:
    assert await examined(Broker(host="nowhere.invalid")) == [(FindingLevel.ERROR, "name")]


@pytest.mark.parametrize(
    ("valid", "expected"),
    [
        ((-9 * DAY, 300 * DAY), [(FindingLevel.OK, "certificate"), (FindingLevel.OK, "ready"), PUBLISHING]),
        ((-9 * DAY, 9 * DAY), [(FindingLevel.WARNING, "expires"), (FindingLevel.OK, "ready"), PUBLISHING]),
        ((-9 * DAY, -DAY), [(FindingLevel.ERROR, "expired")]),
        ((DAY, 9 * DAY), [(FindingLevel.ERROR, "not_yet_valid")]),
    ],
)
async def test_how_long_the_certificate_is_valid(
    tmp_path: Path, valid: tuple[dt.timedelta, dt.timedelta], expected: list[tuple[FindingLevel, str]]
) -> None:
    made = make_certificate(tmp_path, valid=valid)
    with starting(tmp_path, f"allow_anonymous true\ncertfile {made.certificate}\nkeyfile {made.key}\n") as server:
        assert isinstance(server, Mosquitto)
        settings = Broker(host="127.0.0.1", port=server.port, tls=True, ca_file=made.certificate)
        assert await examined(settings) == expected
        if expected[-1] == PUBLISHING:
            assert await examined(settings.model_copy(update={"ca_file": None})) == [
                (FindingLevel.ERROR, "untrusted")
            ]
            named = settings.model_copy(update={"host": "localhost"})
            assert await examined(named) == [(FindingLevel.ERROR, "wrong_name")]
            plain = settings.model_copy(update={"tls": False})
            assert await examined(plain) == [(FindingLevel.ERROR, "not_mqtt")]


async def test_tls_at_a_port_without_it(mosquitto: Mosquitto) -> None:
    assert await examined(Broker(host="127.0.0.1", port=mosquitto.port, tls=True)) == [
        (FindingLevel.ERROR, "no_tls")
    ]


async def test_something_else_listens_there() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await examined(Broker(host="127.0.0.1", port=port)) == [(FindingLevel.ERROR, "not_mqtt")]
    server.close()
