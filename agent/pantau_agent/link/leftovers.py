"""Retained states of cameras that are no longer in the configuration: they are taken back from the broker."""

from collections.abc import Iterable

from pantau_agent.spool import Spool


class Leftovers:
    """The spool remembers which cameras' states a broker may have kept, over restarts too."""

    def __init__(self, spool: Spool, cameras: Iterable[str]) -> None:
        self._spool = spool
        self._cameras = frozenset(cameras)
        self._under_way: set[int] = set()

    async def begin(self) -> list[str]:
        """On a new connection: the cameras whose state is to be cleared."""
        self._under_way.clear()
        told = await self._spool.told_cameras()
        if not self._cameras <= told:
            self._spool.note_cameras(told | self._cameras)
        return sorted(told - self._cameras)

    def sent(self, mid: int) -> None:
        """A clearing went out under the packet identifier `mid`."""
        self._under_way.add(mid)

    def taken(self, mid: int) -> None:
        """The broker has taken a message. With the last of the clearings, those cameras are forgotten."""
        if mid in self._under_way:
            self._under_way.remove(mid)
            if not self._under_way:
                self._spool.note_cameras(self._cameras)
