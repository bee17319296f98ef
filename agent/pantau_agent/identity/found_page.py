"""The maker's own pages of a device that was merely found: the password goes there only as a Digest, and once.

The configuration says where a configured camera's password may be sent; nobody vouches for a device that a scan
has found. So HTTP Basic, which sends the password in clear, is not answered here.
"""

from collections.abc import Sequence
from contextlib import suppress

from pantau_agent.clock import Clock
from pantau_agent.http.request import encode_request
from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.maker_pages import MAKER_PAGES, MAX_PAGE, MakerPages
from pantau_agent.onvif.errors import LoginRefusedError, NotOnvifError, SilentError
from pantau_agent.onvif.post import WholeResponse, exchange
from pantau_agent.streams.authentication import Authenticator, LoginRefusal, authenticate
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

TIMEOUT_S = 5.0
"""Seconds to wait for one page."""


async def identify_found(
    vendor: str, host: str, ports: Sequence[int], credentials: Credentials | None, clock: Clock
) -> Identity | None:
    """Return what the pages state at the first port that has them, or None if no port has.

    Raises:
        LoginRefusedError: the page asks for a login and there is none, refuses it, or would have it in clear.
    """
    pages = MAKER_PAGES.get(vendor)
    if pages is None:
        return None
    for port in ports:
        with suppress(SilentError, NotOnvifError):
            model, firmware = pages.read(await _contents(pages, host, port, credentials, clock))
            if model or firmware:
                return Identity(vendor, model, firmware)
    return None


async def _contents(pages: MakerPages, host: str, port: int, credentials: Credentials | None, clock: Clock) -> str:
    """Return the text of all pages up to the first one that is absent. Raises `OnvifError`."""
    authenticator = Authenticator(credentials, basic=False)
    texts = []
    for path in pages.paths:
        response = await _get(StreamUrl("http", host, port, path), authenticator, clock)
        if response.status != 200:
            break
        texts.append(response.content.decode("utf-8", "replace"))
    return "\n".join(texts)


async def _get(url: StreamUrl, authenticator: Authenticator, clock: Clock) -> WholeResponse:
    """Return the page, with Digest (RFC 7616) if it asks for a login. Raises `OnvifError`."""

    async def send(authorization: str | None) -> WholeResponse:
        request = encode_request("GET", url, url.path, "Connection: close", authorization=authorization)
        return await exchange(url, request, monotonic=clock.monotonic, timeout_s=TIMEOUT_S, max_content=MAX_PAGE)

    response, refusal = await authenticate(authenticator.flow("GET", url.path), send)
    match refusal:
        case None | LoginRefusal.FORBIDDEN:
            return response
        case LoginRefusal.NO_CREDENTIALS:
            raise LoginRefusedError(detail("page_asks"))
        case LoginRefusal.UNKNOWN_SCHEME | LoginRefusal.IN_CLEAR | LoginRefusal.UNPROVEN | LoginRefusal.WEAKER:
            raise LoginRefusedError(detail("page_in_clear"))
        case LoginRefusal.WRONG_PASSWORD:
            raise LoginRefusedError(detail("page_refuses"))
