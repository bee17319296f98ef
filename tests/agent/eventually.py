"""Wait for what another thread, process or task does, while the event loop keeps running."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], object], *, within_s: float = 120) -> bool:
    """Return True as soon as the condition holds, or its last result after `within_s` seconds."""
    deadline = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < deadline:  # polling, because threads set no asyncio.Event
        if condition():
            return True
        await asyncio.sleep(0.02)
    return bool(condition())
