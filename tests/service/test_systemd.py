import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_service.systemd import Notifier


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket in place of the service manager's, and the value of NOTIFY_SOCKET."""
    name = str(tmp_path / "notify") if request.param == "a path" else f"@pantau-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if name.startswith("@") else name)
        listener.settimeout(60)
        yield listener, name


def test_the_manager_is_told(manager: tuple[socket.socket, str]) -> None:
    listener, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready("2 cameras\nWATCHDOG=0")
    assert listener.recv(4096) == b"READY=1\nSTATUS=2 cameras WATCHDOG=0"
    notifier.alive()
    assert listener.recv(4096) == b"WATCHDOG=1"
    notifier.stopping("taking leave")
    assert listener.recv(4096) == b"STOPPING=1\nSTATUS=taking leave"


@pytest.mark.parametrize("name", ["", "/no/such/socket", "@no-such-socket"])
def test_without_a_manager_nothing_happens(name: str) -> None:
    Notifier({"NOTIFY_SOCKET": name}).ready("all is well")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_time_is_read_if_it_is_meant_for_this_process(
    environ: dict[str, str], expected: float | None
) -> None:
    assert Notifier(environ).watchdog_s == expected
