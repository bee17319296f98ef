"""Whether every name in the configuration is known to this machine's name server."""

import asyncio
import ipaddress
import socket

from pantau_agent.config import AgentConfig
from pantau_agent.doctor.finding import Finding, Level
from pantau_agent.streams.url import parse

_WITHIN_S = 10


async def names(config: AgentConfig) -> list[Finding]:
    """One finding for each name that is not known, or one that all are."""
    hosts = [config.broker.host, *(parse(camera.url or "").host for camera in config.camera if camera.enabled)]
    wanted = [host for host in dict.fromkeys(hosts) if not _is_address(host)]
    if not wanted:
        return [Finding("names", Level.OK, "none")]
    known = await asyncio.gather(*(_is_known(host) for host in wanted))
    unknown = [host for host, is_it in zip(wanted, known, strict=True) if not is_it]
    if not unknown:
        return [Finding("names", Level.OK, "known", values={"count": len(wanted)})]
    return [Finding("names", Level.ERROR, "unknown", values={"host": host}) for host in unknown]


async def _is_known(host: str) -> bool:
    try:
        async with asyncio.timeout(_WITHIN_S):
            await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a name that takes too long is a TimeoutError, which is an OSError
        return False
    return True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
