"""Ask a configured camera for its model and firmware: by its maker's own pages, or else by ONVIF."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any

from pydantic import SecretStr

from pantau_agent import vendors
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.http.client import Client
from pantau_agent.identity.firmware import Identity, vendor_of
from pantau_agent.identity.maker_pages import MAKER_PAGES, MAX_PAGE, MakerPages
from pantau_agent.onvif.device import PATH, OnvifDevice
from pantau_agent.onvif.errors import LoginRefusedError, OnvifError
from pantau_agent.sources.target import credentials_of, safeguards_of
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import EvidenceError, Kind, LookError
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.url import StreamUrl, parse
from pantau_contract.words.evidence import Detail, detail, together

WEB_PORTS = {"http": 80, "https": 443}
"""The port of a camera's web pages, unless it is watched over HTTP."""
TIMEOUT_S = 10.0
"""Seconds to wait for one page."""
_ONVIF_PORTS = {"tplink": 2020, "reolink": 8000, "xmeye": 8899}
"""Ports of ONVIF by vendor, where it is not the web port."""
_REFUSALS = {
    Kind.WRONG_PASSWORD,
    Kind.NO_PASSWORD,
    Kind.UNKNOWN_SCHEME,
    Kind.IN_CLEAR,
    Kind.UNPROVEN,
    Kind.WEAKER_LOGIN,
    Kind.CERTIFICATE,
}
_ENCRYPTED = {"rtsps", "rtsps+http", "https", "rtmps"}
"""Schemes of cameras that are asked over TLS only: their password is not for networks that read along."""


class IdentityError(EvidenceError):
    """The camera does not state its model and firmware. The text says why, without secrets."""


Identify = Callable[[Camera, Clock, Safeguards], Coroutine[Any, Any, Identity]]
"""A function like `identify`."""
SafeguardsOf = Callable[[Camera], Safeguards]
"""Returns the safeguards of a camera's password, with what is remembered of the camera."""


async def identify(
    camera: Camera, clock: Clock, safeguards: Safeguards | None = None, *, web_port: int | None = None
) -> Identity:
    """Return what a configured camera states about itself. A password that it refuses is sent to it once.

    `web_port` is where its pages are, if not at the usual port; a camera that is watched over HTTP is asked at
    that address, and one that is watched over TLS only over TLS.

    Raises:
        IdentityError: it cannot be asked, or refuses.
    """
    stream = parse(camera.url or "")
    credentials = credentials_of(camera)
    safeguards = safeguards or safeguards_of(camera)
    scheme = "https" if stream.scheme in _ENCRYPTED else "http"
    base = stream
    if stream.scheme not in WEB_PORTS:
        base = StreamUrl(scheme, stream.host, web_port or WEB_PORTS[scheme], "")
    vendor = _vendor_with_notes(camera.vendor)
    reasons: list[Detail] = []
    pages = MAKER_PAGES.get(vendor or "")
    if vendor is not None and pages is not None:
        try:
            return await _by_pages(vendor, pages, base, credentials, clock, safeguards)
        except LookError as error:
            if error.failure.kind in _REFUSALS or error.failure.status in {401, 403}:
                raise IdentityError(error.failure.detail) from None
            reasons.append(error.failure.detail)
        except IdentityError as error:
            reasons.append(error.detail)
        except TimeoutError:
            reasons.append(detail("page_late", seconds=f"{TIMEOUT_S:g}"))
    usual = _ONVIF_PORTS.get(vendor or "") if scheme == "http" else None
    ports = [port for port in (usual, base.port) if port is not None]
    for port in dict.fromkeys(ports):
        url = StreamUrl(base.scheme, base.host, port, PATH)
        try:
            return await _by_onvif(vendor, OnvifDevice(url, credentials, clock, safeguards=safeguards))
        except LoginRefusedError as error:
            raise IdentityError(error.detail) from None
        except OnvifError as error:
            reasons.append(error.detail)
    raise IdentityError(together(*dict.fromkeys(reasons)))


class CachedIdentify:
    """Asks each host once in `max_age_s`, whatever it answers.

    A recorder with 32 channels is one host, and a password that it refuses 32 times locks its account.
    """

    def __init__(
        self,
        clock: Clock,
        identify: Identify = identify,
        *,
        safeguards: SafeguardsOf = safeguards_of,
        max_age_s: float = math.inf,
    ) -> None:
        self._clock = clock
        self._identify = identify
        self._safeguards = safeguards
        self._max_age_s = max_age_s
        self._tasks: dict[tuple[str, str | None, SecretStr | None], tuple[float, asyncio.Task[Identity]]] = {}

    async def identify(self, camera: Camera) -> Identity:
        """Return or raise as `identify` does, from an answer that is at most `max_age_s` old."""
        key = (parse(camera.url or "").host, camera.user, camera.password)
        asked_s, task = self._tasks.get(key, (-math.inf, None))
        if task is None or self._clock.monotonic() - asked_s >= self._max_age_s:
            task = asyncio.create_task(self._identify(camera, self._clock, self._safeguards(camera)))
            self._tasks[key] = (self._clock.monotonic(), task)
        return await asyncio.shield(task)


async def _by_pages(
    vendor: str,
    pages: MakerPages,
    base: StreamUrl,
    credentials: Credentials | None,
    clock: Clock,
    safeguards: Safeguards,
) -> Identity:
    """Read the maker's pages. Raises `LookError`, `TimeoutError`, `IdentityError`."""
    texts = []
    for path in pages.paths:
        url = StreamUrl(base.scheme, base.host, base.port, path)
        client = Client(url, credentials, clock.monotonic, trusted=False, safeguards=safeguards)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                texts.append(await _page(client))
        finally:
            await client.close()
    model, firmware = pages.read("\n".join(texts))
    if not model and not firmware:
        raise IdentityError(detail("page_silent", path=pages.paths[0].partition("?")[0]))
    return Identity(vendor, model, firmware)


async def _page(client: Client) -> str:
    response = await client.get()
    content = bytearray()
    while len(content) <= MAX_PAGE and (piece := await response.read()):
        content += piece
    return content[:MAX_PAGE].decode("utf-8", "replace")


async def _by_onvif(vendor: str | None, device: OnvifDevice) -> Identity:
    await device.open()
    information = await device.information()
    return Identity(vendor or vendor_of(information.manufacturer), information.model, information.firmware)


def _vendor_with_notes(vendor: str | None) -> str | None:
    """Return the notes' own name for a configured vendor, or None if there are no notes about it."""
    if vendor is None:
        return None
    try:
        found = vendors.note(vendor).vendor
    except vendors.VendorError:
        return None
    return None if found == "generic-onvif" else found
