"""A signed POST to another program: `webhooks://:SECRET@HOST/PATH`.

The receiver checks that it is ours and is not an old one sent again: `X-Pantau-Signature` is `sha256=` and the
HMAC-SHA256 (RFC 2104, in hexadecimal), by the secret, of the timestamp, a dot, and the body, as they came.
"""

import hashlib
import hmac

import msgspec
import urllib3

from pantau_collector.notices.channel import KEY_HEADER, ChannelError, webhook_parts
from pantau_collector.notices.notice import Message, NoticeKind

TIMESTAMP_HEADER = "X-Pantau-Timestamp"
SIGNATURE_HEADER = "X-Pantau-Signature"

_CONNECT_S = 5.0
_READ_S = 20.0
_NOT_FOR_GOOD = {401, 403, 404, 407, 408, 425, 429}
"""4xx that a person, or time, may mend; others say that this very message will never be taken."""

_pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S), retries=False)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What stands in `X-Pantau-Signature`."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def make_body(message: Message, *, kind: NoticeKind, key: str) -> bytes:
    """The body, as JSON: the facts of each notice beside the words."""
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


def send_webhook(url: str, message: Message, *, kind: NoticeKind, key: str, time_ms: int) -> None:
    """Posts it.

    Raises:
        ChannelError: nobody took it; any 2xx has.
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
        answer = _pool.request("POST", address, body=body, headers=headers, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise ChannelError(f"it cannot be reached ({type(error).__name__})") from None
    if not 200 <= answer.status < 300:
        refused = 400 <= answer.status < 500 and answer.status not in _NOT_FOR_GOOD
        raise ChannelError(f"it answered {answer.status}", for_good=refused)
