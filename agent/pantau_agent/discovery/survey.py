"""Identifies a device that was found, and finds its streams."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pantau_agent import vendors
from pantau_agent.clock import Clock
from pantau_agent.discovery.hints import describe_answer, vendor_of_answer, wants_password_in_clear
from pantau_agent.discovery.scan import RTSP_PORTS, TLS_PORT, WEB_PORTS
from pantau_agent.identity.firmware import vendor_of, warning_of
from pantau_agent.identity.found_page import identify_found
from pantau_agent.onvif.device import PATH, OnvifDevice
from pantau_agent.onvif.errors import LoginRefusedError, OnvifError
from pantau_agent.onvif.media import Profile, channels
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import StreamUrl, parse
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail, together

MAX_CHANNELS = 64
"""Most channels of one device."""
DEADLINE_S = 60.0
"""Seconds for the whole survey of one device."""
MAX_PROBLEMS = 4
"""Most different reasons for which channels are reported as unknown."""


@dataclass(frozen=True, slots=True)
class DiscoveredStream:
    """A stream's address, without credentials, and what its camera reports about it."""

    url: str
    encoding: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class DiscoveredChannel:
    """A lens, or a recorder's input, with its streams and the address of its still picture.

    `number` counts the device's channels from 1, also those that are unknown; 0 if they are not counted.
    """

    main: DiscoveredStream | None = None
    sub: DiscoveredStream | None = None
    still: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class DiscoveredDevice:
    """A device that was surveyed.

    What is unknown is empty, and `problem` says why. `guessed` means that the addresses are the vendor's usual
    ones, `in_clear` that its streams want the password in clear. `port` is that of its device service, where the
    host has others; else 0.
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
    in_clear: bool = False
    port: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that may be a camera.

    `urls` are where its ONVIF device service may be; `open_ports` is what a scan found. With `answered_search` it
    answered WS-Discovery, and so is a camera even if it answers nothing else; with `named` the user named it.
    `port` is that of its device service, where the host has others; else 0.
    """

    host: str
    urls: tuple[StreamUrl, ...] = ()
    name: str = ""
    model: str = ""
    open_ports: tuple[int, ...] = ()
    answered_search: bool = False
    named: bool = False
    port: int = 0

    @property
    def is_expected(self) -> bool:
        """True if there is reason to take it for a camera, and not for any web server that a scan has found."""
        return self.answered_search or self.named or any(port in RTSP_PORTS for port in self.open_ports)


def candidate_for_host(host: str, open_ports: Sequence[int], *, named: bool = False) -> Candidate:
    """Return a candidate for a host of which only the open ports are known."""
    address = f"[{host}]" if ":" in host else host
    urls = [
        parse(f"{'https' if port == TLS_PORT else 'http'}://{address}:{port}{PATH}")
        for port in open_ports
        if port not in RTSP_PORTS
    ]
    return Candidate(
        host,
        tuple(urls),
        open_ports=tuple(open_ports),
        named=named,
    )


async def survey_device(
    candidate: Candidate, credentials: Credentials | None, clock: Clock
) -> DiscoveredDevice | None:
    """Identify a device by ONVIF, or else by its RTSP challenge and its vendor's web page.

    Returns what each answer reports, and in `problem` why others are missing; None if it speaks neither ONVIF nor
    RTSP. A refused password is not tried again at this device.
    """
    survey = _OnvifSurvey(candidate, credentials, clock)
    found_port: int | None = None
    try:
        async with asyncio.timeout(DEADLINE_S):
            await survey.run()
            found_port, found = await _with_vendor(survey.found, candidate)
            if not survey.recognised:
                if found_port is None and not candidate.answered_search:
                    return None
                found = await _with_page(found, candidate, credentials, clock)
    except TimeoutError:
        late = detail("told_part", seconds=f"{DEADLINE_S:g}")
        found = replace(survey.found, problem=together(survey.found.problem, late))
    if not found.channels:
        found = _with_guessed_streams(found, found_port)
    found = replace(found, in_clear=await _wants_password_in_clear(found))
    return replace(found, warning=warning_of(found.vendor, found.model, found.firmware))


