"""A real SMTP server, aiosmtpd, that keeps the mails it receives."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.servers.process import free_port, until


class Mailbox:
    """An SMTP server and the mails that it has received, in order.

    While `refusing` is set, each mail gets a temporary error; addresses in `unknown` get a permanent one.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusing = False
        self.unknown: set[str] = set()
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=60)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self,
        server: SMTP,  # noqa: ARG002
        session: Any,  # noqa: ARG002
        envelope: Any,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002
    ) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        if self.refusing:
            return "451 try again later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    def wait(self, count: int, *, within_s: float = 60) -> list[EmailMessage]:
        """Return the mails as soon as there are `count`, or those that arrived within `within_s` seconds."""
        until(lambda: len(self.mails) >= count, within_s=within_s)
        return list(self.mails)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


@pytest.fixture
def smtp() -> Iterator[Mailbox]:
    """Yield a running mail server on the loopback port `smtp.port`."""
    mailbox = Mailbox()
    mailbox.start()
    yield mailbox
    mailbox.stop()
