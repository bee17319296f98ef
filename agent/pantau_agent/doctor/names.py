"""Checks that every host name in the configuration can be resolved."""

import asyncio
import ipaddress
import socket

from pantau_agent.config import AgentConfig
from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_agent.streams.url import parse

_TIMEOUT_S = 10
"""Seconds to resolve a name."""


async def check_names(config: AgentConfig) -> list[Finding]:
    """Return one finding for each name that cannot be resolved, or one if all can."""
    hosts = [config.broker.host, *(parse(camera.url or "").host for camera in config.camera if camera.enabled)]
    to_resolve = [host for host in dict.fromkeys(hosts) if not _is_address(host)]
    if not to_resolve:
        return [Finding("names", FindingLevel.OK, "none")]
    known = await asyncio.gather(*(_resolves(host) for host in to_resolve))
    unknown = [host for host, resolves in zip(to_resolve, known, strict=True) if not resolves]
    if not unknown:
        return [Finding("names", FindingLevel.OK, "known", values={"count": len(to_resolve)})]
    return [Finding("names", FindingLevel.ERROR, "unknown", values={"host": host}) for host in unknown]


async def _resolves(host: str) -> bool:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # includes TimeoutError
        return False
    return True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
