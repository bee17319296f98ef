"""An HTTP client for servers that may be slow, broken or hostile.

A request has a deadline for the whole exchange, from the connection to the last byte of the answer. At most
`MAX_ANSWER` bytes of the answer's body are read. Redirects are not followed: a request is for its address alone.
"""

import ssl
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from socket import gaierror, socket
from typing import NamedTuple

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from pantau_collector.exchanges.limits import (
    CONNECT_TIMEOUT_S,
    AnswerTooLongError,
    connect,
    limited,
    tls_context,
)

MAX_ANSWER = 64 << 10
"""Bytes of an answer's body that are read at most."""
MAX_HEAD = 64 << 10
"""Bytes that may come beside the body: headers, interim answers, the framing of chunks and of TLS."""


class ExchangeError(Exception):
    """There was no answer. The text continues a sentence, such as "cannot be reached: connection refused"."""


class Answer(NamedTuple):
    """An answer; `body` holds its first `MAX_ANSWER` bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class LimitedPool(urllib3.PoolManager):
    """A pool of connections that obey `limits.limited`."""

    def __init__(self, headers: Mapping[str, str] | None = None, *, maxsize: int = 1) -> None:
        super().__init__(headers=headers, maxsize=maxsize, retries=False, ssl_context=tls_context())
        self.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class HttpClient:
    """Sends requests over connections that are kept open. Any thread may use it.

    `within_s` is the deadline of a whole exchange in seconds.
    """

    def __init__(self, *, within_s: float, headers: Mapping[str, str] | None = None) -> None:
        self._within_s = within_s
        self._pool = LimitedPool(headers)

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_answer: int = MAX_ANSWER,
    ) -> Answer:
        """Send a request and return the answer, whatever its status.

        Raises:
            ExchangeError: there was none within the limits.
        """
        try:
            with limited(self._within_s, max_answer + MAX_HEAD):
                return self._request(method, url, body, headers, max_answer)
        except (HTTPError, HTTPException, OSError, UnicodeError) as error:
            raise ExchangeError(failure_text(error, self._within_s)) from None

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, max_answer: int
    ) -> Answer:
        more = {} if headers is None else {"headers": {**self._pool.headers, **headers}}
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=self._within_s)
        response = self._pool.request(
            method, url, body=body, timeout=timeout, redirect=False, preload_content=False, **more
        )
        read = b""
        try:
            read = response.read(max_answer + 1, decode_content=False)
        finally:
            if len(read) > max_answer:
                response.close()
            response.release_conn()
        return Answer(response.status, response.headers, read[:max_answer])


def failure_text(error: BaseException, within_s: float) -> str:
    """Return why an exchange failed, to follow the name of the server: "cannot be reached: connection refused"."""
    causes = list(_causes(error))
    if any(isinstance(each, (TimeoutError, urllib3.exceptions.TimeoutError)) for each in causes):
        return f"gave no whole answer within {within_s:g} s"
    if any(isinstance(each, AnswerTooLongError) for each in causes):
        return "sent too long an answer"
    return f"cannot be reached: {next(filter(None, map(_reason, causes)), type(causes[-1]).__name__)}"


def _reason(cause: BaseException) -> str:
    match cause:
        case gaierror():
            return f"its name is not known ({cause.strerror})"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid ({cause.verify_message})"
        case ssl.SSLError():
            return f"TLS failed ({cause.reason})"
        case OSError():
            return cause.strerror or ""
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is wrapped in it: urllib3 keeps the cause among the arguments."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, cause.__cause__]


class _HttpConnection(HTTPConnection):
    def _new_conn(self) -> socket:
        return connect(self._dns_host, self.port)


class _HttpsConnection(HTTPSConnection):
    def _new_conn(self) -> socket:
        return connect(self._dns_host, self.port)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection
