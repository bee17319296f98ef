"""Keeps a session alive with a request that the camera accepts as a sign of life (RFC 2326, 10.8; appendix A)."""

import asyncio
from collections.abc import Collection

from pantau_agent.rtsp.dialogue import Dialogue
from pantau_agent.streams.failure import LookError, Step

METHODS = ("GET_PARAMETER", "OPTIONS", "SET_PARAMETER")
"""The requests, in the order in which they are tried: some cameras refuse the very one that they advertise."""
TIMEOUT_SHARE = 0.4
"""Interval of the requests as a share of the session's timeout: under half, so that one may get lost."""
MIN_INTERVAL_S = 0.5
"""Shortest interval of the requests, in seconds."""


async def keep_alive(dialogue: Dialogue, uri: str, timeout_s: float, public: Collection[str]) -> None:
    """Send requests until cancelled; return when the connection has ended.

    `public` holds the methods that the camera says it supports, empty if it does not say; those are tried first.
    """
    methods = sorted(METHODS, key=lambda method: method not in public) if public else list(METHODS)
    interval = max(MIN_INTERVAL_S, timeout_s * TIMEOUT_SHARE)
    while True:
        await asyncio.sleep(interval)
        for _ in METHODS:
            if await _is_accepted(dialogue, methods[0], uri, interval):
                break
            if dialogue.connection.failure is not None:
                return
            methods.append(methods.pop(0))


async def _is_accepted(dialogue: Dialogue, method: str, uri: str, timeout_s: float) -> bool:
    """Return whether the camera accepts the request. Silence counts as yes: the camera may be busy."""
    try:
        async with asyncio.timeout(timeout_s):
            response = await dialogue.request(method, uri, step=Step.STREAM)
    except TimeoutError:
        return True
    except LookError:
        return False
    return response.status < 300
