"""The technician's mailbox: a real SMTP server on loopback that shows each notice as it arrives."""

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """Passes each mail that arrives on `port` to `show`, on the server's own thread."""

    def __init__(self, port: int, show: Callable[[EmailMessage], None]) -> None:
        self._show = show
        self._controller = Controller(self, hostname="127.0.0.1", port=port, ready_timeout=60)

    def start(self) -> None:
        """Start the server."""
        self._controller.start()

    def stop(self) -> None:
        """Stop the server."""
        self._controller.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 # aiosmtpd's
        """Parse and show one mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        if not isinstance(mail, EmailMessage):
            return "554 not a mail"
        self._show(mail)
        return "250 OK"
