"""The event loop: uvloop where it is installed, which halves the cost of reading packets."""

import asyncio

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment] # it does not exist for every machine


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new uvloop event loop, or one of asyncio's own if uvloop is missing."""
    return asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()
