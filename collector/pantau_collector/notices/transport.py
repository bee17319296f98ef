"""How a message leaves: through Apprise, which speaks to more than a hundred services."""

from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from apprise import AppriseAttachment, NotifyFormat, NotifyType

from pantau_collector.notices.channel import ChannelError, listening, open_channel, redact, schema
from pantau_collector.notices.notice import Message, NoticeKind

_TYPES = {NoticeKind.OPENED: NotifyType.FAILURE, NoticeKind.RESOLVED: NotifyType.SUCCESS}


class Transport(Protocol):
    """Hands a message to one URL."""

    def send(self, url: str, message: Message, *, kind: NoticeKind, key: str, picture: Path | None) -> None:
        """Sends, or says why it could not. The same `key` tells the receiver that it is the same notice.

        Raises:
            ChannelError: it could not be sent; the text says why, without secrets.
        """


class AppriseTransport:
    """Sends at once, and once: the outbox waits and tries again. Mail carries text and HTML, all else text."""

    def send(self, url: str, message: Message, *, kind: NoticeKind, key: str, picture: Path | None) -> None:
        """Sends, or says why it could not.

        Raises:
            ChannelError: it could not be sent; the text says why, without secrets.
        """
        service = open_channel(url, key=key)
        html = bool(message.html) and schema(url).startswith("mailto")
        with listening() as said:
            try:
                sent = service.notify(
                    title=message.subject,
                    body=message.html if html else message.text,
                    body_format=NotifyFormat.HTML if html else NotifyFormat.TEXT,
                    notify_type=_TYPES[kind],
                    attach=_attachment(picture) if service.attachment_support else None,
                )
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                raise ChannelError(redact(f"{type(error).__name__}: {error}", url)) from None
        if not sent:
            raise ChannelError(redact("; ".join(said), url) or "the service did not take it, and said nothing")


def _attachment(picture: Path | None) -> AppriseAttachment | None:
    if picture is None or not picture.is_file():
        return None
    name = "-".join(picture.parts[-3:-1]) or picture.stem
    return AppriseAttachment(f"file://{quote(str(picture))}?name={quote(name)}.jpg&mime=image/jpeg")
