"""Sends a message as a mail over SMTP: our own text beside the HTML, with the pictures within it.

Apprise reads the URL but does not send, because its mails carry its own rendering of the HTML as text (2.2), and
no picture that the HTML could show.
"""

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate
from typing import Any

from apprise.plugins.email.base import NotifyEmail

from pantau_collector.notices.channel import KEY_HEADER, ChannelError
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.smtp import MailServer, deliver

_POLICY = SMTP.clone(max_line_length=400)
"""Long header lines: RFC 5322 allows 998 characters.

Python folds a long subject before its first word, which then begins with a blank.
"""
NOTICES_HEADER = "X-Pantau-Notices"
"""The header that lists the notices of a mail for programs: `resolved 7, opened 9`, kind and incident."""


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


def addresses(service: Any) -> list[str]:
    """Return everyone who gets the mail: `to`, copies, and blind copies, in an order that stays."""
    named = [*(address for _, address in service.targets), *sorted(service.cc), *sorted(service.bcc)]
    return list(dict.fromkeys(named))


def send_mail(service: Any, message: RenderedMessage, *, key: str, to: str | None = None) -> None:
    """Send the mail by the server that the URL names: to one of its addresses, or else to each of them in turn.

    Raises:
        ChannelError: it was not accepted, or not for all addresses.
    """
    mail = compose_mail(service, message, key=key)
    server = _server(service)
    failures = []
    for address in addresses(service) if to is None else [to]:
        try:
            deliver(server, mail, service.from_addr[1], address)
        except ChannelError as error:
            failures.append(error)
    if failures:
        raise ChannelError(
            "; ".join(dict.fromkeys(map(str, failures))),
            for_good=all(failure.for_good for failure in failures),
            content=any(failure.content for failure in failures),
        )


def _server(service: Any) -> MailServer:
    return MailServer(
        service.smtp_host,
        service.port,
        service.secure_mode,
        service.user or "",
        service.password or "",
        service.verify_certificate,
    )


def _token(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
