"""Delivers one mail to one recipient over SMTP, with the times of RFC 5321 (4.5.3.2) and its meaning of answers.

Those times are for each answer. What comes before the mail's final dot also has a limit as a whole, and so have
the answers' bytes: a server that sends a byte now and then must not hold its thread for ever.

smtplib supplies commands, STARTTLS and AUTH. Reading answers is done here: what decides is the first digit of the
code (RFC 5321, 4.2.1), however long, cut off or broken the rest of the answer is. A mail counts as accepted once
the final dot is answered by 2yz; nothing that the server says or does afterwards makes it count as not accepted.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Literal, NamedTuple

from pantau_collector.exchanges.limits import connect, limited, tls_context
from pantau_collector.notices.channel import ChannelError

CONNECT_TIMEOUT_S = 30.0
"""Seconds to wait for a connection to one of the server's addresses, and for the TLS handshake."""
GREETING_TIMEOUT_S = 300.0
"""Seconds to wait for the greeting (RFC 5321, 4.5.3.2.1)."""
COMMAND_TIMEOUT_S = 300.0
"""Seconds to wait for the answer to a command (RFC 5321, 4.5.3.2.2 and 4.5.3.2.3)."""
DATA_TIMEOUT_S = 120.0
"""Seconds to wait for the answer to DATA (RFC 5321, 4.5.3.2.4)."""
BLOCK_TIMEOUT_S = 180.0
"""Seconds to wait until the server accepts the next part of the mail (RFC 5321, 4.5.3.2.5)."""
FINAL_TIMEOUT_S = 600.0
"""Seconds to wait for the answer to the final dot (RFC 5321, 4.5.3.2.6).

A mail that is given up sooner is often one that the server has accepted, and is then delivered twice (RFC 1047).
"""
DIALOGUE_TIMEOUT_S = 600.0
"""Seconds for everything before the final dot, of which each step may take its own time."""
QUIT_TIMEOUT_S = 5.0
"""Seconds to wait for the answer to QUIT, which no longer matters."""
SILENT_GREETING_S = 15.0
"""Seconds without a greeting after which the port is examined: it may expect TLS from the first byte."""

_MAX_LINE = 8192
"""Bytes of an answer's line that are read as one."""
_MAX_LINES = 500
"""Lines of one answer at most; RFC 5321 sets no limit."""
_MAX_RECEIVED = 64 << 10
"""Bytes that the server may send before the final dot, and again after it."""
_LOGIN_REQUIRED = {530, 534, 535, 538}
"""Codes about the login (RFC 4954, 6), which are about the configuration and not about the mail."""
_TOO_MANY_RECIPIENTS = 552
"""A code that is temporary as an answer to RCPT, although it begins with 5 (RFC 5321, 4.5.3.1.10)."""
_UNASKED = "it answered more than it was asked"
"""Why a connection is given up on which answers would count for the wrong commands."""

Answer = tuple[int, bytes]
"""An answer's code, -1 if it has none, and its text."""


class MailServer(NamedTuple):
    """Where and how mails are handed in. An empty user logs in nowhere."""

    host: str
    port: int
    security: Literal["insecure", "starttls", "ssl"]
    user: str = ""
    password: str = ""
    verify: bool = True