class _OnvifSurvey:
    """Asks a device by ONVIF. `found` is what is known at any time, so that a deadline loses nothing."""

    def __init__(self, candidate: Candidate, credentials: Credentials | None, clock: Clock) -> None:
        self.found = DiscoveredDevice(
            candidate.host, name=candidate.name, model=candidate.model, port=candidate.port
        )
        self.recognised = False
        self._candidate = candidate
        self._credentials = credentials
        self._clock = clock

    async def run(self) -> None:
        """Ask at each address until one of them is recognised as a camera's."""
        unanswered = NO_DETAIL
        for url in self._candidate.urls:
            device = OnvifDevice(url, self._credentials, self._clock)
            try:
                await device.open()
                if not (self._candidate.is_expected or await device.confirm()):
                    continue  # a web server that asks for a password is no camera yet, and does not get a proof
                await self._ask_information(device)
            except OnvifError as error:
                self.recognised = device.recognised
                if not self.recognised:
                    unanswered = unanswered or error.detail
                    continue
                self._add_problem(error.detail)
            self.recognised = True
            await self._ask_channels(device)
            return
        if self._candidate.answered_search:
            self._add_problem(unanswered)

    async def _ask_information(self, device: OnvifDevice) -> None:
        information = await device.information()
        self.found = replace(
            self.found,
            manufacturer=information.manufacturer,
            vendor=vendor_of(information.manufacturer),
            model=information.model or self.found.model,
            firmware=information.firmware,
        )

    async def _ask_channels(self, device: OnvifDevice) -> None:
        try:
            pairs = channels(await device.profiles())[:MAX_CHANNELS]
        except OnvifError as error:
            self._add_problem(error.detail)
            return
        unknown: dict[Detail, list[int]] = {}
        for number, (main, sub) in enumerate(pairs, 1):
            channel, problem = await _ask_channel(device, main, sub)
            if channel is not None:
                numbered = replace(channel, number=number)
                self.found = replace(self.found, channels=(*self.found.channels, numbered))
            if problem:
                unknown.setdefault(problem, []).append(number)
        for problem, numbers in list(unknown.items())[:MAX_PROBLEMS]:
            one_channel = len(pairs) == 1
            which = detail("channels_unknown", channels=", ".join(map(str, numbers)), what=problem)
            self._add_problem(problem if one_channel else which)

    def _add_problem(self, problem: Detail) -> None:
        if problem not in self.found.problem:
            self.found = replace(self.found, problem=together(self.found.problem, problem))


async def _ask_channel(
    device: OnvifDevice, main: Profile, sub: Profile | None
) -> tuple[DiscoveredChannel | None, Detail]:
    """Return a channel with the streams that the device states, or None, and why it does not state the others."""
    main_stream, main_problem = await _ask_stream(device, main)
    sub_stream, sub_problem = await _ask_stream(device, sub) if sub is not None else (None, NO_DETAIL)
    problem = main_problem or sub_problem
    if main_stream is None and sub_stream is None:
        return None, problem
    return DiscoveredChannel(main_stream, sub_stream, await device.still_url(main)), problem


async def _ask_stream(device: OnvifDevice, profile: Profile) -> tuple[DiscoveredStream | None, Detail]:
    """Return a stream, or None and why the device does not state its address."""
    try:
        url = await device.stream_url(profile)
    except OnvifError as error:
        return None, error.detail
    if url is None:
        return None, detail("no_stream_address")
    return DiscoveredStream(url, profile.encoding, profile.width, profile.height), NO_DETAIL


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
    ports = [port for port in candidate.open_ports if port not in (*RTSP_PORTS, TLS_PORT)] or [WEB_PORTS[0]]
    try:
        information = await identify_found(found.vendor, candidate.host, ports, credentials, clock)
    except LoginRefusedError as error:
        return replace(found, problem=error.detail)
    return found if information is None else replace(found, model=information.model, firmware=information.firmware)


async def _wants_password_in_clear(found: DiscoveredDevice) -> bool:
    """Return whether the device's first stream does; False if that cannot be told."""
    stream = next((channel.sub or channel.main for channel in found.channels), None)
    url = parse(stream.url) if stream is not None else None
    if url is None or url.scheme != "rtsp" or url.host != found.host:
        return False
    answer = await describe_answer(url.host, url.port, url.path or "/")
    return answer is not None and wants_password_in_clear(answer)


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
