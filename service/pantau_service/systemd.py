"""systemd's notification protocol (sd_notify(3)): ready, status, watchdog, stopping."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Notifies the service manager; without one, every call does nothing.

    `watchdog_s` is the longest time in seconds between two signs of life, or None if the manager wants none.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(environ)

    def ready(self, status: str) -> None:
        """Report that the service has started."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def status(self, status: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """Send a sign of life to the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self, status: str) -> None:
        """Report that the service has begun to stop."""
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")

    def _send(self, message: str) -> None:
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
                # A manager that does not listen must not end the service: that is the manager's own concern.
                return


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return WATCHDOG_USEC in seconds if it is meant for this process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) > 0 else None


def _line(text: str) -> str:
    return " ".join(text.split())
