"""A recipient's URL: the Apprise service that it names, and what may be shown of it without its secrets."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, unquote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, PersistentStoreMode
from apprise.plugins.email.base import NotifyEmail
from apprise.utils.parse import parse_url

KEY_HEADER = "X-Pantau-Key"
"""The header with the key, by which a receiver recognises a repeat."""
WEBHOOKS = {"webhook", "webhooks"}
"""The schemas of our own service, beside those of Apprise: a signed POST."""
_WITH_HEADERS = {"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"}
"""Services that accept our headers, as `+Name=value` in the URL."""
_MIN_SECRET_LENGTH = 4
"""Characters that a part of a URL must have to be redacted; a shorter one occurs in ordinary words."""
IMPLICIT_TLS_PORT = 465
"""The port at which a mail server speaks TLS from the first byte (RFC 8314, 3.3)."""
_CONNECT_TIMEOUT_S = 10.0
"""Seconds that Apprise waits for a connection; its own 4 are few for a line that is busy with an outage."""
_READ_TIMEOUT_S = 60.0
"""Seconds that Apprise waits for an answer.

A message that is given up sooner is often one that the service has accepted, and is then sent twice.
"""
_RETRYABLE = {401, 403, 404, 407, 408, 425, 429}
"""Status codes 4xx that a person, or time, may correct; with any other the message will never be accepted."""
_LEFT_OUT = re.compile(r"dropp|ignor|skip|invalid", re.IGNORECASE)
"""What Apprise logs about a part of a URL that it does not use."""
_SEPARATORS = re.compile(r"[,;\s]+")
"""What people write between two addresses; Apprise does not understand all of it."""
_AFTER_SEMICOLON = re.compile(r";([^;&=]+)(?=[;&]|$)")
"""What Apprise takes for an option without a value, in `to=a@example.go.id;b@example.go.id`."""
_NAMED_ADDRESS = re.compile(r"(?:\"[^\"]*\"|[^,;<>\"])*<([^<>]*)>")
"""An address with a name: `Ani Budi <ani@example.go.id>`."""

_asset = AppriseAsset(
    app_id="Pantau",
    app_desc="Pantau",
    storage_mode=PersistentStoreMode.MEMORY,
    async_mode=False,
    http_redirects=False,  # a notice is for the address in the URL alone
)


class ChannelError(Exception):
    """A URL cannot be used, or a message could not be sent; the text states why, without secrets.

    `for_good`: the other side has answered that it will never accept this. `content`: it may accept the message
    without its pictures, because what it refused was the message and not its recipient.
    """

    def __init__(self, text: str, *, for_good: bool = False, content: bool = False) -> None:
        super().__init__(text)
        self.for_good = for_good
        self.content = content


def check_channel(url: str) -> None:
    """Check that a URL can be sent to.

    Raises:
        ChannelError: there is no such service, or the URL lacks what the service needs.
    """
    if schema(url) in WEBHOOKS:
        webhook_parts(url)
    else:
        open_channel(url)


def open_channel(url: str, *, key: str = "") -> NotifyBase:
    """Return the service that a URL names. `key` goes into a header `X-Pantau-Key` if the service has headers.

    Raises:
        ChannelError: there is no such service, or the URL lacks what the service needs.
    """
    with capture_log() as lines:
        service = Apprise.instantiate(_with_key(url, key), asset=_asset)
    complaint = "; ".join(redact(line, url) for line in lines)
    if not isinstance(service, NotifyBase):
        raise ChannelError(complaint or "it names no service that Apprise knows")
    if not getattr(service, "targets", True) or _LEFT_OUT.search(complaint):
        raise ChannelError(complaint or "it names nobody to send to")
    _check_all_used(url, service)
    service.request_rate_per_sec = 0  # Apprise would sleep 5.5 s between sends; the outbox paces them instead
    service.socket_connect_timeout, service.socket_read_timeout = _CONNECT_TIMEOUT_S, _READ_TIMEOUT_S
    if isinstance(service, NotifyEmail) and service.port == IMPLICIT_TLS_PORT and "mode" not in _options(url):
        service.secure_mode = "ssl"
    return service


def is_final_status(status: int) -> bool:
    """Return True if an HTTP status states that the same message will never be accepted."""
    return 400 <= status < 500 and status not in _RETRYABLE


def webhook_parts(url: str) -> tuple[str, str]:
    """Return the address (http or https) and the secret of `webhooks://:SECRET@HOST/PATH`.

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
    """Return the kind of service, such as `mailtos` or `tgram`; it may be shown."""
    return url.partition("://")[0][:20].lower()


