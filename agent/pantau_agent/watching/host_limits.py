"""The per-host limit: how many cameras may connect to one host at a time."""

import asyncio

MAX_CONNECTING = 4
"""Sessions that may be opened with one host at the same time: a recorder with 32 channels is one host."""


class HostLimits:
    """The limits of all hosts, shared by all cameras of an agent."""

    def __init__(self, max_connecting: int = MAX_CONNECTING) -> None:
        self._max_connecting = max_connecting
        self._limits: dict[str, asyncio.Semaphore] = {}

    def of(self, host: str) -> asyncio.Semaphore:
        """Return one host's limit, which is held while a session with it is being opened."""
        return self._limits.setdefault(host, asyncio.Semaphore(self._max_connecting))
