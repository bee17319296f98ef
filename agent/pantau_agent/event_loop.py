"""The event loop: uvloop, which halves the cost of reading packets, where it is installed."""

import asyncio

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment] # it does not exist for every machine


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Uvloop's loop, or asyncio's own."""
    return asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()
