"""How packets come where RTSP's own connection is refused, and what is told to the camera about them."""

import asyncio
import errno
import re
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pantau_agent.clock import SystemClock
from pantau_agent.rtsp.receiver_report import INTERVAL_S
from pantau_agent.sources.rtsp_source import RtspSource
from pantau_agent.sources.target import Target
from pantau_agent.streams.failure import Kind, Step
from pantau_agent.streams.url import parse
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.footage import access_units
from tests.agent.rtsp.scripted import SDP, Asked, Camera, Visitor, footage, packets_of, response, serving, usual
from tests.agent.rtsp.sessions import failure_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests()

GROUP = "239.255.77.5"


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with concurrently.running(request):
        yield


def free_pair() -> int:
    """Return an even UDP port that is free, and its successor too."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                return int(port)


def group_alone(agreed: str) -> Camera:
    """Return a camera that only sends to a group, which it answers so."""

    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        if "multicast" not in asked.headers["Transport"]:
            return response("461 Unsupported Transport")
        return response("200 OK", "Session: 5;timeout=60", f"Transport: {agreed}")

    return Camera({"SETUP": set_up})


async def to_group(port: int) -> None:
    """Send video to the group on the loopback interface, without end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sequence, number = 0, 0
        while True:
            unit = access_units()[number % len(access_units())]
            for packet in packets_of(unit, sequence, number * 3600):
                sender.sendto(packet, (GROUP, port))
            sequence, number = sequence + len(unit), number + 1
            await asyncio.sleep(0.04)


@pytest.mark.parametrize("described", [False, True])
@concurrently
async def test_a_camera_that_sends_to_a_group_alone_is_watched(described: bool) -> None:
    port = free_pair()
    agreed = (
        "RTP/AVP;multicast;ttl=1" if described else f"RTP/AVP;multicast;destination={GROUP};port={port}-{port + 1}"
    )
    camera = group_alone(agreed)
    if described:
        camera.sdp = SDP.replace(b"video 0", b"video %d" % port).replace(
            b"s=test", b"c=IN IP4 %s/1" % GROUP.encode()
        )
    sending = asyncio.create_task(to_group(port))
    async with serving(camera), opened(camera) as session:
        assert session.transport == "multicast"
        assert await eventually(lambda: session.reception.frames > 5)
        assert camera.count("SETUP") == 3
    sending.cancel()
    assert camera.methods()[-1] == "TEARDOWN"


@concurrently
async def test_a_group_of_which_nothing_arrives_is_told() -> None:
    port = free_pair()
    camera = group_alone(f"RTP/AVP;multicast;destination={GROUP};port={port}-{port + 1}")
    async with serving(camera):
        source = RtspSource(Target(parse(camera.url)), SystemClock())
        await source.open(10)
        assert source.transport == "multicast"
        assert source.remark() == (
            f"it sends to the group {GROUP}:{port} (multicast), and nothing of it arrives: "
            "the network may not let it through"
        )
        await source.close()


@pytest.mark.parametrize("agreed", ["RTP/AVP;multicast", "RTP/AVP;multicast;destination=10.0.0.1;port=5000-5001"])
@concurrently
async def test_a_group_that_is_none_is_told(agreed: str) -> None:
    async with serving(group_alone(agreed)) as camera:
        failure = await failure_of(camera)
    assert (failure.step, failure.kind) == (Step.SETUP, Kind.NO_VIDEO)
    assert failure.detail.startswith("it sends to a group (multicast), and names none that can be joined: ")


@concurrently
async def test_a_group_that_cannot_be_joined_here_is_told() -> None:
    port = free_pair()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((GROUP, port))  # by somebody who does not share it
        async with serving(group_alone(f"RTP/AVP;multicast;destination={GROUP};port={port}")) as camera:
            failure = await failure_of(camera)
    assert (failure.step, failure.kind, failure.errno) == (Step.SETUP, Kind.OS_ERROR, errno.EADDRINUSE)
    assert failure.detail.startswith(f"the group {GROUP}:{port} to which it sends cannot be joined here: ")


# Receiver reports.


@concurrently
async def test_the_camera_is_told_what_was_received_in_frames_and_requests_go_on() -> None:
    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        return usual(_visitor, asked).replace(b"interleaved=0-1", b"interleaved=6-7")

    async with serving(Camera({"SETUP": set_up}, media=footage(channel=6))) as camera, opened(camera) as session:
        assert await eventually(lambda: session.reception.frames > 2)
        assert session._reports is not None
        session._reports._due -= INTERVAL_S
        await session.refresh()
        assert await eventually(lambda: camera.reports)
        report = camera.reports[0]
    assert report[:2] == b"\x81\xc9"  # a receiver report with one block
    ssrc, lost, sequence = struct.unpack_from("!III", report, 8)
    assert (ssrc, lost) == (7, 0)
    assert 1000 <= sequence < 2000
    assert report[32:34] == b"\x81\xca"  # and who reports (RFC 3550, 6.5)
    assert len(report) % 4 == 0
    assert camera.methods()[-1] == "TEARDOWN"


@concurrently
async def test_over_udp_reports_go_to_the_port_that_the_camera_names() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        control.bind(("127.0.0.1", 0))
        control.setblocking(False)
        port = control.getsockname()[1]
        ours: list[int] = []

        def set_up(_visitor: Visitor, asked: Asked) -> bytes:
            match = re.search(r"client_port=(\d+)-\d+", asked.headers["Transport"])
            if match is None:
                return response("461 Unsupported Transport")
            ours[:] = [int(match[1])]
            return response(
                "200 OK", "Session: 5", f"Transport: RTP/AVP;unicast;{match[0]};server_port=6970-{port}"
            )

        async def play(_visitor: Visitor) -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for packet in packets_of(access_units()[0], 0, 0):
                    sender.sendto(packet, ("127.0.0.1", ours[0]))

        async with serving(Camera({"SETUP": set_up}, media=play)) as camera, opened(camera) as session:
            assert await eventually(lambda: session.reception.packets)
            assert session._reports is not None
            session._reports._due -= INTERVAL_S
            await session.refresh()
            received = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(control, 1000), 60)
    assert received[:2] == b"\x81\xc9"