def server_of(url: str) -> tuple[str, str]:
    """Return what identifies the server or the account that a URL sends through; it may be secret."""
    return schema(url), urlsplit(url).netloc.rpartition("@")[2].lower()


def redact(text: str, url: str) -> str:
    """Return the text without the URL and its secrets. A mail's URL has no secret but the password."""
    parts = urlsplit(url)
    secrets = [url, parts.password or ""]
    if not schema(url).startswith("mailto"):
        secrets += [parts.username or "", parts.hostname or "", parts.netloc, *parts.path.split("/")]
        secrets += [value for _, value in parse_qsl(parts.query)]
    for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
        if len(secret) >= _MIN_SECRET_LENGTH:
            text = text.replace(secret, "***")
    return text


def _check_all_used(url: str, service: NotifyBase) -> None:
    """Check that the service has everyone whom its URL names: Apprise leaves out what it cannot read.

    Raises:
        ChannelError: somebody would get nothing.
    """
    options = _options(url)
    unused = [unquote(one) for one in _AFTER_SEMICOLON.findall(urlsplit(url).query)]
    if isinstance(service, NotifyEmail):
        known = {str(address).lower() for _, address in service.targets}
        known |= {str(address).lower() for address in (*service.cc, *service.bcc, *service.reply_to)}
        named = [options.get(name, "") for name in ("to", "cc", "bcc", "reply")]
        named += unquote(urlsplit(url).path).split("/")
        unused += [one for text in named for one in _split_addresses(text) if one.lower() not in known]
    else:
        shown = _alphanumeric(unquote(service.url(privacy=False)))  # type: ignore[no-untyped-call] # Apprise has no types there
        unused += [one for one in _split_addresses(options.get("to", "")) if _alphanumeric(one) not in shown]
    if unused:
        raise ChannelError(f"`{unused[0]}` would get nothing: expected addresses with commas between them")


def _options(url: str) -> dict[str, str]:
    """Return the options of a URL as Apprise reads them, by their names in lower case."""
    parts = parse_url(url, verify_host=False) or {}  # type: ignore[no-untyped-call] # Apprise has no types there
    return {str(name).lower(): str(value) for name, value in parts.get("qsd", {}).items()}


def _split_addresses(text: str) -> list[str]:
    bare = _NAMED_ADDRESS.sub(r" \1 ", text)
    return [one for one in _SEPARATORS.split(bare) if one]


def _alphanumeric(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _with_key(url: str, key: str) -> str:
    if not key or schema(url) not in _WITH_HEADERS:
        return url
    return f"{url}{'&' if '?' in url else '?'}+{KEY_HEADER}={key}"


class _LogCapture(logging.Handler):
    """Captures each thread's log lines for that thread: Apprise reports why something failed only in its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Add the line to those that the thread captures, if it does."""
        lines = getattr(self._lines, "captured", None)
        if lines is not None:
            lines.append(record.getMessage())

    @contextmanager
    def capture(self) -> Iterator[list[str]]:
        """Capture the lines that Apprise logs in this thread meanwhile."""
        captured: list[str] = []
        self._lines.captured = captured
        try:
            yield captured
        finally:
            self._lines.captured = None


_log_capture = _LogCapture()
_log = logging.getLogger("apprise")
_log.addHandler(_log_capture)
_log.propagate = False  # its lines reach our own log redacted, with the notice that they belong to
capture_log = _log_capture.capture
