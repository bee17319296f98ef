"""A maker's own page of a device that was merely found: the password goes there hashed, and once.

A configured camera is somebody's word for where to send a password; what a scan has found is nobody's. So HTTP
Basic, which sends it in clear, is not answered here.
"""

from collections.abc import Sequence
from contextlib import suppress

from pantau_agent.clock import Clock
from pantau_agent.http.request import request
from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.pages import PAGES, Pages
from pantau_agent.onvif.errors import NotOnvifError, RefusedError, SilentError
from pantau_agent.onvif.post import Answer, exchange
from pantau_agent.streams import authentication as auth
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

TIMEOUT_S = 5.0


async def identify_found(
    vendor: str, host: str, ports: Sequence[int], credentials: Credentials | None, clock: Clock
) -> Identity | None:
    """What the page says, at the first port where there is one; None where no port has it.

    Raises:
        RefusedError: the page asks for a user and password and does not take these, or not in a safe way.
    """
    pages = PAGES.get(vendor)
    if pages is None:
        return None
    for port in ports:
        with suppress(SilentError, NotOnvifError):
            model, firmware = pages.read(await _contents(pages, host, port, credentials, clock))
            if model or firmware:
                return Identity(vendor, model, firmware)
    return None


async def _contents(pages: Pages, host: str, port: int, credentials: Credentials | None, clock: Clock) -> str:
    """Of all its pages, as far as there are any. Raises `OnvifError`."""
    login = auth.Authenticator(credentials)
    texts = []
    for path in pages.paths:
        answer = await _get(StreamUrl("http", host, port, path), login, credentials, clock)
        if answer.status != 200:
            break
        texts.append(answer.content.decode("utf-8", "replace"))
    return "\n".join(texts)


async def _get(url: StreamUrl, login: auth.Authenticator, credentials: Credentials | None, clock: Clock) -> Answer:
    """The page, with Digest (RFC 7616) where it wants a login. Raises `OnvifError`."""
    for _ in range(2):
        proof = login.authorization("GET", url.path)
        asked = request("GET", url, url.path, "Connection: close", authorization=proof)
        answer = await exchange(url, asked, monotonic=clock.monotonic, timeout_s=TIMEOUT_S)
        if answer.status != 401:
            return answer
        offered = list(answer.headers.all("WWW-Authenticate"))
        if credentials is None:
            raise RefusedError(detail("page_asks"))
        if not any(one.scheme == "digest" and one.strength for one in auth.parse_challenges(offered)):
            raise RefusedError(detail("page_in_clear"))
        if login.challenged(offered, tried=proof is not None) is not auth.Answer.TRY:
            break
    raise RefusedError(detail("page_refuses"))
