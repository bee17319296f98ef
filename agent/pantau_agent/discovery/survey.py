"""Identifies a device that was found, and finds its streams."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pantau_agent import vendors
from pantau_agent.clock import Clock
from pantau_agent.discovery.hints import describe_answer, vendor_of_answer
from pantau_agent.discovery.scan import RTSP_PORTS, WEB_PORTS
from pantau_agent.identity.firmware import vendor_of, warning_of
from pantau_agent.identity.found_page import identify_found
from pantau_agent.onvif.device import PATH, OnvifDevice
from pantau_agent.onvif.errors import LoginRefusedError, OnvifError
from pantau_agent.onvif.media import Profile, channels
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import StreamUrl, parse
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

MAX_CHANNELS = 64
"""Most channels of one device."""
DEADLINE_S = 60.0
"""Seconds for the whole survey of one device."""


@dataclass(frozen=True, slots=True)
class DiscoveredStream:
    """A stream's address, without credentials, and what its camera reports about it."""

    url: str
    encoding: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class DiscoveredChannel:
    """A lens, or a recorder's input, with its streams and the address of its still picture."""

    main: DiscoveredStream | None = None
    sub: DiscoveredStream | None = None
    still: str | None = None


@dataclass(frozen=True, slots=True)
class DiscoveredDevice:
    """A device that was surveyed.

    What is unknown is empty, and `problem` says why. `guessed` means that the addresses are the vendor's usual
    ones.
    """

    host: str
    name: str = ""
    manufacturer: str = ""
    vendor: str | None = None
    model: str = ""
    firmware: str = ""
    warning: vendors.Firmware | None = None
    channels: tuple[DiscoveredChannel, ...] = ()
    guessed: bool = False
    problem: Detail = NO_DETAIL


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that may be a camera.

    `urls` are where its ONVIF device service may be; `open_ports` is what a scan found.
    """

    host: str
    urls: tuple[StreamUrl, ...] = ()
    name: str = ""
    model: str = ""
    open_ports: tuple[int, ...] = ()


def candidate_for_host(host: str, open_ports: Sequence[int]) -> Candidate:
    """Return a candidate for a host of which only the open ports are known."""
    address = f"[{host}]" if ":" in host else host
    web = [port for port in open_ports if port not in RTSP_PORTS]
    return Candidate(
        host, tuple(parse(f"http://{address}:{port}{PATH}") for port in web), open_ports=tuple(open_ports)
    )


async def survey_device(
    candidate: Candidate, credentials: Credentials | None, clock: Clock
) -> DiscoveredDevice | None:
    """Identify a device by ONVIF, or else by its RTSP challenge and its vendor's web page.

    Returns None if it speaks neither ONVIF nor RTSP. A refused password is not tried again at this device.
    """
    found = DiscoveredDevice(candidate.host, name=candidate.name, model=candidate.model)
    try:
        async with asyncio.timeout(DEADLINE_S):
            device = await _open_onvif(candidate, credentials, clock)
            if device is not None:
                found = await _ask_onvif(device, found)
            found_port, found = await _with_vendor(found, candidate)
            if device is None and found_port is None:
                return None
            if device is None:
                found = await _with_page(found, candidate, credentials, clock)
            if not found.channels:
                found = _with_guessed_streams(found, found_port)
            return replace(found, warning=warning_of(found.vendor, found.model, found.firmware))
    except TimeoutError:
        return replace(found, problem=detail("told_part", seconds=f"{DEADLINE_S:g}"))


async def _open_onvif(candidate: Candidate, credentials: Credentials | None, clock: Clock) -> OnvifDevice | None:
    """Return the device at the first address that speaks ONVIF, or None."""
    for url in candidate.urls:
        device = OnvifDevice(url, credentials, clock)
        try:
            await device.open()
        except OnvifError:
            continue
        return device
    return None


async def _ask_onvif(device: OnvifDevice, found: DiscoveredDevice) -> DiscoveredDevice:
    try:
        information = await device.information()
        found = replace(
            found,
            manufacturer=information.manufacturer,
            vendor=vendor_of(information.manufacturer),
            model=information.model or found.model,
            firmware=information.firmware,
        )
        pairs = channels(await device.profiles())[:MAX_CHANNELS]
        streams = tuple([await _channel(device, main, sub) for main, sub in pairs])
        return replace(found, channels=tuple(channel for channel in streams if channel.main or channel.sub))
    except OnvifError as error:
        return replace(found, problem=error.detail)


async def _channel(device: OnvifDevice, main: Profile, sub: Profile | None) -> DiscoveredChannel:
    return DiscoveredChannel(
        await _stream(device, main),
        await _stream(device, sub) if sub is not None else None,
        await device.still_url(main),
    )


async def _stream(device: OnvifDevice, profile: Profile) -> DiscoveredStream | None:
    url = await device.stream_url(profile)
    return None if url is None else DiscoveredStream(url, profile.encoding, profile.width, profile.height)


async def _with_vendor(found: DiscoveredDevice, candidate: Candidate) -> tuple[int | None, DiscoveredDevice]:
    """Return the RTSP port, and the device with the vendor that its RTSP challenge shows.

    RTSP is asked only if ONVIF did not report everything.
    """
    if found.channels and found.vendor is not None:
        return None, found
    for port in [open_port for open_port in candidate.open_ports if open_port in RTSP_PORTS] or RTSP_PORTS[:1]:
        answer = await describe_answer(candidate.host, port)
        if answer is not None:
            return port, replace(found, vendor=found.vendor or vendor_of_answer(answer))
    return None, found


async def _with_page(
    found: DiscoveredDevice, candidate: Candidate, credentials: Credentials | None, clock: Clock
) -> DiscoveredDevice:
    """Add what the vendor's own web page reports: many cameras are sold with ONVIF switched off."""
    if found.vendor is None:
        return found
    ports = [port for port in candidate.open_ports if port not in RTSP_PORTS] or [WEB_PORTS[0]]
    try:
        information = await identify_found(found.vendor, candidate.host, ports, credentials, clock)
    except LoginRefusedError as error:
        return replace(found, problem=error.detail)
    return found if information is None else replace(found, model=information.model, firmware=information.firmware)


def _with_guessed_streams(found: DiscoveredDevice, port: int | None) -> DiscoveredDevice:
    """Add the vendor's usual stream addresses."""
    if found.vendor is None:
        return found
    main, sub = (_vendor_stream(found.vendor, found.host, name, port) for name in ("main", "sub"))
    return replace(found, channels=(DiscoveredChannel(main, sub),), guessed=True) if main or sub else found


def _vendor_stream(vendor: str, host: str, name: str, port: int | None) -> DiscoveredStream | None:
    try:
        return DiscoveredStream(vendors.stream_url(vendor, host, stream=name, port=port))
    except vendors.VendorError:
        return None
