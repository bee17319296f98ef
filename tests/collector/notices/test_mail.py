from typing import Any

import pytest
from msgspec.structs import replace

from pantau_collector.notices.channel import ChannelError, open_channel
from pantau_collector.notices.mail import compose_mail, is_plain, send_mail
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import Notice, NoticeKind
from tests.servers.process import free_port
from tests.servers.smtp import Mailbox

MESSAGE = RenderedMessage(
    "[PADAM] Simpang “Kabil”", "Garis satu\nGaris dua: ünïcode\n", "<p>Garis satu</p>", thread="12-5"
)


def service(port: int, more: str = "") -> Any:
    return open_channel(f"mailto://127.0.0.1:{port}/?from=pantau@batam.example&to=ani@batam.example{more}")


def test_a_mail_is_text_and_html_beside_each_other_and_asks_for_no_automatic_answer(smtp: Mailbox) -> None:
    send_mail(service(smtp.port, "&name=Ruang%20Kendali&reply=noc@batam.example"), MESSAGE, key="k-1")
    (mail,) = smtp.wait(1)
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"] == "Ruang Kendali <pantau@batam.example>"
    assert (mail["Reply-To"], mail["Auto-Submitted"], mail["X-Pantau-Key"]) == (
        "noc@batam.example",
        "auto-generated",
        "k-1",
    )
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == MESSAGE.text.splitlines()


def test_a_program_reads_what_a_mail_tells_of_in_its_header() -> None:
    notices = [
        Notice(NoticeKind.RESOLVED, 7, "kabil", "", "gate", "", "stalled", "ok", 1, ()),
        Notice(NoticeKind.OPENED, 9, "kabil", "", "park", "", "frozen", "impaired", 1, ()),
    ]
    mail = compose_mail(service(25), replace(MESSAGE, notices=tuple(notices)), key="k")
    assert mail["X-Pantau-Notices"] == "resolved 7, opened 9"


def test_a_repeat_has_the_same_message_id_and_what_belongs_together_the_same_thread() -> None:
    one, again, other = (compose_mail(service(25), MESSAGE, key=key) for key in ("a", "a", "b"))
    assert one["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert one["References"]
    assert one["References"] == other["References"]


def test_each_address_gets_the_mail_and_a_blind_copy_is_not_seen(smtp: Mailbox) -> None:
    several = service(smtp.port, "&cc=budi@batam.example&bcc=cici@batam.example,ani@batam.example")
    send_mail(several, MESSAGE, key="k")
    mails = smtp.wait(3)
    assert smtp.recipients == ["ani@batam.example", "budi@batam.example", "cici@batam.example"]
    assert {mail["Cc"] for mail in mails} == {"budi@batam.example"}
    assert "cici" not in mails[0].as_string()


def test_lines_that_begin_with_a_dot_arrive_as_they_are(smtp: Mailbox) -> None:
    send_mail(service(smtp.port), replace(MESSAGE, text=".\n..\n.a\n" + "x" * 2000, html=""), key="k")
    (mail,) = smtp.wait(1)
    assert mail.get_content().splitlines() == [".", "..", ".a", "x" * 2000]


def test_a_server_that_refuses_for_now_or_is_not_there_says_so(smtp: Mailbox) -> None:
    smtp.refusing = True
    with pytest.raises(ChannelError, match=r"451 try again later to a mail to ani@batam.example") as refused:
        send_mail(service(smtp.port), MESSAGE, key="k")
    assert not refused.value.for_good
    with pytest.raises(ChannelError, match="cannot be reached"):
        send_mail(service(free_port()), MESSAGE, key="k")


def test_an_address_that_the_server_does_not_know_is_refused_for_good(smtp: Mailbox) -> None:
    smtp.unknown.add("ani@batam.example")
    with pytest.raises(ChannelError, match=r"ani@batam.example was refused: 550") as refused:
        send_mail(service(smtp.port), MESSAGE, key="k")
    assert refused.value.for_good
    assert smtp.mails == []


def test_what_is_to_be_signed_or_encrypted_is_left_to_apprise() -> None:
    assert is_plain(service(25))
    assert not is_plain(service(25, "&pgp=sign"))
    assert not is_plain(open_channel("json://localhost/"))
