"""Makes footage on first request, in a thread, and caches it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pantau_simcam.footage.damage import damaged
from pantau_simcam.footage.film import film
from pantau_simcam.footage.footage import Footage
from pantau_simcam.footage.take import Take

CACHE_SIZE = 128
"""Loops in the cache, of half a megabyte or more each; the oldest is dropped first."""
_cache: dict[Take, Footage] = {}
"""The cache, which all libraries of the process share: the footage of a take is always the same."""


class Library:
    """Provides the footage of one event loop's cameras."""

    def __init__(self) -> None:
        self._filming: dict[Take, asyncio.Future[Footage]] = {}
        self._filmers = ThreadPoolExecutor(1, "filming")
        self._closed = threading.Event()

    def ready(self, take: Take) -> Footage | None:
        """Return the footage if it is cached; otherwise start to film it and return None."""
        footage = _cache.get(take)
        if footage is None:
            self._film(take)
        return footage

    async def get(self, take: Take) -> Footage:
        """Return the footage, filming it first if necessary."""
        footage = self.ready(take)
        return footage if footage is not None else await asyncio.shield(self._film(take))

    def close(self) -> None:
        """Cancel all filming."""
        self._closed.set()
        for future in list(self._filming.values()):
            future.cancel()
        self._filmers.shutdown(wait=False, cancel_futures=True)

    def _film(self, take: Take) -> asyncio.Future[Footage]:
        if take not in self._filming:
            future = asyncio.get_running_loop().run_in_executor(self._filmers, self._filmed, take)
            future.add_done_callback(lambda _: self._filming.pop(take, None))
            self._filming[take] = future
        return self._filming[take]

    def _filmed(self, take: Take) -> Footage:
        if take.damaged_pct:
            whole = replace(take, damaged_pct=0)
            footage = replace(damaged(_cache.get(whole) or self._filmed(whole), take.damaged_pct), take=take)
        else:
            footage = film(take, self._closed)
        _cache[take] = footage
        while len(_cache) > CACHE_SIZE:
            del _cache[next(iter(_cache))]
        return footage
