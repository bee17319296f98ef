"""One camera or recorder, asked by ONVIF what it is and where its streams are."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from pantau_agent.clock import Clock
from pantau_agent.onvif import addresses
from pantau_agent.onvif.clock import read_camera_clock
from pantau_agent.onvif.document import number_of, text_of
from pantau_agent.onvif.envelope import Operation
from pantau_agent.onvif.errors import (
    LoginRefusedError,
    NotOnvifError,
    OnvifError,
    SoapFaultError,
    UnreachableError,
)
from pantau_agent.onvif.login import TIMEOUT_S, Login
from pantau_agent.onvif.media import (
    MEDIA_1,
    MEDIA_2,
    Profile,
    get_profiles,
    get_snapshot_uri,
    get_stream_uri,
    read_profiles,
    read_uri,
)
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.url import MAX_URL, StreamUrl
from pantau_contract.words.evidence import detail

PATH = "/onvif/device_service"
"""The device service's path, the one address that is fixed (ONVIF Core Specification)."""
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_QUESTIONS = {
    "GetServices": "<t:IncludeCapability>false</t:IncludeCapability>",
    "GetCapabilities": "<t:Category>All</t:Category>",
}
"""Contents of the operations that have any."""
_USUAL_MEDIA_PATHS = ("/onvif/media_service", "/onvif/Media", "/onvif/media")
"""Paths of the media service at most cameras, asked if a camera does not state it."""
_MEDIA_NAMES = ((MEDIA_1, "Media"), (MEDIA_2, "Media2"))
"""Names of the media services in GetCapabilities."""


