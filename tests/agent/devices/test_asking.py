import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_agent.config import Device
from pantau_agent.devices import default_gateway, devices_of
from pantau_agent.devices.asking import CannotAskError, ask
from tests.servers.process import free_port

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
LOCAL = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def answers(host: str, port: int | None, within_s: float = 5.0) -> bool:
    return asyncio.run(ask(host, port, within_s))


def test_a_port_that_accepts_or_refuses_is_an_answer(listener: socket.socket) -> None:
    assert answers("127.0.0.1", listener.getsockname()[1])
    assert answers("localhost", free_port())


def test_a_device_that_says_nothing_does_not_answer(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.listen(0)
    full = [socket.socket() for _ in range(4)]  # they fill the queue, and the kernel drops what comes then
    for each in full:
        each.setblocking(False)
        each.connect_ex(("127.0.0.1", port))
    assert not answers("127.0.0.1", port, 0.3)
    for each in full:
        each.close()


def test_an_echo_request_is_answered_or_forbidden_and_said_so() -> None:
    try:
        assert answers("127.0.0.1", None)
    except CannotAskError as error:
        assert "ping_group_range" in str(error)


def test_a_name_that_is_not_known_says_nothing_of_the_device() -> None:
    with pytest.raises(CannotAskError, match=r"'nowhere\.invalid' is not known"):
        answers("nowhere.invalid", 80)


@pytest.mark.parametrize(
    ("table", "gateway"),
    [
        (HEAD + LOCAL + DEFAULT, "192.0.2.1"),
        (HEAD + LOCAL, None),
        (HEAD, None),
        ("", None),
        (HEAD + "nonsense\n\x00\n" + DEFAULT, "192.0.2.1"),
        (None, None),
    ],
)
def test_the_gateway_is_that_of_the_default_route(tmp_path: Path, table: str | None, gateway: str | None) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    if table is not None:
        (tmp_path / "proc/net/route").write_text(table)
    assert default_gateway(tmp_path) == gateway


def test_the_gateway_is_asked_once() -> None:
    switch, own = Device(id="switch", host="192.0.2.2"), Device(id="router", host="192.0.2.1")
    assert [device.id for device in devices_of([switch], "192.0.2.1")] == ["switch", "gateway"]
    assert [device.id for device in devices_of([switch, own], "192.0.2.1")] == ["switch", "router"]
    assert devices_of([switch], None) == [switch]
