"""systemd's notification protocol (sd_notify(3)): ready, status, watchdog, stopping."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells the service manager; where there is none, every call does nothing.

    `watchdog_s` is how often the manager wants a sign of life at the latest (None: it wants none).
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(environ)

    def ready(self, status: str) -> None:
        """All is started."""
        self._tell(f"READY=1\nSTATUS={_line(status)}")

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._tell(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._tell("WATCHDOG=1")

    def stopping(self, status: str) -> None:
        """It has begun to stop."""
        self._tell(f"STOPPING=1\nSTATUS={_line(status)}")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # "@" stands for the abstract namespace's leading zero byte.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.connect(address)
                channel.send(message.encode())
            except OSError:
                # A manager that does not listen must not end the agent; it will see to it itself.
                return


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """WATCHDOG_USEC, if it is meant for this process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) > 0 else None


def _line(text: str) -> str:
    return " ".join(text.split())