@dataclass(frozen=True, slots=True)
class Information:
    """What a camera states about itself; empty where it states nothing."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class _MediaService:
    """A media service: the namespace says which, `url` is where it may be."""

    namespace: str
    url: StreamUrl


class OnvifDevice:
    """A device at `url`, the address of its device service: as discovered, or `http://HOST:PORT` and `PATH`.

    `clock_offset_s` is the camera's clock less ours, set by `open`; None if the camera does not state it. All
    methods raise `OnvifError`. `safeguards` check the certificate where it is asked over TLS.
    """

    def __init__(
        self,
        url: StreamUrl,
        credentials: Credentials | None,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
        safeguards: Safeguards | None = None,
    ) -> None:
        self.clock_offset_s: float | None = None
        self._url = url
        self._login = Login(credentials, clock, timeout_s=timeout_s, safeguards=safeguards)
        self._media_services: list[_MediaService] = []

    @property
    def recognised(self) -> bool:
        """True once the device has answered by ONVIF, asked for a login, or redirected to where nobody answers."""
        return self._login.recognised

    async def confirm(self) -> bool:
        """Return whether the device answers by ONVIF what needs no login by the standard."""
        for name in ("GetServices", "GetCapabilities"):
            if self._login.speaks_soap:
                break
            with contextlib.suppress(OnvifError):
                await self._login.request_openly(self._url, Operation(_DEVICE, name, _QUESTIONS[name]))
        return self._login.speaks_soap

    async def open(self) -> None:
        """Request the time without a login: by which clock are requests signed?

        Some cameras want a login even for that, answer with a web page or not at all; then requests are signed by
        our own clock, and the other answers show whether the camera speaks ONVIF.

        Raises:
            UnreachableError: there is no connection to it.
        """
        try:
            answer = await self._login.request_openly(self._url, Operation(_DEVICE, "GetSystemDateAndTime"))
        except UnreachableError:
            raise
        except OnvifError:
            return
        clock = self._login.camera_clock = read_camera_clock(answer)
        if clock.utc is not None:
            self.clock_offset_s = (clock.utc - self._login.now).total_seconds()

    async def information(self) -> Information:
        """Return what the camera states about itself."""
        answer = await self._request("GetDeviceInformation")
        return Information(
            manufacturer=text_of(answer, "Manufacturer"),
            model=text_of(answer, "Model"),
            firmware=text_of(answer, "FirmwareVersion"),
            serial=text_of(answer, "SerialNumber"),
        )

    async def profiles(self) -> list[Profile]:
        """Return the profiles of its streams, by the first media service that states any."""
        errors: list[OnvifError] = []
        is_empty = False
        stated = await self._stated_media()
        for service in _alternatives(stated, self._located):
            if is_empty and service not in stated:
                break
            try:
                answer = await self._login.request(service.url, get_profiles(service.namespace))
            except LoginRefusedError:
                raise
            except OnvifError as error:
                errors.append(error)
                continue
            found = read_profiles(answer)
            if found:
                self._media_services = [service]
                return found
            is_empty = True
        if is_empty:
            return []
        if not stated:
            raise NotOnvifError(detail("no_media_service"))
        raise errors[0]

    async def stream_url(self, profile: Profile) -> str | None:
        """Return a stream's address without credentials, or None if the camera states no usable one."""
        faults: list[SoapFaultError] = []
        for operation in get_stream_uri(self._media.namespace, profile):
            try:
                uri = read_uri(await self._login.request(self._media.url, operation))
            except SoapFaultError as fault:
                faults.append(fault)
                continue
            port = await self._rtsp_port() if addresses.has_odd_port(uri, self._located) else None
            return addresses.stream_url(uri, self._located, port)
        raise faults[0]

    async def still_url(self, profile: Profile) -> str | None:
        """Return a still picture's address without credentials, or None: it is optional."""
        try:
            operation = get_snapshot_uri(self._media.namespace, profile)
            uri = read_uri(await self._login.request(self._media.url, operation))
        except OnvifError:
            return None
        return addresses.still_url(uri, self._located)

    @property
    def _media(self) -> _MediaService:
        if not self._media_services:
            raise NotOnvifError(detail("no_media_service"))
        return self._media_services[0]

    @property
    def _located(self) -> StreamUrl:
        """The device service's address, after redirects."""
        return self._login.located(self._url)

    async def _request(self, name: str) -> Element:
        return await self._login.request(self._url, Operation(_DEVICE, name, _QUESTIONS.get(name, "")))

    async def _stated_media(self) -> list[_MediaService]:
        """Return the media services by GetServices or, if that states none, GetCapabilities (Core Specification).

        If the camera answers neither, they are guessed. A login that is refused for these does not end the survey:
        by the standard they need none.
        """
        answered = False
        try:
            answer = await self._request("GetServices")
        except OnvifError:
            pass
        else:
            answered = True
            services = self._services(
                (text_of(service, "Namespace"), text_of(service, "XAddr", MAX_URL))
                for service in answer.iter("Service")
            )
            if services:
                return services
        try:
            answer = await self._request("GetCapabilities")
        except OnvifError:
            pass
        else:
            answered = True
            stated = (
                (namespace, text_of(answer, f".//{name}/XAddr", MAX_URL)) for namespace, name in _MEDIA_NAMES
            )
            services = self._services(stated)
            if services:
                return services
        return [] if answered else [_MediaService(MEDIA_1, self._located)]

    def _services(self, stated: Iterable[tuple[str, str]]) -> list[_MediaService]:
        """Return the media services in what the camera states as `(namespace, address)`, version 1 first."""
        found: dict[str, StreamUrl] = {}
        for namespace, address in stated:
            known = namespace.strip().rstrip("/").lower()
            if known in {MEDIA_1, MEDIA_2} and address:
                found.setdefault(known, addresses.service_url(address, self._located) or self._located)
        return [_MediaService(namespace, found[namespace]) for namespace in sorted(found)]

    async def _rtsp_port(self) -> int | None:
        """Return the RTSP port by GetNetworkProtocols (ONVIF Core Specification), or None."""
        try:
            answer = await self._request("GetNetworkProtocols")
        except OnvifError:
            return None
        for protocol in answer.iter("NetworkProtocols"):
            port = number_of(protocol, "Port")
            if text_of(protocol, "Name").upper() == "RTSP" and port is not None and 0 < port < 1 << 16:
                return port
        return None


def _alternatives(stated: list[_MediaService], device: StreamUrl) -> Iterator[_MediaService]:
    """Yield the stated services, and where else they may be, each once.

    A stated address may be of a port that is not forwarded, or of a path that does not exist. Many cameras answer
    everything at the address of the device service.
    """
    tried: set[_MediaService] = set()
    at_device = [_MediaService(service.namespace, replace(device, path=service.url.path)) for service in stated]
    paths = [device.path, *_USUAL_MEDIA_PATHS]
    usual = [_MediaService(MEDIA_1, replace(device, path=path)) for path in paths]
    for service in [*stated, *at_device, *usual]:
        if service not in tried:
            tried.add(service)
            yield service
