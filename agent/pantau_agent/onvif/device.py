"""One camera or recorder, asked by ONVIF what it is and where its streams are."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pantau_agent.clock import Clock
from pantau_agent.onvif import addresses
from pantau_agent.onvif.clock import read_camera_clock
from pantau_agent.onvif.document import number_of, text_of
from pantau_agent.onvif.envelope import Operation
from pantau_agent.onvif.errors import LoginRefusedError, NotOnvifError, SoapFaultError
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
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

PATH = "/onvif/device_service"
"""The device service's path, the one address that is fixed (ONVIF Core Specification)."""
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"


@dataclass(frozen=True, slots=True)
class Information:
    """What a camera states about itself; empty where it states nothing."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""


class OnvifDevice:
    """A device at `url`, the address of its device service: as discovered, or `http://HOST:PORT` and `PATH`.

    `clock_offset_s` is the camera's clock less ours, set by `open`; None if the camera does not state it. All
    methods raise `OnvifError`.
    """

    def __init__(
        self, url: StreamUrl, credentials: Credentials | None, clock: Clock, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.clock_offset_s: float | None = None
        self._url = url
        self._login = Login(credentials, clock, timeout_s=timeout_s)
        self._services: dict[str, StreamUrl] | None = None

    async def open(self) -> None:
        """Request the time without a login: does the camera speak ONVIF, and by which clock are requests signed?

        Some cameras want a login even for that; then requests are signed by our own clock.
        """
        try:
            answer = await self._login.request_openly(self._url, Operation(_DEVICE, "GetSystemDateAndTime"))
        except (SoapFaultError, LoginRefusedError):
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
        """Return the profiles of its streams."""
        namespace, url = await self._media()
        return read_profiles(await self._login.request(url, get_profiles(namespace)))

    async def stream_url(self, profile: Profile) -> str | None:
        """Return a stream's address without credentials, or None if the camera states no usable one."""
        namespace, url = await self._media()
        uri = read_uri(await self._login.request(url, get_stream_uri(namespace, profile)))
        port = await self._rtsp_port() if addresses.has_odd_port(uri, self._url) else None
        return addresses.stream_url(uri, self._url, port)

    async def still_url(self, profile: Profile) -> str | None:
        """Return a still picture's address without credentials, or None if the camera states no usable one."""
        namespace, url = await self._media()
        try:
            uri = read_uri(await self._login.request(url, get_snapshot_uri(namespace, profile)))
        except (SoapFaultError, NotOnvifError):
            return None  # it is optional
        return addresses.still_url(uri, self._url)

    async def _request(self, name: str, content: str = "") -> Element:
        return await self._login.request(self._url, Operation(_DEVICE, name, content))

    async def _media(self) -> tuple[str, StreamUrl]:
        """Return the namespace and address of its media service."""
        if self._services is None:
            self._services = await self._read_services()
        for namespace in (MEDIA_1, MEDIA_2):
            if namespace in self._services:
                return namespace, self._services[namespace]
        raise NotOnvifError(detail("no_media_service"))

    async def _read_services(self) -> dict[str, StreamUrl]:
        """Return services by GetServices or, if that is unknown, GetCapabilities (ONVIF Core Specification)."""
        stated: dict[str, str] = {}
        try:
            answer = await self._request("GetServices", "<t:IncludeCapability>false</t:IncludeCapability>")
            for service in answer.findall("Service"):
                stated.setdefault(text_of(service, "Namespace"), text_of(service, "XAddr"))
        except (SoapFaultError, NotOnvifError):
            answer = await self._request("GetCapabilities", "<t:Category>All</t:Category>")
            stated[MEDIA_1] = text_of(answer, "Capabilities/Media/XAddr")
        usable = {name: addresses.service_url(text, self._url) for name, text in stated.items()}
        return {name: url for name, url in usable.items() if url is not None}

    async def _rtsp_port(self) -> int | None:
        """Return the RTSP port by GetNetworkProtocols (ONVIF Core Specification), or None."""
        try:
            answer = await self._request("GetNetworkProtocols")
        except (SoapFaultError, NotOnvifError):
            return None
        for protocol in answer.findall("NetworkProtocols"):
            port = number_of(protocol, "Port")
            if text_of(protocol, "Name").upper() == "RTSP" and port is not None and 0 < port < 1 << 16:
                return port
        return None
