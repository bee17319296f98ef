"""Sends a message: mail and webhooks by our own code, everything else through Apprise and its hundred services."""

import html
import logging
from collections.abc import Callable
from typing import Protocol

from apprise import NotifyBase, NotifyType

from pantau_collector.notices.apprise_job import AppriseJob
from pantau_collector.notices.apprise_process import AppriseProcess
from pantau_collector.notices.channel import WEBHOOKS, ChannelError, open_channel, redact, schema
from pantau_collector.notices.mail import addresses, is_plain, send_mail
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.targets import split_number
from pantau_collector.notices.webhook import send_webhook

_TYPES = {
    NoticeKind.OPENED: NotifyType.FAILURE,
    NoticeKind.ESCALATED: NotifyType.FAILURE,
    NoticeKind.RESOLVED: NotifyType.SUCCESS,
    NoticeKind.FLAPPING: NotifyType.WARNING,
    NoticeKind.UNACKNOWLEDGED: NotifyType.WARNING,
}
"""How Apprise classifies each kind of notice; any other is information."""
_PICTURES_WITHIN = {"json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises", "mailto", "mailtos"}
"""Services that take words and pictures in one request; any other gets the words first, then each picture."""
_TITLE_MARKUP = 16
"""Characters that Apprise may add to a subject that it puts at the head of the text."""

SEND_WITHIN_S = 60.0
"""Seconds that words may take to be sent through Apprise, and then each picture.

A message that is given up sooner is often one that the service has accepted, and is then sent twice.
"""

_log = logging.getLogger(__name__)


class Transport(Protocol):
    """Sends a message to one URL."""

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:
        """Send the message. The same `key` marks a repeat of the same message for its receiver.

        Raises:
            ChannelError: it could not be sent; the text states why, without secrets.
        """


class ChannelTransport:
    """Sends at once, and once: the outbox is what waits and retries."""

    def __init__(
        self,
        time_ms: Callable[[], int],
        apprise: AppriseProcess | None = None,
        *,
        apprise_within_s: float = SEND_WITHIN_S,
    ) -> None:
        self._time_ms = time_ms
        self._apprise = apprise or AppriseProcess()
        self._apprise_within_s = apprise_within_s

    def send(self, url: str, message: RenderedMessage, *, kind: NoticeKind, key: str) -> None:
        """Send the message.

        Raises:
            ChannelError: it could not be sent; the text states why, without secrets.
        """
        configured, number = split_number(url)
        try:
            if schema(url) in WEBHOOKS:
                send_webhook(url, message, kind=kind, key=key, time_ms=self._time_ms())
                return
            service = open_channel(configured, key=key)
            if is_plain(service):
                send_mail(service, message, key=key, to=_address(service, number))
                return
            title, body = fit(service, message)
            job = AppriseJob(
                configured,
                key,
                number,
                title,
                body,
                _TYPES.get(kind, NotifyType.INFO).value,
                together=schema(url) in _PICTURES_WITHIN,
                within_s=self._apprise_within_s,
                pictures=message.pictures if service.attachment_support else (),
            )
            self._send_by_apprise(job)
        except ChannelError as error:
            raise ChannelError(
                redact(str(error), configured), for_good=error.for_good, content=error.content
            ) from None
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise ChannelError(redact(f"{type(error).__name__}: {error}", configured)) from None

    def _send_by_apprise(self, job: AppriseJob) -> None:
        """Send the words, which may be sent again if they fail, and then each picture, which is tried once."""
        words, *pictures = self._apprise.send(job)
        if words.error:
            raise ChannelError(words.error, for_good=words.for_good, content=job.together)
        for picture, outcome in zip(job.pictures, pictures, strict=False):
            if outcome.error:
                _log.warning(
                    "the words were sent by %s, but the picture %s was not: %s",
                    schema(job.url),
                    picture.name,
                    redact(outcome.error, job.url),
                )


def _address(service: NotifyBase, number: int | None) -> str | None:
    """Return the address of that number, or None for all of them."""
    if number is None:
        return None
    known = addresses(service)
    if not 0 < number <= len(known):
        raise ChannelError(f"the address has no target {number}")
    return known[number - 1]


def fit(service: NotifyBase, message: RenderedMessage) -> tuple[str, str]:
    """Return subject and text, shortened to what the service takes in one piece.

    In one piece, because of several pieces the first would be sent again if a later one failed.
    """
    limit, subject = service.body_maxlen, message.subject[: service.title_maxlen or None]
    if limit == NotifyBase.body_maxlen:  # Apprise knows no limit of this service
        return subject, message.text
    if service.title_maxlen <= 0 or service.overflow_amalgamate_title:
        subject = _cut(subject, limit - _TITLE_MARKUP)
        limit -= _length(subject) + _TITLE_MARKUP

    def fits(text: str) -> bool:
        return _length(text) <= limit

    if fits(message.text):
        return subject, message.text
    return subject, _cut(message.shorten(fits) if message.shorten else message.text, limit)


def _cut(text: str, limit: int) -> str:
    """Return as much of a text as has at most this length."""
    while text and _length(text) > limit:
        text = text[: max(0, min(limit, len(text) - 1))]
    return text


def _length(text: str) -> int:
    """Return the length as the strictest services count: UTF-16 units, of the text as HTML."""
    return len(html.escape(text).encode("utf-16-le")) // 2
