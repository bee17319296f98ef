"""Keeping a session alive, with whatever the camera takes for a sign of life (RFC 2326, 10.8; appendix A)."""

import asyncio
from collections.abc import Collection

from pantau_agent.rtsp.dialogue import Dialogue
from pantau_agent.streams.failure import LookError, Step

METHODS = ("GET_PARAMETER", "OPTIONS", "SET_PARAMETER")
"""In the order they are tried: some cameras refuse the very one that they advertise."""
SHARE = 0.4
"""Of the session's timeout, between two signs of life: under half, so that one may get lost."""
SHORTEST_S = 0.5


async def keep_alive(dialogue: Dialogue, uri: str, timeout_s: float, public: Collection[str]) -> None:
    """Sends signs of life until cancelled; returns when the connection has ended.

    `public` holds the methods that the camera says it knows, empty where it does not say; those are tried first.
    """
    methods = sorted(METHODS, key=lambda method: method not in public) if public else list(METHODS)
    interval = max(SHORTEST_S, timeout_s * SHARE)
    while True:
        await asyncio.sleep(interval)
        for _ in METHODS:
            if await _is_taken(dialogue, methods[0], uri, interval):
                break
            if dialogue.connection.failure is not None:
                return
            methods.append(methods.pop(0))


async def _is_taken(dialogue: Dialogue, method: str, uri: str, within_s: float) -> bool:
    """Whether the camera takes it. No answer at all is no refusal: it may be busy, and the stream itself tells."""
    try:
        async with asyncio.timeout(within_s):
            response = await dialogue.request(method, uri, step=Step.STREAM)
    except TimeoutError:
        return True
    except LookError:
        return False
    return response.status < 300
