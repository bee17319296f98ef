"""A signed POST to another program: `webhooks://:SECRET@HOST/PATH`.

The receiver can check that it is ours, and not an old one that is replayed: `X-Pantau-Signature` is `sha256=` and
the HMAC-SHA256 (RFC 2104, in hexadecimal), with the secret as its key, of the timestamp, a dot, and the body, as
they were received.
"""

import hashlib
import hmac

import msgspec

from pantau_collector.exchanges import ExchangeError, HttpClient
from pantau_collector.notices.channel import KEY_HEADER, ChannelError, is_final_status, webhook_parts
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.web_page import is_web_page

TIMESTAMP_HEADER = "X-Pantau-Timestamp"
"""The header with the time of sending, in seconds since the epoch."""
SIGNATURE_HEADER = "X-Pantau-Signature"
"""The header with the signature."""

WITHIN_S = 60.0
"""Seconds for the whole exchange. A slow receiver has often accepted the message, and would get it twice."""

_client = HttpClient(within_s=WITHIN_S)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of `X-Pantau-Signature`."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def make_body(message: RenderedMessage, *, kind: NoticeKind, key: str) -> bytes:
    """Return the body, as JSON: the facts of each notice beside the words."""
    return msgspec.json.encode(
        {
            "key": key,
            "kind": kind,
            "subject": message.subject,
            "text": message.text,
            "acknowledge": message.acknowledge,
            "notices": message.notices,
        }
    )


def send_webhook(url: str, message: RenderedMessage, *, kind: NoticeKind, key: str, time_ms: int) -> None:
    """Post the message.

    Raises:
        ChannelError: it was not accepted. Any 2xx status accepts it, unless it comes with a web page.
    """
    address, secret = webhook_parts(url)
    body = make_body(message, kind=kind, key=key)
    timestamp = str(time_ms // 1000)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Pantau",
        KEY_HEADER: key,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: signature(secret, timestamp, body),
    }
    try:
        answer = _client.request("POST", address, body=body, headers=headers)
    except ExchangeError as error:
        raise ChannelError(f"it {error}") from None
    if not 200 <= answer.status < 300:
        raise ChannelError(f"it answered {answer.status}", for_good=is_final_status(answer.status))
    if is_web_page(answer.body):
        raise ChannelError(f"it answered {answer.status} with a web page, as a proxy or a login page does")
