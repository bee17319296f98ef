"""Sends a message as a mail over SMTP: our own text beside the HTML, with the pictures within it.

Apprise reads the URL but does not send, because its mails carry its own rendering of the HTML as text (2.2), and
no picture that the HTML could show.
"""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate
from typing import Any

from apprise.plugins.email.base import NotifyEmail

from pantau_collector.notices.channel import KEY_HEADER, ChannelError
from pantau_collector.notices.message import RenderedMessage

TIMEOUT_S = 30
"""Seconds to wait for the mail server."""
_POLICY = SMTP.clone(max_line_length=400)
"""Long header lines: RFC 5322 allows 998 characters.

Python folds a long subject before its first word, which then begins with a blank.
"""
NOTICES_HEADER = "X-Pantau-Notices"
"""The header that lists the notices of a mail for programs: `resolved 7, opened 9`, kind and incident."""
_PERMANENT = 550
"""The SMTP reply code from which on a refusal of a recipient is permanent.

RFC 5321, 4.2.1: 5yz; 55z concerns the mailbox.
"""


def is_plain(service: object) -> bool:
    """Return True if a service is a mail that is neither signed nor encrypted; Apprise sends those that are."""
    return isinstance(service, NotifyEmail) and service.pgp_mode == "no"


def compose_mail(service: Any, message: RenderedMessage, *, key: str) -> EmailMessage:
    """Return the mail, addressed as Apprise's `NotifyEmail` would.

    Text and HTML are alternatives (RFC 2046), the pictures belong to the HTML (RFC 2387).
    """
    name, address = service.from_addr
    domain = address.rpartition("@")[2]
    mail = EmailMessage(_POLICY)
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"] = formataddr((name or "Pantau", address))
    mail["To"] = ", ".join(formataddr((to or "", at)) for to, at in service.targets)
    if service.cc:
        mail["Cc"] = ", ".join(sorted(service.cc))
    if service.reply_to:
        mail["Reply-To"] = ", ".join(sorted(service.reply_to))
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{_token(key)}@{domain}>"
    if message.thread:
        mail["References"] = f"<{_token(message.thread)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: asks for no automatic replies, such as holiday notices
    mail[KEY_HEADER] = key
    mail[NOTICES_HEADER] = ", ".join(f"{notice.kind} {notice.incident}" for notice in message.notices)
    for header, value in service.headers.items():
        if header not in mail:
            mail[header] = value
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        html = mail.get_payload()[1]  # type: ignore[index] # it is the list of the two alternatives
        for picture in message.pictures:
            html.add_related(  # type: ignore[union-attr] # its items are EmailMessages
                picture.jpeg, "image", "jpeg", cid=f"<{picture.name}>", filename=picture.name, disposition="inline"
            )
    else:
        for picture in message.pictures:
            mail.add_attachment(picture.jpeg, "image", "jpeg", filename=picture.name)
    return mail


def send_mail(service: Any, message: RenderedMessage, *, key: str) -> None:
    """Send the mail by the server that the URL names.

    Raises:
        ChannelError: it was not accepted, or not for all recipients.
    """
    mail = compose_mail(service, message, key=key)
    to = [*(address for _, address in service.targets), *service.cc, *service.bcc]
    try:
        with _connected(service) as server:
            refused = server.send_message(mail, service.from_addr[1], to)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(error.recipients) from None
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelError(f"{service.smtp_host} refuses user or password ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        answer = f"{error.smtp_code} {_text(error.smtp_error)}"
        raise ChannelError(f"{service.smtp_host} answered {answer} to a mail to {', '.join(to)}") from None
    except (OSError, smtplib.SMTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ChannelError(f"{service.smtp_host}:{service.port} cannot be reached: {reason}") from None
    if refused:
        raise _refused(refused)


@contextmanager
def _connected(service: Any) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if not service.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    server: smtplib.SMTP
    if service.secure_mode == "ssl":
        server = smtplib.SMTP_SSL(service.smtp_host, service.port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(service.smtp_host, service.port, timeout=TIMEOUT_S)
    with server:
        if service.secure_mode == "starttls":
            server.starttls(context=context)
        if service.user and service.password:
            server.login(service.user, service.password)
        yield server


def _refused(recipients: dict[str, tuple[int, bytes]]) -> ChannelError:
    lines = [f"{address} was refused: {code} {_text(text)}" for address, (code, text) in recipients.items()]
    return ChannelError("; ".join(lines), for_good=all(code >= _PERMANENT for code, _ in recipients.values()))


def _text(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _token(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
