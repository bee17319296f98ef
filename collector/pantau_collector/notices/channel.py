"""A recipient's URL: the Apprise service that it names, and what is said of it with its secrets taken out."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, unquote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, PersistentStoreMode

KEY_HEADER = "X-Pantau-Key"
WEBHOOKS = {"webhook", "webhooks"}
"""Our own kind, beside Apprise's: a signed POST."""
_WITH_HEADERS = {"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"}
"""Services that take headers of ours, as `+Name=value` in the URL."""
_SHORTEST_SECRET = 4

_asset = AppriseAsset(
    app_id="Pantau", app_desc="Pantau", storage_mode=PersistentStoreMode.MEMORY, async_mode=False
)


class ChannelError(Exception):
    """A URL cannot be used, or a message could not be sent; the text says why, without secrets.

    `for_good`: the other side has said that it will never take this.
    """

    def __init__(self, text: str, *, for_good: bool = False) -> None:
        super().__init__(text)
        self.for_good = for_good


def check_channel(url: str) -> None:
    """Looks whether a URL can be sent to.

    Raises:
        ChannelError: it cannot: there is no such service, or the URL lacks what it needs.
    """
    if schema(url) in WEBHOOKS:
        webhook_parts(url)
    else:
        open_channel(url)


def open_channel(url: str, *, key: str = "") -> NotifyBase:
    """The service that a URL names; where it can carry it, what it sends has `key` in a header `X-Pantau-Key`.

    Raises:
        ChannelError: there is no such service, or the URL lacks what the service needs.
    """
    with listening() as said:
        service = Apprise.instantiate(_with_key(url, key), asset=_asset)
    complaint = "; ".join(redact(line, url) for line in said)
    if not isinstance(service, NotifyBase):
        raise ChannelError(complaint or "it names no service that Apprise knows")
    if not getattr(service, "targets", True) or "Dropped invalid" in complaint:
        raise ChannelError(complaint or "it names nobody to send to")
    service.request_rate_per_sec = 0  # Apprise would sleep 5.5 s between sends; the outbox paces them
    return service


def webhook_parts(url: str) -> tuple[str, str]:
    """The address (http or https) and the secret of `webhooks://:SECRET@HOST/PATH`.

    Raises:
        ChannelError: one of them is missing.
    """
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ChannelError("expected a port from 1 to 65535") from None
    if not parts.hostname or not parts.password:
        raise ChannelError("expected a secret and a host: webhooks://:SECRET@HOST/PATH")
    scheme = "https" if parts.scheme.lower() == "webhooks" else "http"
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{parts.hostname}{port}{parts.path or '/'}{query}", unquote(parts.password)


def schema(url: str) -> str:
    """The kind of service, as `mailtos` or `tgram`: fit to be shown."""
    return url.partition("://")[0][:20].lower()


def redact(text: str, url: str) -> str:
    """The text without the URL and without anything secret in it. In a mail's URL that is the password alone."""
    parts = urlsplit(url)
    secrets = [url, parts.password or ""]
    if not schema(url).startswith("mailto"):
        secrets += [parts.username or "", parts.hostname or "", parts.netloc, *parts.path.split("/")]
        secrets += [value for _, value in parse_qsl(parts.query)]
    for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def _with_key(url: str, key: str) -> str:
    if not key or schema(url) not in _WITH_HEADERS:
        return url
    return f"{url}{'&' if '?' in url else '?'}+{KEY_HEADER}={key}"


class _Said(logging.Handler):
    """Apprise tells why something failed in its log alone; this keeps each thread's lines for that thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the line where the thread listens."""
        lines = getattr(self._lines, "kept", None)
        if lines is not None:
            lines.append(record.getMessage())

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        """What this thread makes Apprise say meanwhile."""
        kept: list[str] = []
        self._lines.kept = kept
        try:
            yield kept
        finally:
            self._lines.kept = None


_said = _Said()
_log = logging.getLogger("apprise")
_log.addHandler(_said)
_log.propagate = False  # its lines reach our own log redacted, with the notice that they are about
listening = _said.listening
