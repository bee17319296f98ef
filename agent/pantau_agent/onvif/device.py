"""One camera or recorder, asked by ONVIF what it is and where its streams are."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pantau_agent.clock import Clock
from pantau_agent.onvif import addresses
from pantau_agent.onvif.clock import read_camera_clock
from pantau_agent.onvif.document import number_of, text_of
from pantau_agent.onvif.envelope import Operation
from pantau_agent.onvif.errors import FaultError, NotOnvifError, RefusedError
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
"""The device service's usual path (ONVIF Core Specification: the one address that is fixed)."""
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"


@dataclass(frozen=True, slots=True)
class Information:
    """What a camera says it is. What it does not say is empty."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""


class Device:
    """`url` is the device service's, as discovery told it or `http://HOST:PORT` and `PATH`.

    `clock_offset_s` is the camera's clock less ours, once it has been opened; None where it does not say.
    All methods raise `OnvifError`.
    """

    def __init__(
        self, url: StreamUrl, credentials: Credentials | None, clock: Clock, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.clock_offset_s: float | None = None
        self._url = url
        self._login = Login(credentials, clock, timeout_s=timeout_s)
        self._services: dict[str, StreamUrl] | None = None

    async def open(self) -> None:
        """Asks for the time, without a login: whether it speaks ONVIF, and by which clock to sign.

        Some cameras want a login even for that; then it is signed by our own clock.
        """
        try:
            answer = await self._login.request_openly(self._url, Operation(_DEVICE, "GetSystemDateAndTime"))
        except (FaultError, RefusedError):
            return
        told = self._login.camera_clock = read_camera_clock(answer)
        if told.utc is not None:
            self.clock_offset_s = (told.utc - self._login.now).total_seconds()

    async def information(self) -> Information:
        """What it is."""
        answer = await self._ask("GetDeviceInformation")
        return Information(
            manufacturer=text_of(answer, "Manufacturer"),
            model=text_of(answer, "Model"),
            firmware=text_of(answer, "FirmwareVersion"),
            serial=text_of(answer, "SerialNumber"),
        )

    async def profiles(self) -> list[Profile]:
        """Its streams."""
        namespace, url = await self._media()
        return read_profiles(await self._login.request(url, get_profiles(namespace)))

    async def stream_url(self, profile: Profile) -> str | None:
        """Where a stream is, without credentials; None where the camera says nothing that can be used."""
        namespace, url = await self._media()
        told = read_uri(await self._login.request(url, get_stream_uri(namespace, profile)))
        port = await self._rtsp_port() if addresses.has_odd_port(told, self._url) else None
        return addresses.stream_url(told, self._url, port)

    async def still_url(self, profile: Profile) -> str | None:
        """Where a still picture is, likewise."""
        namespace, url = await self._media()
        try:
            told = read_uri(await self._login.request(url, get_snapshot_uri(namespace, profile)))
        except (FaultError, NotOnvifError):
            return None  # it is optional
        return addresses.still_url(told, self._url)

    async def _ask(self, name: str, content: str = "") -> Element:
        return await self._login.request(self._url, Operation(_DEVICE, name, content))

    async def _media(self) -> tuple[str, StreamUrl]:
        """Namespace and address of its media service."""
        if self._services is None:
            self._services = await self._read_services()
        for namespace in (MEDIA_1, MEDIA_2):
            if namespace in self._services:
                return namespace, self._services[namespace]
        raise NotOnvifError(detail("no_media_service"))

    async def _read_services(self) -> dict[str, StreamUrl]:
        """By GetServices, or where that is unknown, GetCapabilities (ONVIF Core Specification)."""
        told: dict[str, str] = {}
        try:
            answer = await self._ask("GetServices", "<t:IncludeCapability>false</t:IncludeCapability>")
            for service in answer.findall("Service"):
                told.setdefault(text_of(service, "Namespace"), text_of(service, "XAddr"))
        except (FaultError, NotOnvifError):
            answer = await self._ask("GetCapabilities", "<t:Category>All</t:Category>")
            told[MEDIA_1] = text_of(answer, "Capabilities/Media/XAddr")
        usable = {name: addresses.service_url(text, self._url) for name, text in told.items()}
        return {name: url for name, url in usable.items() if url is not None}

    async def _rtsp_port(self) -> int | None:
        """By GetNetworkProtocols (ONVIF Core Specification)."""
        try:
            answer = await self._ask("GetNetworkProtocols")
        except (FaultError, NotOnvifError):
            return None
        for protocol in answer.findall("NetworkProtocols"):
            port = number_of(protocol, "Port")
            if text_of(protocol, "Name").upper() == "RTSP" and port is not None and 0 < port < 1 << 16:
                return port
        return None
