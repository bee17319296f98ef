"""An event loop in which nobody waits: where all would sleep, it is at once when the first one wakes."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

UTC_MS = 1_790_000_000_000


class _Leap(selectors.BaseSelector):
    """No file is ever ready; a wait for one moves the clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[int(fileobj if isinstance(fileobj, int) else fileobj.fileno())] = selectors.SelectorKey(
            fileobj, 0, events, data
        )
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(int(fileobj if isinstance(fileobj, int) else fileobj.fileno()))

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "all wait, and nobody will ever wake"
        self.now += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time begins at 1,000 s. It is a clock as the agent reads it, too."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now

    def monotonic(self) -> float:
        return self._leap.now

    def time_ms(self) -> int:
        return UTC_MS + int(self._leap.now * 1000)
