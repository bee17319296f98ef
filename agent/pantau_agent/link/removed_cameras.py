"""Retained states of cameras that are no longer in the configuration, to be cleared at the broker."""

from collections.abc import Iterable

from pantau_agent.spool import Spool


class RemovedCameras:
    """The removed cameras of an agent. The spool remembers over restarts whose states a broker may retain."""

    def __init__(self, spool: Spool, cameras: Iterable[str]) -> None:
        self._spool = spool
        self._cameras = frozenset(cameras)
        self._in_flight: set[int] = set()

    async def to_clear(self) -> list[str]:
        """Return the cameras whose state is to be cleared on a new connection."""
        self._in_flight.clear()
        retained = await self._spool.retained_cameras()
        if not self._cameras <= retained:
            self._spool.save_retained_cameras(retained | self._cameras)
        return sorted(retained - self._cameras)

    def sent(self, mid: int) -> None:
        """Record that a state was cleared by the message with the packet identifier `mid`."""
        self._in_flight.add(mid)

    def acknowledged(self, mid: int) -> bool:
        """Record that the broker has acknowledged a message, and return whether it cleared a state.

        After the last clearing the cameras are forgotten.
        """
        if mid not in self._in_flight:
            return False
        self._in_flight.remove(mid)
        if not self._in_flight:
            self._spool.save_retained_cameras(self._cameras)
        return True
