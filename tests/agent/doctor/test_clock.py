"""The check of the machine's clock, with a time server on loopback."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.doctor import clock
from pantau_agent.doctor.finding import FindingLevel
from pantau_agent.doctor.time_server import offset_s, time_servers
from pantau_agent.host import ClockStatus
from pantau_contract.words import words
from tests.agent.doctor.outcome import outcome
from tests.servers.process import free_port

Answer = Callable[[bytes], bytes | None]


def answering(ahead_s: float, *, first: int = 0x24, stratum: int = 2, cookie: bytes | None = None) -> Answer:
    """Return an answer whose clock is `ahead_s` ahead of ours."""

    def answer(question: bytes) -> bytes:
        stamp = _stamp(SystemClock.time_ms() / 1000 + ahead_s)
        return bytes((first, stratum)) + bytes(22) + (cookie or question[40:48]) + stamp + stamp

    return answer


def _stamp(unix_s: float) -> bytes:
    since_1900 = unix_s + 2_208_988_800
    return struct.pack(">II", int(since_1900) & 0xFFFF_FFFF, int(since_1900 % 1 * (1 << 32)))


@asynccontextmanager
async def time_server(answer: Answer) -> AsyncIterator[int]:
    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            outcome = answer(data)
            if outcome is not None:
                self.transport.sendto(outcome, addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    yield int(transport.get_extra_info("sockname")[1])
    transport.close()


@pytest.mark.parametrize(
    ("synchronised", "expected"),
    [
        (True, (FindingLevel.OK, "synchronised")),
        (False, (FindingLevel.ERROR, "unsynchronised")),
        (None, (FindingLevel.WARNING, "unsaid")),
    ],
)
def test_whether_a_time_server_sets_it(synchronised: bool | None, expected: tuple[FindingLevel, str]) -> None:
    assert outcome(clock.check_synchronised(ClockStatus(synchronised, "the kernel"))) == expected


def test_a_clock_that_is_right_though_nobody_sets_it_may_wait() -> None:
    finding = clock.check_synchronised(ClockStatus(synchronised=False, source="the kernel"), is_right=True)
    assert outcome(finding) == (FindingLevel.WARNING, "unsynchronised")


@pytest.mark.parametrize(
    ("ahead_s", "expected"),
    [
        (0.0, (FindingLevel.OK, "right")),
        (9.0, (FindingLevel.WARNING, "off")),
        (-7 * 3600.0, (FindingLevel.ERROR, "off")),
        (500_000_000.0, (FindingLevel.ERROR, "off")),  # past 2036, where NTP's seconds start again
    ],
)
async def test_how_far_it_is_off(ahead_s: float, expected: tuple[FindingLevel, str]) -> None:
    async with time_server(answering(ahead_s)) as port:
        before_s = SystemClock.monotonic()
        off_s = await offset_s("127.0.0.1", lambda: SystemClock.time_ms() / 1000, port=port, timeout_s=60)
        took_s = SystemClock.monotonic() - before_s
        for _ in range(3):  # between question and answer a busy machine may take seconds
            finding = await clock.check_offset(["127.0.0.1"], SystemClock(), port=port)
            if outcome(finding) == expected:
                break
    assert abs(off_s - ahead_s) <= took_s / 2 + 0.01, "half the round trip is the most that NTP can be off"
    assert outcome(finding) == expected


def test_which_way_it_is_off_is_told_as_the_clock_has_it() -> None:
    slow = clock.finding_of_offset(25200.0, "ntp.example")
    assert "-25200.00 s off" in slow.found(words("en"))


@pytest.mark.parametrize(
    "answer",
    [
        answering(0, first=0xE4),  # a server that is not synchronised
        answering(0, stratum=0),  # a kiss-o'-death packet
        answering(0, first=0x23),  # a request
        answering(0, cookie=b"12345678"),  # an answer to another request
        lambda _question: b"\x24\x02",
        lambda _question: None,
    ],
)
async def test_what_is_no_answer_is_waited_out(answer: Answer) -> None:
    async with time_server(answer) as port:
        with pytest.raises(TimeoutError):
            await offset_s("127.0.0.1", lambda: 0.0, port=port, timeout_s=0.2)


async def test_where_no_server_answers_nothing_is_to_be_mended() -> None:
    finding = await clock.check_offset(["nowhere.invalid", "127.0.0.1"], SystemClock(), port=free_port())
    assert outcome(finding) == (FindingLevel.UNKNOWN, "unmeasured")


def test_the_machines_own_time_servers_are_asked(tmp_path: Path) -> None:
    assert time_servers(tmp_path) == ["pool.ntp.org"]
    systemd = tmp_path / "etc/systemd/timesyncd.conf"
    systemd.parent.mkdir(parents=True)
    systemd.write_text("[Time]\n#NTP=no.example\nNTP=10.20.0.1 10.20.0.2\nFallbackNTP=fall.example\n")
    chrony = tmp_path / "etc/chrony/chrony.conf"
    chrony.parent.mkdir()
    chrony.write_text("pool 2.debian.pool.ntp.org iburst\n# server no.example\n")
    assert time_servers(tmp_path) == ["10.20.0.1", "10.20.0.2", "fall.example", "2.debian.pool.ntp.org"]