def deliver(server: MailServer, mail: EmailMessage, sender: str, recipient: str) -> None:
    """Hand in the mail for one recipient. `sender` and `recipient` are the addresses of the envelope.

    Raises:
        ChannelError: the server did not accept it.
    """
    try:
        with limited(DIALOGUE_TIMEOUT_S, _MAX_RECEIVED), _session(server) as dialogue:
            _hand_in(dialogue, server, mail, sender, recipient)
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelError(f"{server.host} refuses user or password ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        raise ChannelError(f"{server.host} answered {error.smtp_code} {_text(error.smtp_error)}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(f"{server.host}:{server.port} cannot be reached: {_reason(error)}") from None


class _Dialogue(smtplib.SMTP):
    """An SMTP connection that reads answers with a deadline, and by their first digit."""

    def __init__(self, server: MailServer) -> None:
        super().__init__(timeout=CONNECT_TIMEOUT_S)
        self.answer_within_s = SILENT_GREETING_S
        self._server = server
        self._host = server.host  # what smtplib's STARTTLS expects in the certificate
        self._unread = bytearray()

    def open(self) -> None:
        """Connect, await the greeting, secure the connection and log in."""
        server = self._server
        try:
            code, text = self.connect(server.host, server.port)
        except TimeoutError:
            if self.sock is None:
                raise
            if server.security != "ssl" and _speaks_tls(server):
                hint = "it expects TLS from the first byte at this port: add mode=ssl to the URL"
                raise ChannelError(f"{server.host}:{server.port} cannot be reached: {hint}") from None
            self.answer_within_s = GREETING_TIMEOUT_S - SILENT_GREETING_S
            code, text = self.getreply()
        if code // 100 != 2:
            raise smtplib.SMTPConnectError(code, text)
        self.answer_within_s = COMMAND_TIMEOUT_S
        if server.security == "starttls":
            self.starttls(context=_tls(server))
            if self._unread:
                raise smtplib.SMTPServerDisconnected("it sent something between STARTTLS and TLS")
        if server.user and server.password:
            self.login(server.user, server.password)
        self.ehlo_or_helo_if_needed()

    def send_content(self, content: bytes) -> Answer:
        """Send the mail after DATA, and return the answer to its final dot."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection was closed")
        if self._unread:
            raise smtplib.SMTPServerDisconnected(_UNASKED)
        try:
            self.sock.settimeout(BLOCK_TIMEOUT_S)
            self.sock.sendall(content)
            self.sock.sendall(b".\r\n")
        except OSError as error:
            self.answer_within_s = QUIT_TIMEOUT_S
            with suppress(OSError, smtplib.SMTPException):  # a server may refuse, and close, before the end
                code, text = self.getreply()
                if code // 100 in (4, 5):
                    return code, text
            raise smtplib.SMTPServerDisconnected(_reason(error)) from None
        self.answer_within_s = FINAL_TIMEOUT_S
        with limited(FINAL_TIMEOUT_S, _MAX_RECEIVED):
            return self.getreply()

    def quit_quietly(self) -> None:
        """Take leave, and close the connection whatever the server answers."""
        self.answer_within_s = QUIT_TIMEOUT_S
        with suppress(OSError, smtplib.SMTPException), limited(QUIT_TIMEOUT_S, _MAX_RECEIVED):
            self.docmd("QUIT")
        self.close()

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, unless the server has sent an answer that nothing asked for."""
        if self._unread:
            raise smtplib.SMTPServerDisconnected(_UNASKED)
        if self.sock is not None:
            self.sock.settimeout(BLOCK_TIMEOUT_S)
        super().putcmd(cmd, args)

    def getreply(self) -> Answer:
        """Return the next answer: the code of its first line, and its text.

        Raises:
            OSError: not even the first line has come, in time or before the connection was lost.
            smtplib.SMTPServerDisconnected: the server closed the connection instead.
        """
        deadline = time.monotonic() + self.answer_within_s
        first = self._read_line(deadline)
        lines, line = [first[4:]], first
        with suppress(OSError, smtplib.SMTPServerDisconnected):
            while line[3:4] == b"-" and len(lines) < _MAX_LINES:
                line = self._read_line(deadline)
                lines.append(line[4:])
        code = int(first[:3]) if first[:3].isdigit() and len(first) >= 3 else -1
        return code, b"\n".join(text.strip() for text in lines)

    def _read_line(self, deadline: float) -> bytes:
        while b"\n" not in self._unread and len(self._unread) < _MAX_LINE:
            remaining_s = deadline - time.monotonic()
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("the connection was closed")
            if remaining_s <= 0:
                raise TimeoutError("timed out")
            self.sock.settimeout(remaining_s)
            received = self.sock.recv(4096)
            if not received:
                if not self._unread:
                    raise smtplib.SMTPServerDisconnected("it closed the connection")
                break
            self._unread += received
        end = self._unread.find(b"\n") + 1 or min(len(self._unread), _MAX_LINE)
        line = bytes(self._unread[:end])
        del self._unread[:end]
        return line

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = connect(host, port, timeout_s=timeout)
        if self._server.security != "ssl":
            return plain
        try:
            return _tls(self._server).wrap_socket(plain, server_hostname=host)
        except ssl.SSLError as error:
            plain.close()
            if error.reason == "WRONG_VERSION_NUMBER":
                raise OSError("it does not speak TLS from the first byte at this port: mode=starttls?") from None
            raise


@contextmanager
def _session(server: MailServer) -> Iterator[_Dialogue]:
    dialogue = _Dialogue(server)
    try:
        dialogue.open()
        yield dialogue
    finally:
        dialogue.close()


def _hand_in(dialogue: _Dialogue, server: MailServer, mail: EmailMessage, sender: str, recipient: str) -> None:
    international = not f"{sender}{recipient}".isascii()
    if international and not dialogue.has_extn("smtputf8"):
        raise ChannelError(f"{server.host} takes no mail for an address as {recipient}", for_good=True)
    content = _content(mail, international=international)
    options = f" SIZE={len(content)}" if dialogue.has_extn("size") else ""
    if international:
        dialogue.command_encoding = "utf-8"
        options += " SMTPUTF8"
    _expect(2, dialogue.docmd("MAIL", f"FROM:<{sender}>{options}"), server, recipient, content=True)
    code, text = dialogue.docmd("RCPT", f"TO:<{recipient}>")
    if code // 100 != 2:
        for_good = code // 100 == 5 and code not in {_TOO_MANY_RECIPIENTS, *_LOGIN_REQUIRED}
        dialogue.quit_quietly()
        raise ChannelError(f"{recipient} was refused: {code} {_text(text)}", for_good=for_good)
    dialogue.answer_within_s = DATA_TIMEOUT_S
    _expect(3, dialogue.docmd("DATA"), server, recipient, content=True)
    _expect(2, dialogue.send_content(content), server, recipient, content=True)
    dialogue.quit_quietly()


def _expect(digit: int, answer: Answer, server: MailServer, recipient: str, *, content: bool) -> None:
    code, text = answer
    if code // 100 != digit:
        raise ChannelError(
            f"{server.host} answered {code} {_text(text)} to a mail to {recipient}",
            for_good=code // 100 == 5 and code not in _LOGIN_REQUIRED,
            content=content,
        )


def _content(mail: EmailMessage, *, international: bool) -> bytes:
    """Return the mail as it is sent: with CRLF, and each dot that begins a line doubled (RFC 5321, 4.5.2)."""
    policy = SMTPUTF8 if international else SMTP
    lines = mail.as_bytes(policy=policy.clone(max_line_length=mail.policy.max_line_length)).splitlines()
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)


def _speaks_tls(server: MailServer) -> bool:
    """Return True if a TLS handshake succeeds at the server's port."""
    context = _tls(server._replace(verify=False))
    try:
        with (
            limited(CONNECT_TIMEOUT_S, _MAX_RECEIVED),
            connect(server.host, server.port, timeout_s=CONNECT_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=server.host),
        ):
            return True
    except OSError:
        return False


def _tls(server: MailServer) -> ssl.SSLContext:
    context = tls_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _text(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
