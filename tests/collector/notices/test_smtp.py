"""How long a mail server is waited for, what its answers mean, and how TLS is spoken."""

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pantau_collector.notices import smtp as smtp_module
from pantau_collector.notices.channel import ChannelError, open_channel
from pantau_collector.notices.mail import send_mail
from pantau_collector.notices.message import RenderedMessage
from tests.collector.notices.scripted_smtp import Reply, scripted
from tests.servers.process import free_port
from tests.servers.smtp import Mailbox

MESSAGE = RenderedMessage("[PADAM] Simpang Kabil", "Garis satu\n")


def send(port: int, more: str = "", scheme: str = "mailto") -> None:
    url = f"{scheme}://127.0.0.1:{port}/?from=pantau@batam.example&to=ani@batam.example{more}"
    send_mail(open_channel(url), MESSAGE, key="k")


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        ("CONNECT_TIMEOUT_S", 30.0),
        ("SILENT_GREETING_S", 15.0),
        ("GREETING_TIMEOUT_S", 300.0),  # RFC 5321, 4.5.3.2
        ("COMMAND_TIMEOUT_S", 300.0),
        ("DATA_TIMEOUT_S", 120.0),
        ("BLOCK_TIMEOUT_S", 180.0),
        ("FINAL_TIMEOUT_S", 600.0),
        ("QUIT_TIMEOUT_S", 5.0),
    ],
)
def test_times(name: str, documented: float) -> None:
    assert getattr(smtp_module, name) == documented


def test_each_step_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    read = smtp_module._Dialogue.getreply

    def spy(self: Any) -> Any:
        waited.append(self.answer_within_s)
        return read(self)

    monkeypatch.setattr(smtp_module._Dialogue, "getreply", spy)
    with scripted([]) as server:
        send(server.server_port)
    assert waited == [15, 300, 300, 300, 120, 600, 5], "greeting, EHLO, MAIL, RCPT, DATA, final dot, QUIT"


@pytest.mark.parametrize(
    ("step", "text", "for_good"),
    [
        ("greeting", b"554 no service here", False),  # about the server, and not about the mail
        ("greeting", b"421 busy", False),
        ("MAIL", b"451 later", False),
        ("MAIL", b"530 log in first", False),
        ("MAIL", b"552 too large", True),
        ("MAIL", b"553 no such sender", True),
        ("RCPT", b"450 greylisted", False),
        ("RCPT", b"552 too many recipients", False),  # RFC 5321, 4.5.3.1.10
        ("RCPT", b"550 unknown", True),
        ("DATA", b"250 what", False),
        ("DATA", b"554 no", True),
        ("final", b"451 later", False),
        ("final", b"354 go on", False),
        ("final", b"nonsense", False),
        ("final", b"554 looks like spam", True),
    ],
)
def test_what_an_answer_means(step: str, text: bytes, for_good: bool) -> None:
    with scripted([{step: Reply(text + b"\r\n")}]) as server, pytest.raises(ChannelError) as error:
        send(server.server_port)
    assert error.value.for_good is for_good
    assert server.taken == []


@pytest.mark.parametrize("code", [b"250", b"251", b"299"])
def test_any_answer_of_250_and_its_kind_takes_the_mail(code: bytes) -> None:
    with scripted([{"RCPT": Reply(code + b" ok\r\n"), "final": Reply(code + b" ok\r\n")}]) as server:
        send(server.server_port)
    assert server.taken == ["ani@batam.example"]


def test_a_server_that_refuses_in_the_middle_of_the_mail_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError("broken pipe")

    class Socket:
        def settimeout(self, _seconds: float) -> None: ...

        def close(self) -> None: ...

        sendall = broken

        def recv(self, _size: int) -> bytes:
            return b"552 too large\r\n"

    dialogue = smtp_module._Dialogue(smtp_module.MailServer("h", 25, "insecure"))
    monkeypatch.setattr(dialogue, "sock", Socket())
    assert dialogue.send_content(b"x\r\n") == (552, b"too large")


@pytest.fixture
def tls_box(tmp_path: Path) -> Any:
    """Yield a mail server that speaks TLS from the first byte."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=127.0.0.1"]
    subprocess.run(["openssl", *request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    box = Mailbox()
    box.port = free_port()
    box._controller = Controller(box, hostname="127.0.0.1", port=box.port, ssl_context=tls, ready_timeout=60)
    box.start()
    yield box
    box.stop()


def test_mode_ssl_speaks_tls_from_the_first_byte(tls_box: Mailbox) -> None:
    send(tls_box.port, "&mode=ssl&verify=no", scheme="mailtos")
    assert len(tls_box.wait(1)) == 1
    with pytest.raises(ChannelError, match="certificate"):
        send(tls_box.port, "&mode=ssl", scheme="mailtos")


def test_a_port_that_waits_for_tls_is_found_out(tls_box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_module, "SILENT_GREETING_S", 0.1)
    with pytest.raises(ChannelError, match="TLS from the first byte at this port: add mode=ssl"):
        send(tls_box.port, "&verify=no", scheme="mailtos")


def test_a_port_that_greets_in_the_clear_is_found_out(smtp: Mailbox) -> None:
    with pytest.raises(ChannelError, match="mode=starttls"):
        send(smtp.port, "&mode=ssl&verify=no", scheme="mailtos")


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("mailtos://mail.example:465/?from=a@b.example&to=c@b.example", "ssl"),
        ("mailto://mail.example:465/?from=a@b.example&to=c@b.example", "ssl"),
        ("mailtos://mail.example:465/?from=a@b.example&to=c@b.example&mode=starttls", "starttls"),
        ("mailtos://mail.example:587/?from=a@b.example&to=c@b.example", "starttls"),
        ("mailto://mail.example:25/?from=a@b.example&to=c@b.example", "insecure"),
    ],
)
def test_port_465_speaks_tls_from_the_first_byte(url: str, mode: str) -> None:
    service: Any = open_channel(url)
    assert service.secure_mode == mode
