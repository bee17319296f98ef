"""How a message leaves: mail and webhook by our own hands, all else through Apprise and its hundred services."""

from collections.abc import Callable
from typing import Protocol

from apprise import AppriseAttachment, NotifyBase, NotifyFormat, NotifyType
from apprise.attachment.memory import AttachMemory

from pantau_collector.notices.channel import (
    WEBHOOKS,
    ChannelError,
    listening,
    open_channel,
    redact,
    schema,
)
from pantau_collector.notices.mail import is_plain, send_mail
from pantau_collector.notices.notice import Message, NoticeKind, Picture
from pantau_collector.notices.webhook import send_webhook

_TYPES = {
    NoticeKind.OPENED: NotifyType.FAILURE,
    NoticeKind.ESCALATED: NotifyType.FAILURE,
    NoticeKind.RESOLVED: NotifyType.SUCCESS,
    NoticeKind.FLAPPING: NotifyType.WARNING,
    NoticeKind.UNACKNOWLEDGED: NotifyType.WARNING,
}


class Transport(Protocol):
    """Hands a message to one URL."""

    def send(self, url: str, message: Message, *, kind: NoticeKind, key: str) -> None:
        """Sends, or says why it could not. The same `key` tells the receiver that it is the same message.

        Raises:
            ChannelError: it could not be sent; the text says why, without secrets.
        """


class ChannelTransport:
    """Sends at once, and once: the outbox waits and tries again."""

    def __init__(self, time_ms: Callable[[], int]) -> None:
        self._time_ms = time_ms

    def send(self, url: str, message: Message, *, kind: NoticeKind, key: str) -> None:
        """Sends, or says why it could not.

        Raises:
            ChannelError: it could not be sent; the text says why, without secrets.
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


def _send_by_apprise(service: NotifyBase, message: Message, kind: NoticeKind) -> None:
    with listening() as said:
        sent = service.notify(
            title=message.subject,
            body=message.text,
            body_format=NotifyFormat.TEXT,
            notify_type=_TYPES.get(kind, NotifyType.INFO),
            attach=_attachments(message.pictures) if service.attachment_support else None,
        )
    if not sent:
        raise ChannelError("; ".join(said) or "the service did not take it, and said nothing")


def _attachments(pictures: tuple[Picture, ...]) -> AppriseAttachment | None:
    if not pictures:
        return None
    attachments = AppriseAttachment()
    for picture in pictures:
        memory = AttachMemory(picture.jpeg, name=picture.name, mimetype="image/jpeg")  # type: ignore[no-untyped-call] # Apprise has no types there
        attachments.add(memory)
    return attachments
