"""Which networks are scanned, and how."""

import asyncio
import ipaddress
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.discovery.hints import describe_answer, vendor_of_answer
from pantau_agent.discovery.scan import scan
from pantau_agent.discovery.subnet import SubnetError, host_addresses
from tests.servers.process import free_port


def test_the_hosts_of_a_private_network_are_named() -> None:
    assert host_addresses("10.20.3.0/30") == ["10.20.3.1", "10.20.3.2"]
    assert host_addresses("192.168.1.77/32") == ["192.168.1.77"]
    assert len(host_addresses("172.16.4.9/22")) == 1022


@pytest.mark.parametrize(
    ("subnet", "why"),
    [
        ("10.0.0.0/8", "at most a /22"),
        ("10.20.0.0/21", "at most a /22"),
        ("8.8.8.0/24", "not a private network"),
        ("172.32.0.0/24", "not a private network"),
        ("0.0.0.0/0", "not a private network"),
        ("224.0.0.0/24", "not a private network"),
        ("fe80::/64", "no IPv4 network"),
        ("10.20.3.0-50", "no IPv4 network"),
        ("", "no IPv4 network"),
    ],
)
def test_what_is_large_or_others_is_refused(subnet: str, why: str) -> None:
    with pytest.raises(SubnetError, match=why):
        host_addresses(subnet)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_no_public_address_is_ever_scanned(address: ipaddress.IPv4Address, prefix: int) -> None:
    try:
        hosts = host_addresses(f"{address}/{prefix}")
    except SubnetError:
        return
    assert len(hosts) <= 1022
    assert not any(ipaddress.ip_address(host).is_global for host in (hosts[0], hosts[-1]))


async def test_open_ports_are_found_and_each_host_is_told() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.2", 0)
    port, closed = server.sockets[0].getsockname()[1], free_port()
    results = {
        result.host: result.ports
        async for result in scan(["127.0.0.2", "127.0.0.3"], [closed, port], timeout_s=30)
    }
    server.close()
    assert results == {"127.0.0.2": (port,), "127.0.0.3": ()}


async def test_connections_are_begun_at_a_pace() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    started_s = time.monotonic()
    hosts = [f"127.0.0.{number}" for number in range(1, 41)]
    results = [result.host async for result in scan(hosts, [port], per_s=100, timeout_s=30)]
    assert time.monotonic() - started_s > 0.9 * len(hosts) / 100
    assert sorted(results) == sorted(hosts)
    server.close()


async def test_a_stream_that_asks_for_a_login_betrays_its_maker() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="Login to 3F05", nonce="1"\r\n\r\n'
        )
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    description = await describe_answer("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()
    assert description is not None
    assert vendor_of_answer(description) == "dahua"
    assert await describe_answer("127.0.0.1", free_port()) is None
