"""Waiting for what another thread or process does, while the event loop runs."""

import asyncio
from collections.abc import Callable


async def soon(condition: Callable[[], object], *, within_s: float = 120) -> bool:
    """Return whether the condition becomes true within a generous time."""
    deadline = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < deadline:  # a thread cannot set an asyncio.Event
        if condition():
            return True
        await asyncio.sleep(0.02)
    return bool(condition())
