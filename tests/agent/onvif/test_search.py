"""The search over UDP, with cameras that answer on loopback."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

from pantau_agent.onvif.discovery import PROBES, Match
from pantau_agent.onvif.search import Interface, search
from tests.agent.eventually import eventually
from tests.servers.process import free_port

Answer = Callable[[bytes], bytes | None]


def camera(question: bytes) -> bytes:
    """Return a ProbeMatch to the question, as cameras send it."""
    asked = re.search(rb"<a:MessageID>([^<]+)", question)
    assert asked is not None
    return (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        b'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
        b'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header><a:RelatesTo>'
        + asked[1]
        + b"</a:RelatesTo>"
        b"</s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
        b"<d:Scopes>onvif://www.onvif.org/hardware/Model%207</d:Scopes>"
        b"<d:XAddrs>http://127.0.0.1:8000/onvif/device_service</d:XAddrs>"
        b"</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    )


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve an answer; the context's value is the port and the list of questions."""
    asked: list[bytes] = []

    class Camera(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            asked.append(data)
            if (reply := answer(data)) is not None:
                self.transport.sendto(reply, addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Camera, local_addr=("127.0.0.1", 0))
    yield int(transport.get_extra_info("sockname")[1]), asked
    transport.close()


async def found_at(port: int, asked: list[bytes], interfaces: Sequence[Interface] = ()) -> list[Match]:
    """Return what a search finds; it takes longer on a busy machine."""
    for wait_s in (0.2, 2.0, 10.0):
        found = await search(interfaces, ["127.0.0.1"], wait_s=wait_s, port=port)
        if found and await eventually(lambda: len(asked) >= len(PROBES), within_s=0.1):
            return found
    return []


async def test_a_host_that_is_named_is_asked_in_each_way_and_found_once() -> None:
    async with answering(camera) as (port, asked):
        (match,) = await found_at(port, asked)
    assert (match.url.host, match.url.port, match.model) == ("127.0.0.1", 8000, "Model 7")
    for content in PROBES:
        assert any(f"<d:Probe>{content}</d:Probe>".encode() in question for question in asked)


async def test_what_answers_nonsense_or_nothing_is_not_found() -> None:
    for answer in (lambda _: None, lambda _: b"\x00", lambda question: question):
        async with answering(answer) as (port, _asked):
            assert await search([], ["127.0.0.1"], wait_s=0.1, port=port) == []
    assert await search([], ["127.0.0.1"], wait_s=0.1, port=free_port()) == []


async def test_an_interface_that_cannot_send_is_passed_over() -> None:
    async with answering(camera) as (port, asked):
        gone = Interface("gone", "192.0.2.7")
        assert await search([gone], [], wait_s=0.1, port=port) == []
        assert await found_at(port, asked, [gone])
    assert asked


def device(name: bytes, port: int) -> bytes:
    """Return a part of an answer: a device that knows itself by a name."""
    return (
        b"<d:ProbeMatch><a:EndpointReference><a:Address>" + name + b"</a:Address></a:EndpointReference>"
        b"<d:Scopes>onvif://www.onvif.org/name/camera</d:Scopes>"
        b"<d:XAddrs>http://127.0.0.1:%d/onvif/device_service</d:XAddrs></d:ProbeMatch>" % port
    )


async def test_several_devices_at_one_address_are_found_each_once() -> None:
    numbers = itertools.count()

    def gateway(question: bytes) -> bytes:
        first, rest = camera(question).split(b"<d:ProbeMatch>")
        changing = device(b"urn:uuid:new-%d" % next(numbers), 8003)  # names itself anew each time
        moving = device(b"urn:uuid:two", 8100 + next(numbers))  # is at another port each time
        return (
            first
            + device(b"urn:uuid:one", 8001)
            + changing
            + moving
            + b"</d:ProbeMatches>"
            + rest.partition(b"</d:ProbeMatches>")[2]
        )

    async with answering(gateway) as (port, asked):
        found = await found_at(port, asked)
    assert [match.url.port for match in found][:2] == [8001, 8003]
    assert len(found) == 3
