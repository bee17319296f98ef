"""What a device that was found is, and where its streams are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pantau_agent import vendors
from pantau_agent.clock import Clock
from pantau_agent.discovery.hints import describe, vendor_by_answer
from pantau_agent.discovery.scan import RTSP_PORTS
from pantau_agent.firmware import vendor_of, warning_of
from pantau_agent.onvif.device import PATH, Device
from pantau_agent.onvif.errors import OnvifError
from pantau_agent.onvif.media import Profile, channels
from pantau_agent.rtsp.url import Credentials, StreamUrl, parse

MAX_CHANNELS = 64
DEADLINE_S = 60.0
"""For all that is asked of one device."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: its address, without credentials, and what its camera says of it."""

    url: str
    encoding: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A lens, or a recorder's input, with its streams and the still picture's address."""

    main: Stream | None = None
    sub: Stream | None = None
    still: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A device. What is not known is empty; `problem` says why. `guessed`: addresses are the vendor's usual."""

    host: str
    name: str = ""
    manufacturer: str = ""
    vendor: str | None = None
    model: str = ""
    firmware: str = ""
    warning: vendors.Firmware | None = None
    channels: tuple[Channel, ...] = ()
    guessed: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Lead:
    """Where to ask. `urls` are where a device service may be; `open_ports` is what a scan saw."""

    host: str
    urls: tuple[StreamUrl, ...] = ()
    name: str = ""
    model: str = ""
    open_ports: tuple[int, ...] = ()


def lead_of_host(host: str, open_ports: Sequence[int]) -> Lead:
    """For a host of which no more is known than its open ports."""
    address = f"[{host}]" if ":" in host else host
    web = [port for port in open_ports if port not in RTSP_PORTS]
    return Lead(host, tuple(parse(f"http://{address}:{port}{PATH}") for port in web), open_ports=tuple(open_ports))


async def survey(lead: Lead, credentials: Credentials | None, clock: Clock) -> Found | None:
    """Asks by ONVIF, and where that does not tell, looks at how it speaks RTSP; None where it does neither.

    A refused password is not tried again at this device.
    """
    found = Found(lead.host, name=lead.name, model=lead.model)
    try:
        async with asyncio.timeout(DEADLINE_S):
            device = await _device(lead, credentials, clock)
            if device is not None:
                found = await _ask(device, found)
            return await _completed(found, lead, speaks_onvif=device is not None)
    except TimeoutError:
        return replace(found, problem=f"it has not told all within {DEADLINE_S:g} s")


async def _device(lead: Lead, credentials: Credentials | None, clock: Clock) -> Device | None:
    """The first address at which ONVIF is spoken."""
    for url in lead.urls:
        device = Device(url, credentials, clock)
        try:
            await device.open()
        except OnvifError:
            continue
        return device
    return None


async def _ask(device: Device, found: Found) -> Found:
    try:
        told = await device.information()
        found = replace(
            found,
            manufacturer=told.manufacturer,
            vendor=vendor_of(told.manufacturer),
            model=told.model or found.model,
            firmware=told.firmware,
        )
        pairs = channels(await device.profiles())[:MAX_CHANNELS]
        streams = tuple([await _channel(device, main, sub) for main, sub in pairs])
        return replace(found, channels=tuple(channel for channel in streams if channel.main or channel.sub))
    except OnvifError as error:
        return replace(found, problem=str(error))


async def _channel(device: Device, main: Profile, sub: Profile | None) -> Channel:
    return Channel(
        await _stream(device, main),
        await _stream(device, sub) if sub is not None else None,
        await device.still_url(main),
    )


async def _stream(device: Device, profile: Profile) -> Stream | None:
    url = await device.stream_url(profile)
    return None if url is None else Stream(url, profile.encoding, profile.width, profile.height)


async def _completed(found: Found, lead: Lead, *, speaks_onvif: bool) -> Found | None:
    """With what its stream's port tells, where ONVIF did not tell all; and what is known of its firmware."""
    port = None
    if not found.channels or found.vendor is None:
        for candidate in [open_port for open_port in lead.open_ports if open_port in RTSP_PORTS] or RTSP_PORTS[:1]:
            answer = await describe(lead.host, candidate)
            if answer is not None:
                port = candidate
                found = replace(found, vendor=found.vendor or vendor_by_answer(answer))
                break
    if not found.channels:
        if not speaks_onvif and port is None:
            return None
        found = _guessed(found, port)
    return replace(found, warning=warning_of(found.vendor, found.model, found.firmware))


def _guessed(found: Found, port: int | None) -> Found:
    """With the vendor's usual addresses."""
    if found.vendor is None:
        return found
    main, sub = (_usual(found.vendor, found.host, name, port) for name in ("main", "sub"))
    return replace(found, channels=(Channel(main, sub),), guessed=True) if main or sub else found


def _usual(vendor: str, host: str, name: str, port: int | None) -> Stream | None:
    try:
        return Stream(vendors.stream_url(vendor, host, stream=name, port=port))
    except vendors.VendorError:
        return None
