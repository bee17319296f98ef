"""Sends a message: mail and webhooks by our own code, everything else through Apprise and its hundred services."""

from collections.abc import Callable
from typing import Protocol

from apprise import AppriseAttachment, NotifyBase, NotifyFormat, NotifyType
from apprise.attachment.memory import AttachMemory

from pantau_collector.notices.channel import WEBHOOKS, ChannelError, capture_log, open_channel, redact, schema
from pantau_collector.notices.mail import is_plain, send_mail
from pantau_collector.notices.message import AttachedPicture, RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.webhook import send_webhook

_TYPES = {
    NoticeKind.OPENED: NotifyType.FAILURE,
    NoticeKind.ESCALATED: NotifyType.FAILURE,
    NoticeKind.RESOLVED: NotifyType.SUCCESS,
    NoticeKind.FLAPPING: NotifyType.WARNING,
    NoticeKind.UNACKNOWLEDGED: NotifyType.WARNING,
}
"""How Apprise classifies each kind of notice; any other is information."""


class Transport(Protocol):
    """Sends a message to one URL."""

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:
        """Send the message. The same `key` marks a repeat of the same message for its receiver.

        Raises:
            ChannelError: it could not be sent; the text states why, without secrets.
        """


class ChannelTransport:
    """Sends at once, and once: the outbox is what waits and retries."""

    def __init__(self, time_ms: Callable[[], int]) -> None:
        self._time_ms = time_ms

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:
        """Send the message.

        Raises:
            ChannelError: it could not be sent; the text states why, without secrets.
        """
        try:
            if schema(url) in WEBHOOKS:
                send_webhook(url, message, kind=kind, key=key, time_ms=self._time_ms())
                return
            service = open_channel(url, key=key)
            if is_plain(service):
                send_mail(service, message, key=key)
            else:
                _send_by_apprise(service, message, kind)
        except ChannelError as error:
            raise ChannelError(redact(str(error), url), for_good=error.for_good) from None
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise ChannelError(redact(f"{type(error).__name__}: {error}", url)) from None


def _send_by_apprise(service: NotifyBase, message: RenderedMessage, kind: NoticeKind) -> None:
    with capture_log() as lines:
        sent = service.notify(
            title=message.subject,
            body=message.text,
            body_format=NotifyFormat.TEXT,
            notify_type=_TYPES.get(kind, NotifyType.INFO),
            attach=_attachments(message.pictures) if service.attachment_support else None,
        )
    if not sent:
        raise ChannelError("; ".join(lines) or "the service did not take it, and said nothing")


def _attachments(pictures: tuple[AttachedPicture, ...]) -> AppriseAttachment | None:
    if not pictures:
        return None
    attachments = AppriseAttachment()
    for picture in pictures:
        memory = AttachMemory(picture.jpeg, name=picture.name, mimetype="image/jpeg")  # type: ignore[no-untyped-call] # Apprise has no types there
        attachments.add(memory)
    return attachments
